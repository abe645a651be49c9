/* viral_log.c - see the header. An item that went and came back between two calls has another `since_us`. */
#include "edge/io/shard/viral_log.h"

#include "common/io/loop/log.h"

static bool viral_told_has(const kd_viral_told *told, const kd_item *item, uint64_t since_us)
{
    for (uint32_t i = 0; i < told->count; i++)
        if (told->at[i].since_us == since_us &&
            kd_bytes_eq(kd_item_key(&told->at[i].item), kd_item_key(item)))
            return true;
    return false;
}

static void viral_log_came(uint32_t shard, const kd_edge_viral *v)
{
    char item[KD_ITEM_KEY_MAX];
    kd_key_text(kd_item_key(&v->item), item);
    KD_LOG(KD_INFO, "item-viral", KD_U64("shard", shard), KD_U64("partition", v->partition),
           KD_STR("item", item));
}

static void viral_log_went(uint32_t shard, const kd_item *gone)
{
    char item[KD_ITEM_KEY_MAX];
    kd_key_text(kd_item_key(gone), item);
    KD_LOG(KD_INFO, "item-quiet", KD_U64("shard", shard), KD_STR("item", item));
}

void kd_viral_log(kd_viral_told *told, uint32_t shard, const kd_edge_viral *virals, uint32_t count)
{
    kd_viral_told now = {.count = count};
    if (told->count == 0 && count == 0) return;
    for (uint32_t i = 0; i < count; i++) {
        now.at[i].item = virals[i].item;
        now.at[i].since_us = virals[i].since_us;
        if (!viral_told_has(told, &virals[i].item, virals[i].since_us)) viral_log_came(shard, &virals[i]);
    }
    for (uint32_t i = 0; i < told->count; i++)
        if (!viral_told_has(&now, &told->at[i].item, told->at[i].since_us))
            viral_log_went(shard, &told->at[i].item);
    *told = now;
}

/* void_effect.c - see the header. */
#include "central/io/operator/void_effect.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/text.h"

void kd_void_effects_note(kd_void_effects *e, uint8_t counter, kd_bytes item, uint64_t before, uint64_t moved)
{
    uint32_t at = e->count;
    e->items++;
    while (at > 0 && e->at[at - 1].moved < moved) at--;
    if (at == KD_VOID_EFFECTS_MAX) return;
    if (e->count < KD_VOID_EFFECTS_MAX) e->count++;
    memmove(&e->at[at + 1], &e->at[at], (e->count - at - 1) * sizeof e->at[0]);
    e->at[at] = (kd_void_effect){.before = before, .moved = moved, .counter = counter};
    int err = kd_item_from_key(&e->at[at].item, item);
    KD_ASSERT(err == KD_OK);
}

void kd_void_effects_add(kd_void_effects *e, const kd_void_effects *other)
{
    for (uint32_t i = 0; i < other->count; i++) {
        const kd_void_effect *f = &other->at[i];
        kd_void_effects_note(e, f->counter, kd_item_key(&f->item), f->before, f->moved);
    }
    e->items += other->items - other->count;
}

static void void_effect_put(const kd_void_effect *f, const kd_counters *counters, bool put_back, kd_buf *out)
{
    char item[KD_ITEM_KEY_MAX], counter[KD_NAME_MAX + 1];
    int at = kd_counters_by_id(counters, f->counter);
    kd_key_text(kd_item_key(&f->item), item);
    if (at >= 0)
        snprintf(counter, sizeof(counter), "%s", counters->at[at].name);
    else
        snprintf(counter, sizeof(counter), "%u", (unsigned)f->counter);
    kd_text_printf(out, "effect item=%s counter=%s before=%" PRIu64 " %s=%" PRIu64 " after=%" PRIu64 "\n",
                   item, counter, f->before, put_back ? "put_back" : "withdrawn", f->moved,
                   put_back ? f->before + f->moved : f->before - f->moved);
}

void kd_void_effects_put(const kd_void_effects *e, const kd_counters *counters, bool put_back, kd_buf *out)
{
    for (uint32_t i = 0; i < e->count; i++) void_effect_put(&e->at[i], counters, put_back, out);
}

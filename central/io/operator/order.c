/* order.c - see the header. */
#include "central/io/operator/order.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kudos/id.h"

static const struct {
    const char *name;
    bool slow;
} orders[] = {{"", false},
#define X(kind, name, slow) {name, slow},
              KD_ORDERS(X)
#undef X
};

const char *kd_order_name(kd_order_kind kind)
{
    return orders[kind].name;
}

bool kd_order_slow(kd_order_kind kind)
{
    return orders[kind].slow;
}

bool kd_order_of_follower(kd_order_kind kind)
{
    return kind == KD_ORDER_AUDIT || kind == KD_ORDER_MEMBERS || kind == KD_ORDER_VOID_LIST ||
           kind == KD_ORDER_QUARANTINE_LIST || kind == KD_ORDER_QUARANTINE_SHOW ||
           kind == KD_ORDER_BACKUP_LIST || kind == KD_ORDER_EDGE_LIST;
}

static void order_put(kd_buf *out, const char *key, const char *value)
{
    char *encoded = evhttp_encode_uri(value);
    KD_ASSERT(encoded);
    if (out->len > 0) kd_buf_put_u8(out, '&');
    kd_buf_put(out, key, strlen(key));
    kd_buf_put_u8(out, '=');
    kd_buf_put(out, encoded, strlen(encoded));
    free(encoded);
}

void kd_order_to_query(const kd_order *o, kd_buf *out)
{
    char id[20], partitions[KD_PARTITION_SET_TEXT_MAX];
    kd_partition_set_put(&o->partitions, partitions);
    snprintf(id, sizeof(id), "%016" PRIx64, o->id);
    order_put(out, "do", orders[o->kind].name);
    if (o->name[0] != '\0') order_put(out, "name", o->name);
    if (o->region[0] != '\0') order_put(out, "region", o->region);
    if (o->item[0] != '\0') order_put(out, "item", o->item);
    if (o->dir[0] != '\0') order_put(out, "dir", o->dir);
    if (o->job[0] != '\0') order_put(out, "job", o->job);
    if (o->id != 0) order_put(out, "id", id);
    if (partitions[0] != '\0') order_put(out, "partitions", partitions);
    kd_buf_put_u8(out, '\0');
    out->len--;
}

/* Copies the value of a key; empty when there is none. False when it does not fit. */
static bool order_take(const struct evkeyvalq *words, const char *key, char *out, size_t size)
{
    const char *value = evhttp_find_header(words, key);
    return (size_t)snprintf(out, size, "%s", value ? value : "") < size;
}

/* As order_take, for a name, of which decisions are made that have to be valid. */
static bool order_take_name(const struct evkeyvalq *words, const char *key, char *out, size_t size)
{
    return order_take(words, key, out, size) && (out[0] == '\0' || kd_name_valid(kd_bytes_str(out)));
}

static kd_order_kind kind_of(const char *name)
{
    for (size_t i = 1; i < KD_COUNT(orders); i++)
        if (strcmp(orders[i].name, name) == 0) return (kd_order_kind)i;
    return KD_ORDER_NONE;
}

int kd_order_from_query(kd_order *o, const char *query)
{
    struct evkeyvalq words;
    char kind[32], id[17], partitions[KD_PARTITION_SET_TEXT_MAX];
    *o = (kd_order){.kind = KD_ORDER_NONE};
    if (strstr(query, "%00")) return KD_EINVAL; /* the value would end there */
    if (evhttp_parse_query_str(query, &words) != 0) return KD_EINVAL;
    bool good = order_take(&words, "do", kind, sizeof(kind)) &&
                order_take_name(&words, "name", o->name, sizeof(o->name)) &&
                order_take_name(&words, "region", o->region, sizeof(o->region)) &&
                order_take(&words, "item", o->item, sizeof(o->item)) &&
                order_take(&words, "dir", o->dir, sizeof(o->dir)) &&
                order_take_name(&words, "job", o->job, sizeof(o->job)) &&
                order_take(&words, "id", id, sizeof(id)) &&
                order_take(&words, "partitions", partitions, sizeof(partitions));
    evhttp_clear_headers(&words);
    if (!good || kd_partition_set_read(&o->partitions, partitions) != KD_OK) return KD_EINVAL;
    o->kind = kind_of(kind);
    if (id[strspn(id, "0123456789abcdefABCDEF")] != '\0')
        return KD_EINVAL; /* strtoull takes signs and blanks */
    o->id = strtoull(id, NULL, 16);
    return o->kind != KD_ORDER_NONE ? KD_OK : KD_EINVAL;
}

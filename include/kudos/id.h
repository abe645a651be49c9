/*
 * id.h - items, users, counters, partitions.
 *
 * An item is {collection}/{id}. Its key, everywhere below the API (hashing, storage, wire), is
 *
 *     +------+------------+------+------+
 *     | clen | collection | ilen |  id  |     clen, ilen: one byte each
 *     +------+------------+------+------+
 *
 * so no delimiter can be forged, and the partition is XXH64(seed 0) of exactly these bytes modulo the count.
 */
#ifndef KUDOS_ID_H
#define KUDOS_ID_H

#include "kudos/base.h"
#include "kudos/limits.h"

typedef struct {
    uint8_t len;
    uint8_t data[KD_ITEM_KEY_MAX];
} kd_item;

/* KD_EINVAL unless collection is [a-z][a-z0-9_-]{0,31} and id is a valid id. */
int kd_item_make(kd_item *item, kd_bytes collection, kd_bytes id);
/* From "collection/id", cut at the first slash. KD_EINVAL as above, or without a slash. */
int kd_item_parse(kd_item *item, kd_bytes text);
/* Whether these are the bytes of a whole valid key. */
bool kd_item_key_valid(kd_bytes key);
/* From key bytes; KD_EMALFORMED unless they are a whole valid key. */
int kd_item_from_key(kd_item *item, kd_bytes key);
static inline kd_bytes kd_item_key(const kd_item *item)
{
    return kd_bytes_of(item->data, item->len);
}
/* The two halves of a valid key, as views into it. */
kd_bytes kd_key_collection(kd_bytes key);
kd_bytes kd_key_id(kd_bytes key); /* `key` must be valid: lengths are not checked */
/* Writes "collection/id" and a NUL; out has room for KD_ITEM_KEY_MAX bytes. Returns the length. */
size_t kd_key_text(kd_bytes key, char *out);

/* 1 to 128 bytes of [A-Za-z0-9._~:@=+-]. */
bool kd_id_valid(kd_bytes id);
/* Whether it is . or .., which no path can name: clients and caches take these out, /v1/posts/../like asks for /v1/like. */
bool kd_id_is_dots(kd_bytes id);
/* The same in words, for a refusal. */
#define KD_ID_FORM "1 to 128 bytes of [A-Za-z0-9._~:@=+-]"
/* Ids that begin with this are visitors', who have no account (common/io/http/visitor.h). No user and no gateway may have or name one. */
#define KD_VISITOR_PREFIX "visitor~"
/* Whether an id is reserved for visitors. */
bool kd_id_visitor(kd_bytes id);
/* [a-z][a-z0-9_-]{0,31} */
bool kd_collection_valid(kd_bytes name);
/* [a-z0-9][a-z0-9._-]{0,31}: names of edges, regions, centrals. */
bool kd_name_valid(kd_bytes name);
/* Whether this can be the author of operations that an operator decided: `_` and a valid name, which no edge and no region can have. */
bool kd_author_valid(kd_bytes name);

uint64_t kd_hash(kd_bytes b); /* XXH64, seed 0 */
/* The partition, from 0 on, of the likes and counts topics that an item belongs to. Both sides must be configured with the same `partitions`. */
uint32_t kd_partition(kd_bytes item_key, uint32_t partitions);

typedef enum {
    KD_SET = 1, /* holds each user at most once: likes, saves */
    KD_SUM = 2, /* adds amounts up, without users: views, shares */
} kd_counter_kind;

/* A counter of the configuration. `id` is its number on the wire and on disk ("wire id") and is never reused. A counter that a program keeps but does
 * not offer has the name "": no request can name it, and no answer lists it. */
typedef struct {
    char name[KD_NAME_MAX + 1];
    uint8_t id; /* 1..KD_COUNTER_ID_MAX */
    kd_counter_kind kind;
} kd_counter;

typedef struct {
    uint32_t count;
    kd_counter at[KD_COUNTERS_MAX];
} kd_counters;

/* Index into c->at, or -1. A counter without a name is never found by name. */
int kd_counters_by_name(const kd_counters *c, kd_bytes name);
int kd_counters_by_id(const kd_counters *c, uint8_t id); /* the same, by wire id */
/* For a reload: the first counter of `old` that `fresh` lacks, or has with another number or kind; NULL: none. */
const kd_counter *kd_counters_lacks(const kd_counters *fresh, const kd_counters *old);
/* Copies those of `fresh` whose number is new behind the ones of *counters. The caller has asked kd_counters_lacks, so there is room for them. */
void kd_counters_append(kd_counters *counters, const kd_counters *fresh);

/* Place of a batch in the order of its edge and partition, compared incarnation first; {0,0} is before every batch. */
typedef struct {
    uint64_t incarnation; /* minted by each start of the edge, ascending */
    uint64_t seq;         /* within the incarnation, from 1 */
} kd_position;

static inline int kd_position_cmp(kd_position a, kd_position b)
{
    if (a.incarnation != b.incarnation) return a.incarnation < b.incarnation ? -1 : 1;
    return a.seq < b.seq ? -1 : a.seq > b.seq;
}

/* UTC day (days since 1970) of a stamp's time in microseconds. */
static inline uint32_t kd_day_of(uint64_t time_us)
{
    return (uint32_t)(time_us / 86400000000u);
}

#endif

/*
 * body.h - the JSON bodies of requests, read by pulling, without a tree. What is wrong is refused by name.
 *
 * Items, counters and verbs are views into the body or into the scratch buffer `text`, which is cleared first; they live
 * until either changes. Nothing is copied and nothing grows beyond the limits of kudos/limits.h.
 */
#ifndef KUDOS_COMMON_API_BODY_H
#define KUDOS_COMMON_API_BODY_H

#include "common/json/json_reader.h"
#include "common/api/route.h"

typedef struct {
    kd_bytes item[KD_BULK_ITEMS_MAX]; /* texts, not validated */
    uint32_t count;
    bool me;
    kd_bytes counter; /* data NULL: not named */
} kd_body_items;

typedef struct {
    kd_bytes item;    /* text, not validated */
    kd_bytes counter; /* data NULL: not named */
    bool like;
} kd_body_op;

typedef struct {
    kd_body_op at[KD_BULK_OPS_MAX];
    uint32_t count;
    /* After a refusal: the operation whose member *why names ("": itself); KD_BULK_OPS_MAX: none. */
    uint32_t wrong;
} kd_body_ops;

/* {"items": [...], "me": bool}; with `lookup` "counter" is allowed instead of "me". True, or false with *why. */
bool kd_body_read_items(kd_bytes body, kd_buf *text, bool lookup, kd_body_items *out, kd_refusal *why);
/* {"operations": [{"item", "op", "counter"}, ...]} */
bool kd_body_read_ops(kd_bytes body, kd_buf *text, kd_body_ops *out, kd_refusal *why);
/* Empty, {} or, where `amount` is not NULL, {"amount": 1..1000}. */
bool kd_body_read_amount(kd_bytes body, kd_buf *text, uint64_t *amount, kd_refusal *why);

#endif

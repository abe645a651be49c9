/*
 * common/io/items_body.h - the body of bulk reads, {"items":["posts/1",…],"me":true,"counter":"like"}, by
 * jansson with bounds.
 */
#ifndef KUDOS_COMMON_IO_ITEMS_BODY_H
#define KUDOS_COMMON_IO_ITEMS_BODY_H

#include "common/route.h"

typedef struct {
    kd_item items[KD_BULK_ITEMS_MAX];
    uint32_t count;                /* 1 to KD_BULK_ITEMS_MAX */
    bool me;                       /* false when absent */
    char counter[KD_NAME_MAX + 1]; /* empty when absent */
} kd_items_body;

/* True, or false with *why filled. Unknown members are ignored; doubled ones are refused. */
bool kd_items_body_parse(kd_bytes body, const kd_strings *collections, kd_items_body *out, kd_refusal *why);

#endif

/*
 * body.h - the JSON bodies of requests, read by pulling, without a tree. A refusal names the field that is wrong.
 *
 * Items, users and counters are views into the body or into the scratch buffer `text`, which is cleared first; they live
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
    kd_bytes me_set[KD_COUNTERS_MAX]; /* names in a list of "me", each once, not validated */
    uint32_t me_sets;                 /* 0: "me" is no list */
    kd_bytes counter;                 /* data NULL: not named */
} kd_body_items;

typedef struct {
    kd_bytes item;    /* text, not validated */
    kd_bytes counter; /* data NULL: not named */
    bool like;
} kd_body_op;

typedef struct {
    kd_body_op at[KD_BULK_OPS_MAX];
    uint32_t count;
    /* After a refusal: index of the operation at fault, one member of which why->field names ("": the operation as a whole). KD_BULK_OPS_MAX: the
     * fault is not in an operation. */
    uint32_t wrong;
} kd_body_ops;

enum { KD_BODY_FIELD_MAX = 32 };

typedef struct {
    kd_bytes user[KD_WITHOUT_USERS_MAX]; /* valid ids */
    uint32_t count;
    kd_bytes counter;              /* data NULL: not named */
    char field[KD_BODY_FIELD_MAX]; /* after a refusal for one user: "users[3]", where why->field points to */
} kd_body_users;

_Static_assert(KD_AMONG_USERS_MAX <= KD_WITHOUT_USERS_MAX, "kd_body_users holds either list");

/* Whether a body of this Content-Type is read: one media type, and that is JSON (application/json, or any subtype that ends in +json) or what `curl -d`
 * sends. Not text/plain and multipart, which a form in a page of another origin can send, nor anything else. True, or false with *why (415). A body
 * without the field is read, too. */
bool kd_body_type(kd_bytes content_type, kd_refusal *why);
/* Whether a body under this Content-Encoding is read: none but identity. True, or false with *why (415). */
bool kd_body_coding(kd_bytes content_encoding, kd_refusal *why);
/* Reads {"items": [...], "me": bool or [name, ...]}; with `lookup`, {"items": [...], "counter": name}. True, or false with *why. */
bool kd_body_read_items(kd_bytes body, kd_buf *text, bool lookup, kd_body_items *out, kd_refusal *why);
/* Reads {"users": [...], "counter": name}: at most KD_AMONG_USERS_MAX users; "counter" may be left out. True, or false with *why. */
bool kd_body_read_among(kd_bytes body, kd_buf *text, kd_body_users *out, kd_refusal *why);
/* Reads {"without": [...]}: at most KD_WITHOUT_USERS_MAX users, and none is allowed. True, or false with *why. */
bool kd_body_read_without(kd_bytes body, kd_buf *text, kd_body_users *out, kd_refusal *why);
/* Reads {"operations": [{"item", "op", "counter"}, ...]}; "counter" may be left out. True, or false with *why and out->wrong. */
bool kd_body_read_ops(kd_bytes body, kd_buf *text, kd_body_ops *out, kd_refusal *why);
/* Reads an empty body, {} or, where `amount` is not NULL, {"amount": 1..1000}; *amount stays where none is named. True, or false with *why. */
bool kd_body_read_amount(kd_bytes body, kd_buf *text, uint64_t *amount, kd_refusal *why);

#endif

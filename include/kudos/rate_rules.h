/*
 * rate_rules.h - the limits of a configuration: which windows (kudos/rate.h) hold for an operation of a user, and from when on users and items are fast.
 *
 * A collection with a limit of its own is counted apart: its operations do not count for the user's limit. Operations of visitors count twice: for the
 * visitor, as for any user, and for the address that it comes from, so that many pseudonyms lift no limit.
 *
 * Pure. Made whole, then only read.
 */
#ifndef KUDOS_RATE_RULES_H
#define KUDOS_RATE_RULES_H

#include "kudos/limits.h"
#include "kudos/rate.h"

#define KD_RATE_TEXT                                                                                         \
    "one or two of operations/time with a comma between, as in 100/1m, 1000/1h; the time is whole "          \
    "seconds from 1s to 31d, the second longer than the first"
#define KD_RATE_TEXT_ONE "operations/time, as in 300/10s; the time is whole seconds from 1s to 31d"

enum { KD_LIMIT_LABEL = KD_COLLECTION_MAX + 16, KD_LIMIT_POLICY = KD_RATE_WINDOWS * (KD_LIMIT_LABEL + 32) };

typedef struct {
    char name[KD_COLLECTION_MAX + 1]; /* "user", or the collection */
    uint64_t id; /* of name and windows: with other windows operations are counted anew */
    kd_rate_rule rule;
    /* As clients are told (draft-ietf-httpapi-ratelimit-headers): the quoted name of each window, which is `name` and for the second also its time, and
     * the value of RateLimit-Policy. */
    char label[KD_RATE_WINDOWS][KD_LIMIT_LABEL];
    char policy[KD_LIMIT_POLICY];
} kd_limit;

typedef struct {
    kd_limit user;
    kd_limit *of_collection; /* owned */
    uint32_t count;          /* of of_collection */
    kd_limit address;        /* operations of visitors at one address */
    kd_limit visitors;       /* pseudonyms that one address is given */
    kd_limit fast_user, fast_item;
    bool refuse_fast;
} kd_rate_rules;

/* Whether a text names the windows of a limit, as KD_RATE_TEXT says in words. */
bool kd_rate_text_valid(kd_bytes text);
/* The same for a text with one window: from when on a user or an item is fast. */
bool kd_rate_text_one(kd_bytes text);
/* Sets *limit to `name`, of at most KD_COLLECTION_MAX bytes, with the windows of a valid text. NULL: there is no limit. */
void kd_limit_set(kd_limit *limit, kd_bytes name, const char *text);
/* Appends the limit of a collection. */
void kd_rate_rules_add(kd_rate_rules *rules, kd_bytes collection, const char *text);
/* Whether any operation is limited or measured at all. */
bool kd_rate_rules_any(const kd_rate_rules *rules);
/* The limit of operations in a collection; a view into *rules. */
const kd_limit *kd_rate_rules_of(const kd_rate_rules *rules, kd_bytes collection);
/* Frees the collections. A zeroed struct is fine. */
void kd_rate_rules_finish(kd_rate_rules *rules);

#endif

/*
 * ask_members.h - questions to central whether a user likes items of which this edge cannot tell it alone.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_ASK_MEMBERS_H
#define KUDOS_EDGE_IO_UPSTREAM_ASK_MEMBERS_H

#include "edge/io/upstream/ask.h"
#include "edge/io/upstream/central_words.h"
#include "kudos/seen.h"

/* Embedded by whoever waits, with `items`, `answers`, `count`, `wanted` and `fn` filled. */
typedef struct kd_members_wait kd_members_wait;
struct kd_members_wait {
    kd_asker *asker;     /* the call's to set */
    const char *counter; /* likewise */
    /* `items` are keys; answers[i] is for items[i], KD_LIKED_UNKNOWN where central did not say. Both are the caller's and stay until fn. */
    const kd_bytes *items;
    kd_central_liked *answers;
    uint32_t count;
    kd_seen wanted; /* central's answer is `complete` when it has merged everything that this tells of */
    /* Called once, on the shard's loop, never from within kd_ask_members. */
    void (*fn)(kd_members_wait *wait);
};

/* Asks about `user` and all items of `wait`, at the cost of one question; `counter` is the counter's name, which stays until fn. KD_OK: wait->fn will be called, also when central does not answer.
 * Otherwise it will not: no central or its breaker is open (KD_EUNAVAILABLE), too many questions (KD_EOVERLOADED), or the HTTP client refuses
 * the request (KD_EINVAL). */
int kd_ask_members(kd_asker *a, const char *counter, kd_bytes user, kd_ask_for asks, kd_members_wait *wait);

#endif

/*
 * ask_users.h - questions to central about one item and a list of users: who of them likes it, or its counts without them. Only central can tell: an
 * edge holds rows of those alone who acted at it.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_ASK_USERS_H
#define KUDOS_EDGE_IO_UPSTREAM_ASK_USERS_H

#include "edge/io/upstream/ask.h"

/* Embedded by whoever waits, with all but `asker` filled. Views are the caller's and stay until fn. */
typedef struct kd_users_wait kd_users_wait;
struct kd_users_wait {
    kd_asker *asker;     /* the asker's to set */
    kd_bytes item;       /* key */
    const char *counter; /* its name: who likes it? NULL: what are the counts without these users? */
    const kd_bytes *users;
    uint32_t count;
    /* Called once, on the shard's loop, never from within kd_ask_users. `body` is central's answer, and lives during the call; data NULL: there is
     * none. */
    void (*fn)(kd_users_wait *wait, kd_bytes body);
};

/* Asks, at the cost of one question. KD_OK: wait->fn will be called, also when central does not answer. Otherwise it will not: no central or its
 * breaker is open (KD_EUNAVAILABLE), too many questions (KD_EOVERLOADED), or the HTTP client refuses the request (KD_EINVAL). */
int kd_ask_users(kd_asker *a, kd_ask_for asks, kd_users_wait *wait);

#endif

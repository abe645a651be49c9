/* idempotency.h - recognised retries are answered from memory (rule 1). */
#ifndef KUDOS_EDGE_CORE_IDEMPOTENCY_H
#define KUDOS_EDGE_CORE_IDEMPOTENCY_H

#include <sys/queue.h>

#include "common/base/table.h"
#include "kudos/edge.h"

typedef struct kd_remembered kd_remembered;

/* The operations that a shard took of one bulk request at once. */
typedef struct {
    kd_key_use bulk; /* key of the bulk request; zeros: the operation is a request of its own */
    uint64_t at_us;  /* when it was taken */
} kd_key_group;
/* Whether the key behind `before` in the queue is forgotten together with it. */
bool kd_key_group_joins(const kd_key_group *before, const kd_key_group *of);

typedef struct {
    kd_table index;                                      /* by hash of user and key */
    STAILQ_HEAD(kd_remembered_keys, kd_remembered) keys; /* oldest first; owned */
    kd_key_group newest;                                 /* that of the newest key */
    int64_t credit; /* how many keys may be forgotten now; below 0 after a large bulk request */
} kd_idempotency;

/* Reads the remembered keys, and forgets those that have left the window (kudos/key_window.h) as far as it is known. KD_EMALFORMED, KD_EIO. */
int kd_idempotency_load(kd_edge *e);
/* KD_OK: a retry, *outcome is that of the first request. KD_ENOTFOUND: a new request, or one without a key. KD_EREUSED: the key came with another
 * request. KD_EINFLIGHT: the first request is not durable yet. */
int kd_idempotency_check(kd_edge *e, const kd_request *request, uint64_t now_us, kd_outcome *outcome);
/* Remembers the outcome, in memory and in the open group; nothing without a key. Forgets the oldest keys that are due. */
void kd_idempotency_record(kd_edge *e, const kd_request *request, const kd_outcome *outcome, uint64_t now_us);
/* Forgets about 64 keys that are older than idempotency_ttl_us or have left the window. Whether more are due. */
bool kd_idempotency_expire(kd_edge *e, uint64_t now_us);
/* What tells the place of a stored key: its number, its group, and the partition of its item; UINT32_MAX where an older store does not tell it. */
typedef struct {
    uint64_t number;
    kd_key_group group;
    uint32_t partition;
} kd_key_stored;
/* Reads a row i. KD_EMALFORMED. */
int kd_idempotency_stored(kd_bytes key, kd_bytes value, kd_key_stored *out);
void kd_idempotency_finish(kd_edge *e); /* frees the memory; the stored keys stay */

#endif

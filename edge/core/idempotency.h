/* idempotency.h - recognised retries are answered from memory (rule 1). */
#ifndef KUDOS_EDGE_CORE_IDEMPOTENCY_H
#define KUDOS_EDGE_CORE_IDEMPOTENCY_H

#include "common/base/table.h"
#include "kudos/edge.h"

typedef struct kd_remembered kd_remembered;

typedef struct {
    kd_table index;       /* by hash of user and key */
    kd_remembered **ring; /* oldest at head; owned */
    uint32_t cap, head, count;
    uint64_t next; /* number of the next row */
} kd_idempotency;

/* Reads the remembered keys. KD_EMALFORMED, KD_EIO. */
int kd_idempotency_load(kd_edge *e);
/* KD_OK: a retry, *outcome is that of the first request. KD_ENOTFOUND: a new request, or one without a key. KD_EREUSED: the key came with another
 * request. KD_EINFLIGHT: the first request is not durable yet. */
int kd_idempotency_check(kd_edge *e, const kd_request *request, uint64_t now_us, kd_outcome *outcome);
/* Remembers the outcome, in memory and in the open group; nothing without a key. Forgets the oldest key when there are too many. */
void kd_idempotency_record(kd_edge *e, const kd_request *request, const kd_outcome *outcome, uint64_t now_us);
/* Forgets up to 64 keys that are older than idempotency_ttl_us. */
void kd_idempotency_expire(kd_edge *e, uint64_t now_us);
void kd_idempotency_finish(kd_edge *e); /* frees the memory; the stored keys stay */

#endif

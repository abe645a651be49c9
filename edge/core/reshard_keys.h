/*
 * reshard_keys.h - remembered idempotency keys of several stores, numbered anew. Used by reshard.c alone.
 *
 * The operations that a shard took of one bulk request stand together in its queue of keys, and are forgotten together (idempotency.c). In one process the
 * shards number their keys from one count, so in the queue of a new shard the keys of other requests would come between them. Numbered anew, such a
 * group stands together; groups keep the order of their first keys, and the highest number stays what it was.
 */
#ifndef KUDOS_EDGE_CORE_RESHARD_KEYS_H
#define KUDOS_EDGE_CORE_RESHARD_KEYS_H

#include "edge/core/idempotency.h"

/* A key as it was stored. */
typedef struct {
    uint64_t first;  /* number of the first key of its group */
    uint64_t number; /* its own */
    uint64_t digest; /* of its row */
    uint32_t index;  /* its place in the order in which keys were added */
    bool placed;     /* its partition is known */
} kd_reshard_key;

/* Zero-initialise. */
typedef struct {
    kd_reshard_key *at; /* owned, as is `numbers` */
    uint32_t count, cap;
    uint64_t *numbers;           /* by index: the new number */
    kd_key_stored before;        /* the key added last, of the same store */
    uint64_t distinct, unplaced; /* keys that are no copies; of them those whose partition is not known */
} kd_reshard_keys;

/* new number of a key that another store had as well: it goes to no shard from here */
#define KD_RESHARD_COPY UINT64_MAX

/* The keys that are added from here on are of the next store. */
void kd_reshard_keys_begin(kd_reshard_keys *k);
/* Adds row i of a store; in its order. KD_EMALFORMED: it is damaged, or of a partition not below `partitions`. */
int kd_reshard_keys_add(kd_reshard_keys *k, uint32_t partitions, kd_bytes key, kd_bytes value);
/* All keys are added: numbers them. */
void kd_reshard_keys_settle(kd_reshard_keys *k);
void kd_reshard_keys_finish(kd_reshard_keys *k);

#endif

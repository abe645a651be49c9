/*
 * lifespan.h - collections whose items have a life (docs/protocol.md, rule 29): how it is configured, and what central proposes by its clock.
 */
#ifndef KUDOS_LIFESPAN_H
#define KUDOS_LIFESPAN_H

#include "kudos/id.h"
#include "kudos/limits.h"

enum { KD_LIFESPANS_MAX = 16 };

typedef struct {
    char collection[KD_COLLECTION_MAX + 1];
    uint64_t life_us; /* from the first operation on: it is closed then; at least 1 */
    uint64_t keep_us; /* from then on: it is deleted; 0: never */
} kd_lifespan;

typedef struct {
    uint32_t count;
    kd_lifespan at[KD_LIFESPANS_MAX]; /* by collection, ascending */
} kd_lifespans;

/* Appends one life in its place. KD_EINVAL: no such collection, a life of 0; KD_EINVAL also: it has one; KD_EFULL. */
int kd_lifespans_add(kd_lifespans *lives, kd_bytes collection, uint64_t life_us, uint64_t keep_us);
/* The body of a decision about lives. */
void kd_lifespans_encode(const kd_lifespans *lives, kd_buf *out);
bool kd_lifespans_decode(kd_bytes body, kd_lifespans *lives);

#endif

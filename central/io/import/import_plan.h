/*
 * import_plan.h - cuts a file's operations into the decisions that bring them to central (kudos/decide.h). Pure.
 *
 * The same rows in the same order give the same chunks, whatever central has of them: so an import that was broken off goes on behind the last chunk
 * that is merged, and one that is repeated does nothing.
 *
 * Of a pair (counter, item, user) the later line wins: its stamp is its time, or one microsecond above the pair's line before where that is not
 * earlier. The amounts of a sum add up. A pair takes some 150 bytes until the plan is finished.
 */
#ifndef KUDOS_CENTRAL_IO_IMPORT_IMPORT_PLAN_H
#define KUDOS_CENTRAL_IO_IMPORT_IMPORT_PLAN_H

#include "central/io/import/import_line.h"
#include "kudos/wire.h"

typedef struct {
    uint32_t partition;
    uint64_t seq;    /* within the partition, from 1 */
    kd_bytes region; /* all its operations count in */
    kd_body *body;   /* of operations and sums; the taker may encode it, which sorts it */
    uint64_t events; /* lines that it holds, also those that a later one of their pair has replaced */
} kd_import_chunk;

/* Takes a chunk, whose views live during the call. KD_OK; any other kd_err ends the plan. */
typedef int (*kd_import_chunk_fn)(void *arg, const kd_import_chunk *chunk);

typedef struct kd_import_plan kd_import_plan;

kd_import_plan *kd_import_plan_create(uint32_t partitions, kd_import_chunk_fn fn, void *arg);
/* Frees all; NULL is fine. */
void kd_import_plan_destroy(kd_import_plan *p);
/* Adds an operation. KD_OK, or what the taker of a chunk returned. */
int kd_import_plan_add(kd_import_plan *p, const kd_import_row *row);
/* Hands out what is left. KD_OK, or what the taker of a chunk returned. */
int kd_import_plan_end(kd_import_plan *p);
/* Different pairs so far. */
uint64_t kd_import_plan_pairs(const kd_import_plan *p);

#endif

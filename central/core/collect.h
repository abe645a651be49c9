/*
 * collect.h - deletes tombstones. A tombstone must stay while an older like of its pair can still arrive, since without it that like would win (rule
 * 22).
 *
 * Invariants: the floor never falls; it is stored by the commit that first deletes by it; while an identity alarm stands nothing is collected.
 */
#ifndef KUDOS_CENTRAL_CORE_COLLECT_H
#define KUDOS_CENTRAL_CORE_COLLECT_H

#include "central/core/commit.h"

typedef struct {
    uint64_t floor_us; /* of the last commit begun: tombstones stamped below it are gone or going */
    bool halted;       /* by an identity alarm, until kd_central_collect_resume */
    bool changed;      /* the row of floor and halted is to be written by the next commit */
    bool sweeping;
    uint64_t swept_us; /* floor of the last sweep that came to its end */
    kd_buf cursor;     /* key from which the sweep goes on */
    /* since the start: tombstones deleted, operations ignored (kd_collect_ignores), batches of retired edges refused */
    uint64_t collected, ignored, refused;
} kd_collector;

/* Reads floor and halt: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_collect_load(kd_central *c);
/* Once, when all is loaded: in an empty store the first sweep is put off until something in it can be old enough. */
void kd_collect_begin(kd_central *c, uint64_t now_us);
/* Whether an operation with that stamp, of an edge in state `s`, was merged before: stamped below the edge's own watermark less 2 D. */
bool kd_collect_past(const kd_central *c, const kd_registered_state *s, uint64_t time_us);
/* For an operation that finds no row, or a like that finds an older row: true when the operation was merged before and the tombstone above it has
 * been collected. Then it is counted as ignored. */
bool kd_collect_ignores(kd_central *c, const kd_gathered_op *op);
/* An identity alarm: nothing is collected until an operator has looked. Stored by the next commit. */
void kd_collect_halt(kd_central *c);
/* At the begin of a commit whose rows are decided: adds a piece of the sweep to its writes. KD_OK, KD_EIO. */
int kd_collect_step(kd_central *c, kd_commit *k, uint64_t now_us);

#endif

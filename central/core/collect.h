/*
 * collect.h - deletes tombstones. A tombstone must stay while an older like of its pair can still arrive, since without it that like would win (rule
 * 22).
 *
 * The floor is decided in the log. From the place of that decision on, a tombstone stamped below the floor counts as absent, whether it is swept yet or not.
 * Sweeping only makes room in the store: each central sweeps when it likes.
 *
 * Invariants: the floor never falls; it is stored by the commit that carries its decision; while an identity alarm stands the floor does not rise, and
 * nothing is swept; tombstones of a void that can be undone are there.
 */
#ifndef KUDOS_CENTRAL_CORE_COLLECT_H
#define KUDOS_CENTRAL_CORE_COLLECT_H

#include "central/core/commit.h"
#include "central/core/row.h"
#include "kudos/decide.h"

typedef struct {
    uint64_t floor_us;     /* where the last record stands that was fed */
    uint64_t committed_us; /* the floor of the last commit that is durable */
    bool halted;           /* by an identity alarm, until KD_DECIDED_COLLECT */
    bool changed;          /* the row of floor and halted is to be written by the next commit */
    bool sweeping;
    uint64_t sweep_us; /* floor at the begin of the present sweep */
    uint64_t swept_us; /* floor at the begin of the last sweep that came to its end */
    kd_buf cursor;     /* key from which the sweep goes on */
    uint64_t empty_us; /* the store has no tombstone stamped below it: it was empty at the start */
    uint64_t asked_us; /* by the clock: when a floor was proposed last */
    /* since the start: tombstones deleted, operations ignored (kd_collect_ignores), batches of retired edges refused */
    uint64_t collected, ignored, refused;
} kd_collector;

/* Reads floor and halt: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_collect_load(kd_central *c);
/* Once, when all is loaded: of an empty store no floor is proposed until something in it can be old enough. */
void kd_collect_begin(kd_central *c, uint64_t now_us);
/* Whether an operation with that stamp, of an edge in state `s`, was merged before: stamped below the edge's own watermark less 2 D. */
bool kd_collect_past(const kd_central *c, const kd_registered_state *s, uint64_t time_us);
/* Whether the row is a tombstone that counts as absent for an operation of the open commit; for what comes next: KD_ARRIVAL_NEXT. */
bool kd_collect_is_gone(kd_central *c, const kd_stored_row *row, uint32_t arrival);
#define KD_ARRIVAL_NEXT UINT32_MAX
/* Whether a row of the store is such a tombstone as of the last durable commit. */
bool kd_collect_was_gone(const kd_central *c, const kd_stored_row *row);
/* For an operation that finds no row, or a like that finds an older row: true when the operation was merged before and the tombstone above it has
 * been collected. Then it is counted as ignored. */
bool kd_collect_ignores(kd_central *c, const kd_gathered_op *op);
/* A void that could be undone is forgotten from here on: its tombstones are as others. */
void kd_collect_let_go(kd_central *c, uint64_t stamp_us);
/* An identity alarm: the floor stays until an operator has looked. Stored by the next commit. */
void kd_collect_halt(kd_central *c);
/* A decision about the floor, or one that ends the halt: KD_FED_DECIDED, KD_FED_IDLE; KD_FED_VOID: the floor of a collection that is halted. */
kd_fed kd_collect_decide(kd_central *c, const kd_decision *d);
/* The floor that central proposes by that clock. KD_OK, KD_ENOTFOUND. */
int kd_collect_propose(kd_central *c, uint64_t now_us, kd_decision *d);
/* At the begin of a commit whose rows are decided: adds a piece of the sweep to its writes. KD_OK, KD_EIO. */
int kd_collect_step(kd_central *c, kd_commit *k);

#endif

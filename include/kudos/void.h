/*
 * void.h - what a void of an operator withdraws or puts back (docs/protocol.md, rule 25), found in the store of a partition: a snapshot of one that runs
 * will do. Nothing is written here; decisions are (kudos/decide.h).
 */
#ifndef KUDOS_VOID_H
#define KUDOS_VOID_H

#include "kudos/id.h"
#include "kudos/store.h"

/* Author of what can be undone. */
#define KD_VOID_AUTHOR "_void"

/* What a partition remembers of a void. It is forgotten when it is undone, or when KD_VOID_JOBS_MAX later ones came. */
typedef struct {
    uint64_t stamp_us;                     /* of its tombstones: no other void has it */
    uint64_t order;                        /* among the voids of this partition */
    uint64_t withdrawn, skipped, put_back; /* likes; skipped: another operation had taken their place */
    bool closed;                           /* it is being undone: nothing more is withdrawn by it */
} kd_voided;

/* Gets one void; another value than 0 ends the scan, which returns it. `job` is a view. */
typedef int (*kd_voided_fn)(void *arg, kd_bytes job, const kd_voided *told);
/* Visits what the store remembers, by name. KD_OK, the value of `fn`, KD_EIO, KD_EMALFORMED. */
int kd_voided_each(const kd_store *store, kd_voided_fn fn, void *arg);

/* Which rows. Users and items are sorted by kd_bytes_cmp; borrowed. */
typedef struct {
    uint64_t put_back_us; /* not 0: the tombstones with that stamp, and nothing below is looked at */
    uint64_t erase_us;    /* not 0: all rows of the users, tombstones as well, that are stamped below it */
    const kd_bytes *users;
    const kd_bytes *items; /* keys; none: all items */
    uint32_t user_count, item_count;
    uint8_t counter; /* wire id; 0: all counters */
    uint64_t from_us, to_us;
} kd_void_pick;

typedef struct {
    void *arg;
    /* Each row that is picked, in key order; another value than 0 ends the walk. `op` is what a decision says of it; views. */
    int (*row)(void *arg, uint8_t counter, kd_bytes item, kd_bytes user, uint64_t time_us);
    /* Behind the rows of a counter of an item of which some were picked: its likes in this store, and how many of its rows were picked. */
    void (*item)(void *arg, uint8_t counter, kd_bytes item, uint64_t likes, uint64_t picked);
    /* Now and then; false ends the walk with KD_EAGAIN. */
    bool (*progress)(void *arg, uint64_t rows);
} kd_void_visitor;
/* KD_OK, the value of `row`, KD_EAGAIN, KD_EIO, KD_EMALFORMED. */
int kd_void_walk(const kd_store *store, const kd_void_pick *pick, const kd_void_visitor *visitor);

#endif

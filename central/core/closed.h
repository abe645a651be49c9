/*
 * closed.h - items that an operator closed, opened again, or deleted (rule 27).
 *
 *     row   x | item key    deleted, swept u8 | how many u8, then from, to be64 each: nothing stamped above `from`, up to `to`, counts | latest be64
 *
 * What is closed is a function of the records read. An operation is judged by what stands in front of its batch in the log, and by its stamp. What was left
 * out in front of an opening may have a later stamp than the opening: then the closing ends with that stamp. So the closings alone tell, for good, which
 * operations were left out.
 *
 * A deleted item is closed for all stamps, at once and for good. Its rows go afterwards, a piece with each commit, and each like that goes moves counts and
 * indices as an unlike does. Which rows are still there depends on the commits, so nothing else may depend on them: no operation changes a row of a deleted
 * item, and whoever looks at rows or velocities asks first whether the item is deleted. What is left in the end is a function of the log.
 *
 * Invariants: intervals ascend and do not overlap; at most the last one has no end. An item that was closed once stays listed: the row of a deleted one
 * is the tombstone that keeps late batches and resends from bringing anything back.
 */
#ifndef KUDOS_CENTRAL_CORE_CLOSED_H
#define KUDOS_CENTRAL_CORE_CLOSED_H

#include <sys/queue.h>

#include "common/base/table.h"
#include "kudos/decide.h"

enum { KD_CLOSINGS_MAX = 8 }; /* of an item; of more the two oldest become one, with the time between them */

struct kd_commit;

typedef struct {
    uint64_t from_us, to_us; /* KD_TIME_END_US: until it is opened */
} kd_closing;

typedef struct kd_closed_item {
    kd_table_entry link;
    TAILQ_ENTRY(kd_closed_item) of_sweep; /* while deleted and not swept */
    uint64_t version;                /* of the commit that carries the last change; 0: durable at the start */
    uint64_t latest_us;              /* stamp of what was left out since it was closed last */
    bool deleted, swept, was_closed; /* was_closed: before that change. After deleted nothing changes */
    bool noted;                      /* `latest_us` rises with the open commit, which has it in `left_out` */
    uint8_t count, key_len;
    kd_closing at[KD_CLOSINGS_MAX];
    uint8_t key[];
} kd_closed_item;

typedef struct {
    kd_table items;
    TAILQ_HEAD(kd_closed_sweep, kd_closed_item) sweep; /* the first one is being swept */
    uint8_t counter;                                   /* wire id that the sweep is at; 0: not begun */
    kd_buf cursor;    /* key from which it goes on; empty: the counter's first */
    uint64_t ignored; /* operations and sums, since the start */
} kd_closer;

/* An empty table; kd_closed_finish frees it. */
void kd_closed_init(kd_central *c);
void kd_closed_finish(kd_central *c);
/* Reads the rows: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_closed_load(kd_central *c);

/* Whether the decision on an item can be merged: KD_OK; KD_EFULL: too many items are listed, fewer where a life has ended than for operators; KD_ECLOSED: one
 * that was deleted is not opened again. */
int kd_closed_check(const kd_central *c, const kd_decision *d);
/* Whether no item can be listed any more because its life has ended. */
bool kd_closed_full_of_lives(const kd_central *c);
/* Such a decision that can be merged, in the open commit. `life`: when the item's life ends, and the latest stamp that it left out behind that (0: none); NULL: it has no life. An opening is the
 * end of the life, so its closing covers what that left out. */
void kd_closed_decide(kd_central *c, const kd_decision *d, const kd_closing *life);

/* Whether the item is closed for an operation with that stamp. Counts nothing. */
bool kd_closed_covers(const kd_central *c, kd_bytes item, uint64_t time_us);
/* The same while records are read: counts what is left out, and remembers its stamp. */
bool kd_closed_ignores(kd_central *c, kd_bytes item, uint64_t time_us);
/* A sum has no stamp: it was added above `after_us` and up to `time_us`, and is left out where the item was closed all the while. */
bool kd_closed_ignores_sum(kd_central *c, kd_bytes item, uint64_t after_us, uint64_t time_us);
/* By what was read: whether it is closed; whether it was ever opened. */
bool kd_closed_now(const kd_central *c, kd_bytes item);
bool kd_closed_opened(const kd_central *c, kd_bytes item);
/* Whether it is deleted: by what was read; by what is durable. */
bool kd_closed_deleted(const kd_central *c, kd_bytes item);
bool kd_closed_deleted_shown(const kd_central *c, kd_bytes item);
/* Whether the commit (NULL: none) deletes the row of a like with this key, as its item is deleted. */
bool kd_closed_sweeps_like(const struct kd_commit *k, kd_bytes key);
/* The next snapshot lists all deleted items. KD_OK, KD_EIO. */
int kd_closed_tell_deleted(kd_central *c);
/* Puts the item's row. */
void kd_closed_put(kd_central *c, const kd_closed_item *i, kd_writes *writes);
/* At the begin of a commit, when its operations and milestones are decided, and before entries of indices move: tells edges of items that it closes or
 * opens, and adds a piece of the sweep. KD_OK, KD_EIO. */
int kd_closed_step(kd_central *c, struct kd_commit *k);

#endif

/*
 * central_rig.h - for tests of central's core: one partition on a store in memory, edges that seal batches for it,
 * and an edge that installs its snapshots.
 */
#ifndef KUDOS_TESTS_LIB_CENTRAL_RIG_H
#define KUDOS_TESTS_LIB_CENTRAL_RIG_H

#include "kudos/decide.h"
#include "sim/world/disk.h"

enum { RIG_LIKE = 1, RIG_SAVE = 2, RIG_VIEW = 9 }; /* wire ids; indices 0, 1, 2 */
#define RIG_DAY 86400000000ull

typedef struct {
    kd_counters counters;
    kd_central_config config;
    sim_disk *disk;
    kd_store store;
    kd_central *c;
    uint64_t hint;   /* of the next epoch */
    int64_t offset;  /* of the next record */
    uint64_t now_us; /* at opens, feeds and commits */
    uint32_t jobs;   /* of rig_decide */
} rig;

/* An empty store, opened, with the first commit done. Change r->config before rig_reopen for other settings.
 */
void rig_init(rig *r);
void rig_finish(rig *r);
/* A crash: writes that were not applied are gone. Opens again, without a commit. Returns as kd_central_open. */
int rig_reopen(rig *r);
/* Reopens the store as that of a follower, or of a leader, and commits. */
void rig_open_as(rig *r, bool follows);
kd_fed rig_feed(rig *r, kd_bytes record);
/* A decision of a job of its own, written by the core and read back at once, without a commit: of the sort `what`, with that body. KD_OK, or why the core does not write
 * it. *fed, if not NULL: what became of it. */
int rig_decide(rig *r, kd_decided what, kd_bytes body, kd_fed *fed);
/* What the hand of central proposes is read back, without a commit. Returns how many decisions that were. */
uint32_t rig_hand(rig *r);
/* Begins, applies and ends until there is nothing to write. */
void rig_commit(rig *r);

typedef struct {
    const char *name, *region;
    uint64_t incarnation;
    bool restarted;   /* the next batch begins a new incarnation */
    bool viral;       /* batches say that they have operations of a viral item */
    kd_position last; /* sealed */
    uint64_t last_digest;
} rig_edge;

/* Items are "posts/<n>", users "u<n>". The views point into a static pool that grows with n. */
kd_bytes rig_item(uint32_t n);
kd_bytes rig_user(uint32_t n);

typedef struct {
    uint32_t item, user;
    uint64_t time_us;
    uint8_t counter;
    bool liked;
} rig_op;

/* Seals the next batch of the edge; sums of day 0. */
void rig_seal(rig_edge *e, const rig_op *ops, uint32_t op_count, const kd_sum *sums, uint32_t sum_count,
              uint64_t complete_to_us, kd_buf *record);
/* The same of a body that is there. */
void rig_seal_body(rig_edge *e, kd_body *body, uint64_t complete_to_us, kd_buf *record);
/* One batch with one operation, sealed and fed. */
kd_fed rig_one(rig *r, rig_edge *e, rig_op op);

uint64_t rig_total(rig *r, uint32_t item, uint32_t counter_index);
uint64_t rig_region(rig *r, uint32_t item, uint32_t counter_index, const char *region);
uint64_t rig_day(rig *r, uint32_t item, uint32_t counter_index, uint32_t day);
/* Σ regions == Σ days == total of every counter. */
bool rig_sums_agree(rig *r, uint32_t item);

/* Parts of one kd_central_snapshot, decoded. */
typedef struct {
    kd_snapshot *parts;
    uint32_t count, cap;
} rig_snapshot;
int rig_snapshot_take(rig *r, uint64_t now_us, rig_snapshot *s);
void rig_snapshot_finish(rig_snapshot *s);

#endif

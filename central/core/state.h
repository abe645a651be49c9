/*
 * state.h - the state of central's core for one partition. Each part of it belongs to the file whose header declares its type.
 *
 * Much is kept twice, tentative and committed. Tentative covers all that was fed, durable or not, and decides which batch is merged next (rule 9).
 * Committed covers what is durable, and is all that reads, snapshots and metrics show.
 *
 * commits[] is a ring of three: the `outstanding` closed commits from `first` on, the oldest first; then the open one.
 *
 *     feed     merge.c    gathers operations, sums and rows of new names in the open commit
 *     begin    commit.c   closes it: keeps the last operation of each row (sort.c), looks the old row up - in the commit outstanding before it
 *                         (both are sorted: one walk), by the filter, in the store - and makes writes and effects
 *     end      commit.c   the writes are durable: applies the effects to the counts, and what the commit carried becomes committed state
 */
#ifndef KUDOS_CENTRAL_CORE_STATE_H
#define KUDOS_CENTRAL_CORE_STATE_H

#include "central/core/claim.h"
#include "central/core/closed.h"
#include "central/core/collect.h"
#include "central/core/commit.h"
#include "central/core/counts.h"
#include "central/core/decide.h"
#include "central/core/epoch.h"
#include "central/core/erased.h"
#include "central/core/expect.h"
#include "central/core/follow.h"
#include "central/core/hand.h"
#include "central/core/index.h"
#include "central/core/log_position.h"
#include "central/core/milestones.h"
#include "central/core/promote.h"
#include "central/core/quarantine.h"
#include "central/core/redo.h"
#include "central/core/registry.h"
#include "central/core/sort.h"
#include "central/core/span.h"
#include "central/core/stable.h"
#include "central/core/trend.h"
#include "central/core/void.h"
#include "kudos/central.h"

enum { KD_OUTSTANDING_MAX = 2 };

/* Where the records of the changes topic stand in a redo row (changes.c). */
typedef struct {
    uint64_t version; /* of the row; 0: none was read */
    kd_buf row;
    kd_effects_reader effects;
    kd_effect next; /* if `waiting`: read, but the record before was full. Its views are in `effects` */
    bool waiting;
} kd_changes_place;

struct kd_central {
    kd_central_config config;
    char name[KD_NAME_MAX]; /* config.name points here */
    kd_store store;
    uint64_t version; /* of the last commit that is durable */
    uint64_t begun;   /* of the last commit begun */
    bool poisoned;    /* a commit or a read failed: memory and store may differ, every call gives KD_EIO */
    bool fenced;      /* a later central has claimed the partition (rule 16) */
    bool genuine;     /* what is fed is of who may write it */
    uint64_t waits;   /* the wire schema of the record that it does not know, and stopped at; 0: none */

    /* The epoch (epoch.c). */
    uint64_t epoch; /* of the open commit */
    /* of what is committed; before the first commit the epoch minted at the start */
    uint64_t epoch_committed;
    uint64_t epoch_stored; /* in the store at the start; 0: the store was empty */
    uint64_t epoch_heard;  /* the highest that was outbid: the log may have lost its claim; 0: none */
    uint64_t epoch_opened; /* minted at the start, or with a promotion */
    kd_epoch_pause epoch_pause;
    bool epoch_begun;   /* a commit that carries `epoch` was begun, so somebody may have seen it */
    bool epoch_durable; /* a commit that carries `epoch` is durable */
    bool claim_read;    /* our own claim came back from the log: a claim behind it is of a later start */
    bool claim_again;   /* it came back where it does not supersede what is in force */
    /* before its own claim this tenure read a claim or an envelope of a history that its store does not know */
    bool took_over;
    kd_chain_link chain[KD_CHAIN_MAX];
    uint32_t chain_count;

    kd_log_position log_tentative, log_committed;
    kd_history history_tentative, history_committed;
    bool log_again; /* the log is to be read from its beginning; the shell has not been told yet */

    kd_expectation expected;
    kd_registered edges[KD_EDGES_MAX];
    kd_region regions[KD_REGIONS_MAX];
    uint32_t edge_count, region_count;

    kd_commit commits[KD_OUTSTANDING_MAX + 1];
    uint32_t first, outstanding;
    kd_sort sort; /* scratch: of the commit that is being closed */

    kd_bloom filter; /* of all membership rows and items that the store may hold */
    /* each membership row that was not found, less those collected; stored, sizes the filter at the next open */
    uint64_t filter_rows;
    kd_counts counts;
    kd_redo_list redo;
    kd_milestone_queue milestones;
    kd_trend trend;

    /* What is handed out (snapshot.c, changes.c). */
    uint64_t snapshot_version; /* of the last snapshot handed out */
    uint64_t published; /* of the last snapshot that was delivered or given up, and in a group read back */
    bool viral;         /* a commit that is durable, but in no snapshot yet, has operations of a viral item */
    /* bit i: the counts that edges hold cover the counter of id i; a configured one without its bit makes edges read anew (snapshot.c) */
    uint64_t counters_told;
    uint64_t delivered; /* changes of versions up to it are delivered */
    uint64_t told_read; /* records of which it is known that all their changes are delivered */
    uint64_t
        telling; /* a version, and the records that it holds: when its changes are delivered, `told_read` is that */
    uint64_t telling_read;
    uint64_t taken;         /* changes of versions up to it are handed out, */
    uint32_t taken_changes; /* and this many of the next version */
    kd_changes_place changes_place;

    kd_quarantine_entry quarantine[KD_QUARANTINE_MAX]; /* the records kept, durable or on their way */
    uint32_t quarantine_count;
    uint8_t unknown_counter; /* of the last batch that was left because of a counter */
    bool
        releasing; /* an operator vouches for what is fed: it may lie ahead of the clock, its epoch as well */
    uint64_t fed_at_us; /* when the last record was fed, or the core opened */

    uint64_t passed_over;      /* batches that were left and that their edge has gone on behind (place.c) */
    uint16_t passed_over_edge; /* edge of the last of them */

    size_t copy_cursor; /* where the next copy of counts for an audit goes on (counts_copy.c) */
    kd_backup backups[KD_BACKUPS_MAX];
    uint32_t backup_count;
    kd_collector collector;
    kd_decider decider;
    kd_claimer claimer;
    kd_hand hand;
    kd_index_states indices;
    kd_voider voider;
    kd_closer closer;
    kd_spanner spanner;
    kd_eraser eraser;
    kd_follower follower;
    kd_promoter promoter;
    kd_central_stats stats;

    kd_buf kept;       /* scratch: a record of the quarantine */
    kd_buf key, value; /* scratch: of one row, valid until the next call that reads or writes a row */
};

static inline bool kd_planted(const kd_central *c, kd_central_plant bug)
{
    return (c->config.plant & (uint64_t)bug) != 0;
}
/* Whether this central follows: for good, or until its promotion is settled. */
static inline bool kd_follows_now(const kd_central *c)
{
    return c->config.follows || c->promoter.stage != KD_PROMOTION_LEADS;
}
/* Of those that are being written, the i-th, the oldest first; behind them the open one. */
static inline uint32_t kd_commit_place(const kd_central *c, uint32_t i)
{
    return (c->first + i) % (uint32_t)KD_COUNT(c->commits);
}
static inline kd_commit *kd_commit_open(kd_central *c)
{
    return &c->commits[kd_commit_place(c, c->outstanding)];
}
/* The store failed, and tentative state is ahead of it: from now on every call gives KD_EIO. Returns KD_EIO, for the caller to return. */
static inline int kd_central_poison(kd_central *c)
{
    c->poisoned = true;
    return KD_EIO;
}

#endif

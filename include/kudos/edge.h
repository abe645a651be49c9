/*
 * edge.h - the core of kudos-edge for one shard: dedupe, accumulate, seal, outbox, overlay. Sans-IO.
 *
 * A shard owns the partitions with partition % shards == shard and one store. The shell owns the loop:
 *
 *     take* -> commit_begin -> (synced write) -> commit_end -> answers of that group may go out, send_next*
 *     snapshot, answer (from central)  -> state changes at once, their rows ride in the open group
 *     tick  -> seals what is due, schedules what must be sent again
 *
 * One group is being written while the next gathers. An answer to an operation is released only when the group that
 * kd_outcome names is durable. Time is the shell's carried wall clock in microseconds (common/base/drift.h); it is an argument
 * everywhere, as is the seed of the jitter.
 *
 * Errors are kd_err. After a failed commit every call but close gives KD_EIO.
 */
#ifndef KUDOS_EDGE_H
#define KUDOS_EDGE_H

#include "kudos/seen.h"
#include "kudos/store.h"
#include "kudos/wire.h"

typedef struct kd_edge kd_edge;

typedef struct {
    kd_bytes edge, region; /* names; copied */
    uint32_t shard, shards, partitions;
    const kd_counters *counters;   /* copied */
    uint64_t drift_us;             /* D */
    uint32_t flush_ops;            /* a batch is sealed at so many operations */
    uint64_t flush_interval_us;    /* or so long after the first one */
    uint64_t idle_interval_max_us; /* empty batches of an idle partition back off to this */
    uint64_t resend_min_us, resend_max_us;
    uint32_t send_window; /* batches of a partition that may be sent and not yet applied */
    uint64_t outbox_bytes_max;
    uint32_t items_max; /* counts kept in memory and on disk */
    uint64_t
        filter_bytes_max; /* memory of the membership filter (12 bits a row); 0: 1 GiB. Beyond it more reads, not errors */
    uint32_t
        fresh_rows_max; /* operations whose rows gather in memory, in each of two tables; 0: rows ride with them */
    uint32_t idempotency_max; /* remembered keys; 0: as many as are stored, so that opening forgets none */
    uint64_t idempotency_ttl_us;
    uint64_t row_ttl_us; /* membership rows older than this may expire (rule 21); 0: none does */
    uint64_t seed;
    uint32_t
        life; /* number of this life of the process, by chance, the same for all its shards (kudos/seen.h); 0: from the seed */
    uint64_t plant; /* bit set of kd_edge_plant: rules broken on purpose in tests; 0 in production */
} kd_edge_config;

typedef enum {
    KD_PLANT_DROP_AGREEING = 1 << 0,      /* rule 1: an operation that the row agrees with is not journaled */
    KD_PLANT_UNKNOWN_IS_NOT = 1 << 1,     /* rule 2: an unlike of nothing known is not journaled */
    KD_PLANT_STAMP_CLOCK_ONLY = 1 << 2,   /* rule 3: no last + 1, row + 1, token + 1 */
    KD_PLANT_ANSWER_BEFORE_SYNC = 1 << 3, /* rule 4: the outcome names no group */
    KD_PLANT_FIXED_INCARNATION = 1 << 4,  /* rule 5 */
    KD_PLANT_REBUILD_BODY = 1 << 5,       /* rule 6: new operations join a batch that was sent */
    KD_PLANT_DROP_CANCELLED = 1 << 6,     /* rule 7: like and unlike in one batch cancel out */
    KD_PLANT_AFTER_SKIPS = 1 << 7,        /* rule 8: after is always the applied that was last heard */
    KD_PLANT_COMPLETE_TO_NOW = 1 << 8,    /* rule 8: complete_to is the clock at sending */
    KD_PLANT_INSTALL_GAP = 1 << 9,        /* rule 14: previous is not looked at */
    KD_PLANT_NO_CHAIN = 1 << 10,          /* rule 15: a higher epoch is simply followed */
    KD_PLANT_NO_RESEND = 1 << 11,         /* rule 15: nothing is sent again after an undone history */
    KD_PLANT_COMPLETE_NOT_HELD = 1 << 12, /* rule 15: complete_to is let go at once */
    KD_PLANT_OVERLAY_LISTED_ONLY = 1 << 13, /* rule 17: only listed items end their deltas */
    KD_PLANT_ANSWER_ALWAYS = 1 << 14,       /* rule 19: a delayed answer is installed */
    KD_PLANT_FREE_ON_ACK = 1 << 15,         /* rule 20: the outbox row goes with Kafka's acknowledgement */
    KD_PLANT_ANY_APPLIED = 1 << 16,         /* rule 20: applied is always believed */
    KD_PLANT_OVERLAY_NEVER_ENDS = 1 << 17,  /* overlay without applied */
    KD_PLANT_REHOME_ONE = 1 << 18,          /* rule 20: only the partition that noticed moves */
    KD_PLANT_EXPIRE_EARLY = 1 << 19,        /* rule 21: rows expire whatever stable says */
    KD_PLANT_FORGET_FRESH = 1 << 20,        /* rule 4: the journal goes before the rows are in the store */
    KD_PLANT_RESEND_STORED = 1 << 21, /* rule 15: rows that are not in the store yet are not sent again */
    KD_PLANT_NO_DOUBT =
        1 << 22, /* rule 20: a watermark that was another's is believed once an own batch follows */
    KD_PLANT_RESEND_FORGOTTEN = 1 << 23, /* rule 15: a start does not go on with what was being sent again */
    KD_PLANT_READ_AHEAD_STAYS =
        1 << 24, /* rule 15: a number that a read brought from an undone version is kept */
    KD_PLANT_STAMP_NO_ROW = 1 << 25,       /* rule 3: no row + 1 */
    KD_PLANT_READ_ERROR_IS_NONE = 1 << 26, /* trust: a row that cannot be read is taken for none */
    KD_PLANT_ASIDE_ALL = 1 << 27,          /* rule 20: sums that nobody else can hold are set aside, too */
    KD_PLANT_ALONE_DROPPED = 1 << 28,      /* rule 20: and those that are not set aside do not stay */
    KD_PLANT_MOVE_NOT_HELD = 1 << 29,      /* rule 20: complete_to is not held while operations move */
    KD_PLANT_ROW_LACKS_OWN = 1 << 30,      /* rule 18: a stored number stays that lacks what applied covers */
    KD_PLANT_READ_ENDS = 1u << 31,   /* rule 18: what a read ended does not count again without its number */
    KD_PLANT_EVICT_ANY = 1ull << 32, /* rule 18: an item makes room while something of it is on its way */
    KD_PLANT_INVENT_NUMBER =
        1ull << 33, /* readers: where no number of central is known, own operations count from 0 */
    KD_PLANT_ALONE_FORGOTTEN =
        1ull << 34,                  /* rule 20: after a start, sums of earlier starts count as another's */
    KD_PLANT_SUMS_MOVE = 1ull << 35, /* rule 20: sums that another may have sent move along with the likes */
    KD_PLANT_RETIRED_TAKES =
        1ull << 36, /* rule 23: an edge that knows that it is retired goes on taking operations */
    KD_PLANT_STALE_UNLIKE =
        1ull << 40,                   /* rule 2: an unlike takes back a like that only a stale row tells of */
    KD_PLANT_STALE_LIKE = 1ull << 41, /* rule 2: a like is not shown where a stale row says liked already */
    KD_PLANT_NO_ROW_IS_OLDER =
        1ull << 42, /* reads: a row that central had merged stands though central has let its successor go */
    KD_PLANT_ANY_WORD =
        1ull << 43, /* reads: central is believed though it has not merged all that the token tells of */
    KD_PLANT_STALE_AS_OF =
        1ull << 44, /* rule 14: a number that a gap made stale is shown with the present as_of */
} kd_edge_plant;

/*
 * Opens over a store that may be empty: mints an incarnation, freezes what older ones left, rebuilds overlay and filter.
 * KD_EINVAL: the configuration. KD_EMISMATCH: the store belongs to another edge, shard layout, partition count or storage schema. KD_EIO, KD_EMALFORMED.
 */
int kd_edge_open(const kd_edge_config *config, const kd_store *store, uint64_t now_us, kd_edge **out);
/* To which edge this store belongs. */
typedef struct {
    char edge[KD_NAME_MAX + 1];
    uint32_t shard, shards, partitions;
} kd_edge_stored;
/* KD_ENOTFOUND: it belongs to none yet. KD_EMISMATCH: its schema is another. KD_EIO. */
int kd_edge_stored_as(const kd_store *store, kd_edge_stored *out);
void kd_edge_close(kd_edge *e);

/* Takes the counters that stand behind those it has: `counters` begins with them. Items known so far have no number of a new one: their counts are
 * stale until they are read again from central. */
void kd_edge_counters_add(kd_edge *e, const kd_counters *counters);

uint64_t kd_edge_incarnation(const kd_edge *e);
/* Of which words its rows tell (kudos/seen.h). The object's. */
const kd_lives *kd_edge_lives(const kd_edge *e);
/* After all shards of a process are opened, and before the first operation, each is told what the others know of the lives before this one. */
void kd_edge_lives_join(kd_edge *e, const kd_lives *others);

/* ---- operations --------------------------------------------------------------------------------------------- */

typedef enum { KD_UNLIKE = 0, KD_LIKE = 1, KD_ADD = 2 } kd_verb;

typedef struct {
    kd_bytes item, user;
    kd_verb verb;
    uint32_t counter;         /* index into the configuration's counters; its kind fits the verb */
    uint64_t amount;          /* KD_ADD: 1..KD_AMOUNT_MAX */
    const kd_seen *seen;      /* what the session token tells; NULL without one */
    kd_bytes idempotency_key; /* empty without */
    uint64_t
        batch; /* a digest of the whole request that this is one operation of; 0: it is a request of its own */
} kd_request;

typedef enum { KD_CHANGED_NO = 0, KD_CHANGED_YES = 1, KD_CHANGED_UNKNOWN = 2 } kd_changed;

typedef struct {
    uint64_t group;    /* release the answer when this group is durable; 0: now (a recognised retry) */
    uint64_t stamp_us; /* for the causality token; 0 for a sum */
    kd_changed changed;
    bool liked;
    bool replayed;
} kd_outcome;

/*
 * Takes one operation. KD_OK; KD_EFULL: the outbox is at its bound; KD_EREUSED, KD_EINFLIGHT: idempotency key;
 * KD_EIDENTITY: writes are refused until an operator acts; KD_ERETIRED: central has said that it refuses this edge's batches of the item's
 * partition (rule 23), until it says otherwise; KD_EINVAL: verb, amount or user; KD_EIO. On an error nothing has
 * changed.
 * (The clock bound is the shell's to check before: it measures the drift.)
 */
int kd_edge_take(kd_edge *e, const kd_request *request, uint64_t now_us, kd_outcome *outcome);
/* An operation or a view of this item comes in a moment: begins to fetch what it will read. Changes nothing. */
void kd_edge_expect(const kd_edge *e, kd_bytes item);

/* ---- group commit ------------------------------------------------------------------------------------------- */

/* Closes the open group. *writes is the core's until commit_end. KD_EAGAIN: nothing to write, or one is outstanding. */
int kd_edge_commit_begin(kd_edge *e, uint64_t now_us, const kd_writes **writes, uint64_t *group);
int kd_edge_commit_end(kd_edge *e, uint64_t group, int status);
/* True when an operation or a seal waits for the open group (rows that ride along may wait for one, up to a bound), and
 * after a failure, which kd_edge_commit_begin then tells. */
bool kd_edge_commit_wanted(const kd_edge *e);
/* Of the group that gathers. */
size_t kd_edge_gathered_bytes(const kd_edge *e);

/* ---- batches ------------------------------------------------------------------------------------------------ */

/* Seals, schedules; returns the time of the next call at the latest. */
uint64_t kd_edge_tick(kd_edge *e, uint64_t now_us);
/* Seals all open batches (drain). */
void kd_edge_seal_all(kd_edge *e, uint64_t now_us);

/* The next record for the likes topic that is due; KD_ENOTFOUND: none now; KD_EIO. The record is appended to the cleared buffer.
 * The batch counts as handed over until `delivered` or `producer_reset` says otherwise. */
int kd_edge_send_next(kd_edge *e, uint64_t now_us, kd_buf *record, uint32_t *partition, kd_position *at);
/* Kafka's report: ok, or not (then it is due again after a back-off). Never frees anything (rule 20). */
void kd_edge_delivered(kd_edge *e, uint32_t partition, kd_position at, bool ok, uint64_t now_us);
/* The producer was lost with all that it held. */
void kd_edge_producer_reset(kd_edge *e, uint64_t now_us);
/* Batches and bytes not yet applied. */
uint64_t kd_edge_outbox_batches(const kd_edge *e);
uint64_t kd_edge_outbox_bytes(const kd_edge *e);

/* ---- from central ------------------------------------------------------------------------------------------- */

typedef enum {
    KD_INSTALLED = 1,
    KD_HEARTBEAT,       /* same version: only the age changed */
    KD_PART,            /* kept until the other parts are here */
    KD_SNAPSHOT_OLD,    /* a lower epoch or version */
    KD_SNAPSHOT_GAP,    /* one was missed: counts are stale until read again */
    KD_SNAPSHOT_UNDONE, /* a restore undid what this edge knew: dropped, operations are sent again */
} kd_installed;

/* A record of the counts topic at `offset`; negative kd_err where it does not decode or is not of this shard. */
int kd_edge_snapshot(kd_edge *e, kd_bytes record, int64_t offset, uint64_t now_us);
/* The offset to go on reading the counts topic of this partition from; -1: none stored, begin at the end. */
int64_t kd_edge_counts_offset(const kd_edge *e, uint32_t partition);

/* Asks begin: marks the item as asked for. KD_OK: send the question; KD_EINFLIGHT: it is under way; KD_EFULL: no room. */
int kd_edge_ask(kd_edge *e, kd_bytes item);
/* The answer (a KD_SNAPSHOT_READ record), or an empty record when central could not be asked. KD_OK: installed; KD_EAGAIN:
 * thrown away (rule 19), ask again if still wanted. */
int kd_edge_answer(kd_edge *e, kd_bytes item, kd_bytes record, uint64_t now_us);

/* ---- reads -------------------------------------------------------------------------------------------------- */

typedef struct {
    bool
        known; /* a number of central stands behind it; else `count` is no number to show: own operations alone, null in answers */
    uint32_t
        told; /* so many counters, from the first, are in that number: one that was added since is not; 0 unless known */
    bool fresh;                        /* and it follows central's snapshots */
    uint64_t count[KD_COUNTERS_MAX];   /* by counter index: max(0, snapshot + overlay) */
    uint32_t pending[KD_COUNTERS_MAX]; /* operations in the overlay */
    uint64_t made_us;                  /* when central made the number; 0: unknown */
    uint64_t as_of_us;                 /* complete up to here; 0: unknown */
} kd_view;

/* KD_OK: fresh. KD_EAGAIN: not fresh - ask central; *view is the best that is known here. KD_EIO. */
int kd_edge_view(kd_edge *e, kd_bytes item, kd_view *view);
/* What the user said here last: 1 liked, 0 not liked, KD_ENOTFOUND: this edge holds no row, KD_EIO. */
int kd_edge_member(kd_edge *e, uint32_t counter, kd_bytes item, kd_bytes user);

/* Whether a user likes an item, as far as this edge and central together can know. */
typedef struct {
    uint32_t counter; /* index */
    kd_bytes item, user;
    const kd_seen *seen; /* as in kd_request */
} kd_liked_query;
/* What central answered. */
typedef struct {
    bool liked;
    uint64_t at_us; /* of the last word that it holds; 0: it holds none */
    bool
        complete; /* it has merged everything that it was asked to have: this edge's row and what the token tells of others */
} kd_liked_central;
typedef struct {
    uint64_t row_us; /* stamp of this edge's row, which central is to have merged; 0: there is none */
    bool by_central; /* central's word decided */
} kd_liked_ground;
/*
 * 1 liked, 0 not liked, KD_ENOTFOUND: unknown, KD_EIO. `central`: NULL where it was not asked or has not answered; unknown then means that it is
 * to be asked. This edge's row decides while the token tells of no later word elsewhere. Otherwise central decides, but only where it holds a word
 * as late as the token's, or is complete: then no row at central is a word, too, for a tombstone that was let go.
 */
int kd_edge_liked(kd_edge *e, const kd_liked_query *q, const kd_liked_central *central,
                  kd_liked_ground *ground);

/* ---- sums set aside (rule 20) ---------------------------------------------------------------------------------- */

typedef struct {
    uint32_t partition, day;
    kd_position at; /* of the batch in which they were */
    uint8_t counter_id;
    kd_bytes item;
    uint64_t amount;
} kd_edge_aside;
/* Names them; views live during the call. KD_OK, KD_EMALFORMED, KD_EIO. */
typedef void (*kd_edge_aside_fn)(void *arg, const kd_edge_aside *sum);
int kd_edge_asides(kd_edge *e, kd_edge_aside_fn fn, void *arg);
/* Their rows go with the open group. */
int kd_edge_asides_forget(kd_edge *e);

/* ---- what is to be told --------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t partition;
    uint64_t epoch, version;
    kd_position applied, sealed;
    uint64_t watermark_us, low_watermark_us, made_us;
    uint64_t stable_us;  /* rows stamped at or below it may expire; 0: none, or not heard since the start */
    uint64_t expired_us; /* every row stamped above it is still here, as far as this process knows */
    uint32_t outbox_batches;
    bool resending;
    bool retired; /* operations are refused: central has retired this edge (rule 23) */
} kd_edge_partition;
/* State of one partition of this shard, for metrics and debugging. */
int kd_edge_partition_get(const kd_edge *e, uint32_t partition, kd_edge_partition *out);

typedef struct {
    uint64_t likes, unlikes, sums, agreeing, retries, groups, sealed, sealed_empty, sends, resends;
    uint64_t snapshots, heartbeats, snapshot_gaps, snapshots_old, undone, resent_ops;
    uint64_t asks, answers, answers_thrown, evicted, identity_alarms, items, outbox_bytes, outbox_batches,
        filter_rows, fresh_rows, expired, expire_sweeps, sums_aside;
    uint64_t aside_kept,
        aside_kept_amount; /* sums that are set aside in the store and wait for an operator; their amounts together */
    uint64_t outbox_op_bytes; /* of outbox_bytes, what holds operations: 0 when only empty batches wait */
    uint64_t
        identity_shared; /* alarms by an incarnation not below the present one: another process, or an earlier life whose clock was ahead of this one's */
    uint32_t retired;    /* partitions at which central has retired this edge */
    bool refusing;       /* writes are refused: identity in doubt */
} kd_edge_stats;
void kd_edge_get_stats(const kd_edge *e, kd_edge_stats *out);

#endif

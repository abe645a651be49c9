/*
 * edge.h - the core of kudos-edge for one shard: take operations, seal batches, keep them until central has applied them, show counts. Sans-IO.
 *
 * A shard owns the partitions with partition % shards == shard, and one store. The shell owns the loop:
 *
 *     take* -> commit_begin -> (synced write) -> commit_end -> answers of that group may go out, send_next*
 *     snapshot, answer (from central)  -> state changes at once, the rows join the open group
 *     tick  -> seals what is due, schedules what must be sent again
 *
 * Writes gather in the open group while the group before it is being written. An answer to an operation is released only when the group that
 * kd_outcome names is durable. Times are microseconds of the shell's carried wall clock (common/base/drift.h); time is an argument everywhere, as is
 * the seed of the jitter. An object is used by one thread.
 *
 * Errors are kd_err. After a failed write or read of the store every call but close gives KD_EIO, and kd_edge_tick does nothing.
 */
#ifndef KUDOS_EDGE_H
#define KUDOS_EDGE_H

#include "kudos/key_claims.h"
#include "kudos/key_window.h"
#include "kudos/seen.h"
#include "kudos/store.h"
#include "kudos/wire.h"

typedef struct kd_edge kd_edge;

typedef struct {
    kd_bytes edge, region; /* names; copied */
    uint32_t shard, shards, partitions;
    const kd_counters *counters;      /* copied */
    uint64_t drift_us;                /* D, the bound of the clocks' drift */
    uint32_t flush_ops;               /* a batch is sealed at so many operations */
    uint64_t flush_interval_us;       /* or so long after the first one */
    uint32_t viral_rate;              /* an item with so many operations in a second is viral; 0: none is */
    uint64_t viral_flush_interval_us; /* replaces a longer flush_interval_us where an item is viral */
    /* Answers wait for the log (rule 26): the time that a batch gathers while central keeps up. 0: they wait for the disk alone. */
    uint64_t log_flush_interval_us;
    /* an idle partition seals empty batches; the time between them doubles up to this */
    uint64_t idle_interval_max_us;
    /* Bounds of the wait for applied before batches are sent again; it doubles with each attempt. */
    uint64_t resend_min_us, resend_max_us;
    uint32_t send_window; /* batches of a partition that may be sent and not yet applied */
    /* batches not yet applied, of all partitions; at the bound operations are refused (KD_EFULL) */
    uint64_t outbox_bytes_max;
    uint32_t items_max; /* items whose counts are kept in memory and on disk */
    /* Memory of the membership filter (12 bits a row); 0: 1 GiB. Beyond it there are more reads, not errors. */
    uint64_t filter_bytes_max;
    /* Rows that a start reads to fill that filter, before the pieces of kudos/fill.h; 0: 1024. */
    uint32_t filter_piece_rows;
    /* Operations whose membership rows gather in memory, in each of two tables; 0: rows are written with their operations. */
    uint32_t fresh_rows_max;
    kd_key_window *key_window;   /* bounds the keys of all shards of the process; it outlives the object */
    uint64_t idempotency_ttl_us; /* how long a key is remembered */
    uint64_t row_ttl_us;         /* membership rows older than this may expire (rule 21); 0: none does */
    uint64_t seed;               /* of jitter, hash tables, and the chance in an incarnation */
    /* A random number of this life of the process, the same for all its shards (kudos/seen.h); 0: drawn from the seed. */
    uint32_t life;
    uint64_t plant; /* bit set of kd_edge_plant: rules broken on purpose in tests; 0 in production */
} kd_edge_config;

/* Rules broken on purpose: the simulation must notice each. */
typedef enum {
    KD_PLANT_DROP_AGREEING = 1 << 0,    /* rule 1: an operation that the row agrees with is not journaled */
    KD_PLANT_UNKNOWN_IS_NOT = 1 << 1,   /* rule 2: an unlike without a row is not journaled */
    KD_PLANT_STAMP_CLOCK_ONLY = 1 << 2, /* rule 3: no last + 1, row + 1, token + 1 */
    KD_PLANT_ANSWER_BEFORE_SYNC =
        1 << 3, /* rule 4: the outcome names no group, so the answer is released at once */
    KD_PLANT_FIXED_INCARNATION = 1 << 4,  /* rule 5: a start goes on in the same incarnation */
    KD_PLANT_REBUILD_BODY = 1 << 5,       /* rule 6: new operations join a batch that was sent */
    KD_PLANT_DROP_CANCELLED = 1 << 6,     /* rule 7: like and unlike in one batch cancel out */
    KD_PLANT_AFTER_SKIPS = 1 << 7,        /* rule 8: `after` is always the applied that was last heard */
    KD_PLANT_COMPLETE_TO_NOW = 1 << 8,    /* rule 8: complete_to is the clock at sending */
    KD_PLANT_INSTALL_GAP = 1 << 9,        /* rule 14: a snapshot is installed whatever its `previous` says */
    KD_PLANT_NO_CHAIN = 1 << 10,          /* rule 15: a higher epoch is followed, its chain not looked at */
    KD_PLANT_NO_RESEND = 1 << 11,         /* rule 15: nothing is sent again after an undone history */
    KD_PLANT_COMPLETE_NOT_HELD = 1 << 12, /* rule 15: complete_to is not held */
    KD_PLANT_OVERLAY_LISTED_ONLY =
        1 << 13,                      /* rule 17: applied does not end deltas of items that are not listed */
    KD_PLANT_ANSWER_ALWAYS = 1 << 14, /* rule 19: a delayed answer is installed */
    KD_PLANT_FREE_ON_ACK = 1 << 15,   /* rule 20: Kafka's acknowledgement frees a batch */
    KD_PLANT_ANY_APPLIED = 1 << 16,   /* rule 20: applied is always believed */
    KD_PLANT_OVERLAY_NEVER_ENDS = 1 << 17, /* rule 17: deltas never end */
    KD_PLANT_REHOME_ONE = 1 << 18,         /* rule 20: only the partition that noticed moves */
    KD_PLANT_EXPIRE_EARLY = 1 << 19,       /* rule 21: rows expire whatever `stable` says */
    KD_PLANT_FORGET_FRESH = 1 << 20,  /* rule 4: the journal is deleted before its rows are in the store */
    KD_PLANT_RESEND_STORED = 1 << 21, /* rule 15: rows that are not in the store yet are not sent again */
    KD_PLANT_NO_DOUBT =
        1 << 22, /* rule 20: a watermark that another process raised is believed once an own batch follows */
    KD_PLANT_RESEND_FORGOTTEN =
        1 << 23, /* rule 15: a start does not go on with a resend that was under way */
    KD_PLANT_READ_AHEAD_STAYS =
        1 << 24,                     /* rule 15: counts that a read brought from an undone version are kept */
    KD_PLANT_STAMP_NO_ROW = 1 << 25, /* rule 3: no row + 1 */
    KD_PLANT_READ_ERROR_IS_NONE = 1 << 26, /* rule 2: a row that cannot be read is taken for none */
    KD_PLANT_ASIDE_ALL = 1 << 27, /* rule 20: sums that no other process can hold are set aside, too */
    KD_PLANT_ALONE_DROPPED =
        1 << 28, /* rule 20: batches above the rival's incarnation move as well, and their sums are lost */
    KD_PLANT_MOVE_NOT_HELD = 1 << 29, /* rule 20: complete_to is not held while operations move */
    KD_PLANT_ROW_LACKS_OWN =
        1 << 30, /* rule 18: stored counts stay that lack operations which applied covers */
    KD_PLANT_READ_ENDS =
        1u << 31, /* rule 18: a delta that a read ended does not count again when its counts are dropped */
    KD_PLANT_EVICT_ANY =
        1ull << 32, /* rule 18: an item is evicted although the outbox has operations on it */
    KD_PLANT_INVENT_NUMBER =
        1ull << 33, /* reads: where no counts of central are known, own operations count from 0 */
    KD_PLANT_ALONE_FORGOTTEN =
        1ull << 34, /* rule 20: after a start, sums of earlier starts count as another process's */
    KD_PLANT_SUMS_MOVE =
        1ull << 35, /* rule 20: sums that another process may have sent move along with the likes */
    KD_PLANT_RETIRED_TAKES = 1ull << 36, /* rule 23: an edge that knows that it is retired takes operations */
    KD_PLANT_STALE_UNLIKE = 1ull << 40,  /* rule 2: an unlike shows -1 for the like of a stale row */
    KD_PLANT_STALE_LIKE = 1ull << 41,    /* rule 2: a like shows 0 where a stale row says liked */
    KD_PLANT_NO_ROW_IS_OLDER =
        1ull
        << 42, /* reads: the row decides where central has no row, although its tombstone may have been collected */
    KD_PLANT_ANY_WORD =
        1ull << 43, /* reads: central decides, though it has not merged all operations of the session token */
    KD_PLANT_STALE_AS_OF =
        1ull << 44, /* rule 14: counts that a gap made stale are shown with the present as_of */
    KD_PLANT_KEYS_FORGOTTEN =
        1ull << 45, /* rule 1: an idempotency key is forgotten as soon as its operation is durable */
    KD_PLANT_VIRAL_WAITS = 1ull << 46, /* rule 6: batches of a viral item are sealed no sooner than others */
    KD_PLANT_PROBATION_STORED = 1ull << 47, /* rule 18: counts of an item on probation are stored */
    KD_PLANT_KEPT_FORGOTTEN =
        1ull << 48, /* rule 17: applied ends deltas also where the entry's counts do not include them */
    KD_PLANT_PLACE_LOST = 1ull << 49, /* rule 17: a counter that the entry has no place for stays at 0 */
    KD_PLANT_FILTER_EARLY =
        1ull << 50, /* rule 2: after a start the filter is asked before all rows are in it */
    KD_PLANT_FIRST_STANDS =
        1ull << 51, /* rule 7: of the operations on one row in a batch the first is sent, not the last */
    KD_PLANT_WATCH_DEAF = 1ull << 52,   /* live streams: a change is not noted when own deltas end */
    KD_PLANT_CLOSED_STAYS = 1ull << 54, /* rule 27: deltas of what central left out of a closed item stay */
    KD_PLANT_CLOSED_TAKES =
        1ull << 55, /* rule 27: an edge that knows that an item is closed takes operations */
    KD_PLANT_CLOSED_STALE = 1ull << 56, /* rule 27: an edge refuses though it may have missed the opening */
    KD_PLANT_RESHARD_PLACE =
        1ull
        << 57, /* rule 4: with another number of shards a partition gets the furthest place of all in the journal */
    KD_PLANT_LOG_AT_DISK = 1ull << 59, /* rule 26: what is on disk counts as in the log */
    KD_PLANT_LOG_ALONE = 1ull << 60,   /* rule 26: batches before it are not waited for */
    KD_PLANT_LOG_ANY_ORDER =
        1ull << 61, /* rule 26: a copy in front of its predecessor counts as in the log */
    KD_PLANT_MARKER_PASSED =
        1ull << 62, /* rule 32: a snapshot of a lower epoch counts behind a marker, too */
} kd_edge_plant;

/*
 * Opens over a store that may be empty: mints an incarnation, freezes batches of older ones, rebuilds the overlay; the filter fills
 * later (kudos/fill.h). KD_EINVAL: the
 * configuration. KD_EMISMATCH: the store belongs to another edge, shard layout, partition count or storage schema. KD_EIO, KD_EMALFORMED. On an error
 * *out is NULL.
 */
int kd_edge_open(const kd_edge_config *config, const kd_store *store, uint64_t now_us, kd_edge **out);
/* The edge and the shard that a store belongs to. */
typedef struct {
    char edge[KD_NAME_MAX + 1];
    uint32_t shard, shards, partitions;
} kd_edge_stored;
/* Reads whose store this is, without opening the core. KD_ENOTFOUND: it belongs to no edge yet. KD_EMISMATCH: it has another schema. KD_EIO. */
int kd_edge_stored_as(const kd_store *store, kd_edge_stored *out);
void kd_edge_close(kd_edge *e); /* frees the object; the open group is lost, as in a crash. NULL is fine */

/* Takes over counters that were added: `counters` begins with those that the object has. Counts of items that are known become stale until they are
 * read again from central, for nothing is known of the new counters. Aborts when a counter changed. */
void kd_edge_counters_add(kd_edge *e, const kd_counters *counters);

/* The incarnation of this process; it changes when batches move (rule 20). */
uint64_t kd_edge_incarnation(const kd_edge *e);
/* The lives of this edge's process whose operations its disk can know (kudos/seen.h). Owned by the object. */
const kd_lives *kd_edge_lives(const kd_edge *e);
/* Merges what another shard of the same process knows of earlier lives. When all shards are open, and before the first operation, each must get what
 * all others know. */
void kd_edge_lives_join(kd_edge *e, const kd_lives *others);

/* ---- operations --------------------------------------------------------------------------------------------- */

typedef enum { KD_UNLIKE = 0, KD_LIKE = 1, KD_ADD = 2 } kd_verb;

/* One operation. Views are the caller's and need to live during the call alone. */
typedef struct {
    kd_bytes item, user; /* item: a key (kudos/id.h); user: empty for a sum */
    kd_verb verb;
    uint32_t counter;         /* index into the configuration's counters; its kind fits the verb */
    uint64_t amount;          /* KD_ADD: 1..KD_AMOUNT_MAX */
    const kd_seen *seen;      /* what the user's session token tells; NULL without one */
    kd_bytes idempotency_key; /* empty without */
    /* Digest of the bulk request that this operation is a part of; 0: it is a request of its own. */
    uint64_t batch;
    kd_bytes
        batch_key; /* of a part of a bulk request: that request's key, of which idempotency_key was made; else empty */
    uint32_t
        batch_fits; /* of a part of a bulk request: kd_key_use.fits, which a retry after a restart is told by */
} kd_request;

/* Whether the operation changed the state of the user, as far as the edge can know. */
typedef enum { KD_CHANGED_NO = 0, KD_CHANGED_YES = 1, KD_CHANGED_UNKNOWN = 2 } kd_changed;

/* What has to be in the log before an operation is answered as durable there: its batch, and those before it. Good until the process ends. */
typedef struct {
    uint32_t partition;
    uint64_t era, batch; /* edge/core/in_log.h */
} kd_log_mark;

typedef struct {
    uint64_t group;    /* release the answer when this group is durable; 0: now (a recognised retry) */
    uint64_t stamp_us; /* for the session token; 0 for a sum */
    kd_changed changed;
    bool liked;      /* the state after the operation */
    bool replayed;   /* a recognised retry: this is the outcome of the first request */
    kd_log_mark log; /* of a retry: that of all that the partition holds, for its batch is not remembered */
} kd_outcome;

/*
 * Takes one operation. On an error nothing has changed:
 *
 *     KD_EFULL       the outbox is at its bound, or no item can make room for this one
 *     KD_EREUSED     the idempotency key was used for another request
 *     KD_EINFLIGHT   the first request with this idempotency key is not durable yet
 *     KD_EIDENTITY   another process uses this edge's name: writes are refused until an operator acts (rule 20)
 *     KD_ECLOSED     central counts nothing more of the item (rule 27)
 *     KD_ERETIRED    central has told that it refuses this edge's batches of the item's partition (rule 23)
 *     KD_EINVAL      counter, verb, amount or user
 *     KD_EIO
 *
 * The shell checks the bound of the clock's drift before: it measures the drift.
 */
int kd_edge_take(kd_edge *e, const kd_request *request, uint64_t now_us, kd_outcome *outcome);
/* Which key the request uses, and the digest of the request that it belongs to: of the operation itself, or of the bulk request that it is a part of.
 * The same at all shards. It needs a key. */
kd_key_use kd_edge_key_use(const kd_edge *e, const kd_request *request);
/* Gets a key that the store remembers, with the time at which its operation was taken. */
typedef void (*kd_edge_key_fn)(void *arg, const kd_key_use *use, uint64_t at_us);
/* Visits all keys in the store, in the order in which they were used; that of a bulk request once for each of its operations here. KD_OK,
 * KD_EMALFORMED, KD_EIO. */
int kd_edge_keys(kd_edge *e, kd_edge_key_fn fn, void *arg);
/* An operation on this item, or a view of it, comes in a moment: begins to fetch what it is found by into
 * the cache. With several items to come, expect all of them first. Changes nothing that shows. */
void kd_edge_expect(kd_edge *e, kd_bytes item);
/* All that come have been expected: fetches what is left of the last of them. */
void kd_edge_expect_no_more(kd_edge *e);

/* ---- group commit ------------------------------------------------------------------------------------------- */

/* Closes the open group and opens the next one. *writes is the core's until commit_end; *group is its number. KD_EAGAIN: nothing to write, or one is
 * being written. KD_EIO. */
int kd_edge_commit_begin(kd_edge *e, uint64_t now_us, const kd_writes **writes, uint64_t *group);
/* Reports the group that commit_begin gave: KD_OK when it is durable. Another status fails the object for good: KD_EIO. */
int kd_edge_commit_end(kd_edge *e, uint64_t group, int status);
/* Whether commit_begin should be called: an operation or a seal waits for the open group, or much else has gathered in it. Also true after a failure,
 * so that the shell hears of it from commit_begin. */
bool kd_edge_commit_wanted(const kd_edge *e);
/* Bytes of writes in the open group. */
size_t kd_edge_gathered_bytes(const kd_edge *e);

/* ---- batches ------------------------------------------------------------------------------------------------ */

/* Does what is due: seals, schedules resends, goes on with resends and moves, expires rows. Returns when the next call is due at the latest;
 * UINT64_MAX: not until something else was called. */
uint64_t kd_edge_tick(kd_edge *e, uint64_t now_us);
/* Seals all open batches, for a drain. */
void kd_edge_seal_all(kd_edge *e, uint64_t now_us);

/* Writes the next record for the likes topic that is due to the cleared *record; partition and position are for the report. KD_ENOTFOUND: none is due
 * now. KD_EIO. The batch counts as handed over until kd_edge_delivered or kd_edge_producer_reset is called. */
int kd_edge_send_next(kd_edge *e, uint64_t now_us, kd_buf *record, uint32_t *partition, kd_position *at);
/* Kafka has reported on a record, acknowledged (`ok`) or failed. Either way the batch stays, and is sent again after a back-off unless central
 * applies it (rule 20). */
void kd_edge_delivered(kd_edge *e, uint32_t partition, kd_position at, bool ok, uint64_t now_us);
/* The producer was lost with all records that it held: they count as failed. */
void kd_edge_producer_reset(kd_edge *e, uint64_t now_us);
/* Whether the operations of a mark are in the log (rule 26). KD_OK; KD_EAGAIN: not yet, ask again after a delivery report or a snapshot; KD_ENOTFOUND:
 * they have moved to other batches, or were set aside (rule 20), and this mark will never tell. */
int kd_edge_in_log(const kd_edge *e, const kd_log_mark *mark);
/* Batches not yet applied, open ones included. */
uint64_t kd_edge_outbox_batches(const kd_edge *e);
/* Bytes of the batches not yet applied, as they count towards outbox_bytes_max. */
uint64_t kd_edge_outbox_bytes(const kd_edge *e);

/* ---- from central ------------------------------------------------------------------------------------------- */

/* What became of a snapshot. */
typedef enum {
    KD_INSTALLED = 1,
    KD_HEARTBEAT,    /* its version is installed already: only age, `stable` and `retired` were taken over */
    KD_PART,         /* one part of several: kept until the others are here */
    KD_SNAPSHOT_OLD, /* of a lower epoch or version: ignored */
    KD_SNAPSHOT_GAP, /* installed, but a snapshot before it was missed: counts not in it are stale until read again */
    KD_SNAPSHOT_UNDONE, /* installed; a restore of central has undone the version here: counts are dropped, operations sent again */
    KD_MARKED, /* a marker (rule 32): snapshots of lower epochs are ignored behind it */
} kd_installed;

/* Installs a record of the counts topic, which stands at `offset`. Returns a kd_installed; KD_EMISMATCH: not a snapshot for this shard;
 * KD_EMALFORMED, KD_ETOOBIG, KD_EVERSION: it does not decode, or its epoch is none that central mints; KD_EIO. */
int kd_edge_snapshot(kd_edge *e, kd_bytes record, int64_t offset, uint64_t now_us);
/* The offset from which to go on reading the counts topic of this partition; -1: none is stored, begin at the end. */
int64_t kd_edge_counts_offset(const kd_edge *e, uint32_t partition);

/* Marks the item as asked for; the caller sends the question to central and must call kd_edge_answer in any case. KD_EINFLIGHT: a question is under
 * way; KD_EFULL: no item can make room for this one; KD_EIO. */
int kd_edge_ask(kd_edge *e, kd_bytes item);
/* Takes the answer, a KD_SNAPSHOT_READ record, or an empty record when central could not be asked. KD_OK: installed. KD_EAGAIN: no answer, or it is
 * too old and was thrown away (rule 19); ask again if the counts are still wanted. KD_EMISMATCH: not an answer to this question; decoding errors;
 * KD_EIO. */
int kd_edge_answer(kd_edge *e, kd_bytes item, kd_bytes record, uint64_t now_us);

/* ---- reads -------------------------------------------------------------------------------------------------- */

/* The counts of an item as a reader is shown them. */
typedef struct {
    /* `count` rests on counts of central; otherwise it holds own operations alone, and readers are told null */
    bool known;
    /* central's counts cover this many counters, from index 0; counters added later are not covered. 0 unless known */
    uint32_t told;
    bool closed; /* those counts say that the item is closed: operations on it are refused */
    bool fresh;  /* central's counts follow its snapshots without a gap, and name all counters */
    uint64_t count
        [KD_COUNTERS_MAX]; /* by counter index: max(0, central's count + own deltas that it does not include) */
    uint32_t pending[KD_COUNTERS_MAX]; /* number of own operations in the deltas of `count` */
    uint64_t made_us;                  /* when central made its counts, by its clock; 0: unknown */
    uint64_t as_of_us; /* every like acknowledged anywhere before it is in the counts; 0: unknown */
} kd_view;

/* KD_OK: fresh. KD_EAGAIN: not fresh, ask central; *view is the best that is known here. KD_EIO. */
int kd_edge_view(kd_edge *e, kd_bytes item, kd_view *view);
/* The user's last operation at this edge: 1 liked, 0 not liked; KD_ENOTFOUND: this edge holds no row; KD_EIO. `counter` is an index. */
int kd_edge_member(kd_edge *e, uint32_t counter, kd_bytes item, kd_bytes user);

/* Question: does a user like an item, as far as this edge and central together can know? */
typedef struct {
    uint32_t counter; /* index */
    kd_bytes item, user;
    const kd_seen *seen; /* as in kd_request */
    bool memory;         /* the store is not read: a row that it alone may hold counts as unknown */
} kd_liked_query;
/* Central's answer to it. */
typedef struct {
    bool liked;
    uint64_t at_us; /* stamp of the last operation that central holds; 0: it holds no row */
    /* central has merged all operations that it was asked about: this edge's row, and those of the token at other edges */
    bool complete;
} kd_liked_central;
/* What the answer rests on. */
typedef struct {
    /* Central is asked to have merged what this edge took up to this stamp: that of its row, or of the latest row that may have expired. 0: nothing */
    uint64_t here_us;
    bool by_central; /* central's answer decided */
} kd_liked_ground;
/*
 * 1 liked, 0 not liked, KD_ENOTFOUND: unknown, KD_EIO. `central` is NULL where central was not asked or has not answered; KD_ENOTFOUND then means
 * that central is to be asked. This edge's row decides while the token tells of no later operation at another edge. Otherwise central decides, but
 * only if its row is as late as the token's operation, or its answer is complete. In a complete answer a missing row means "not liked": a tombstone
 * may have been collected.
 */
int kd_edge_liked(kd_edge *e, const kd_liked_query *q, const kd_liked_central *central,
                  kd_liked_ground *ground);

/* ---- watched items: what streams show (GET /v1/live) ------------------------------------------------------------- */

/* now_us of these functions is of any clock that never goes back, the same for all of them. */

typedef struct {
    kd_bytes item;
    uint32_t watcher; /* below KD_SHARDS_MAX */
    bool members;     /* it shows whether users like the item */
    uint64_t client;  /* who pays for questions to central about it (kudos/ask_budget.h) */
} kd_watch_request;
/* From now on kd_edge_watch_next tells `watcher` what changes of the item. */
void kd_edge_watch(kd_edge *e, const kd_watch_request *rq, uint64_t now_us);
/* The watcher shows the item no more. The watch lingers for a minute, for kd_edge_watch_unchanged. */
void kd_edge_unwatch(kd_edge *e, kd_bytes item, uint32_t watcher, uint64_t now_us);
/* A stream that begins shows this view of a watched item: what differs from it later is told, and where it is not fresh, central is asked. */
void kd_edge_watch_shown(kd_edge *e, kd_bytes item, const kd_view *view, uint64_t now_us);
/* Whether the item was watched without a break since known_us, and nothing of it changed that was not told by then. */
bool kd_edge_watch_unchanged(const kd_edge *e, kd_bytes item, uint64_t known_us);
/* Whether kd_edge_watch_next may have something. */
bool kd_edge_watch_changed(const kd_edge *e);

/* A change; views live until the next call of kd_edge_watch_next. */
typedef struct {
    kd_bytes item;
    uint64_t watchers, members; /* bit sets of those who watch; of those who show whether users like it */
    kd_view view;
    const uint64_t *acted; /* users who acted on it since it was told last, as kd_hash */
    uint32_t acted_count;
    bool all_acted; /* more users than are named: any may have */
} kd_watch_news;
/* Takes the next watched item that is shown otherwise than it was told last, or on which users acted. KD_OK; KD_ENOTFOUND: there is none; KD_EIO. */
int kd_edge_watch_next(kd_edge *e, uint64_t now_us, kd_watch_news *news);
/* Takes the next watched item of which central is to be asked, because the counts here are not fresh; each at most every five seconds. False: none. */
bool kd_edge_watch_stale(kd_edge *e, uint64_t now_us, kd_bytes *item, uint64_t *client);
/* Forgets watches that nobody has needed for a minute. */
void kd_edge_watch_tick(kd_edge *e, uint64_t now_us);

/* ---- sums set aside (rule 20) ---------------------------------------------------------------------------------- */

/* An amount that could count twice, and waits for an operator. */
typedef struct {
    uint32_t partition, day; /* UTC day */
    kd_position at;          /* of the batch in which it was */
    uint8_t counter_id;      /* wire id */
    kd_bytes item;
    uint64_t amount;
} kd_edge_aside;
/* Gets one sum that is set aside; views live during the call. */
typedef void (*kd_edge_aside_fn)(void *arg, const kd_edge_aside *sum);
/* Visits all durable sums set aside. KD_OK, KD_EMALFORMED, KD_EIO. */
int kd_edge_asides(kd_edge *e, kd_edge_aside_fn fn, void *arg);
/* Deletes all durable sums set aside, in the open group of writes. KD_OK, KD_EIO. */
int kd_edge_asides_forget(kd_edge *e);

/* ---- for metrics and debugging --------------------------------------------------------------------------------- */

typedef struct {
    uint32_t partition;
    uint64_t epoch, version;                 /* of central, as installed; epoch 0: nothing was heard yet */
    kd_position applied, sealed;             /* central's applied; the last batch that was sealed */
    uint64_t watermark_us, low_watermark_us; /* central's for this edge; of all edges */
    uint64_t made_us;                        /* when central made the snapshot that is installed */
    uint64_t stable_us;  /* rows stamped at or below it may expire; 0: none, or not heard since the start */
    uint64_t expired_us; /* no row stamped above it has expired */
    uint32_t outbox_batches; /* not yet applied, the open one included */
    bool resending;          /* operations are being sent again after a restore of central (rule 15) */
    bool retired;            /* operations are refused: central has retired this edge (rule 23) */
} kd_edge_partition;
/* State of one partition. KD_ENOTFOUND: it is not this shard's. */
int kd_edge_partition_get(const kd_edge *e, uint32_t partition, kd_edge_partition *out);

/* An item that is viral: kd_edge_config.viral_rate. A shard has at most KD_VIRAL_MAX, and at most half of items_max;
 * further ones are noticed when one has become quiet. */
enum { KD_VIRAL_MAX = 64, KD_VIRAL_SECONDS = 60 };
typedef struct {
    uint32_t partition;
    uint64_t since_us; /* when it was noticed */
    kd_item item;
    uint32_t operations[KD_VIRAL_SECONDS]; /* taken in each of the last seconds that are over, oldest first */
} kd_edge_viral;
/* Writes the viral items to out[KD_VIRAL_MAX], in the order in which they were noticed; returns how many. */
uint32_t kd_edge_virals(const kd_edge *e, uint64_t now_us, kd_edge_viral *out);

/* Counted since the opening, unless a comment says "at present". */
typedef struct {
    uint64_t likes, unlikes, sums; /* operations taken */
    uint64_t agreeing;             /* of them, likes and unlikes that did not change the shown count */
    uint64_t retries;              /* requests answered by their idempotency key */
    uint64_t groups;               /* begun */
    uint64_t sealed, sealed_empty; /* batches; of them, without operations */
    uint64_t sends, resends;       /* records handed out; of them, not for the first time */
    uint64_t snapshots, heartbeats, snapshot_gaps, snapshots_old, undone; /* by kd_installed */
    uint64_t resent_ops;                    /* operations sent again after a restore of central */
    uint64_t asks, answers, answers_thrown; /* questions to central; answers installed; the others */
    uint64_t evicted;                       /* items that made room */
    uint64_t identity_alarms;               /* times that another process was found to use this edge's name */
    uint64_t viral_items;                   /* at present */
    uint64_t items, items_probation;        /* at present; of them those that nobody is known to have liked */
    uint64_t outbox_bytes, outbox_batches;  /* at present */
    uint64_t filter_rows;                   /* at present: keys in the filter; few at first after a start */
    uint64_t fresh_rows;                    /* at present: rows in memory, on their way to the store */
    uint64_t expired, expire_sweeps;        /* rows deleted by rule 21; walks over a partition */
    uint64_t sums_aside;                    /* sums set aside */
    /* Sums that are set aside in the store, found at the opening or added since; their amounts together. */
    uint64_t aside_kept, aside_kept_amount;
    /* at present: the part of outbox_bytes that holds operations; 0 when only empty batches wait */
    uint64_t outbox_op_bytes;
    /* Alarms by an incarnation not below the present one: another process, or an earlier life whose clock was ahead of this one's. */
    uint64_t identity_shared;
    uint32_t retired; /* at present: partitions at which central has retired this edge */
    bool refusing;    /* writes are refused: identity in doubt */
} kd_edge_stats;
/* For metrics. */
void kd_edge_get_stats(const kd_edge *e, kd_edge_stats *out);

#endif

/*
 * central.h - the core of kudos-central for one partition: merge, counts, epochs, snapshots. Sans-IO.
 *
 * The shell owns the loop. It feeds log records, takes a commit, writes it synced, reports that, and then publishes what the core hands out.
 * Exactness rests on this order (rule 10): rows, applied, watermark, log position and redo go into one synced write, and only a commit that is
 * durable is visible in counts, snapshots and reads.
 *
 *     feed* -> commit_begin -> (synced write) -> commit_end -> changes_next*, snapshot
 *
 * Up to two commits may be outstanding (one being written, one prepared meanwhile). Their rows are looked up in memory; counts change at commit_end.
 *
 * Time is central's wall clock in microseconds, an argument; chance comes in as epoch_hint and seed. An object is used by one thread at a time. After
 * a failed commit, or a failed read for one, the object is poisoned: every call but close gives KD_EIO. The truth is in the store then.
 */
#ifndef KUDOS_CENTRAL_H
#define KUDOS_CENTRAL_H

#include "kudos/seen.h"
#include "kudos/store.h"
#include "kudos/lifespan.h"
#include "kudos/trending.h"
#include "kudos/wire.h"

enum { KD_EPOCH_CHANCE_BITS = 20 }; /* random low bits of an epoch; above them are milliseconds */

typedef struct kd_central kd_central;

/* Counts at which an item passes a milestone, ascending, each at least 1. */
typedef struct {
    uint32_t count;
    uint64_t at[KD_THRESHOLDS_MAX];
} kd_thresholds;

typedef struct {
    kd_bytes name; /* of this central, for claims; copied */
    uint32_t partition, partitions;
    /* Borrowed for the life of the object; between two calls the owner may append some. */
    const kd_counters *counters;
    uint64_t drift_us; /* D, the bound of the clocks' drift */
    /* Names of edges, which central proposes as expected (kudos/forget.h); borrowed until kd_central_expect. Until each of them was heard here as_of is
     * unknown: the counts cannot hold what an unheard edge has acknowledged. */
    const char *const *expected_edges;
    uint32_t expected_edge_count;
    /* Bytes of redo rows that dirty counts may need. Above it each commit writes some counts back. */
    uint64_t redo_bytes_max;
    uint32_t counts_cached_max; /* items with clean counts that are kept in memory */
    /* Memory of the membership filter (12 bits a row); 0: 1 GiB. Beyond it there are more reads, not errors. */
    uint64_t filter_bytes_max;
    bool publish_changes;     /* whether kd_central_changes_next hands out records */
    kd_thresholds thresholds; /* of milestones; none: no milestones are made */
    bool no_backups;          /* no backups are kept, so the edges may forget what is merged (rule 21) */
    /* Whose velocities are kept (kudos/trending.h): texts that kd_trending_wants knows; borrowed. */
    const char *const *trending;
    uint32_t trending_count;
    uint64_t tombstone_ttl_us; /* no tombstone younger than this is collected (rule 22); 0: none at all */
    kd_lifespans lives;        /* of collections; put into force by a decision (kd_central_propose) */
    uint32_t indices;          /* bits of the indices that are kept (kudos/index.h) */
    uint32_t index_rows;       /* rows that a step of an index goes through; 0: as many as suit a disk */
    uint32_t sweep_rows;       /* rows of a deleted item that go with one commit; 0: as many as suit a disk */
    bool follows;              /* it merges and publishes nothing (kudos/follow.h) */
    bool in_group;             /* one of several members, whose names differ (kudos/members.h) */
    uint64_t untold_max;       /* bytes of milestones that it keeps while it follows */
    uint64_t seed;             /* for hash tables and the chance in a new epoch */
    uint64_t plant; /* bit set of kd_central_plant: rules broken on purpose in tests; 0 in production */
} kd_central_config;

/* Rules broken on purpose: the simulation must notice each. */
typedef enum {
    KD_PLANT_MERGE_NO_GAP_CHECK = 1 << 0, /* rule 9: `after` is not compared with applied */
    KD_PLANT_MERGE_AFTER_BELOW = 1 << 1,  /* rule 9: `after` may lie below applied */
    KD_PLANT_MERGE_ANY_STAMP = 1 << 2, /* rule 3: the last operation to arrive wins, not the larger stamp */
    KD_PLANT_WATERMARK_ANY_EPOCH =
        1 << 3,                          /* rule 12: an envelope from before a restore moves the watermark */
    KD_PLANT_KEEP_EPOCH = 1 << 4,        /* rule 15: a takeover keeps the stored epoch */
    KD_PLANT_NO_TOMBSTONE = 1 << 5,      /* rule 2: an unlike without a row leaves no tombstone */
    KD_PLANT_POSITION_APART = 1 << 6,    /* rule 10: applied is written with the next commit */
    KD_PLANT_UNLIKE_OWN_REGION = 1 << 7, /* rule 11: a like is taken back in the region of the unlike */
    KD_PLANT_COLLECT_EARLY = 1 << 8,     /* rule 22: tombstones above the floor are deleted, too */
    KD_PLANT_COLLECT_REVIVES =
        1 << 9, /* rule 22: an operation merged before is merged again when its row is gone */
    KD_PLANT_IGNORE_BY_FLOOR = 1 << 10, /* rule 22: operations of any edge below the floor count as merged */
    KD_PLANT_RETIRED_HOLDS = 1 << 11,   /* rule 23: a retired edge still holds the low watermark */
    KD_PLANT_STABLE_NOW =
        1 << 12, /* rule 21: stable is the present low watermark, whatever backups there are */
    KD_PLANT_RETIRED_LETS_GO =
        1 << 13, /* rule 21: a backup that does not know a retired edge does not hold stable */
    KD_PLANT_EPOCH_BY_NUMBER =
        1 << 15, /* rule 15: every epoch is believed that is not near the end of the numbers */
    KD_PLANT_OWES_WITHOUT_BOUND =
        1 << 14, /* I14: reading goes on however much redo the topics have not taken (publisher.h) */
    KD_PLANT_VIRAL_AS_OTHERS = 1 << 16,   /* rule 14: a viral item is published no sooner (publisher.h) */
    KD_PLANT_AHEAD_IS_BELIEVED = 1 << 17, /* rule 3: a batch is merged however far it lies above the clock */
    KD_PLANT_DECIDED_TWICE = 1ull << 31,  /* rule 24: a decision that is repeated is merged again */
    KD_PLANT_DECIDED_BY_ANYONE = 1ull << 32, /* rule 24: a decision of a superseded epoch is obeyed */
    KD_PLANT_INDEX_KEEPS_UNLIKED = 1 << 20,  /* an unlike leaves the entry of its like in an index */
    KD_PLANT_INDEX_KEEPS_STAMP = 1 << 21,    /* a later like leaves the entry of the like before */
    KD_PLANT_INDEX_LATE =
        1 << 22, /* entries of an index are written with the commit behind that of their rows */
    KD_PLANT_MILESTONE_AGAIN = 1 << 23, /* a threshold that was passed before is passed again */
    KD_PLANT_MILESTONE_APART =
        1 << 24, /* rule 10: a milestone is written with the commit behind its counts */
    KD_PLANT_MILESTONE_OF_EPOCH = 1 << 25, /* the id of a milestone depends on the epoch */
    KD_PLANT_TREND_KEEPS = 1 << 26,        /* trending: likes that have left the window are counted, too */
    KD_PLANT_TREND_UNLIKE = 1 << 27,       /* trending: a like that is taken back counts on */
    KD_PLANT_TREND_APART = 1 << 28,        /* trending: velocities are written with the next commit */
    KD_PLANT_CLOSED_BY_ARRIVAL =
        1ull << 37, /* rule 27: what arrives while the item is closed does not count, whatever its stamp */
    KD_PLANT_OPENED_FORGETS =
        1ull << 38, /* rule 27: with its opening an item was never closed, for what comes late */
    KD_PLANT_DELETED_RETURNS = 1ull << 39, /* rule 27: what comes when a deleted item is empty counts */
    KD_PLANT_LIFE_BY_RECORD =
        1ull << 40, /* rule 29: the end of an item's life is the record that closes it, not its stamp */
    KD_PLANT_ERASE_LETS_LATE =
        1ull << 33, /* rule 28: an operation of an erased user that comes late counts */
    KD_PLANT_ERASE_ANY_STAMP =
        1ull << 34,                    /* rule 28: what an erased user says later does not count, either */
    KD_PLANT_ERASE_APART = 1ull << 35, /* rule 28: who is erased is written by a later commit */
    KD_PLANT_ERASE_PUTS_BACK =
        1ull << 36, /* rule 28: a void that is undone brings a like of an erased user back */
    KD_PLANT_SUMMED_AGAIN =
        1ull << 45, /* rule 24: a job that added sums adds them again when another one was merged since */
    KD_PLANT_GONE_FORGETS_BACKUP =
        1ull << 46, /* rule 28: an id is told to be gone that a backup from before the erasure has */
    KD_PLANT_VOID_ANY_STAMP =
        1ull << 41, /* rule 25: a like is withdrawn though its user said it anew since */
    KD_PLANT_VOID_PUTS_BACK_ANY = 1ull
                                  << 42,  /* rule 25: a like comes back though its user withdrew it, too */
    KD_PLANT_VOID_APART = 1ull << 43,     /* rule 25: what a void did is written by a later commit */
    KD_PLANT_VOID_COLLECTED = 1ull << 44, /* rule 25: tombstones of a void that may be undone are collected */
    KD_PLANT_UNHEARD_IS_NONE =
        1ull << 50, /* rule 23: as_of does not wait for an edge that was not heard of */
    KD_PLANT_FLOOR_AS_PROPOSED =
        1ull << 51, /* rule 22: the floor is what was proposed, whatever stands in front of the decision */
    KD_PLANT_FLOOR_AFTER_ALARM = 1ull << 52, /* rule 22: the floor rises though an identity alarm halted it */
    KD_PLANT_FLOOR_UNSWEPT = 1ull << 53, /* rule 22: a tombstone below the floor counts until it is swept */
    KD_PLANT_RETIRED_BY_COMMIT =
        1ull << 54, /* rule 23: a batch is refused when the commit that retires its edge is durable */
    KD_PLANT_LISTED_AGAIN =
        1ull << 55, /* rule 23: an edge that was struck is expected again since the configuration names it */
    KD_PLANT_FOLD_LARGEST =
        1ull << 49, /* rule 30: of a row's operations in a commit the largest stamp alone is judged */
    KD_PLANT_AMONG_AHEAD =
        1ull << 18, /* who of some users likes an item is told by rows whose commit has not ended */
    KD_PLANT_AMONG_PREPARED = 1ull << 19, /* ... as commits that are being written will have it */
    KD_PLANT_AMONG_NEWEST = 1ull << 29, /* ... by the last of two commits that move a user, as it found him */
    KD_PLANT_WITHOUT_AHEAD = 1ull << 30, /* a count without some users leaves them out by such rows */
    KD_PLANT_SHORT_AGREES =
        1ull << 62, /* rule 31: a follower that has read less than its leader at the end of the log goes on */
    KD_PLANT_CLAIM_HIGHEST =
        1ull << 56, /* rule 32: the highest claim is in force, whatever it says that it supersedes */
    KD_PLANT_LINK_AT_CLAIM = 1ull << 57, /* rule 32: the link holds whatever the leader published */
    KD_PLANT_NO_LIFT = 1ull << 58,       /* rule 32: versions go on from those of the follower */
    KD_PLANT_PREVIOUS_OWN = 1ull << 59,  /* rule 32: the first snapshot lists what changed since the claim */
    KD_PLANT_LABELS_OWN = 1ull << 61, /* rule 32: changes are told by versions that another leader has told */
    KD_PLANT_NO_MARKER = 1ull << 60,  /* rule 32: the link is settled before the marker is read */
    KD_PLANT_MILESTONES_OF_LEADER = 1ull << 48, /* rule 32: a follower keeps no milestones */
    KD_PLANT_TOLD_UNDELIVERED = 1ull << 47, /* rule 32: a snapshot says that all its milestones are told */
} kd_central_plant;

/*
 * Opens over a store that may be empty, and mints a new epoch. epoch_hint is milliseconds << KD_EPOCH_CHANCE_BITS with random bits below; where it is
 * not above the stored epoch, the new one is the stored one + 1 + those bits. Rebuilds the membership filter and replays redo rows before it returns.
 * The first commit carries the new epoch; only when it is durable may a claim be produced or a snapshot be published.
 *
 * KD_EINVAL: the configuration, or an epoch_hint of 2^62 and more. KD_EMISMATCH: the store holds another partition, partition count or storage
 * schema. KD_EIO, KD_EMALFORMED. On an error *out is NULL.
 */
int kd_central_open(const kd_central_config *config, const kd_store *store, uint64_t epoch_hint,
                    uint64_t now_us, kd_central **out);
/* Whose store this is, without opening a core on it. KD_ENOTFOUND: nobody's yet. KD_EMISMATCH: it has another storage schema. KD_EIO, KD_EMALFORMED. */
int kd_central_stored(const kd_store *store, uint32_t *partition, uint32_t *partitions);
void kd_central_close(kd_central *c); /* frees the object and writes nothing. NULL is fine */

/*
 * The tenure's epoch (rule 15). It takes a new one when it hears of a higher epoch: in the envelope of a batch, or by a claim that stands in the log
 * before its own. The open commit carries the new epoch. Until that commit is durable kd_central_durable() is false, as after opening, and nothing is
 * published. The shell produces a claim whenever kd_central_durable() holds and kd_central_epoch() is not the epoch that it claimed last.
 */
uint64_t kd_central_epoch(const kd_central *c); /* of the last durable commit; after opening, the new one */
/* Whether a commit of the present epoch is durable. */
bool kd_central_durable(const kd_central *c);
/* Whether this tenure heard of another history before its own claim: by a claim that its store did not know, or by an envelope. Fenced all the same,
 * it is one of two that would take over from each other for ever. */
bool kd_central_took_over(const kd_central *c);
uint64_t kd_central_version(const kd_central *c); /* of the commit that was durable last */
/* Appends to *record the claim of the present epoch, for the likes partition (rule 16); while this store is promoted (kudos/follow.h), of the epoch that
 * it claims. */
void kd_central_claim(const kd_central *c, uint64_t now_us, kd_buf *record);
/* Its epoch. Of a store that is promoted, 0: it is not to claim yet. */
uint64_t kd_central_claims(const kd_central *c);
/* Whether the claim that was delivered last does not stand, as it was read where another one than it names was in force: it is made again. True once. */
bool kd_central_claim_again(kd_central *c);

/* What it has read (kudos/wire.h), as of the last durable commit. */
kd_history kd_central_history(const kd_central *c);

/* Writes the offset of the last record that was fed and whose commit is durable (rule 13); false: there is none. */
bool kd_central_log_position(const kd_central *c, int64_t *offset);
/* The same of the last record that was fed, whether its commit is durable or not. */
bool kd_central_log_fed(const kd_central *c, int64_t *offset);
/* `record` is what stands at that offset now; its data is NULL when there is nothing or it could not be read. Returns the offset to consume from, or
 * -1: from the earliest, because the topic is not the one that was read. Call it once, before the first feed. */
int64_t kd_central_log_check(kd_central *c, kd_bytes record);

/* What became of a record of the likes topic. The numbers are part of the history's digest: they keep their meaning. */
typedef enum {
    KD_FED_POISONED = KD_EIO, /* a commit or a read has failed before: close the object */
    KD_FED_MERGED = 1,
    KD_FED_DUPLICATE,   /* its position is at or below applied; or a decision that was merged */
    KD_FED_GAP,         /* its `after` is not applied: left, the edge sends it again */
    KD_FED_IDENTITY,    /* digests disagree: not merged, alarm */
    KD_FED_QUARANTINED, /* does not decode or breaks a limit: not merged, kept (kudos/quarantine.h), alarm */
    KD_FED_UNKNOWN_SCHEMA, /* of a newer schema: left; its edge waits */
    KD_FED_CLAIM, /* our own claim, a lower one, or a higher one in front of our own, which a new epoch outbids */
    KD_FED_FENCED,  /* a higher claim behind our own: stop serving this partition */
    KD_FED_RETIRED, /* of an edge that is retired: left, alarm (kudos/forget.h) */
    /* A batch with a counter that is not configured, or is of the other kind: kept in quarantine, alarm. Its edge waits until the counter is
     * configured. */
    KD_FED_UNKNOWN_COUNTER,
    KD_FED_DECIDED, /* an operator's decision, merged (kudos/decide.h) */
    KD_FED_VOID,    /* an operator's decision that is not obeyed where it stands (rule 24) */
    KD_FED_IDLE,    /* an operator's decision, merged, that changes nothing where it stands */
    /* Of a newer central: not read. This object reads no more (kd_central_waits), so it is part of no history. */
    KD_FED_NEWER,
} kd_fed;

/* Takes the record at `offset` into the open commit. Offsets may repeat or jump. A record that is not merged moves the log position as well, unless
 * the result is KD_FED_FENCED, KD_FED_NEWER or KD_FED_POISONED. */
kd_fed kd_central_feed(kd_central *c, kd_bytes record, int64_t offset, uint64_t now_us);

/* Whether the records that are fed from now on are known to be of who may write them, as by a MAC; false at first. Where they are, this object stops in front of
 * a record of a central that it does not know (rule 24). Where they are not, it leaves one: anybody could have written it. */
void kd_central_trust(kd_central *c, bool genuine);
/* The wire schema of the record in front of which it has stopped; 0: it has not. A newer program goes on from there. */
uint64_t kd_central_waits(const kd_central *c);

/*
 * How many batches that were left (a gap, quarantine, an unknown counter) were passed over since the start: their edge no longer has them, and a
 * later batch was merged. *edge is the name of the last such edge, a view. Their likes can come again from the edge's rows, their sums cannot.
 */
uint64_t kd_central_passed_over(const kd_central *c, kd_bytes *edge);

/*
 * To be asked after each record that was fed. True once after a decision by which a batch that waited in quarantine was merged or dropped, or an edge taken back of which batches
 * were refused: batches behind it in the log were left, and the edge need not have them any more. The shell then reads the log again from the earliest record, before any other, so that whoever
 * reads the same log has the same history. The same commit forgets the stored position, so a start does it as well.
 */
bool kd_central_log_again(kd_central *c);

/* The wire id of the counter that caused the last KD_FED_UNKNOWN_COUNTER. */
uint8_t kd_central_unknown_counter(const kd_central *c);
/* Replaces the expected edges of the configuration; the names are borrowed until the next call. */
void kd_central_expect(kd_central *c, const char *const *edges, uint32_t count);

/* Operations and sums in the open commit. The shell begins a commit when there are enough of them, or nothing more to read at the moment. */
uint32_t kd_central_gathered(const kd_central *c);
/* Closes the open commit into *writes, which the core owns until commit_end. KD_EAGAIN: nothing to write, or two commits are outstanding. KD_EFENCED:
 * a higher claim was read. KD_EIO: a read failed, stop. */
int kd_central_commit_begin(kd_central *c, const kd_writes **writes, uint64_t *version);
/* Reports a commit, in the order of the begins: KD_OK when it is durable. Another status poisons the object and gives KD_EIO, as every later call but
 * close. */
int kd_central_commit_end(kd_central *c, uint64_t version, int status);

/* Writes the next record for the changes topic, of durable commits, to the cleared *record. A version may have several records. KD_ENOTFOUND: none
 * now, or changes are not published; KD_EIO. */
int kd_central_changes_next(kd_central *c, kd_buf *record, uint64_t *version);
/* All records taken so far of versions up to `version` are delivered. Until this is said and committed, a restart hands them out again. */
void kd_central_changes_delivered(kd_central *c, uint64_t version);
/* Writes the next record for the milestones topic, of durable commits, to the cleared *record. KD_ENOTFOUND: none now; KD_EIO. */
int kd_central_milestones_next(kd_central *c, kd_buf *record, uint64_t *version);
/* All records that kd_central_milestones_next gave so far are delivered. Until this is said and committed, a restart hands them out again. */
void kd_central_milestones_delivered(kd_central *c);
/* Bytes of rows in the store that wait for their changes and milestones to be delivered or their counts to be published. They grow with each commit: at a bound
 * of its own the shell feeds no more until there are fewer. */
uint64_t kd_central_unpublished_bytes(const kd_central *c);

/* Gets one record for the counts topic; the view lives during the call. */
typedef void (*kd_central_emit)(void *arg, kd_bytes record);
/* Makes one snapshot of what changed since the last one, or a heartbeat, and calls `emit` for each of its parts. Call it again only when all parts
 * were delivered or given up: the call counts the snapshot before as published. KD_EAGAIN: no commit of this epoch is durable yet; KD_EFENCED: a
 * higher claim was read; KD_EIO. */
int kd_central_snapshot(kd_central *c, uint64_t now_us, kd_central_emit emit, void *arg);
/* Whether a durable commit since the last snapshot merged a batch that says of itself that it has operations of a viral item (kudos/wire.h). */
bool kd_central_viral(const kd_central *c);
/* Items changed since the last snapshot; UINT32_MAX: more than a snapshot can hold. */
uint32_t kd_central_dirty(const kd_central *c);

/* ---- reads: of durable commits alone -------------------------------------------------------------------------- */

/* Appends to *record a KD_SNAPSHOT_READ of these items (rule 19); repeats are listed once. With applied of all edges, or of `edge` alone when that is
 * not empty. KD_EINVAL: more than KD_SNAPSHOT_ITEMS_MAX items, or one is not of this partition; KD_EAGAIN: no commit of this epoch is durable yet;
 * KD_EFENCED; KD_EIO. */
int kd_central_read(kd_central *c, const kd_bytes *items, uint32_t n, kd_bytes edge, uint64_t now_us,
                    kd_buf *record);

/* The counts of an item, by counter index of the configuration; all 0 for an unknown item. KD_OK, KD_EIO. */
int kd_central_totals(kd_central *c, kd_bytes item, uint64_t totals[KD_COUNTERS_MAX]);
/* as_of of this partition: the low watermark less D; 0: unknown. */
uint64_t kd_central_as_of_us(const kd_central *c);
/* Gets one part of a count: a region by `name`, a view, or a UTC day. */
typedef void (*kd_central_part_fn)(void *arg, kd_bytes name, uint32_t day, uint64_t count);
/* Calls `fn` for each region in which the count of an item is not 0; `day` is 0. KD_OK, also for an unknown item; KD_EINVAL: the counter index;
 * KD_EIO. */
int kd_central_by_region(kd_central *c, kd_bytes item, uint32_t counter_index, kd_central_part_fn fn,
                         void *arg);
/* As kd_central_by_region, for each UTC day; `name` is empty. */
int kd_central_by_day(kd_central *c, kd_bytes item, uint32_t counter_index, kd_central_part_fn fn, void *arg);
/* Whether a user likes an item; false without a row. KD_OK; KD_EINVAL: the counter index; KD_EIO. */
int kd_central_member(kd_central *c, uint32_t counter_index, kd_bytes item, kd_bytes user, bool *liked);
/* As kd_central_member. *at_us: stamp of the user's last operation; 0: there is no row. */
int kd_central_member_at(kd_central *c, uint32_t counter_index, kd_bytes item, kd_bytes user, bool *liked,
                         uint64_t *at_us);

/* Whether all operations that `wanted` tells of are merged and durable here: for the edges that it names by their watermarks, for the rest by the low
 * watermark. A retired edge is not waited for; an edge that is unknown here makes it false. Lives are not looked at. */
bool kd_central_complete(const kd_central *c, const kd_seen *wanted);

/* One membership row as export and likers show it. Views live during the call. */
typedef struct {
    kd_bytes item, user, region, edge;
    uint64_t time_us; /* the stamp */
    uint8_t counter;  /* wire id */
    bool liked;
} kd_member;
/* Gets one row; another value than 0 ends the page. */
typedef int (*kd_member_fn)(void *arg, const kd_member *m);
/* Visits up to `limit` rows with a like in key order (counter, item, user), behind `cursor` (empty: from the start). Of one item and counter when
 * `item` is not empty; `counter` is a wire id, or 0 for all counters, without an item. *next is the cursor to go on with, empty at the end. A page
 * may hold fewer than `limit`: a walk over many unlikes is cut short, too. KD_OK, the value of `fn`, KD_EINVAL, KD_EIO. */
int kd_central_members(kd_central *c, uint8_t counter, kd_bytes item, kd_bytes cursor, uint32_t limit,
                       kd_member_fn fn, void *arg, kd_buf *next);

/* What a region has brought to a sum of an item. */
typedef struct {
    uint8_t counter; /* wire id */
    kd_bytes item, region;
    uint64_t amount;
} kd_sum_part;
typedef int (*kd_sum_part_fn)(void *arg, const kd_sum_part *part);
/* Visits the sums of up to `limit` items whose keys follow `cursor`, in the order of keys, of the state that kd_central_totals shows; an item may have none. *next
 * is the cursor to go on with, empty at the end. KD_OK, the value of `fn`, KD_EINVAL, KD_EIO. */
int kd_central_sums(kd_central *c, kd_bytes cursor, uint32_t limit, kd_sum_part_fn fn, void *arg,
                    kd_buf *next);

/* Visits the row of each of these users who likes the item, in the order of the list; a user who stands in it twice is visited twice. Its `edge` is not
 * told. Of the state that kd_central_totals shows in the same turn, also while a commit is being written. KD_OK, the value of `fn`, KD_EINVAL: the counter index, KD_EIO. */
int kd_central_among(kd_central *c, uint32_t counter_index, kd_bytes item, const kd_bytes *users,
                     uint32_t user_count, kd_member_fn fn, void *arg);
/* What kd_central_totals gives, less the likes of these users, none of whom is named twice. KD_OK, KD_EIO. */
int kd_central_without(kd_central *c, kd_bytes item, const kd_bytes *users, uint32_t user_count,
                       uint64_t totals[KD_COUNTERS_MAX]);

/* Of durable commits alone. KD_OK, also where nothing was merged; KD_ENOTFOUND: velocities of this pair are not kept; KD_EIO. */
int kd_central_trending(kd_central *c, const kd_trending_query *q, kd_trending *out);
/* The same of up to KD_BULK_ITEMS_MAX items of the collection, by their ids; `limit` is not looked at. out[i] is of ids[i]; unless KD_OK none is known. */
int kd_central_velocities(kd_central *c, const kd_trending_query *q, const kd_bytes *ids, uint32_t count,
                          kd_velocity *out);

/* An edge that is registered here, as of the last durable commit. Views live until the object is closed. */
typedef struct {
    kd_bytes name, region;
    kd_position applied;
    uint64_t digest; /* of the body at applied */
    uint64_t watermark_us;
    bool retired;
} kd_central_edge;
/* Writes up to `max` edges to `out`; returns how many. For the API and metrics. */
uint32_t kd_central_edges(const kd_central *c, kd_central_edge *out, uint32_t max);

/* Counted since the opening, unless a comment says otherwise. */
typedef struct {
    uint64_t batches, operations; /* merged; operations are likes, unlikes and sums */
    uint64_t changes;             /* operations that changed a row's state or a sum */
    uint64_t duplicates, gaps, identity_alarms, quarantined, claims; /* records, by kd_fed */
    uint64_t decisions, decisions_void; /* merged; read where they do nothing, or not again */
    uint64_t closed_ignored;            /* operations and sums of closed items that were left out */
    uint64_t erased_ignored;            /* operations of erased users that were left out */
    uint64_t outbid;                    /* new epochs minted because a higher epoch was heard of */
    uint64_t commits;                   /* that are durable */
    uint64_t milestones;                /* thresholds passed, in durable commits */
    uint64_t milestones_dropped;        /* records of milestones that a follower had no room to keep */
    /* At present: bytes of redo rows; bytes of those redo rows that are not published; items with counts in memory; rows in the filter; records in
     * quarantine; items that were ever closed; erased users that are remembered. */
    uint64_t redo_bytes, unpublished_bytes, counts_cached, filter_rows, quarantine_kept, closed_items,
        erased_users;
} kd_central_stats;
/* For metrics. */
void kd_central_get_stats(const kd_central *c, kd_central_stats *out);

#endif

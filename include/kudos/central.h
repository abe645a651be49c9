/*
 * central.h - the core of kudos-central for one partition: merge, counts, epochs, snapshots. Sans-IO.
 *
 * The shell owns the loop. It feeds log records, takes one commit at a time, writes it synced, reports back,
 * and then publishes what the core hands out. The order is the argument (rule 10): rows, applied, watermark,
 * log position and redo go into one synced write; only a commit that is durable is visible in counts,
 * snapshots and reads.
 *
 *     feed* -> commit_begin -> (synced write) -> commit_end -> changes_next*, snapshot
 *
 * Up to two commits may be outstanding (one being written, one prepared meanwhile): rows of outstanding
 * commits are looked up in memory, counts change at commit_end.
 *
 * Time is central's wall clock in microseconds and is an argument; randomness comes in as epoch_hint and
 * seed.
 */
#ifndef KUDOS_CENTRAL_H
#define KUDOS_CENTRAL_H

#include "kudos/seen.h"
#include "kudos/store.h"
#include "kudos/wire.h"

enum { KD_EPOCH_CHANCE_BITS = 20 };

typedef struct kd_central kd_central;

typedef struct {
    kd_bytes name; /* of this central, for claims; copied */
    uint32_t partition, partitions;
    const kd_counters *
        counters; /* borrowed for the life of the object; between two calls the owner may add some at the end */
    uint64_t drift_us; /* D */
    /* Names; borrowed until kd_central_expect. Until each was heard here as_of is unknown: what an edge that central never heard of has
     * acknowledged cannot be in the number. */
    const char *const *expected_edges;
    uint32_t expected_edge_count;
    uint64_t redo_bytes_max; /* redo rows kept before counts are written back (trickled with the commits) */
    uint32_t counts_cached_max; /* clean counts kept in memory */
    uint64_t filter_bytes_max;  /* memory of the membership filter (12 bits a row); 0: 1 GiB. Beyond it more
                                   reads, not errors */
    bool publish_changes;
    bool no_backups; /* rule 21: none is kept, so what is merged need not be remembered by the edges */
    uint64_t tombstone_ttl_us; /* rule 22: no tombstone younger than this is collected; 0: none is */
    uint64_t seed;             /* for hash tables */
    uint64_t plant; /* bit set of kd_central_plant: rules broken on purpose in tests; 0 in production */
} kd_central_config;

typedef enum {
    KD_PLANT_MERGE_NO_GAP_CHECK = 1 << 0, /* rule 9: after = applied is not asked for */
    KD_PLANT_MERGE_AFTER_BELOW = 1 << 1,  /* rule 9: after may lie below applied */
    KD_PLANT_MERGE_ANY_STAMP = 1 << 2,    /* the last to arrive wins, not the larger stamp */
    KD_PLANT_WATERMARK_ANY_EPOCH =
        1 << 3,                          /* rule 12: an envelope from before a restore moves the watermark */
    KD_PLANT_KEEP_EPOCH = 1 << 4,        /* rule 15: a takeover keeps the stored epoch */
    KD_PLANT_NO_TOMBSTONE = 1 << 5,      /* rule 2: an unlike of nothing leaves no row */
    KD_PLANT_POSITION_APART = 1 << 6,    /* rule 10: applied is written by the commit after */
    KD_PLANT_UNLIKE_OWN_REGION = 1 << 7, /* rule 11: taken back in the region of the unlike */
    KD_PLANT_COLLECT_EARLY = 1 << 8,     /* rule 22: tombstones above the floor go, too */
    KD_PLANT_COLLECT_REVIVES =
        1 << 9, /* rule 22: a word merged before is merged again when its row is gone */
    KD_PLANT_IGNORE_BY_FLOOR = 1 << 10, /* rule 22: below the floor counts as merged, whosoever's it is */
    KD_PLANT_RETIRED_HOLDS = 1 << 11,   /* a retired edge still holds the low watermark */
    KD_PLANT_STABLE_NOW = 1 << 12, /* rule 21: stable is the present watermark, whatever backups there are */
    KD_PLANT_RETIRED_LETS_GO = 1 << 13, /* rule 21: a backup need not know an edge that is retired */
    KD_PLANT_OWES_WITHOUT_BOUND =
        1 << 14, /* I14: reading goes on however much redo the topics have not taken (publisher.h) */
} kd_central_plant;

/*
 * Opens over a store that may be empty. KD_EMISMATCH when it holds another partition, partition count or
 * storage schema; KD_EIO; KD_EMALFORMED. Mints a new epoch: epoch_hint, which is milliseconds << KD_EPOCH_CHANCE_BITS and
 * random bits below; where that is not above the stored one, the stored one + 1 + those bits. Rebuilds the membership filter and replays redo rows before it
 * returns. The first commit carries the new epoch and must be durable before the claim is produced or a
 * snapshot published.
 */
int kd_central_open(const kd_central_config *config, const kd_store *store, uint64_t epoch_hint,
                    uint64_t now_us, kd_central **out);
void kd_central_close(kd_central *c);

/*
 * Rule 15. A tenure takes a new epoch when it hears of one above its own: in the envelope of an edge, or by a claim that stands in the log
 * before its own. The open commit carries it. Until that is durable kd_central_durable() is false, as after opening, and nothing is
 * published; then the shell produces a claim whenever kd_central_epoch() is not the one that it claimed last.
 */
uint64_t kd_central_epoch(const kd_central *c); /* of what is committed */
bool kd_central_durable(const kd_central *c);
/* Whether it met, before its own claim, any of a history that is not its own. Fenced all the same, it is not alone. */
bool kd_central_took_over(const kd_central *c);
uint64_t kd_central_version(const kd_central *c); /* committed */
void kd_central_claim(const kd_central *c, uint64_t now_us,
                      kd_buf *record); /* rule 16, to the likes partition */

/* Rule 13. The offset of the last merged record and whether there is one. */
bool kd_central_log_position(const kd_central *c, int64_t *offset);
/* What stands at that offset now (`record.data` NULL: nothing, or it could not be read). Returns the offset
 * to consume from, or -1: from the earliest. Call once, before the first feed. */
int64_t kd_central_log_check(kd_central *c, kd_bytes record);

typedef enum {
    KD_FED_POISONED = KD_EIO, /* a commit or a read failed before: close */
    KD_FED_MERGED = 1,
    KD_FED_DUPLICATE,   /* at or below applied */
    KD_FED_GAP,         /* `after` is not applied: the edge sends again */
    KD_FED_IDENTITY,    /* digests disagree: alarm, not merged */
    KD_FED_QUARANTINED, /* does not decode or breaks a limit: kept with its bytes (bounded), not merged, alarm;
                           kudos/quarantine.h */
    KD_FED_UNKNOWN_SCHEMA,  /* newer: left alone; that edge waits */
    KD_FED_CLAIM,           /* own or lower claim, or a higher one before ours, which is outbid */
    KD_FED_FENCED,          /* a higher claim: stop serving this partition */
    KD_FED_RETIRED,         /* of an edge that was retired: left, alarm; kudos/forget.h */
    KD_FED_UNKNOWN_COUNTER, /* it holds a counter that is not configured, or of the other kind: kept as what is quarantined, alarm; its edge waits
                               until the counter is there */
} kd_fed;

/* Takes the record at `offset` into the open commit. Offsets may repeat or jump. A record that is not merged
 * still moves the log position on. */
kd_fed kd_central_feed(kd_central *c, kd_bytes record, int64_t offset, uint64_t now_us);

/*
 * Batches of the log that were left (a gap, quarantine, a counter that is not configured) and that their edge has gone on behind: counted since the
 * start, with the name of the last such edge. Their likes come again from the edge's rows, their sums do not.
 */
uint64_t kd_central_passed_over(const kd_central *c, kd_bytes *edge);

/*
 * True once after a batch that waited in quarantine was merged or dropped, and after an edge was taken back: what came behind it in the log was left,
 * and its edge need not have it any more. The shell reads the log again from the earliest record. The stored position is forgotten with the same commit, so a start does it, too.
 */
bool kd_central_log_again(kd_central *c);

/* The wire id of the counter that the last KD_FED_UNKNOWN_COUNTER was for. */
uint8_t kd_central_unknown_counter(const kd_central *c);
/* Other names of expected edges than those of the configuration; borrowed. */
void kd_central_expect(kd_central *c, const char *const *edges, uint32_t count);

/* Operations gathered in the open commit; the shell begins a commit when there are enough or a poll is
 * exhausted. */
uint32_t kd_central_gathered(const kd_central *c);
/* Closes the open commit into *writes (owned by the core until commit_end). KD_EAGAIN: nothing to write or
 * two outstanding; KD_EFENCED after a higher claim; KD_EIO: the store failed a read - stop. */
int kd_central_commit_begin(kd_central *c, uint64_t now_us, const kd_writes **writes, uint64_t *version);
/* In the order of the begins. A status other than KD_OK poisons the object: every later call but close gives
 * KD_EIO. */
int kd_central_commit_end(kd_central *c, uint64_t version, int status);

/* The next record for the changes topic of what is committed and not yet taken; KD_ENOTFOUND when there is
 * none. A version may have several records; changes_delivered(v) says that all records taken so far of
 * versions up to v are delivered. Records of a version are handed out again after a restart until
 * changes_delivered passed it. */
int kd_central_changes_next(kd_central *c, kd_buf *record, uint64_t *version);
void kd_central_changes_delivered(kd_central *c, uint64_t version);
/* Redo rows in the store that wait for their changes to be delivered or their counts to be published. They grow with every commit: at a bound of
 * its own the shell feeds no more until there are fewer. */
uint64_t kd_central_unpublished_bytes(const kd_central *c);

/* One snapshot of what changed since the last one (or a heartbeat): `emit` is called per part with an encoded
 * record for the counts topic. The shell asks for the next one only when the parts of this one were delivered
 * or given up. KD_EAGAIN before the first commit of this epoch is durable; KD_EFENCED after a higher claim.
 */
typedef void (*kd_central_emit)(void *arg, kd_bytes record);
int kd_central_snapshot(kd_central *c, uint64_t now_us, kd_central_emit emit, void *arg);
/* Items changed since the last snapshot; UINT32_MAX: more than one can hold. */
uint32_t kd_central_dirty(const kd_central *c);

/* ---- reads, all of what is committed
 * ------------------------------------------------------------------------ */

/* Rule 19: encodes a KD_SNAPSHOT_READ of these items (up to KD_SNAPSHOT_ITEMS_MAX, repeats are named once)
 * with applied of all edges (or of `edge` alone when not empty). KD_EINVAL: too many, or not items of this
 * partition; KD_EAGAIN before the first commit of this epoch is durable; KD_EIO. */
int kd_central_read(kd_central *c, const kd_bytes *items, uint32_t n, kd_bytes edge, uint64_t now_us,
                    kd_buf *record);

/* totals[i] for each counter index of the configuration. An unknown item is all 0. */
int kd_central_totals(kd_central *c, kd_bytes item, uint64_t totals[KD_COUNTERS_MAX]);
/* as_of of this partition: low watermark less D, 0 when unknown. */
uint64_t kd_central_as_of_us(const kd_central *c);
/* Calls fn for each non-zero part: by region `name` is set, by day `day`. */
typedef void (*kd_central_part_fn)(void *arg, kd_bytes name, uint32_t day, uint64_t count);
int kd_central_by_region(kd_central *c, kd_bytes item, uint32_t counter_index, kd_central_part_fn fn,
                         void *arg);
int kd_central_by_day(kd_central *c, kd_bytes item, uint32_t counter_index, kd_central_part_fn fn, void *arg);
/* *liked; KD_OK, KD_EIO. */
int kd_central_member(kd_central *c, uint32_t counter_index, kd_bytes item, kd_bytes user, bool *liked);
/* The same, and the time of the user's last word; 0: there is none. */
int kd_central_member_at(kd_central *c, uint32_t counter_index, kd_bytes item, kd_bytes user, bool *liked,
                         uint64_t *at_us);

/* Whether every word that `wanted` tells of is merged and committed here: of the edges that it names by their watermarks, of the rest by the low
 * watermark. Of an edge that was retired nothing more is awaited. Lives are not looked at. */
bool kd_central_complete(const kd_central *c, const kd_seen *wanted);

/* One row of membership as export and likers show it. */
typedef struct {
    kd_bytes item, user, region, edge;
    uint64_t time_us;
    uint8_t counter;
    bool liked;
} kd_member;
/* Visits up to `limit` liked members in key order (counter, item, user) after `cursor` (empty: from the
 * start), of one item and counter when `item` is not empty. `counter` is a wire id, or 0: all (with no item).
 * Leaves the cursor to go on with in *next, empty at the end; a page may hold fewer than `limit`, for a walk
 * over many unlikes is cut short too. */
typedef int (*kd_member_fn)(void *arg, const kd_member *m);
int kd_central_members(kd_central *c, uint8_t counter, kd_bytes item, kd_bytes cursor, uint32_t limit,
                       kd_member_fn fn, void *arg, kd_buf *next);

/* Edges registered here, with committed state, for the API and metrics. */
typedef struct {
    kd_bytes name, region;
    kd_position applied;
    uint64_t digest, watermark_us;
    bool retired;
} kd_central_edge;
uint32_t kd_central_edges(const kd_central *c, kd_central_edge *out, uint32_t max);

typedef struct {
    uint64_t batches, operations, changes, duplicates, gaps, identity_alarms, quarantined, claims, outbid,
        commits;
    uint64_t redo_bytes, unpublished_bytes, counts_cached, filter_rows, quarantine_kept;
} kd_central_stats;
void kd_central_get_stats(const kd_central *c, kd_central_stats *out);

#endif

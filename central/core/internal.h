/*
 * internal.h - the state of central's core for one partition, shared by its files.
 *
 * What is said twice is tentative and committed: tentative counts what is fed or outstanding and decides what
 * is merged next (rule 9); committed is what is durable, and all that anybody outside is shown.
 *
 *     commits[]   a ring of three: `outstanding` closed ones from `first` on, the oldest first;
 *                 then the open one
 *
 *     feed        fills the open one: operations with their keys in one arena, sums, rows of new names
 *     begin       sorts them, keeps the last operation of each row, looks the old rows up - in the commit
 *                 outstanding before it (both are sorted: one walk), the filter, the store - and makes
 *                 writes and effects
 *     end         applies the effects to the counts
 */
#ifndef KUDOS_CENTRAL_CORE_INTERNAL_H
#define KUDOS_CENTRAL_CORE_INTERNAL_H

#include "central/core/counts.h"
#include "kudos/central.h"

enum {
    KD_OUTSTANDING_MAX = 2,
    KD_QUARANTINE_MAX = 64,       /* records kept per partition */
    KD_LEFT_MAX = 8,              /* batches remembered per edge, to tell when one is passed over */
    KD_CHANGES_PER_RECORD = 1000, /* effective changes in one record of the changes topic */
    KD_WRITE_BACK_LEAST =
        256, /* count rows a commit writes when there is too much redo, and two per effect besides */
    KD_REDO_DROPS_PER_COMMIT = 64,
};
#define KD_FILTER_BYTES_DEFAULT (1ull << 30)
/* More than four thousand million views of one item in one batch is no count but an attack on the total. */
#define KD_SUM_AMOUNT_MAX (1ull << 32)
_Static_assert(KD_SUM_AMOUNT_MAX >= (uint64_t)KD_BATCH_OPS_MAX * KD_AMOUNT_MAX,
               "no batch of an edge is taken for one");

typedef struct {
    kd_position applied;
    uint64_t digest, watermark_us;
    uint64_t epoch;          /* the highest that a merged envelope of it knew */
    uint64_t complete_to_us; /* of the batch at applied: below the watermark while it sends something again */
    uint64_t joined;         /* version that registered it, or took it back: older backups do not know it */
    bool retired;            /* gone for good */
} kd_registered_state;

typedef struct {
    uint8_t name_len;
    char name[KD_NAME_MAX];
    uint16_t region;
    bool touched; /* by the open commit */
    bool durable; /* its row is in the store */
    kd_registered_state tentative, committed;
    /* Above `tentative.applied`; 0: none. */
    kd_position left[KD_LEFT_MAX]; /* the first batches that were read and not merged, ascending */
    kd_position waits;             /* the first one that waits for a counter: nothing above it is merged */
} kd_registered;

typedef struct {
    uint8_t name_len;
    char name[KD_NAME_MAX];
} kd_region;

typedef struct {
    bool known;
    int64_t offset;
    uint64_t digest; /* of the record there */
} kd_log_position;

/* An operation gathered into a commit; after commit_begin the one that won its row. */
typedef struct {
    uint64_t time_us;
    uint32_t key_at; /* in the commit's keys */
    uint32_t arrival;
    uint16_t key_len, edge, region;
    bool liked;
    bool past; /* stamped below its edge's watermark less 2 D: merged before, whatever the rows say now */
} kd_gathered_op;

typedef struct {
    uint64_t amount;
    uint32_t key_at, day;
    uint16_t key_len, edge, region; /* the key is that of a membership row without user */
} kd_gathered_sum;

typedef struct {
    uint16_t edge;
    kd_registered_state state;
} kd_touched;

typedef struct {
    uint64_t version, epoch;
    bool fed; /* a record was taken in */
    kd_buf keys;
    kd_gathered_op *ops;
    kd_gathered_sum *sums;
    kd_touched *touched;
    kd_effect *effects;       /* views into keys */
    kd_count_entry **entries; /* of the effects; pinned */
    kd_count_entry **written; /* count rows in writes; pinned */
    uint32_t op_count, op_cap, sum_count, sum_cap, touched_count, touched_cap;
    uint32_t effect_count, effect_cap, entry_count, entry_cap, written_count, written_cap;
    uint64_t redo_bytes;
    kd_log_position log;
    kd_writes writes;
} kd_commit;

/* A redo row in the store. */
typedef struct {
    uint64_t version, bytes;
} kd_redo;

typedef struct {
    kd_redo *at; /* ascending versions; at[first..count) exist */
    uint32_t first, count, cap;
    uint32_t needed;       /* first one that a dirty count still needs */
    uint64_t needed_bytes; /* from there on */
    uint32_t owed;         /* first one that Kafka has not taken, as changes or in a snapshot */
    uint64_t owed_bytes;   /* from there on */
    uint64_t bytes;
} kd_redo_list;

/* A backup that may be restored (stable.c). */
typedef struct {
    uint8_t id_len;
    char id[KD_NAME_MAX];
    uint64_t low_watermark_us, version;
    bool complete;
} kd_backup;

/* What collects the tombstones (collect.c). */
typedef struct {
    uint64_t floor_us; /* of the last commit begun */
    bool halted;       /* by an identity alarm */
    bool changed;      /* its row is to be written */
    bool sweeping;
    uint64_t swept_us; /* floor of the last sweep that came to its end */
    kd_buf cursor;     /* key to go on from */
    uint64_t collected, ignored, refused;
} kd_collector;

struct kd_central {
    kd_central_config config;
    char name[KD_NAME_MAX];
    kd_store store;
    uint64_t epoch;   /* of the open commit (epoch.c) */
    uint64_t version; /* committed */
    uint64_t begun;   /* last version begun */
    bool poisoned, fenced;
    uint64_t
        epoch_committed; /* what is committed carries it; before the first commit the one that was minted */
    uint64_t epoch_stored, epoch_opened; /* what the store had at the start, and what was minted then */
    bool epoch_begun;                    /* a commit that was begun carries it */
    bool epoch_durable;                  /* a commit of it is in the store */
    bool claim_read;                     /* our own: whoever claims after that began after us */
    bool took_over;                      /* over claims or envelopes that are not of our history */
    kd_log_position log_tentative, log_committed;
    kd_chain_link chain[KD_CHAIN_MAX];
    uint32_t chain_count;

    kd_registered edges[KD_EDGES_MAX];
    kd_region regions[KD_REGIONS_MAX];
    uint32_t edge_count, region_count;

    kd_commit commits[KD_OUTSTANDING_MAX + 1];
    uint32_t first, outstanding;

    kd_bloom filter;
    uint64_t
        filter_rows; /* rows and items it was told, of which the store knows: sizes it at the next open */
    kd_counts counts;
    kd_redo_list redo;
    uint64_t snapshot_version; /* of the last snapshot handed out */
    uint64_t
        counters_told;  /* bit i: the numbers that edges have name the counter of id i, where it is not 0 */
    uint64_t published; /* of the last one delivered or given up */
    uint64_t delivered; /* changes up to it are delivered */
    uint64_t taken;     /* changes up to it are handed out, and of the next version so many: */
    uint32_t taken_changes;
    uint64_t quarantine[KD_QUARANTINE_MAX]; /* identities of what is kept */
    uint32_t quarantine_count;
    bool log_again;            /* the log is to be read from its beginning; the shell has not been told yet */
    uint64_t passed_over;      /* batches that were left and that their edge has gone on behind */
    uint16_t passed_over_edge; /* of the last one */
    uint8_t unknown_counter;   /* of the last batch that was left because of one */
    uint64_t fed_at_us;        /* when the last record was fed */
    kd_buf kept;               /* scratch: a record of the quarantine */
    size_t copy_cursor;        /* where the next copy of counts goes on */
    kd_backup backups[KD_BACKUPS_MAX];
    uint32_t backup_count;
    kd_collector collector;
    kd_central_stats stats;
    kd_buf key, value; /* scratch */
};

static inline bool kd_planted(const kd_central *c, kd_central_plant bug)
{
    return (c->config.plant & (uint64_t)bug) != 0;
}
static inline kd_commit *kd_commit_open(kd_central *c)
{
    return &c->commits[(c->first + c->outstanding) % KD_COUNT(c->commits)];
}
static inline kd_bytes kd_registered_name(const kd_registered *e)
{
    return kd_bytes_of(e->name, e->name_len);
}
static inline kd_bytes kd_region_name(const kd_region *r)
{
    return kd_bytes_of(r->name, r->name_len);
}
static inline kd_bytes kd_key_at(const kd_commit *k, uint32_t at, uint16_t len)
{
    return kd_bytes_of(k->keys.data + at, len);
}
int kd_central_poison(kd_central *c); /* KD_EIO from here on */
/*
 * What was left in the log can be merged now: it came behind a batch that waited, or of an edge that was retired. The edge need not have it any more,
 * where it was told by an earlier life of this partition that all is applied (the store was made anew, or put back).
 */
void kd_log_read_again(kd_central *c);

/* meta.c: identity, epoch, version, log position, chain, counters told; all in one row */
uint64_t kd_meta_counters(const kd_central *c); /* those of the configuration, as counters_told has them */
int kd_meta_load(kd_central *c);
void kd_meta_put(kd_central *c, kd_commit *k);
/* The beginning of the row, for those that read a store without opening it: KD_OK, KD_EMALFORMED, KD_EMISMATCH. */
typedef struct {
    uint32_t partition, partitions;
    uint64_t epoch, version;
} kd_meta_head;
int kd_meta_head_read(kd_bytes value, kd_meta_head *head);
/* The same row with another version. */
void kd_meta_with_version(kd_bytes value, uint64_t version, kd_buf *out);

/* epoch.c */
void kd_epoch_open(kd_central *c, uint64_t hint);
/* Whether an envelope or a claim may say so: what lies near the end would use up the numbers. */
bool kd_epoch_believed(const kd_central *c, uint64_t epoch);
void kd_epoch_told(kd_central *c, uint64_t epoch);             /* by an envelope; believed */
kd_fed kd_epoch_claimed(kd_central *c, const kd_claim *claim); /* believed */

/* registry.c: names of edges and regions, and what is applied of each edge */
int kd_registry_load(kd_central *c);
/* Index, registered in the open commit if new; -1 when there are too many. */
int kd_registry_edge(kd_central *c, kd_bytes name, uint16_t region);
int kd_registry_region(kd_central *c, kd_bytes name);
bool kd_registry_knows_region(const kd_central *c, kd_bytes name);
void kd_registry_touch(kd_central *c, uint16_t edge);
void kd_registry_put(kd_central *c, kd_commit *k);
void kd_registry_committed(kd_central *c, const kd_commit *k);
uint64_t kd_registry_low_watermark(const kd_central *c);

/* The smallest watermark of all edges that hold it, and which one that is. */
typedef struct {
    uint64_t time_us; /* 0: unknown */
    int edge;         /* index; -1: none */
    kd_bytes unheard; /* an expected one that was never heard of; or empty */
} kd_lowest;
/* `held`: an edge that sends something again (rules 15, 20) holds it at the complete_to that it tells. */
kd_lowest kd_registry_lowest(const kd_central *c, bool held);
int kd_registry_find(const kd_central *c, kd_bytes name); /* index, or -1 */

/* stable.c: backups, and what edges may forget (rule 21) */
int kd_stable_load(kd_central *c);

/* collect.c: tombstones (rule 22) */
int kd_collect_load(kd_central *c);
void kd_collect_begin(kd_central *c, uint64_t now_us); /* what was loaded is there */
bool kd_collect_past(const kd_central *c, const kd_registered_state *s, uint64_t time_us);
/* An operation that finds no row, or a like that finds an older one: true when it was merged before, and the tombstone above it is gone. */
bool kd_collect_ignores(kd_central *c, const kd_gathered_op *op);
void kd_collect_halt(kd_central *c);
/* A piece of the sweep in a commit whose rows are decided. KD_OK, KD_EIO. */
int kd_collect_step(kd_central *c, kd_commit *k, uint64_t now_us);

/* quarantine.c */
int kd_quarantine_load(kd_central *c);
kd_fed kd_quarantine_take(kd_central *c, kd_bytes record, int64_t offset);
/* A batch is merged: what was kept of it goes with the same commit. */
void kd_quarantine_merged(kd_central *c, const kd_batch *b);

/* merge.c */
kd_fed kd_merge_record(kd_central *c, kd_bytes record, int64_t offset); /* all of feed but the log position */
kd_fed kd_merge_place(const kd_central *c, const kd_registered_state *s, const kd_batch *b); /* rule 9 */
/* A batch waits for a counter. */
void kd_merge_wait(kd_central *c, uint16_t edge, kd_position at);
/* Applied of the edge becomes `at`: what waited there waits no more, what was left below it is passed over. */
void kd_merge_pass(kd_central *c, uint16_t edge, kd_position at);
bool kd_merge_body_fits(const kd_central *c, const kd_body *body); /* all but its counters */
/* The wire id of a counter in it that is not configured, or of the other kind; 0: there is none. */
uint8_t kd_merge_unknown_counter(const kd_central *c, const kd_body *body);

/* lookup.c: the membership rows */
int kd_lookup_load(kd_central *c);
int kd_lookup_get(kd_central *c, kd_bytes key, kd_stored_row *row); /* from the store alone */
/* Rules 2, 3, 11: decides which operations of a closed commit win their rows, and what that does. KD_EIO. */
int kd_lookup_resolve(kd_central *c, kd_commit *k);
bool kd_stamp_less(const kd_central *c, uint64_t a_us, uint16_t a_edge, uint64_t b_us, uint16_t b_edge);

/* redo.c */
int kd_redo_load(kd_central *c);
/* What was published or delivered is owed no longer. */
void kd_redo_settle(kd_central *c);
void kd_redo_put(kd_central *c, kd_commit *k);
void kd_redo_committed(kd_central *c, const kd_commit *k);
/* Count rows are written back while there is too much redo; redo rows go that nobody needs any more. */
void kd_redo_trickle(kd_central *c, kd_commit *k);
int kd_redo_read(kd_central *c, uint64_t version, kd_buf *row);

/* commit.c: an operator's command rides in the open commit; which version that will be. KD_EIO, KD_EFENCED. */
int kd_commit_order(kd_central *c, uint64_t *version);
void kd_commit_finish(kd_commit *k);

#endif

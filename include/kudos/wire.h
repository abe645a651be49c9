/*
 * wire.h - what crosses Kafka, as C shapes, and their encoding.
 *
 * Every record is one msgpack array: element 0 the schema version, element 1 the kind. Fields are only ever appended;
 * a reader ignores elements it does not know behind the ones it does, and leaves a record of a newer schema alone
 * (KD_EVERSION). All limits are checked before anything is allocated.
 *
 *   likes topic    batch    [1, 1, edge, region, incarnation, seq, digest, sent_us, after_incarnation, after_seq,
 *                            after_digest, complete_to_us, epoch, body, viral]
 *                  claim    [1, 2, epoch, central, at_us, supersedes, author, read, digest]
 *                  decision [1, 5, job, seq, last, what, epoch, central, at_us, item, stamp_us, region, author, body]
 *   counts topic   snapshot [1, 3, kind, partition, epoch, version, previous, made_us, low_watermark_us, stable_us,
 *                            part, parts, [[epoch, last], ...], [[edge, inc, seq, digest, watermark], ...], counts,
 *                            [retired, ...], [closed, ...], read, history, untold]
 *                  marker   [1, 8, partition, epoch, central, at_us, version]
 *   changes topic  changes  [1, 4, partition, epoch, version, first, changes]
 *   milestones topic
 *                  milestones [1, 6, partition, epoch, version, first, [[id, counter, item, threshold, count, time_us], ...]]
 *   members topic  heartbeat [1, 7, member, run, seq, started_us, at_us, url, zone, leaving, partitions,
 *                             [[partition, state, epoch, read, yields], ...]]
 *
 * `body`, `counts` and `changes` are bin values laid out in columns; they are drawn in common/wire/wire_*.c. Golden vectors:
 * tests/vectors.
 *
 * Ownership: views in a decoded shape point into the input or into the shape's own arena. They live as long as both. Encoders append to *out, abort
 * on a shape beyond its limits, and free nothing. Decoders zero the shape first; after an error there is nothing to finish.
 */
#ifndef KUDOS_WIRE_H
#define KUDOS_WIRE_H

#include "kudos/base.h"
#include "kudos/id.h"
#include "kudos/limits.h"

/* Every time, incarnation, seq, epoch, version and count is below it. */
#define KD_TIME_END_US (1ull << 62)
/* Bound of all amounts of one record together, and of the size of one increment. */
#define KD_AMOUNT_TOTAL_MAX ((1ull << 53) - 1)
/* Size of a snapshot, changes or milestones record. Batches, claims and decisions are bounded by KD_BATCH_BYTES_MAX. */
#define KD_RECORD_BYTES_MAX (2u * 1024 * 1024)

typedef enum {
    KD_RECORD_BATCH = 1,
    KD_RECORD_CLAIM = 2,
    KD_RECORD_SNAPSHOT = 3,
    KD_RECORD_CHANGES = 4,
    KD_RECORD_DECISION = 5,
    KD_RECORD_MILESTONES = 6,
    KD_RECORD_HEARTBEAT = 7,
    KD_RECORD_MARKER = 8
} kd_record_kind;

/* The kind of a record, a kd_record_kind; KD_EVERSION for a newer schema, KD_EMALFORMED. Looks at the first two elements alone. */
int kd_record_peek(kd_bytes record);

/* ---- body of a batch -------------------------------------------------------------------------------------- */

/* One like or unlike. The edge half of the stamp is the edge of the batch. */
typedef struct {
    kd_bytes item; /* key, see kudos/id.h */
    kd_bytes user;
    uint64_t time_us;
    uint8_t counter; /* wire id of a set counter */
    bool liked;
} kd_op;

/* An amount added to a sum counter. Central adds it once per position of a batch, so a resend does not count twice. */
typedef struct {
    kd_bytes item;
    uint64_t amount; /* >= 1 */
    uint32_t day;    /* UTC day at the edge */
    uint8_t counter; /* wire id of a sum counter */
} kd_sum;

/* By how much the edge changed the count of a set counter that it shows. Central counts by membership and does not use it. */
typedef struct {
    kd_bytes item;
    int64_t shown; /* sum of the deltas of the batch */
    uint8_t counter;
} kd_increment;

typedef struct {
    kd_op *ops;
    kd_sum *sums;
    kd_increment *increments;
    uint32_t op_count, sum_count, increment_count;
    kd_buf arena; /* backing of decoded views; empty for bodies that the caller built */
} kd_body;

/*
 * Encodes a body: sorts the three arrays in place (item in memcmp order, counter, then day, or user by prefix and
 * number as common/wire/wire_columns.h says; decoded bodies come in this order) and appends to *out. The same
 * operations in any order give the same bytes (rule 6). The caller has kept only the last operation per
 * (counter, item, user), one sum per (counter, item, day), one increment per (counter, item) (rule 7).
 */
void kd_body_encode(kd_body *body, kd_buf *out);
/* Bytes that one more operation, sum or increment can add to an encoded body, whatever else is in it; the body itself
 * and its envelope take at most KD_BODY_BYTES_FIXED. A caller that keeps the total below KD_BATCH_BYTES_MAX never makes
 * a record that is refused. `user_len` is 0 for a sum or an increment, `item_len` for one of an item that was counted. */
size_t kd_body_bytes_bound(size_t item_len, size_t user_len);
enum { KD_BODY_BYTES_FIXED = 256 };
/* Checks ids, order, uniqueness, ranges and that no byte is left over: KD_EMALFORMED, KD_ETOOBIG (a limit), KD_EVERSION (a newer schema). After KD_OK
 * finish it with kd_body_finish. */
int kd_body_decode(kd_bytes bytes, kd_body *body);
void kd_body_finish(
    kd_body *body); /* frees arrays and arena, also of a body that the caller built with kd_alloc */
uint64_t kd_body_digest(kd_bytes encoded_body); /* XXH64, seed 0 */

/* ---- batch: envelope and body ----------------------------------------------------------------------------- */

/* The envelope is made anew at each sending; digest and body are those of the seal. */
typedef struct {
    kd_bytes edge, region;
    kd_position at;
    uint64_t digest;       /* kd_body_digest of the body */
    uint64_t sent_us;      /* the edge's clock at this sending */
    kd_position after;     /* between it and `at` the edge holds nothing (rule 8) */
    uint64_t after_digest; /* of the body at `after` */
    /* every operation of this edge and partition stamped at or below it is in this batch or in one before it */
    uint64_t complete_to_us;
    uint64_t epoch; /* central's, as the edge had installed it when it sent this; 0: nothing heard yet */
    kd_bytes body;  /* encoded */
    bool viral;     /* it has operations of an item that is viral at the edge: central publishes them soon */
} kd_batch;

/* Aborts unless after < at and both halves of `at` are at least 1. */
void kd_batch_encode(const kd_batch *batch, kd_buf *out);
/* Checks names, positions (seq >= 1, after < at) and that the digest is that of the body, which is not decoded. KD_EMALFORMED, KD_ETOOBIG,
 * KD_EVERSION. The views point into `record`. */
int kd_batch_decode(kd_bytes record, kd_batch *batch);
/* Reads what it can of a batch that does not decode. True: edge, region, position, digest and `after` are there and valid by themselves; the rest may
 * be missing, and the digest need not be the body's. */
bool kd_batch_salvage(kd_bytes record, kd_batch *batch);

/* ---- claim of an epoch ------------------------------------------------------------------------------------ */

/* The records of the likes topic that a central has read (rule 30). Equal at two of them: they have read the same records in the same order, and
 * merged the same of them. */
typedef struct {
    uint64_t read;   /* how many */
    uint64_t digest; /* of them all, and of what became of each; 0: none was read */
} kd_history;

/* A central that opened a partition announces its epoch in the likes partition itself (rule 16). */
typedef struct {
    uint64_t epoch;      /* from 1 */
    kd_bytes central;    /* its name */
    uint64_t at_us;      /* central's clock */
    uint64_t supersedes; /* epoch of the claim in force, as far as the author has read; 0: it has read none */
    uint64_t
        author; /* identity of the author's store; 0: a claim of an older program, which supersedes any lower epoch */
    kd_history history; /* what the author has read */
} kd_claim;

/* Aborts when the epoch is 0. Without an author the record ends behind at_us. */
void kd_claim_encode(const kd_claim *claim, kd_buf *out);
/* KD_EMALFORMED, KD_ETOOBIG, KD_EVERSION. `central` points into `record`. */
int kd_claim_decode(kd_bytes record, kd_claim *claim);

/* ---- decision of an operator ------------------------------------------------------------------------------ */

typedef enum {
    KD_DECIDED_CLOSE = 1,      /* of `item`, nothing stamped later than `stamp_us` counts */
    KD_DECIDED_OPEN = 2,       /* it counts again what is stamped later than `stamp_us` */
    KD_DECIDED_DELETE = 3,     /* as close, and what was counted goes */
    KD_DECIDED_OPERATIONS = 4, /* the operations of `body` are merged as those of a batch */
    KD_DECIDED_WITHDRAW =
        5, /* each like of `body` that still stands, with that very stamp, is withdrawn at `stamp_us`; of an erased user each row below `stamp_us` */
    KD_DECIDED_PUT_BACK = 6, /* each unlike of this job that still stands is a like again, at `stamp_us` */
    KD_DECIDED_LIVES =
        7, /* the lives of collections are those of `body` (kudos/lifespan.h), and no others (rule 29) */
    KD_DECIDED_ENDED =
        8, /* the life of `item` ended at `stamp_us`: as close. Void where that is not its end */
    KD_DECIDED_EXPIRED = 9,  /* that was long enough ago: as delete. Void likewise */
    KD_DECIDED_ERASE = 10,   /* of the user whose id is `body` nothing stamped up to `stamp_us` counts */
    KD_DECIDED_RETIRE = 11,  /* the edge named `body` is gone for good (rule 23), and is expected no more */
    KD_DECIDED_READMIT = 12, /* the edge named `body` was not gone: its batches are merged again */
    KD_DECIDED_RELEASE = 13, /* the record in quarantine whose id is `body` (kd_decided_id) is fed again */
    KD_DECIDED_DROP = 14,    /* that record is given up */
    KD_DECIDED_COLLECT = 15, /* the halt of the collection of tombstones ends (rule 22) */
    KD_DECIDED_FLOOR = 16,   /* the floor rises to `stamp_us`, as far as it may where this stands (rule 22) */
    KD_DECIDED_EXPECT = 17,  /* as_of waits for the edges of `body` (kd_expected_next) */
} kd_decided;

/* The author of the edges that central's configuration names: he is obeyed once for each name (kudos/forget.h). Operators name edges without an author. */
#define KD_EXPECT_CONFIGURED "_config"

/* Whether `body` is an encoded body of operations. */
static inline bool kd_decided_has_operations(kd_decided what)
{
    return what == KD_DECIDED_OPERATIONS || what == KD_DECIDED_WITHDRAW || what == KD_DECIDED_PUT_BACK;
}

/*
 * What an operator decided, as central writes it into the likes partition (rule 24). It is void unless the claim of `epoch` is in force where it
 * stands, and unless `seq` is the next one of its job there.
 */
typedef struct {
    kd_bytes
        job; /* kd_name_valid: what the operator ordered. Decisions of one job are merged in their order, each once */
    uint64_t seq; /* within job and partition, from 1 */
    bool last;    /* no decision of the job follows in this partition: the job may be forgotten */
    kd_decided what;
    uint64_t epoch;    /* of the author's claim */
    kd_bytes central;  /* its name */
    uint64_t at_us;    /* central's clock when this was written */
    kd_bytes item;     /* key, of a decision on an item; else empty */
    uint64_t stamp_us; /* of operations 0 */
    /* Of operations, else empty: the region in which they count (of what is withdrawn or put back that of its row: empty here), their author
     * (kd_author_valid), who takes the edge's place in their stamps, and an encoded body without increments; sums are in operations
     * alone. Of lives `body` alone. An erasure has the author, and the user's id for a body. What is decided about edges and records in quarantine has a body,
     * and only KD_DECIDED_EXPECT may have an author, KD_EXPECT_CONFIGURED. */
    kd_bytes region, author, body;
} kd_decision;

/* Appends an edge to the body of a KD_DECIDED_EXPECT. `region` may be empty. */
void kd_expected_put(kd_buf *body, kd_bytes name, kd_bytes region);
/* Takes the next edge off *body. False: there is none left, or *malformed. */
bool kd_expected_next(kd_bytes *body, kd_bytes *name, kd_bytes *region, bool *malformed);
/* Appends the id of a record in quarantine, as the body of a KD_DECIDED_RELEASE or KD_DECIDED_DROP. */
void kd_decided_id_put(kd_buf *body, uint64_t id);
/* The id that such a body holds; 0: none. */
uint64_t kd_decided_id(kd_bytes body);

/* Aborts on a shape that kd_decision_decode would not take. */
void kd_decision_encode(const kd_decision *d, kd_buf *out);
/* KD_EMALFORMED, KD_ETOOBIG, KD_EVERSION (also of a decision of an unknown sort). The body is not decoded. Views point into `record`. */
int kd_decision_decode(kd_bytes record, kd_decision *d);

/* ---- snapshot --------------------------------------------------------------------------------------------- */

typedef enum {
    KD_SNAPSHOT_DELTA = 1, /* counts of all that changed after `previous`, up to `version` */
    KD_SNAPSHOT_READ = 2,  /* answer to one read: the counts of the items named; previous == version */
} kd_snapshot_kind;

/* An epoch of the history that a snapshot continues (rule 15). */
typedef struct {
    uint64_t epoch;
    uint64_t last; /* the last version of that epoch */
} kd_chain_link;

/* What central has merged of one edge. */
typedef struct {
    kd_bytes edge;
    kd_position applied;
    uint64_t digest;       /* of the body at applied */
    uint64_t watermark_us; /* every operation of that edge stamped at or below it is merged */
    bool retired;          /* by an operator's command: central refuses its batches (rule 23) */
} kd_applied;

/* Central's counts of one item. */
typedef struct {
    kd_bytes item;
    bool closed;   /* operations on it are to be refused: an operator closed or deleted it (rule 27) */
    uint8_t count; /* counters listed; the count of one that is not listed is 0 */
    struct {
        uint8_t counter; /* wire id */
        uint64_t value;
    } at[KD_COUNTERS_MAX];
} kd_item_counts;

typedef struct {
    kd_snapshot_kind kind;
    uint32_t partition;
    uint64_t epoch, version, previous; /* holds all changes of the versions above previous, up to version */
    uint64_t made_us;                  /* central's clock */
    uint64_t low_watermark_us;         /* 0: unknown */
    uint64_t stable_us;                /* rows of edges stamped up to it may expire (rule 21); 0: none may */
    uint32_t part, parts;              /* part in 0..parts-1; all parts of a version are installed as one */
    kd_chain_link *chain;              /* ascending epochs, oldest first, without the present one */
    kd_applied *edges;
    kd_item_counts *items;
    uint32_t chain_count, edge_count, item_count;
    kd_history history; /* of what the version holds; read 0: not told */
    uint64_t
        untold; /* of these records the last ones, so many, may owe changes or milestones to their topics */
    kd_buf arena;
} kd_snapshot;

/* Edges and items may come in any order, none twice; the record lists them ascending by name and by key (memcmp order). */
void kd_snapshot_encode(const kd_snapshot *s, kd_buf *out);
/* KD_EMALFORMED, KD_ETOOBIG, KD_EVERSION. After KD_OK finish it with kd_snapshot_finish. */
int kd_snapshot_decode(kd_bytes record, kd_snapshot *s);
void kd_snapshot_finish(kd_snapshot *s); /* frees chain, edges, items and arena */
/* Reads the head alone, from `kind` to `parts`; what stands behind it is not looked at. KD_EMALFORMED, KD_ETOOBIG, KD_EVERSION. Nothing is to be freed. */
int kd_snapshot_peek(kd_bytes record, kd_snapshot *s);

/* ---- marker ------------------------------------------------------------------------------------------------ */

/* A central whose claim is in force says so in the counts topic (rule 32): behind it edges pass over snapshots of lower epochs of the partition. */
typedef struct {
    uint32_t partition;
    uint64_t epoch;   /* from 1 */
    kd_bytes central; /* its name */
    uint64_t at_us;   /* central's clock */
    uint64_t version; /* it may tell changes under numbers that begin here, before a snapshot tells of them */
} kd_marker;

/* Aborts when the epoch is 0. */
void kd_marker_encode(const kd_marker *marker, kd_buf *out);
/* KD_EMALFORMED, KD_ETOOBIG, KD_EVERSION. `central` points into `record`. */
int kd_marker_decode(kd_bytes record, kd_marker *marker);

/* ---- effective changes ------------------------------------------------------------------------------------ */

/* One change that central made to a row or a sum, for downstream consumers. The same change may be delivered more than once. A consumer keeps the
 * largest (time_us, edge) of a (counter, item, user), and drops copies of sums by their label (partition, version, index). After a restore of central
 * changes of undone versions are void (rule 15), and labels begin anew behind the chain's last version. */
typedef struct {
    kd_bytes item;
    kd_bytes user;         /* empty for a sum */
    kd_bytes edge, region; /* `edge`: or the author of a decision */
    uint64_t time_us;      /* stamp; 0 for a sum */
    uint64_t amount;       /* of a sum; 0 for a set counter */
    uint32_t day;          /* of a sum: UTC day at the edge; 0 for a set counter */
    uint8_t counter;       /* wire id */
    bool liked;
} kd_change;

typedef struct {
    uint32_t partition;
    uint64_t epoch, version;
    uint32_t first; /* index of the first change of this record within the version */
    kd_change *changes;
    uint32_t change_count;
    kd_buf arena;
} kd_changes;

/* Aborts on more than KD_BATCH_OPS_MAX changes. */
void kd_changes_encode(const kd_changes *c, kd_buf *out);
/* KD_EMALFORMED, KD_ETOOBIG, KD_EVERSION. After KD_OK finish it with kd_changes_finish. */
int kd_changes_decode(kd_bytes record, kd_changes *c);
void kd_changes_finish(kd_changes *c); /* frees changes and arena */

/* ---- milestones ------------------------------------------------------------------------------------------- */

/* Bytes of a milestone's id: counter, item and threshold in decimal, with a slash before the second and the third. */
#define KD_MILESTONE_ID_MAX (2 + KD_ITEM_KEY_MAX + 20)

/* An item's count passed a threshold: the record before, the count was below. The same milestone may be delivered more than once, after a restore of
 * central with another label and another count, and always under the same id. A consumer drops the ids that it has. */
typedef struct {
    kd_bytes id; /* kd_milestone_id_put */
    kd_bytes item;
    uint64_t threshold, count; /* count: behind the record of the log that passed the threshold */
    uint64_t time_us;          /* clock of that record's edge when it sent the record; 0: not told */
    uint8_t counter;           /* wire id */
} kd_milestone;

typedef struct {
    uint32_t partition;
    uint64_t epoch, version;
    uint32_t first; /* index of the first milestone of this record within the version */
    kd_milestone *milestones;
    uint32_t milestone_count;
    kd_buf arena;
} kd_milestones;

/* Appends the id of a milestone, a function of these three alone: 1/posts/17/1000. `item`: a key. */
void kd_milestone_id_put(kd_buf *out, uint8_t counter, kd_bytes item, uint64_t threshold);
/* Aborts on more than KD_MILESTONES_RECORD_MAX milestones. */
void kd_milestones_encode(const kd_milestones *m, kd_buf *out);
/* KD_EMALFORMED, KD_ETOOBIG, KD_EVERSION. After KD_OK finish it with kd_milestones_finish. */
int kd_milestones_decode(kd_bytes record, kd_milestones *m);
void kd_milestones_finish(kd_milestones *m); /* frees milestones and arena */

/* ---- heartbeat of a member -------------------------------------------------------------------------------- */

/* How a member holds a partition, in the order in which members may take a partition over: who agreed first. */
typedef enum {
    KD_HELD_NONE = 0, /* it does not hold it; not on the wire */
    KD_HELD_AWAITS =
        1, /* its store is empty, and the log no longer begins at its beginning: it waits for a seed */
    /* It follows, and differs from the leader, or its place in the log is gone, or it waits for a newer program. */
    KD_HELD_WRONG = 2,
    KD_HELD_EMPTY = 3,    /* it follows, began with an empty store, and has agreed with no snapshot yet */
    KD_HELD_UNPROVEN = 4, /* it follows with a store that had a state, and has agreed with no snapshot yet */
    KD_HELD_AGREED = 5,   /* it follows, and agreed with the last snapshot of the leader that it compared */
    KD_HELD_LEADS = 6,
} kd_held_state;

typedef struct {
    uint32_t partition;
    kd_held_state state;
    uint64_t epoch;  /* of a leader: its own; of a follower: the highest one that it heard of; 0: none */
    uint64_t read;   /* records of the partition's log that it has read */
    kd_bytes yields; /* a member that is to take the partition over from this one; empty: none */
} kd_held;

/* A member of the group of centrals tells the others once a second that it lives, and what it does. Only a hint: the claim in the log decides. */
typedef struct {
    kd_bytes member;     /* its name */
    uint64_t run;        /* a random number of this process */
    uint64_t seq;        /* of the heartbeats of this process, from 1 */
    uint64_t started_us; /* the member's clock when the process began */
    uint64_t at_us;      /* the member's clock */
    kd_bytes url, zone;  /* where others reach it; in which zone it stands. Empty: not told */
    bool leaving;        /* it stops, and takes nothing over */
    uint32_t partitions; /* of the likes topic, by its configuration */
    kd_held *held;       /* ascending by partition, none twice */
    uint32_t held_count;
} kd_heartbeat;

/* Whether it can be the URL of a member: it is shown to people, asked, and told to clients that are sent there. */
bool kd_member_url_valid(kd_bytes url);
/* Aborts on a shape that kd_heartbeat_decode would not take. */
void kd_heartbeat_encode(const kd_heartbeat *h, kd_buf *out);
/* KD_EMALFORMED, KD_ETOOBIG, KD_EVERSION. After KD_OK finish it with kd_heartbeat_finish. Views point into `record`. */
int kd_heartbeat_decode(kd_bytes record, kd_heartbeat *h);
void kd_heartbeat_finish(kd_heartbeat *h); /* frees `held` of a decoded heartbeat */

#endif

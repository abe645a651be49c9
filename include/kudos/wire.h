/*
 * wire.h - what crosses Kafka, as C shapes, and their encoding.
 *
 * Every record is one msgpack array: element 0 the schema version, element 1 the kind. Fields are only ever appended;
 * a reader ignores elements it does not know behind the ones it does, and leaves a record of a newer schema alone
 * (KD_EVERSION). All limits are checked before anything is allocated.
 *
 *   likes topic    batch    [1, 1, edge, region, incarnation, seq, digest, sent_us, after_incarnation, after_seq,
 *                            after_digest, complete_to_us, epoch, body]
 *                  claim    [1, 2, epoch, central, at_us]
 *   counts topic   snapshot [1, 3, kind, partition, epoch, version, previous, made_us, low_watermark_us, stable_us,
 *                            part, parts, [[epoch, last], ...], [[edge, inc, seq, digest, watermark], ...], counts,
 *                            [retired, ...]]
 *   changes topic  changes  [1, 4, partition, epoch, version, first, changes]
 *
 * `body`, `counts` and `changes` are bin values laid out in columns; they are drawn in common/wire_*.c. Golden vectors:
 * tests/vectors.
 *
 * Ownership: views in decoded shapes point into the input or into the shape's own arena, and live until both are gone.
 */
#ifndef KUDOS_WIRE_H
#define KUDOS_WIRE_H

#include "kudos/base.h"
#include "kudos/id.h"
#include "kudos/limits.h"

#define KD_TIME_END_US (1ull << 62) /* every time, incarnation, seq, epoch, version, count is below it */
/* The amounts of one record added up, and an increment's size. */
#define KD_AMOUNT_TOTAL_MAX ((1ull << 53) - 1)
/* Snapshots and changes; batches and claims: KD_BATCH_BYTES_MAX. */
#define KD_RECORD_BYTES_MAX (2u * 1024 * 1024)

typedef enum {
    KD_RECORD_BATCH = 1,
    KD_RECORD_CLAIM = 2,
    KD_RECORD_SNAPSHOT = 3,
    KD_RECORD_CHANGES = 4
} kd_record_kind;

/* The kind of a record (positive), KD_EVERSION for a newer schema, or KD_EMALFORMED. */
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

/* A sum (views, shares): counts once per position. */
typedef struct {
    kd_bytes item;
    uint64_t amount; /* >= 1 */
    uint32_t day;    /* UTC day at the edge */
    uint8_t counter; /* wire id of a sum counter */
} kd_sum;

/* What the edge added to the shown count of a set counter; for comparison only. */
typedef struct {
    kd_bytes item;
    int64_t shown;
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
/* KD_OK, KD_EMALFORMED, KD_ETOOBIG or KD_EVERSION; checks ids, order, uniqueness, ranges and that no byte is left over.
 * Zeroes *body first; after KD_OK finish it with kd_body_finish. */
int kd_body_decode(kd_bytes bytes, kd_body *body);
void kd_body_finish(kd_body *body);
uint64_t kd_body_digest(kd_bytes encoded_body); /* XXH64, seed 0 */

/* ---- batch: envelope and body ----------------------------------------------------------------------------- */

typedef struct {
    kd_bytes edge, region;
    kd_position at;
    uint64_t digest; /* of the body */
    uint64_t sent_us;
    kd_position after;
    uint64_t after_digest;
    uint64_t complete_to_us;
    uint64_t epoch; /* of central, as the edge had installed it when it sent this; 0: nothing heard yet */
    kd_bytes body;  /* encoded */
} kd_batch;

void kd_batch_encode(const kd_batch *batch, kd_buf *out);
/* Checks names, positions (seq >= 1, after < at) and that the digest is that of the body. Does not decode the body. */
int kd_batch_decode(kd_bytes record, kd_batch *batch);
/* What can be read of a batch that does not decode: true when edge, region, position, digest and `after` are there and
 * valid by themselves; the rest may be missing, and the digest need not be the body's. */
bool kd_batch_salvage(kd_bytes record, kd_batch *batch);

/* ---- claim of an epoch ------------------------------------------------------------------------------------ */

typedef struct {
    uint64_t epoch;
    kd_bytes central;
    uint64_t at_us;
} kd_claim;

void kd_claim_encode(const kd_claim *claim, kd_buf *out);
int kd_claim_decode(kd_bytes record, kd_claim *claim);

/* ---- snapshot --------------------------------------------------------------------------------------------- */

typedef enum {
    KD_SNAPSHOT_DELTA = 1, /* counts of all that changed after `previous`, up to `version` */
    KD_SNAPSHOT_READ = 2,  /* answer to one read: the counts of the items named; previous == version */
} kd_snapshot_kind;

typedef struct {
    uint64_t epoch;
    uint64_t last; /* the last version of that epoch */
} kd_chain_link;

typedef struct {
    kd_bytes edge;
    kd_position applied;
    uint64_t digest;       /* of the body at applied */
    uint64_t watermark_us; /* every operation of that edge stamped at or below it is merged */
    bool retired;          /* by an operator's command: central refuses its batches (rule 23) */
} kd_applied;

typedef struct {
    kd_bytes item;
    uint8_t count; /* counters listed; a counter that is not listed is 0 */
    struct {
        uint8_t counter; /* wire id */
        uint64_t value;
    } at[KD_COUNTERS_MAX];
} kd_item_counts;

typedef struct {
    kd_snapshot_kind kind;
    uint32_t partition;
    uint64_t epoch, version, previous;
    uint64_t made_us;          /* central's clock */
    uint64_t low_watermark_us; /* 0: unknown */
    uint64_t stable_us;        /* 0: nothing may be forgotten */
    uint32_t part, parts;      /* part in 0..parts-1; all parts of a version are installed as one */
    kd_chain_link *chain;      /* ascending epochs, oldest first, without the present one */
    kd_applied *edges;
    kd_item_counts *items;
    uint32_t chain_count, edge_count, item_count;
    kd_buf arena;
} kd_snapshot;

/* Edges and items may come in any order, none twice; decoded they ascend by name and by key (memcmp order). */
void kd_snapshot_encode(const kd_snapshot *s, kd_buf *out);
int kd_snapshot_decode(kd_bytes record, kd_snapshot *s); /* finish after KD_OK */
void kd_snapshot_finish(kd_snapshot *s);

/* ---- effective changes ------------------------------------------------------------------------------------ */

/* One change that central made. A consumer drops a copy by the larger (time_us, edge) of a (counter, item, user), or
 * by the label (partition, version, index); a rebuilt central may label a change anew, never restamp it. */
typedef struct {
    kd_bytes item;
    kd_bytes user; /* empty for a sum */
    kd_bytes edge, region;
    uint64_t time_us; /* stamp; 0 for a sum */
    uint64_t amount;  /* of a sum; 0 for a set counter */
    uint32_t day;
    uint8_t counter;
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

void kd_changes_encode(const kd_changes *c, kd_buf *out);
int kd_changes_decode(kd_bytes record, kd_changes *c);
void kd_changes_finish(kd_changes *c);

#endif

/*
 * internal.h - the shapes that the edge's core files share; who owns which is said here.
 *
 *     kd_edge ── parts[] ── sealed batches (outbox, oldest first) ── open batch
 *        │                        └── nodes: what each batch adds to the shown counts
 *        ├── items: entries, each with the nodes of its item (overlay) and their sum
 *        ├── writes[2]: the group that gathers and the one that is being written
 *        └── spill: rows that are not in the store yet, and what of the journal stays until they are
 *
 * Invariants
 * - Positions of a partition ascend along sealed and open; only the open batch takes operations.
 * - A batch is handed to Kafka only when the group that sealed it is durable (rule 6).
 * - A node lives in its entry from the operation on until central's number for that entry holds the operation and applied
 *   covers its batch; its batch pointer is NULL once the batch is applied and only a stale entry keeps it.
 * - A number on the disk lacks no operation of this edge that the disk's applied covers (rule 18).
 * - Rows hold operations of this edge alone, never what central said: rule 15 sends them again as its own.
 */
#ifndef KUDOS_EDGE_CORE_INTERNAL_H
#define KUDOS_EDGE_CORE_INTERNAL_H

#include "common/base/bloom.h"
#include "common/base/pool.h"
#include "common/base/table.h"
#include "edge/core/fresh.h"
#include "kudos/edge.h"

typedef struct kd_node kd_node;
typedef struct kd_entry kd_entry;
typedef struct kd_outgoing kd_outgoing;

/* What an entry's nodes sum up to, per counter: a hot item that central is slow to apply has many of them. */
typedef struct {
    int64_t delta;
    uint64_t ops;
} kd_tally;

/* There while the entry has nodes. */
typedef struct {
    kd_node *nodes;            /* newest batch first */
    const kd_outgoing *newest; /* a hint: the first node need not be fetched to see that it is older */
    kd_tally sum[];
} kd_overlay;

/* An item: central's number and the overlay above it. The key and the counts stand behind the struct. An entry made before a counter was added has no
 * place for its count: it counts as stale, and is widened when central's next number comes. */
struct kd_entry {
    kd_table_entry link;
    kd_overlay *overlay;    /* NULL: nothing of this edge is on its way */
    uint64_t version;       /* at which the counts were central's; fresh from floor_version on */
    uint64_t asked_version; /* the partition's version when the question left */
    uint64_t asked_epoch;
    uint16_t part;   /* index into parts */
    uint16_t key_at; /* offset of the key, behind the counts */
    uint8_t key_len;
    bool known, asked, recent;
    uint64_t counts[];
};

/* What one batch adds to one counter of one item. */
struct kd_node {
    kd_node *entry_next, **entry_prev;
    kd_node *batch_next;
    kd_entry *entry;    /* NULL: ended, freed with its batch */
    kd_outgoing *batch; /* NULL: applied, kept by a stale entry */
    kd_position at;
    int64_t delta;
    uint32_t ops;
    uint8_t counter; /* index */
    bool told;       /* the number holds it, its batch is outstanding still: not in the sum */
};

typedef enum { KD_UNSENT, KD_HANDED, KD_SENT } kd_sending;

enum { KD_OUTGOING_OVERHEAD = 256 }; /* of a batch in memory and on disk, besides its operations */

/* A batch on its way out. While open, `raw` is the concatenation of its fragments. */
struct kd_outgoing {
    kd_outgoing *next;
    kd_position at;
    uint64_t digest;
    uint64_t complete_to_us;
    uint64_t first_us;   /* when its first operation came */
    uint64_t seal_group; /* durable from this group on; 0: found on disk */
    uint32_t ops, fragments;
    uint32_t set_ops;    /* of them, those that rows come from */
    uint64_t bytes;      /* charged to the outbox */
    size_t record_bytes; /* while open: its record is not larger */
    kd_sending sending;
    bool resent;
    kd_buf raw;  /* while open */
    kd_buf body; /* encoded; kept from the seal to the first hand-over, else built again from the fragments */
    bool kept;   /* body counts in the partition's `bodies` */
    kd_node *nodes;
};

/* Parts of one snapshot, gathered until all are here. */
typedef struct {
    uint64_t epoch, version;
    uint32_t parts, have;
    kd_buf *records;
} kd_assembly;

/* A place in the journal of a partition: before fragment n of the batch at this position. */
typedef struct {
    kd_position at;
    uint32_t fragment;
} kd_journal_place;

typedef struct {
    uint32_t id;
    /* what central said; one row on disk */
    uint64_t epoch, version;
    uint64_t floor_version; /* followed without a gap from here: an answer older than this is thrown away */
    uint64_t made_us, low_watermark_us, watermark_us;
    uint64_t stale_made_us, stale_as_of_us, stale_floor; /* of the numbers that the last gap made stale */
    kd_position applied;
    uint64_t applied_digest;
    int64_t counts_offset; /* of the last record installed; -1: none */
    kd_assembly assembly;
    /* outbox */
    kd_outgoing *head, *tail; /* sealed */
    kd_outgoing *open;        /* NULL: none */
    uint32_t sealed;
    uint32_t unsent; /* of them, KD_UNSENT */
    uint32_t bodies; /* of sealed batches, held for their first hand-over */
    uint64_t incarnation, next_seq;
    kd_position last_sealed;
    kd_buf fragment; /* of the gathering group */
    uint32_t attempts;
    uint64_t resend_due_us; /* 0: nothing is waited for */
    uint64_t idle_due_us, idle_interval_us;
    /* rows (spill.c) */
    kd_journal_place stored_to,
        frozen_to; /* rows of operations before these are in the store, in the frozen table */
    uint64_t compared_number, compared_until_us; /* rows that a comparison awaits, 0: none; its window */
    kd_outgoing *done, *done_tail; /* applied batches whose fragments stay for their rows, oldest first */
    /* rule 15: operations to send again, and complete_to held meanwhile */
    bool held, resending;
    uint64_t hold_us;
    kd_position hold_until; /* the first batch that may tell more; meaningful when not resending */
    kd_buf cursor;          /* row to go on with */
    uint64_t rows_awaited;  /* number of the last table whose rows the scan must find in the store */
    bool rehoming;          /* rule 20: batches are moving; waits until they are durable */
    uint64_t rival; /* while rehoming: batches of this incarnation and of lower ones move, later ones stay */
    bool retired;   /* central refuses the batches of this edge (rule 23) */
    uint64_t doubted_us; /* central's watermarks up to this one may be another's who used the name */
    /* rule 21 */
    uint64_t stable_us;  /* of the newest snapshot; 0 from a start to the first one */
    uint64_t expired_us; /* rows stamped above it were never let go */
    uint64_t sweep_us;   /* rows stamped up to it go in the sweep under way; 0: none is */
    kd_buf sweep_cursor; /* row to go on with */
} kd_part;

/* Key of a membership row, with its hash. */
enum { KD_ROW_KEY_MAX = 4 + KD_ITEM_KEY_MAX + 1 + KD_ID_MAX };
typedef struct {
    uint64_t hash;
    uint16_t len;
    uint8_t data[KD_ROW_KEY_MAX];
} kd_row_key;
static inline kd_bytes kd_row_key_view(const kd_row_key *k)
{
    return kd_bytes_of(k->data, k->len);
}

/* Rows that are not in the store yet: a table that fills, and one that is frozen and being written. */
typedef struct {
    kd_fresh tables[2];
    uint32_t filling; /* index into tables */
    uint64_t
        number;   /* of the table that fills, from 1; those before it but the frozen one are in the store */
    uint32_t ops; /* recorded in it; its rows are not more */
    uint32_t group_ops;  /* recorded since the last group closed */
    bool frozen;         /* the other table is: until the group with its last row is durable */
    bool written;        /* its last row is in a group */
    kd_fresh_walk walk;  /* over the frozen one */
    uint64_t awaited;    /* number of the last table that somebody waits for */
    uint64_t done_bytes; /* of all batches that are done */
} kd_spill;

typedef struct kd_remembered kd_remembered;

typedef struct {
    kd_table index;
    kd_remembered **ring; /* oldest at head */
    uint32_t cap, head, count;
    uint64_t next; /* number of the next row */
} kd_idempotency;

enum { KD_MINTED_MAX = 256 };

struct kd_edge {
    kd_edge_config config; /* its counters are those below */
    kd_counters counters;
    char edge_name[KD_NAME_MAX + 1], region_name[KD_NAME_MAX + 1];
    kd_store store;
    kd_part *parts;
    uint32_t part_count;
    kd_table items;
    size_t evict_cursor;
    /* bounded by the outbox: each has an operation in it or kept for a stale entry */
    kd_pool nodes, overlays;
    kd_entry *last_found; /* the items come in runs: a like looks its item up three times */
    kd_bloom filter;
    kd_spill spill;
    kd_writes writes[2];
    uint32_t gathering; /* index of the open group's buffers */
    uint64_t open_group;
    uint64_t writing_group; /* 0: none */
    uint64_t durable_group;
    bool wanted, poisoned, refusing;
    uint64_t incarnation, last_us, alarm_us;
    uint64_t minted[KD_MINTED_MAX]; /* the last incarnations of this edge, oldest first */
    uint32_t minted_count;
    kd_lives lives;
    uint64_t random;
    uint64_t outbox_bytes, outbox_batches;
    uint32_t next_part;    /* round robin of send_next */
    size_t assembly_bytes; /* of all parts of snapshots that are gathered */
    kd_idempotency idempotency;
    uint64_t expire_due_us; /* of the next piece of a sweep */
    uint32_t expire_part;
    kd_buf key, value; /* scratch */
    kd_edge_stats stats;
};

#define KD_PLANTED(e, bug) (((e)->config.plant & (bug)) != 0)

static inline kd_writes *kd_edge_writes(kd_edge *e)
{
    return &e->writes[e->gathering];
}
static inline const kd_counter *kd_edge_counter(const kd_edge *e, uint32_t index)
{
    return &e->config.counters->at[index];
}
static inline kd_bytes kd_edge_name(const kd_edge *e)
{
    return kd_bytes_str(e->edge_name);
}
/* The part of an item of this shard; aborts for another shard's. */
kd_part *kd_edge_part(kd_edge *e, kd_bytes item);
/* NULL when the partition is not this shard's. */
kd_part *kd_edge_part_by_id(const kd_edge *e, uint32_t partition);

/* identity.c: what the store is and which incarnation this is (rule 5) */
int kd_identity_open(kd_edge *e, uint64_t now_us);
void kd_identity_mint(kd_edge *e, uint64_t above, uint64_t now_us);
void kd_identity_disown(
    kd_edge *e,
    uint64_t up_to); /* somebody else may have used the incarnations up to this one; a mint follows */
bool kd_identity_minted(const kd_edge *e, uint64_t incarnation); /* by this edge, as far as it remembers */
void kd_identity_put_last(kd_edge *e);

/* lives.c: whose words the rows tell */
int kd_lives_open(kd_edge *e); /* after `last` was read */
/* Up to when the user may have spoken elsewhere, as far as he tells; 0: never. */
uint64_t kd_lives_elsewhere_us(const kd_edge *e, const kd_seen *seen);

/* stamp.c (rule 3) */
uint64_t kd_stamp_advance(kd_edge *e, uint64_t now_us);
uint64_t kd_stamp_next(kd_edge *e, uint64_t now_us, uint64_t row_us, uint64_t token_us);

/* membership.c: look up, record, load */
int kd_membership_look_up(kd_edge *e, const kd_row_key *key, kd_fresh_row *row);
/* It is the user's last word, as far as he tells (lives.c: up to when he may have spoken elsewhere). */
static inline bool kd_fresh_row_current(const kd_fresh_row *row, uint64_t elsewhere_us)
{
    return row->known && row->stamp_us >= elsewhere_us;
}
void kd_membership_record(kd_edge *e, const kd_row_key *key, const kd_fresh_row *row);
/* An operation found in the journal at the start, whose row need not be in the store. */
int kd_membership_restore(kd_edge *e, const kd_row_key *key, const kd_fresh_row *row);
int kd_membership_load(kd_edge *e);
void kd_membership_finish(kd_edge *e);
/* A row of the store. */
typedef struct {
    uint8_t counter_id;
    kd_bytes item, user;
    kd_fresh_row row;
} kd_member_row;
int kd_membership_parse(kd_bytes key, kd_bytes value, kd_member_row *row);

/* spill.c: rows reach the store later than their operations, and the journal stays until they have */
void kd_spill_record(kd_edge *e, const kd_row_key *key, const kd_fresh_row *row);
bool kd_spill_find(const kd_edge *e, const kd_row_key *key, kd_fresh_row *row);
int kd_spill_load(kd_edge *e); /* before the outbox */
bool kd_spill_stored(const kd_part *p, kd_position at, uint32_t fragment);
void kd_spill_keep(kd_edge *e, kd_part *p, kd_outgoing *b); /* done, as found on disk */
/* The batch is applied: its rows of the journal go, now or when its membership rows are in the store. */
void kd_spill_retire(kd_edge *e, kd_part *p, kd_outgoing *b);
/* When a group closes, behind its fragments: rows, and deletions that need them, ride in it. */
void kd_spill_ride(kd_edge *e);
void kd_spill_durable(kd_edge *e);
bool kd_spill_wanted(const kd_edge *e);
/* All rows recorded up to now are awaited in the store: the number of their last table; whether they are there. */
uint64_t kd_spill_await(kd_edge *e);
bool kd_spill_arrived(const kd_edge *e, uint64_t number);
void kd_spill_finish(kd_edge *e);

/* fragment.c: operations as they stand in the journal */
/* What one operation on a set changes the number by. More than one where it makes up for what the open batch shows of its user (take.c): operations that
 * were moved brought their deltas there. */
enum { KD_DELTA_MAX = KD_BATCH_OPS_MAX };
typedef struct {
    kd_verb verb;
    uint8_t counter_id;
    kd_bytes item, user;
    uint64_t time_us; /* set counters */
    int64_t delta;    /* set counters: what the shown count was changed by */
    uint64_t amount;  /* sums */
    uint32_t day;     /* sums */
} kd_entry_op;
void kd_fragment_put(kd_buf *out, const kd_entry_op *op);
bool kd_fragment_next(kd_reader *r, kd_entry_op *op); /* false at the end or when bad */
/* Whether it is one that this partition can have journaled: asked of what a start finds. */
bool kd_fragment_op_valid(const kd_edge *e, const kd_part *p, const kd_entry_op *op);
/* The body of a batch is a function of its fragments alone (rules 6, 7). */
int kd_fragment_body(kd_edge *e, kd_bytes fragments, kd_buf *body);

/* accumulate.c: the open batch */
void kd_accumulate_op(kd_edge *e, kd_part *p, kd_entry *entry, const kd_entry_op *op, uint64_t now_us);
void kd_accumulate_close_fragment(kd_edge *e, kd_part *p);

/* batch.c: seal, envelope */
void kd_batch_seal(kd_edge *e, kd_part *p, uint64_t now_us);
void kd_batch_put_marker(kd_edge *e, const kd_part *p, const kd_outgoing *b);
void kd_batch_put_done(kd_edge *e, const kd_part *p, const kd_outgoing *b);
void kd_batch_delete(kd_edge *e, const kd_part *p, const kd_outgoing *b); /* its rows of the journal */
int kd_batch_fragments(kd_edge *e, const kd_part *p, const kd_outgoing *b, kd_buf *out);
int kd_batch_record(kd_edge *e, kd_part *p, kd_outgoing *prev, kd_outgoing *b, uint64_t now_us,
                    kd_buf *record);
void kd_batch_drop_body(kd_part *p, kd_outgoing *b);
void kd_batch_free(kd_outgoing *b);

/* outbox.c: sealed batches until central has applied them */
int kd_outbox_load(kd_edge *e);
void kd_outbox_push(kd_part *p, kd_outgoing *b);
/* Up to applied: deltas end or are kept by stale entries. */
void kd_outbox_drop(kd_edge *e, kd_part *p, kd_position applied);
void kd_outbox_pop(kd_edge *e, kd_part *p);   /* forgets the oldest batch and deletes its rows */
void kd_outbox_again(kd_edge *e, kd_part *p); /* everything that was sent is due again */
void kd_outbox_arm(kd_edge *e, kd_part *p, uint64_t now_us); /* waits for applied to move */
uint64_t kd_outbox_longest_wait(const kd_edge *e);
bool kd_outbox_empty(const kd_part *p);

/* overlay.c: entries, counts, nodes */
kd_entry *kd_entry_find(kd_edge *e, kd_bytes item);
kd_entry *kd_entry_obtain(kd_edge *e, kd_part *p, kd_bytes item); /* NULL: no room */
/* Of an item with operations in the outbox: over the bound where there is no room. */
kd_entry *kd_entry_need(kd_edge *e, kd_part *p, kd_bytes item);
kd_bytes kd_entry_key(const kd_entry *entry);
/* Returns the entry, which may be another one now. */
kd_entry *kd_entry_set(kd_edge *e, kd_entry *entry, const kd_item_counts *counts, uint64_t version);
/* The number holds what applied covers: as the disk has it, or as a read told it, ahead of the snapshots. */
void kd_entry_confirm(kd_edge *e, kd_entry *entry, kd_position applied);
void kd_entry_tell(kd_edge *e, kd_entry *entry, kd_position applied);
void kd_entry_end_kept(kd_edge *e, kd_entry *entry); /* nodes without a batch */
void kd_entry_forget_counts(kd_edge *e, kd_entry *entry);
int kd_entries_load(kd_edge *e);
/* Counters were added: the sums of what is on its way get a place for them. */
void kd_overlay_widen(kd_edge *e, uint32_t counters_before);
void kd_overlay_add(kd_edge *e, kd_outgoing *b, kd_entry *entry, uint8_t counter, int64_t delta);
void kd_overlay_end_batch(kd_edge *e, kd_outgoing *b, kd_position applied);
void kd_overlay_cancel_batch(kd_edge *e, kd_outgoing *b); /* its nodes end, whatever they show */
void kd_overlay_finish(kd_edge *e);

/* install.c: what central says */
int kd_part_load(kd_edge *e);
void kd_part_put(kd_edge *e, const kd_part *p);
void kd_install_applied(kd_edge *e, kd_part *p, const kd_applied *mine, bool undone, uint64_t now_us);
/* What a number that comes with this word of central holds of what is outstanding here: nothing where the word is somebody else's. */
kd_position kd_install_merged(const kd_edge *e, const kd_part *p, const kd_applied *mine);
void kd_install_retired(kd_edge *e, kd_part *p, const kd_applied *mine);
const kd_applied *kd_snapshot_mine(const kd_edge *e, const kd_snapshot *s);
void kd_part_adopt(kd_part *p, const kd_snapshot *s);
void kd_assembly_clear(kd_edge *e, kd_assembly *a);

/* resend.c (rule 15), rehome.c (rule 20) */
void kd_resend_start(kd_edge *e, kd_part *p);
void kd_resend_hold(kd_edge *e, kd_part *p); /* complete_to stays at central's watermark... */
void kd_resend_release(kd_part *p);          /* ...in the batches before the one that is open now */
/* ...and is forgotten when central has them: the next restore begins at its own watermark, not at this one's. */
void kd_resend_settle(const kd_edge *e, kd_part *p);
int kd_resend_step(kd_edge *e, kd_part *p, uint64_t now_us);
uint64_t kd_resend_limit(const kd_part *p, const kd_outgoing *b, uint64_t complete_to_us);
/* Batches begun in the other's incarnation or a lower one move, in all partitions, to an incarnation minted above it. */
void kd_rehome_above(kd_edge *e, const kd_part *noticed, uint64_t theirs, uint64_t now_us);
void kd_rehome_begin(kd_edge *e, kd_part *p, const kd_applied *theirs, uint64_t now_us);
int kd_rehome_step(kd_edge *e, kd_part *p, uint64_t now_us);

/* aside.c: one sum joins those that are set aside, and is told; sums of the batch at this position */
int kd_aside_load(kd_edge *e);
void kd_aside_take(kd_edge *e, const kd_entry_op *sum, kd_buf *sums);
void kd_aside_put(kd_edge *e, const kd_part *p, kd_position at, kd_bytes sums);

/* What central says is merged of this edge's own operations: a watermark that rests on a batch of another who used this
 * name promises nothing about them; nor does it when a batch of our own is applied next, for it never moves back. */
uint64_t kd_resend_watermark(const kd_edge *e, const kd_part *p);
void kd_resend_doubt(const kd_edge *e, kd_part *p); /* notes a watermark of that kind */

/* expire.c (rule 21): a piece of a sweep when it is time; when the next one is due */
uint64_t kd_expire_step(kd_edge *e, uint64_t now_us);

/* idempotency.c */
int kd_idempotency_load(kd_edge *e);
int kd_idempotency_check(kd_edge *e, const kd_request *request, uint64_t now_us, kd_outcome *outcome);
void kd_idempotency_record(kd_edge *e, const kd_request *request, const kd_outcome *outcome, uint64_t now_us);
void kd_idempotency_expire(kd_edge *e, uint64_t now_us);
void kd_idempotency_finish(kd_edge *e);

/* keys.c: rows of the store; each starts `out` anew
 *
 *     I                                   what this store is
 *     L                                   last stamp
 *     V                                   incarnations minted, oldest first
 *     p part:2                            what central said
 *     n part:2 item                       central's number of an item
 *     m part:2 counter:1 item ulen:1 user membership row
 *     f part:2 incarnation:8 seq:8 n:4    fragment n of a batch; n = ffffffff: the seal, empty: applied
 *     r                                   by partition: rows of what the journal holds before this place are in the store
 *     i number:8                          a remembered idempotency key
 *     x part:2 incarnation:8 seq:8        sums set aside for an operator (rule 20)
 */
enum { KD_SEAL_MARKER = 0xffffffff };
void kd_key_single(kd_buf *out, char kind);
void kd_key_part(kd_buf *out, char kind, uint32_t part);
void kd_key_item(kd_buf *out, uint32_t part, kd_bytes item);
void kd_key_row(kd_row_key *out, uint32_t part, uint8_t counter_id, kd_bytes item, kd_bytes user);
void kd_key_fragment(kd_buf *out, uint32_t part, kd_position at, uint32_t n);
void kd_key_batch(kd_buf *out, char kind, uint32_t part, kd_position at);
void kd_key_number(kd_buf *out, char kind, uint64_t number);
/* Scans all rows of one kind (and partition, when not UINT32_MAX). */
int kd_keys_scan(kd_edge *e, char kind, uint32_t part, kd_scan_fn fn, void *arg);
/* Those of one kind and partition from the row at `cursor` on; from the first when it is empty. `fn` may change the cursor. */
int kd_keys_scan_on(kd_edge *e, char kind, uint32_t part, const kd_buf *cursor, kd_scan_fn fn, void *arg);

#endif

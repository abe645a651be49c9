/*
 * commit.h - a commit: all that one synced write carries (rule 10). It is filled while it is the open one, closed by kd_central_commit_begin, and
 * applied to what is shown by kd_central_commit_end.
 *
 * Its buffers are kept for the next commit in the same place of the ring. The arena of keys moves while it grows, so operations refer to their keys
 * by offset. Effects are made when the arena has stopped growing, and hold views into it.
 */
#ifndef KUDOS_CENTRAL_CORE_COMMIT_H
#define KUDOS_CENTRAL_CORE_COMMIT_H

#include "central/core/counts.h"
#include "central/core/log_position.h"
#include "central/core/registry.h"

/* An operation that was gathered. After the begin only those that win their rows are left, sorted by key. */
typedef struct {
    uint64_t time_us;
    uint64_t hash;    /* of the key: kd_lookup_hash */
    uint32_t key_at;  /* in the commit's keys */
    uint32_t arrival; /* number within the commit */
    uint16_t key_len, edge, region;
    bool liked;
    bool
        past; /* stamped below its edge's watermark less 2 D: it was merged before, even where no row is left of it (rule 22) */
} kd_gathered_op;

typedef struct {
    uint64_t amount;
    uint32_t key_at, day;
    uint32_t record;                /* index into the commit's records */
    uint16_t key_len, edge, region; /* the key is that of a membership row without a user */
} kd_gathered_sum;

/* An edge whose row the commit writes, with the state that was written. */
typedef struct {
    uint16_t edge;
    kd_registered_state state;
} kd_touched;

/* A record of the log with operations or sums. */
typedef struct {
    uint64_t sent_us;  /* as its edge says */
    uint32_t first_op; /* `arrival` of its first operation */
} kd_commit_record;

/* A threshold that the commit passes (milestones.h). */
typedef struct {
    kd_bytes item; /* view into keys */
    uint64_t threshold, count, time_us;
    uint8_t counter;
} kd_passed;

/* What changed within the commit, between two operations, about which tombstones count as absent (collect.h). */
typedef struct {
    uint32_t arrival;      /* of the operation behind it */
    uint64_t floor_us;     /* the floor in front of it */
    uint64_t forgotten_us; /* stamp of a void that could be undone in front of it; 0: none */
} kd_floor_turn;

typedef struct {
    uint8_t *key;
    uint16_t len;
} kd_swept_key;

struct kd_closed_item;

typedef struct kd_commit {
    uint64_t version, epoch; /* from the begin on */
    bool fed;                /* there is something to write: the shell may begin it */
    bool viral;              /* it has a batch with operations of an item that is viral at its edge */
    kd_buf keys;
    kd_gathered_op *ops;
    kd_gathered_sum *sums;
    kd_commit_record *records;
    kd_gathered_op *folded; /* superseded on their rows within the commit, in the order of their rows */
    kd_passed *passed;
    kd_touched *touched;
    kd_effect *effects; /* views into keys */
    kd_effect *
        moves; /* likewise: the rows with a like, before or now, that it writes, while an index is kept (index.h) */
    kd_count_entry **entries; /* entry of each effect, pinned until the end */
    kd_count_entry **written; /* entries whose count rows are among the writes, pinned until the end */
    uint32_t op_count, op_cap, sum_count, sum_cap, touched_count, touched_cap;
    uint32_t effect_count, effect_cap, entry_count, entry_cap, written_count, written_cap;
    uint32_t move_count, move_cap;
    uint32_t record_count, record_cap, folded_count, folded_cap, passed_count, passed_cap;
    uint32_t folded_turns;     /* of `folded`: superseded by an operation of the other kind */
    uint32_t set_effect_count; /* of the effects; those of sums follow */
    uint64_t most[2][2];       /* what it moves a count by at most: of sets and sums, down and up */
    uint64_t redo_bytes;       /* of its redo row; 0: it has none */
    kd_floor_turn *turns;
    uint32_t turn_count, turn_cap;
    uint64_t floor_us;                    /* from the begin on: behind its last record */
    kd_log_position log;                  /* of the last record that it holds */
    kd_history history;                   /* behind that record */
    const struct kd_closed_item **closed; /* items that it closes or opens */
    struct kd_closed_item *
        *left_out;       /* items of which something was left out that is stamped later than all before */
    kd_swept_key *swept; /* of likes whose rows it deletes with their item; effects have views of them */
    uint32_t closed_count, closed_cap, left_out_count, left_out_cap, swept_count, swept_cap;
    kd_writes writes;
} kd_commit;

/* The row as the operation makes it. */
static inline kd_stored_row kd_gathered_row(const kd_gathered_op *op)
{
    return (kd_stored_row){op->time_us, op->edge, op->region, op->liked};
}
/* View of a key in the arena, valid until the next operation is gathered. */
static inline kd_bytes kd_key_at(const kd_commit *k, uint32_t at, uint16_t len)
{
    return kd_bytes_of(k->keys.data + at, len);
}

/* An operator's command rides in the open commit, which is begun for it alone if need be. *version is the version that it will have. KD_OK, KD_EIO,
 * KD_EFENCED. */
int kd_commit_order(kd_central *c, uint64_t *version);
/* Frees the buffers; pins of counts are not released, as the counts go too. */
void kd_commit_finish(kd_commit *k);

#endif

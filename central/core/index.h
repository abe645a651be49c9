/*
 * index.h - the entries of the secondary indices (kudos/index.h), and which commits write them.
 *
 * A commit notes the membership rows that it moves while it is resolved (kd_index_note). Before it is written it deletes and puts the entries of these
 * rows (kd_index_move). Nothing is read for that: the row before tells the key of its entry.
 *
 * The state of an index is its row, which each commit writes while there are entries. It says the version of that commit. A commit of a program that
 * does not know the index leaves it behind the version of the row `M`: then entries may be wrong, and the index is built anew.
 *
 *     off --(switched on)--> building --> complete        an empty store begins as complete
 *     building, complete --(switched off, or left behind)--> removing --> off, or building
 *
 * Invariants: in the commits from live_from on, entries follow their rows; of an index that is building, rows below the cursor have their entries, and
 * no row has a wrong one; of one that is complete, all have.
 */
#ifndef KUDOS_CENTRAL_CORE_INDEX_H
#define KUDOS_CENTRAL_CORE_INDEX_H

#include "central/core/commit.h"
#include "kudos/index.h"

typedef struct {
    kd_index_stage stage; /* of the last commit begun */
    uint64_t
        live_from; /* version of the first commit that moves entries with its rows, while building or complete */
    uint64_t ready_at; /* version of the commit that completed it, while complete */
    uint64_t walked;   /* in this stage: rows of members, or entries deleted */
    kd_buf cursor;     /* key from which building or removing goes on */
} kd_index_state;

typedef struct {
    kd_index_state at[KD_INDICES];
    bool live;  /* some index is building or complete: commits note what they move */
    kd_buf key; /* scratch */
} kd_index_states;

/* What the row of an index says. */
typedef struct {
    kd_index_stage stage;
    uint64_t version, walked;
    kd_bytes cursor; /* a view */
} kd_index_row;

enum {
    KD_INDEX_INVERSE = 8, /* bytes of the inverse time in a key */
    KD_INDEX_KEY_MAX = 2 + KD_ITEM_KEY_MAX + KD_INDEX_INVERSE + 1 + KD_ID_MAX,
};

/* The prefix of its entries; alone, the key of its row. */
static inline uint8_t kd_index_prefix(kd_index index)
{
    return index == KD_INDEX_NEWEST ? KD_ROW_NEWEST : KD_ROW_LIKED;
}
/* Whether entries follow the rows. */
static inline bool kd_index_is_live(const kd_index_state *s)
{
    return s->stage == KD_INDEX_BUILDING || s->stage == KD_INDEX_COMPLETE;
}

/* Appends the row. KD_OK or KD_EMALFORMED of a row that was read, also where its cursor is not among the rows that its stage walks over: these might be
 * deleted. */
void kd_index_row_put(const kd_index_row *row, kd_buf *out);
int kd_index_row_read(kd_bytes value, kd_index index, kd_index_row *row);

/* Appends the key that all entries of this item (KD_INDEX_NEWEST) or user (KD_INDEX_LIKED) begin with; `name` is the item key or the user. */
void kd_index_range_put(kd_buf *out, kd_index index, uint8_t counter, kd_bytes name);
/* Appends the key of the entry of that like. */
void kd_index_key_put(kd_buf *out, kd_index index, const kd_member *m);
/* Takes a key apart into views of it: item, user, counter and time. False where it is none of that index. */
bool kd_index_key_read(kd_index index, kd_bytes key, kd_member *m);
/* The value of an entry: of KD_INDEX_NEWEST the index of the region; of KD_INDEX_LIKED nothing. KD_OK or KD_EMALFORMED when read. */
void kd_index_value_put(kd_buf *out, kd_index index, uint16_t region);
int kd_index_value_read(kd_index index, kd_bytes value, uint16_t *region);

/* A new element among the rows that the commit moves, for the caller to fill; its state is zero. */
kd_effect *kd_index_note(kd_commit *k);
/* Puts the entry of a row with a like. */
void kd_index_put(kd_central *c, kd_commit *k, kd_index index, const kd_member *m, uint16_t region);
/* Deletes and puts the entries of the rows that the commit moves. */
void kd_index_move(kd_central *c, kd_commit *k);

#endif

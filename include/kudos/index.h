/*
 * index.h - the secondary indices of a partition of central: who liked an item last, and what a user liked. For one partition, as kudos/central.h.
 *
 * Each is switched on by kd_central_config.indices. An index is a function of the membership rows: an entry is written, moved and deleted by the commit
 * that writes its row. Where rows were there before the index, it is built in steps, one with each commit. Where it is switched off its entries are
 * deleted in steps. Answers are given only by an index that is complete.
 */
#ifndef KUDOS_INDEX_H
#define KUDOS_INDEX_H

#include "kudos/central.h"

typedef enum {
    KD_INDEX_NEWEST = 0, /* of an item: who likes it, the newest like first */
    KD_INDEX_LIKED = 1,  /* of a user: what he likes, the newest like first */
    KD_INDICES
} kd_index;

/* The bit of an index in kd_central_config.indices. */
#define KD_INDEX_BIT(index) (1u << (index))

/* Besides: for a command on a store that is stopped. Indices that are there stay in step with what it merges; none is built or removed. */
#define KD_INDICES_AS_STORED (1u << KD_INDICES)

typedef enum {
    KD_INDEX_OFF = 0,
    KD_INDEX_BUILDING, /* entries of older rows are being added */
    KD_INDEX_COMPLETE,
    KD_INDEX_REMOVING, /* entries are being deleted: it is switched off, or will be built anew */
} kd_index_stage;

typedef struct {
    kd_index_stage stage;
    uint64_t walked; /* rows of members, or entries, that the stage has been through */
} kd_index_progress;

/* Static text for metrics: "off", "building", "complete", "removing". */
const char *kd_index_stage_name(kd_index_stage stage);
/* "newest" or "liked". */
const char *kd_index_name(kd_index index);
/* As of the last durable commit. For metrics and the API. */
kd_index_progress kd_central_index(const kd_central *c, kd_index index);
/* Whether the open commit is to be begun for a further step of an index, though nothing was fed. */
bool kd_central_indexing(const kd_central *c);

/*
 * Visits up to `limit` users who like the item, the newest like first, and of likes with one time in the order of rows; behind `cursor` (empty: from the
 * newest). `edge` is not told. Of the state that kd_central_totals shows in the same turn, also while a commit is being written. *next is the cursor to go
 * on with, empty at the end; a cursor stays good while likes come and go. KD_OK, the value of `fn`, KD_EINVAL: the counter index or the cursor,
 * KD_EUNBUILT: the index is not complete, KD_EIO.
 */
int kd_central_newest(kd_central *c, uint32_t counter_index, kd_bytes item, kd_bytes cursor, uint32_t limit,
                      kd_member_fn fn, void *arg, kd_buf *next);
/* As kd_central_newest, of the items of this partition that the user likes, the newest like first, then by item key. A cursor of another partition is
 * good here, too: kd_liked_cursor. */
int kd_central_liked(kd_central *c, uint32_t counter_index, kd_bytes user, kd_bytes cursor, uint32_t limit,
                     kd_member_fn fn, void *arg, kd_buf *next);
/* Writes to the cleared *out the cursor behind a like of that time and item, for every partition. Cursors stand in the order of the answers. */
void kd_liked_cursor(uint64_t time_us, kd_bytes item, kd_buf *out);

#endif

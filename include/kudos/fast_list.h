/*
 * fast_list.h - users and items that were faster than the configuration allows (velocity): the last ones, in fixed memory.
 *
 * Who is fast is measured by kudos/rate.h. That names nobody, as it knows hashes alone; this list keeps names. When it is full the one that was fast
 * longest ago makes room, so of more than KD_FAST_LIST_MAX that are fast at a time some are missing. Who stands in it was fast.
 *
 * Pure. One object is used by one thread at a time.
 */
#ifndef KUDOS_FAST_LIST_H
#define KUDOS_FAST_LIST_H

#include "kudos/id.h"

enum { KD_FAST_LIST_MAX = 64 };

typedef enum { KD_FAST_USER, KD_FAST_ITEM } kd_fast_kind;

typedef struct {
    kd_fast_kind kind;
    uint8_t len;
    uint8_t name[KD_ITEM_KEY_MAX]; /* the user's id, or the item's key */
    uint64_t since_us, last_us;    /* wall clock: when it was noticed, and fast last */
    uint64_t most; /* operations in one window at its fastest; what was refused does not count */
    uint64_t over; /* operations beyond the limit, refused or not */
} kd_fast;

typedef struct {
    uint32_t count;
    kd_fast at[KD_FAST_LIST_MAX];
} kd_fast_list;

/* `name` was fast: `used` operations count in its window, and `over` more came than the limit allows. `name` is copied, of at most KD_ITEM_KEY_MAX
 * bytes. */
void kd_fast_list_note(kd_fast_list *list, kd_fast_kind kind, kd_bytes name, uint64_t used, uint64_t over,
                       uint64_t now_us);
/* Those that were fast in the latest second come first, then those of the second before; in each second the fastest first. */
void kd_fast_list_sort(kd_fast_list *list);

#endif

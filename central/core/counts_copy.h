/*
 * counts_copy.h - some of the counts that a core holds in memory, copied in one go on the core's thread and read by an audit on another.
 *
 * The copy of an item is its key and its parts, one behind the other in an arena. While it is taken the arena moves, so views are dealt out only by
 * kd_counts_copy_sort: it comes first, and once.
 */
#ifndef KUDOS_CENTRAL_CORE_COUNTS_COPY_H
#define KUDOS_CENTRAL_CORE_COUNTS_COPY_H

#include "central/core/parts.h"
#include "kudos/audit.h"

typedef struct {
    kd_bytes item;   /* a view after the sort; before it the length alone */
    size_t parts_at; /* in the arena, after the sort */
    uint32_t part_count;
} kd_copied_item;

struct kd_counts_copy {
    uint64_t version; /* committed when the copy was taken */
    kd_buf arena;
    kd_copied_item *at; /* ascending by item, after the sort */
    uint32_t count, cap;
};

/* Deals the views out and sorts by item. */
void kd_counts_copy_sort(kd_counts_copy *copy);
/* Adds the parts of item number i to *out. After the sort. */
void kd_counts_copy_parts(const kd_counts_copy *copy, uint32_t i, kd_parts *out);

#endif

/*
 * audit_state.h - an audit under way: what it has read of the partition, where its walks stand, and the counts of the item that it looks at.
 *
 * Belongs to the thread that runs the audit; the store stands still meanwhile (kudos/audit.h).
 */
#ifndef KUDOS_CENTRAL_CORE_AUDIT_STATE_H
#define KUDOS_CENTRAL_CORE_AUDIT_STATE_H

#include "central/core/counts_copy.h"
#include "central/core/parts.h"
#include "central/core/registry.h"
#include "central/core/walk.h"
#include "kudos/audit.h"
#include "kudos/index.h"

enum { KD_COUNTER_BYTES = KD_COUNTER_ID_MAX + 1 };

/* What the redo rows say about one item beyond its count row. */
typedef struct {
    kd_table_entry hashed;
    uint64_t accurate; /* version that its count row is accurate at; 0: it has none */
    kd_parts
        redo; /* effects above `accurate`, up to the version of the copy of memory, or all where there is no copy */
    kd_parts after; /* effects above the version of the copy */
    uint8_t key_len;
    uint8_t key[];
} kd_audit_redo;

/* An index: its row, and what its entries come to less what the rows of members say (audit_index.c). */
typedef struct {
    kd_index_stage stage; /* off: it has no row */
    uint64_t walked;
    kd_buf cursor;
    bool in_step; /* its row is of the version of the store */
    bool wrong;
    uint64_t digest;
    int64_t entries;
    int err; /* of a look-up: KD_EIO */
} kd_audit_index_sums;

typedef struct {
    const kd_store *store;
    const kd_audit_config *config;
    kd_audit_result *result;

    /* Read before the items (audit_load.c). */
    kd_buf meta; /* the row `M` */
    kd_region regions[KD_REGIONS_MAX];
    uint32_t region_count, edge_count;
    kd_table redo_by_item;
    kd_audit_redo **redo_items; /* the items that redo rows name, ascending */
    uint32_t redo_count, redo_cap;

    /* How far the walks over the rows are. */
    uint64_t rows; /* read so far, for progress */
    kd_walk counts;
    kd_walk members[KD_COUNTER_BYTES];  /* by wire id of the counter */
    bool has_members[KD_COUNTER_BYTES]; /* the counter has rows of membership */
    uint32_t redo_at, shown_at;         /* in `late`, in the copy of memory */

    /* Of the item that is looked at. */
    kd_buf item;
    kd_parts stored;      /* its count row and all redo */
    kd_parts as_of_shown; /* its count row and the redo up to the version of the copy */
    kd_parts recomputed;  /* from membership */
    kd_parts shown;       /* from the copy of memory */

    kd_audit_index_sums index[KD_INDICES];
    kd_buf mended; /* keys of the items mended, each behind a byte with its length */
    kd_buf value, key;
} kd_audit;

/* Returns KD_EMALFORMED, for the caller to return; the result says which rows are damaged. */
int kd_audit_broken(kd_audit *a, const char *rows);
/* A row more was read; now and then the progress is told. False: the audit is to end with KD_EAGAIN. */
bool kd_audit_row(kd_audit *a);
/* Whether the counter can be counted again from membership: it is configured as a set, or has rows of membership. When the walks have started. */
bool kd_audit_is_set(const kd_audit *a, uint8_t counter);

#endif

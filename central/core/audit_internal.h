/* audit_internal.h - between the files of the audit. */
#ifndef KUDOS_CENTRAL_CORE_AUDIT_INTERNAL_H
#define KUDOS_CENTRAL_CORE_AUDIT_INTERNAL_H

#include "central/core/internal.h"
#include "central/core/parts.h"
#include "central/core/walk.h"
#include "kudos/audit.h"

enum { KD_COUNTER_BYTES = KD_COUNTER_ID_MAX + 1 };

/* What the redo rows say about one item above its row. */
typedef struct {
    kd_table_entry hashed;
    uint64_t accurate; /* of its row; 0: it has none */
    kd_parts redo;     /* up to the version of the copy of memory, or all where there is none */
    kd_parts after;    /* above it */
    uint8_t key_len;
    uint8_t key[];
} kd_audit_late;

/* One item of the copy of memory. */
typedef struct {
    kd_bytes item;
    size_t parts_at; /* in the arena */
    uint32_t part_count;
} kd_copied_item;

struct kd_counts_copy {
    uint64_t version;
    kd_buf arena;        /* per item: key, then its parts */
    kd_copied_item *at;  /* ascending after kd_counts_copy_sort */
    uint32_t count, cap; /* the views are dealt out by the sort */
};
void kd_counts_copy_sort(kd_counts_copy *copy);
void kd_counts_copy_parts(const kd_counts_copy *copy, uint32_t i, kd_parts *out);

typedef struct {
    const kd_store *store;
    const kd_audit_config *config;
    kd_audit_result *result;
    kd_region regions[KD_REGIONS_MAX];
    uint32_t region_count, edge_count;
    uint64_t rows; /* read, for progress */
    kd_buf meta;

    kd_table late_by_item;
    kd_audit_late **late; /* the same, ascending */
    uint32_t late_count, late_cap, late_at;

    kd_walk counts;
    kd_walk members[KD_COUNTER_BYTES]; /* by counter */
    bool has_members[KD_COUNTER_BYTES];
    uint32_t shown_at;

    /* Of the item under the eye. */
    kd_buf item;
    kd_parts stored, as_of_shown, recomputed, shown;

    kd_buf mended; /* item keys with a length byte before each */
    kd_buf value, key;
} kd_audit;

int kd_audit_broken(kd_audit *a, const char *what); /* KD_EMALFORMED, and says which rows */
/* False: to be ended. */
bool kd_audit_row(kd_audit *a);

/* audit_load.c: what is read before the items */
int kd_audit_load(kd_audit *a);
void kd_audit_unload(kd_audit *a);
/* audit_mend.c */
int kd_audit_mend_item(kd_audit *a);
void kd_audit_mend_end(kd_audit *a);
bool kd_audit_is_set(const kd_audit *a, uint8_t counter);

#endif

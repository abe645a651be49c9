/*
 * quarantine.h - records that could not be merged, kept with their bytes for an operator (row `q`); kudos/quarantine.h says what becomes of them.
 *
 * The identity of a batch is a hash of its edge, position and digest; of any other record a hash of its bytes. The list in memory has
 * what is kept or on its way into the store; the rows are what is durable.
 */
#ifndef KUDOS_CENTRAL_CORE_QUARANTINE_H
#define KUDOS_CENTRAL_CORE_QUARANTINE_H

#include "kudos/quarantine.h"

enum {
    KD_QUARANTINE_MAX = 64, /* records kept per partition */
    KD_QUARANTINE_SHARE =
        16, /* of them of one edge, or of no edge that could be read: who sends rubbish leaves room for others */
};

typedef struct {
    uint64_t id;
    uint64_t writer; /* hash of the edge's name; 0: nothing says whose the record is */
} kd_quarantine_entry;

/* Reads the list, and notes which edges wait for a counter. KD_OK, KD_EIO, KD_EMALFORMED. After kd_meta_load and kd_registry_load. */
int kd_quarantine_load(kd_central *c);
/* Keeps the record, with the open commit; one that is kept already, or for which there is no room, only raises the alarm. Returns
 * KD_FED_QUARANTINED. */
kd_fed kd_quarantine_take(kd_central *c, kd_bytes record, int64_t offset);
/* The batch is merged by the open commit, which then also deletes what was kept of it. */
void kd_quarantine_merged(kd_central *c, const kd_batch *b);
/* Reads a record that is kept, durable or on its way into the store: KD_OK, KD_ENOTFOUND, KD_EIO. Views live until the next call. */
int kd_quarantine_now(kd_central *c, uint64_t id, kd_quarantined *q);
/* Whether it is kept where the last record stands that was fed. */
bool kd_quarantine_keeps(const kd_central *c, uint64_t id);
/* Deletes the record of that identity with the open commit. */
void kd_quarantine_forget(kd_central *c, uint64_t id);

#endif

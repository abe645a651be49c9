/* membership.h - membership rows: what a user of this edge said last about (counter, item). No row means unknown (rule 2). */
#ifndef KUDOS_EDGE_CORE_MEMBERSHIP_H
#define KUDOS_EDGE_CORE_MEMBERSHIP_H

#include "edge/core/fresh.h"
#include "edge/core/keys.h"

/* Finds a row in memory or in the store. KD_OK, with row->known false where there is none; KD_EIO. */
int kd_membership_look_up(kd_edge *e, const kd_row_key *key, kd_fresh_row *row);
/* The same without the store. KD_OK; KD_EAGAIN: no row is in memory, but the store may hold one. */
int kd_membership_recall(const kd_edge *e, const kd_row_key *key, kd_fresh_row *row);
/* Whether the row holds the user's last operation. `elsewhere_us` is kd_lives_elsewhere_us of his session token. */
static inline bool kd_fresh_row_current(const kd_fresh_row *row, uint64_t elsewhere_us)
{
    return row->known && row->stamp_us >= elsewhere_us;
}
/* Replaces the row in memory; it reaches the store later (spill.h). Its operation joins the open group besides. */
void kd_membership_record(kd_edge *e, const kd_row_key *key, const kd_fresh_row *row);
/* Records a row that a start derives from the journal, unless a newer one is known. KD_OK, KD_EIO. */
int kd_membership_restore(kd_edge *e, const kd_row_key *key, const kd_fresh_row *row);
/* Whether the filter holds all rows, so that it may be asked. */
bool kd_membership_filtered(const kd_edge *e);
void kd_membership_finish(kd_edge *e); /* frees the filter */

/* A row of the store, taken apart; the views point into its key. */
typedef struct {
    uint8_t counter_id; /* wire id */
    kd_bytes item, user;
    kd_fresh_row row;
} kd_member_row;
/* KD_EMALFORMED unless key and value are those of a membership row. */
int kd_membership_parse(kd_bytes key, kd_bytes value, kd_member_row *row);

#endif

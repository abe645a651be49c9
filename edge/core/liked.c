/*
 * liked.c - whether a user likes an item: this edge's row, and what central says where the row may be stale or there is none.
 *
 * A row of this edge is the user's last word here. His session token says whether he has spoken elsewhere since (kudos/seen.h); then the row may be
 * overruled, and only central can tell. Central in turn may lack the word that the token tells of: its answer says whether it is complete. What neither
 * knows is unknown, never "not liked".
 */
#include "edge/core/lives.h"
#include "edge/core/membership.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

static int liked_look_up(kd_edge *e, uint32_t counter, kd_bytes item, kd_bytes user, kd_fresh_row *row)
{
    kd_row_key key;
    *row = (kd_fresh_row){0};
    if (e->poisoned) return KD_EIO;
    kd_key_row(&key, kd_edge_part(e, item)->id, kd_edge_counter(e, counter)->id, item, user);
    return kd_membership_look_up(e, &key, row);
}

int kd_edge_member(kd_edge *e, uint32_t counter, kd_bytes item, kd_bytes user)
{
    kd_fresh_row row;
    int err = liked_look_up(e, counter, item, user, &row);
    if (err != KD_OK) return err;
    return row.known ? row.liked : KD_ENOTFOUND;
}

/* Central's word is the user's last one, as far as he himself can know. */
static bool central_decides(const kd_edge *e, const kd_fresh_row *row, uint64_t elsewhere_us,
                            const kd_liked_central *c)
{
    bool later = c->at_us > row->stamp_us && c->at_us >= elsewhere_us;
    return later || c->complete || KD_PLANTED(e, KD_PLANT_ANY_WORD);
}

int kd_edge_liked(kd_edge *e, const kd_liked_query *q, const kd_liked_central *central,
                  kd_liked_ground *ground)
{
    kd_fresh_row row;
    int err = liked_look_up(e, q->counter, q->item, q->user, &row);
    *ground = (kd_liked_ground){.row_us = row.stamp_us};
    if (err != KD_OK) return err;
    uint64_t elsewhere_us = kd_lives_elsewhere_us(e, q->seen);
    bool current = kd_fresh_row_current(&row, elsewhere_us);
    if (current && (!central || central->at_us <= row.stamp_us)) return row.liked;
    if (KD_PLANTED(e, KD_PLANT_NO_ROW_IS_OLDER) && central && row.known && central->at_us == 0)
        return row.liked;
    if (!central || !central_decides(e, &row, elsewhere_us, central)) return KD_ENOTFOUND;
    ground->by_central = true;
    return central->liked;
}

/*
 * liked.c - whether a user likes an item: by this edge's row, or by central's answer where the row is missing or may be stale.
 *
 * A row holds the user's last operation at this edge. His session token tells whether he has acted at another edge since (kudos/seen.h); then only
 * central can know. Central in turn may not have merged that operation yet: its answer says whether it is complete. What neither knows is unknown,
 * never "not liked".
 */
#include "edge/core/lives.h"
#include "edge/core/membership.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

static int liked_look_up(kd_edge *e, const kd_liked_query *q, kd_fresh_row *row)
{
    kd_row_key key;
    *row = (kd_fresh_row){0};
    if (e->poisoned) return KD_EIO;
    kd_key_row(&key, kd_edge_part(e, q->item)->id, kd_edge_counter(e, q->counter)->id, q->item, q->user);
    return q->memory ? kd_membership_recall(e, &key, row) : kd_membership_look_up(e, &key, row);
}

int kd_edge_member(kd_edge *e, uint32_t counter, kd_bytes item, kd_bytes user)
{
    kd_fresh_row row;
    int err = liked_look_up(e, &(kd_liked_query){.counter = counter, .item = item, .user = user}, &row);
    if (err != KD_OK) return err;
    return row.known ? row.liked : KD_ENOTFOUND;
}

/* The stamp up to which the user may have acted here: that of the row, or where there is none, of the latest that may have expired (rule 21). Central has merged what
 * expired, but the member of central that answers may be behind: one that was cut off and does not know yet that another one leads. */
static uint64_t liked_here_us(kd_edge *e, const kd_liked_query *q, const kd_fresh_row *row)
{
    return row->known ? row->stamp_us : kd_edge_part(e, q->item)->sweep.expired_us;
}

/* Whether central's answer is the user's last operation: it is as late as all that he may have done here and the token tells of, or central has merged all of that. */
static bool liked_central_decides(const kd_edge *e, uint64_t here_us, uint64_t elsewhere_us,
                                  const kd_liked_central *c)
{
    bool later = c->at_us > here_us && c->at_us >= elsewhere_us;
    return later || c->complete || KD_PLANTED(e, KD_PLANT_ANY_WORD);
}

int kd_edge_liked(kd_edge *e, const kd_liked_query *q, const kd_liked_central *central,
                  kd_liked_ground *ground)
{
    kd_fresh_row row;
    int err = liked_look_up(e, q, &row);
    *ground = (kd_liked_ground){.here_us = liked_here_us(e, q, &row)};
    if (err != KD_OK) return err == KD_EAGAIN ? KD_ENOTFOUND : err;
    uint64_t elsewhere_us = kd_lives_elsewhere_us(e, q->seen);
    bool current = kd_fresh_row_current(&row, elsewhere_us);
    if (current && (!central || central->at_us <= row.stamp_us)) return row.liked;
    if (KD_PLANTED(e, KD_PLANT_NO_ROW_IS_OLDER) && central && row.known && central->at_us == 0)
        return row.liked;
    if (!central || !liked_central_decides(e, ground->here_us, elsewhere_us, central)) return KD_ENOTFOUND;
    ground->by_central = true;
    return central->liked;
}

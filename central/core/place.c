/* place.c - see the header. */
#include "central/core/place.h"

#include "central/core/state.h"

/* Whether the batch and `applied` can be of one history. If the batch, or the one that it names as `after`, stands at the position `applied`, the
 * digests must be equal. Otherwise another process uses the edge's name. */
static bool place_digests_agree(const kd_registered_state *s, const kd_batch *b)
{
    bool nothing = s->applied.incarnation == 0 && s->applied.seq == 0;
    if (nothing) return true;
    if (kd_position_cmp(b->after, s->applied) == 0) return b->after_digest == s->digest;
    if (kd_position_cmp(b->at, s->applied) == 0) return b->digest == s->digest;
    return true;
}

/*
 * `after` below applied is a gap, too. An edge names as `after` the batch before this one while it holds that batch, else the applied that it heard
 * last. Only an edge that does not know what central has merged under its name can name a lower position: it was restored or wiped, or two processes
 * use its name. Then batches of its own below this one may never have been merged. If this one were merged, they would count as duplicates. The edge
 * hears applied with the next snapshot, and sends again.
 */
kd_fed kd_place_of(const kd_central *c, const kd_registered_state *s, const kd_batch *b)
{
    if (!place_digests_agree(s, b)) return KD_FED_IDENTITY;
    if (kd_position_cmp(b->at, s->applied) <= 0) return KD_FED_DUPLICATE;
    int after = kd_position_cmp(b->after, s->applied);
    bool follows = after == 0 || (after < 0 && kd_planted(c, KD_PLANT_MERGE_AFTER_BELOW)) ||
                   kd_planted(c, KD_PLANT_MERGE_NO_GAP_CHECK);
    return follows ? KD_FED_MERGED : KD_FED_GAP;
}

/* An empty batch, sealed where nothing happened (rule 8): passing over it loses nothing. */
static bool place_is_empty(const kd_batch *b)
{
    kd_body nothing = {0};
    kd_buf bytes = {0};
    kd_body_encode(&nothing, &bytes);
    bool empty = kd_bytes_eq(b->body, kd_buf_view(&bytes));
    kd_buf_finish(&bytes);
    return empty;
}

void kd_place_leave(kd_registered *e, const kd_batch *b)
{
    kd_position at = b->at;
    uint32_t i = 0;
    if (place_is_empty(b)) return;
    while (i < KD_LEFT_MAX && e->left[i].incarnation > 0 && kd_position_cmp(e->left[i], at) < 0) i++;
    if (i == KD_LEFT_MAX || kd_position_cmp(e->left[i], at) == 0) return; /* full of lower ones, or listed */
    memmove(&e->left[i + 1], &e->left[i], (KD_LEFT_MAX - 1 - i) * sizeof e->left[0]);
    e->left[i] = at;
}

void kd_place_wait(kd_central *c, uint16_t edge, kd_position at)
{
    kd_registered *e = &c->edges[edge];
    if (e->waits.incarnation == 0 || kd_position_cmp(at, e->waits) < 0) e->waits = at;
}

/*
 * Before a restore of this partition central may have merged the waiting batch. Then its edge has freed it and sends later batches, and the waiting
 * batch is in the log alone. If a later batch were merged first, the waiting one would count as a duplicate, and be lost. An edge that still holds
 * the waiting batch sends it again before the later ones.
 */
bool kd_place_behind_waiting(const kd_registered *e, const kd_batch *b)
{
    return e->waits.incarnation > 0 && kd_position_cmp(b->at, e->waits) > 0;
}

static void place_drop_lowest(kd_registered *e)
{
    memmove(&e->left[0], &e->left[1], (KD_LEFT_MAX - 1) * sizeof e->left[0]);
    e->left[KD_LEFT_MAX - 1] = (kd_position){0};
}

/* An edge sends left batches again, in order. So when a batch above a left one is merged, the edge no longer has the left one: it is passed over. */
void kd_place_pass(kd_central *c, uint16_t edge, kd_position at)
{
    kd_registered *e = &c->edges[edge];
    if (kd_position_cmp(e->waits, at) <= 0) e->waits = (kd_position){0};
    for (; e->left[0].incarnation > 0 && kd_position_cmp(e->left[0], at) <= 0; place_drop_lowest(e)) {
        if (kd_position_cmp(e->left[0], at) == 0) continue; /* it is the batch that is merged now */
        c->passed_over++;
        c->passed_over_edge = edge;
    }
}

uint64_t kd_central_passed_over(const kd_central *c, kd_bytes *edge)
{
    *edge = c->passed_over > 0 ? kd_registered_name(&c->edges[c->passed_over_edge]) : (kd_bytes){0};
    return c->passed_over;
}

/* applied.c - see the header. */
#include "edge/core/applied.h"
#include "edge/core/batch.h"
#include "edge/core/hold.h"
#include "edge/core/identity.h"
#include "edge/core/outbox.h"
#include "edge/core/part.h"
#include "edge/core/rehome.h"
#include "edge/core/state.h"

const kd_applied *kd_applied_find(const kd_edge *e, const kd_snapshot *s)
{
    for (uint32_t i = 0; i < s->edge_count; i++)
        if (kd_bytes_eq(s->edges[i].edge, kd_edge_name(e))) return &s->edges[i];
    return NULL;
}

/*
 * Rule 20, made stricter. In an incarnation of its own, only what this edge has sealed can have been applied. An
 * incarnation that it never minted is somebody else's: a copy's, or a later life's before a restore. Then what is
 * outstanding below it need not be merged, also when a restart has put the present incarnation above it meanwhile.
 */
static bool credible(const kd_edge *e, const kd_part *p, const kd_applied *mine)
{
    if (KD_PLANTED(e, KD_PLANT_ANY_APPLIED)) return true;
    if (mine->applied.incarnation > e->incarnation) return false;
    if (kd_position_cmp(mine->applied, p->applied) == 0) return mine->digest == p->applied_digest;
    if (mine->applied.incarnation == e->incarnation &&
        kd_position_cmp(mine->applied, p->outbox.last_sealed) > 0)
        return false;
    for (const kd_outgoing *b = p->outbox.head; b; b = b->next)
        if (kd_position_cmp(b->at, mine->applied) == 0) return b->digest == mine->digest;
    const kd_outgoing *first = p->outbox.head ? p->outbox.head : p->open;
    bool drops_some = first && kd_position_cmp(first->at, mine->applied) < 0;
    return !drops_some || kd_identity_minted(e, mine->applied.incarnation);
}

kd_position kd_applied_merged(const kd_edge *e, const kd_part *p, const kd_applied *mine)
{
    return mine && !p->rehome.active && credible(e, p, mine) ? mine->applied : (kd_position){0};
}

/* Above the last numbers no incarnation is left for this edge to move to: whoever used one of them took the name for good. */
static bool beyond_belief(const kd_applied *mine)
{
    return mine->applied.incarnation >= KD_TIME_END_US - (1ull << 50);
}

/* Already rehoming: a higher foreign incarnation is progress of the same process, not a second alarm. Nothing of the present
 * incarnation was sent yet. */
static bool rival_went_on(const kd_edge *e, const kd_part *p, const kd_applied *mine)
{
    uint64_t theirs = mine->applied.incarnation;
    return theirs >= e->incarnation || (theirs > p->rehome.rival && !credible(e, p, mine));
}

void kd_applied_install(kd_edge *e, kd_part *p, const kd_applied *mine, bool undone, uint64_t now_us)
{
    kd_applied none = {0};
    if (!mine) mine = &none;
    if (beyond_belief(mine)) {
        e->stats.identity_alarms++;
        e->refusing = true;
        return;
    }
    if (!p->rehome.active && !credible(e, p, mine)) {
        kd_rehome_begin(e, p, mine, now_us);
        return;
    }
    if (p->rehome.active && rival_went_on(e, p, mine))
        kd_rehome_above(e, p, mine->applied.incarnation, now_us);
    p->watermark_us = mine->watermark_us;
    if (undone || kd_position_cmp(mine->applied, p->applied) > 0) {
        p->applied = mine->applied;
        p->applied_digest = mine->digest;
        if (!p->rehome.active)
            kd_outbox_drop(e, p, p->applied); /* what moves is dropped under its new position */
        if (!p->rehome.active) kd_hold_settle(e, p);
    }
    kd_hold_doubt(e, p);
}

/*
 * Rule 23. A batch of a retired edge was refused as often as it came and is due again after a back-off: taken back, the edge sends at once.
 * Where central was put back to before either command, its snapshot says so, and is followed as any other.
 */
void kd_applied_retired(kd_edge *e, kd_part *p, const kd_applied *mine)
{
    bool retired = mine && mine->retired;
    if (p->retired == retired) return;
    p->retired = retired;
    kd_part_put(e, p);
    if (retired) return;
    kd_outbox_resend(e, p);
    p->outbox.attempts = 0;
}

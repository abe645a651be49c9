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
 * Whether applied can be the work of this edge (rule 20). If it is another process's, taking it would delete batches that were never merged.
 *
 * - In the present incarnation central can only have applied what this edge has sealed; where the edge knows that batch, the digests agree.
 * - An incarnation that this edge never minted is another process's: of a copy of the directory, or of a run that a restored disk has forgotten.
 *   Batches outstanding below it need not be merged, also when a restart has put the present incarnation above it meanwhile.
 */
static bool applied_credible(const kd_edge *e, const kd_part *p, const kd_applied *mine)
{
    if (KD_PLANTED(e, KD_PLANT_ANY_APPLIED)) return true;
    if (mine->applied.incarnation > e->incarnation) return false;
    if (kd_position_cmp(mine->applied, p->applied) == 0) return mine->digest == p->applied_digest;
    if (mine->applied.incarnation == e->incarnation &&
        kd_position_cmp(mine->applied, p->outbox.last_sealed) > 0)
        return false;
    const kd_outgoing *b;
    TAILQ_FOREACH(b, &p->outbox.batches, next) {
        if (kd_position_cmp(b->at, mine->applied) == 0) return b->digest == mine->digest;
    }
    const kd_outgoing *first = TAILQ_EMPTY(&p->outbox.batches) ? p->open : TAILQ_FIRST(&p->outbox.batches);
    bool drops_some = first && kd_position_cmp(first->at, mine->applied) < 0;
    return !drops_some || kd_identity_minted(e, mine->applied.incarnation);
}

kd_position kd_applied_merged(const kd_edge *e, const kd_part *p, const kd_applied *mine)
{
    return mine && !p->rehome.active && applied_credible(e, p, mine) ? mine->applied : (kd_position){0};
}

/* An incarnation this close to the end of its range leaves no higher one to mint. Writes are refused for good. */
static bool applied_at_range_end(const kd_applied *mine)
{
    return mine->applied.incarnation >= KD_TIME_END_US - (1ull << 50);
}

/* While batches move: whether applied tells of a foreign incarnation above the rival's. That is progress of the same process, not a second alarm.
 * The present incarnation is foreign here as well: it was minted for the move, and nothing of it was sent yet. */
static bool applied_rival_advanced(const kd_edge *e, const kd_part *p, const kd_applied *mine)
{
    uint64_t theirs = mine->applied.incarnation;
    return theirs >= e->incarnation || (theirs > p->rehome.rival && !applied_credible(e, p, mine));
}

/*
 * Applied is a batch that the outbox did not hold: an earlier life of this edge sent it, of which the disk knows nothing. Batches that went out before
 * that was heard name an `after` that is not applied (rule 9): they are gaps, and count as in the log when they have gone again.
 */
static void applied_of_earlier_life(kd_edge *e, kd_part *p)
{
    kd_in_log_restart(p);
    if (e->config.log_flush_interval_us > 0) kd_outbox_resend(e, p);
}

void kd_applied_install(kd_edge *e, kd_part *p, const kd_applied *mine, bool undone, uint64_t now_us)
{
    kd_applied none = {0};
    if (!mine) mine = &none;
    if (applied_at_range_end(mine)) {
        e->stats.identity_alarms++;
        e->refusing = true;
        return;
    }
    if (!p->rehome.active && !applied_credible(e, p, mine)) {
        kd_rehome_begin(e, p, mine, now_us);
        return;
    }
    if (p->rehome.active && applied_rival_advanced(e, p, mine))
        kd_rehome_above(e, p, mine->applied.incarnation, now_us);
    p->watermark_us = mine->watermark_us;
    if (undone || kd_position_cmp(mine->applied, p->applied) > 0) {
        p->applied = mine->applied;
        p->applied_digest = mine->digest;
        /* Batches that move are dropped under their new positions; those that stay, when the move ends (rehome.c). */
        if (!p->rehome.active) {
            if (!kd_outbox_drop(e, p, p->applied)) applied_of_earlier_life(e, p);
            kd_hold_settle(e, p);
        }
    }
    kd_hold_doubt(e, p);
}

/*
 * While an edge is retired central refuses its batches, and the back-off grows (rule 23). Taken back, the edge sends at once, with a new back-off.
 * A central that was restored to before either command says so in its snapshots, and they are followed as any other.
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

/* leader.c - see the header. */
#include "sim/world/leader.h"

#include "sim/world/tenure_follow.h"

static bool leader_claims(const sim_tenure *t)
{
    return t->core && !sim_tenure_follows(t) && !t->fenced && kd_central_durable(t->core) &&
           kd_publisher_claim_stands(&t->publisher);
}

uint32_t sim_leader(const sim_world *w, uint32_t partition)
{
    uint32_t leader = w->s->member_count > 0 ? (uint32_t)CHECKS_CENTRALS : 0;
    uint64_t epoch = 0;
    for (uint32_t slot = 0; slot < w->s->member_count; slot++) {
        const sim_tenure *t = &w->centrals[slot].tenures[partition];
        if (!leader_claims(t) || kd_central_epoch(t->core) <= epoch) continue;
        leader = slot;
        epoch = kd_central_epoch(t->core);
    }
    return leader;
}

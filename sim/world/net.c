/* net.c - see the header. */
#include "sim/world/net.h"

#include "sim/world/events.h"

enum { JITTER_US = 2000, NEAR_US = 1000, FAR_US = 12000, STEP_US = 14000, REQUEST_BYTES = 200 };
/* A message that would wait longer for a narrow link is lost, as by its sender's time-out. Without this bound a queue would build up and arrive
 * minutes after the link is wide again. */
enum { QUEUE_MAX_US = 10000000 };

/* Time of travel one way, without faults: central is beside Kafka, each edge is farther away than the one before. */
static uint64_t net_base_us(uint32_t host)
{
    return host >= HOST_CENTRAL ? NEAR_US : FAR_US + STEP_US * host;
}

bool sim_net_open(const sim_world *w, uint32_t host, uint32_t peer, uint32_t way)
{
    if (peer == PEER_KAFKA && w->kafka_down) return false;
    return w->links[host][peer].way[way].cut == 0;
}

static uint64_t net_travel_us(const sim_world *w, const sim_way *way, uint64_t entity, uint64_t plain_us)
{
    uint64_t us = plain_us + way->delay_us + sim_world_below(w, DRAW_DELAY, entity, JITTER_US);
    if (way->spread_us == 0) return us;
    uint64_t swing = sim_world_below(w, DRAW_DELAY, entity + 1000, 2 * way->spread_us + 1);
    return us + swing > way->spread_us ? us + swing - way->spread_us : 0;
}

sim_net_verdict sim_net_send(sim_world *w, uint32_t host, uint32_t peer, uint32_t way, size_t bytes,
                             uint64_t *at_us)
{
    if (!sim_net_open(w, host, peer, way)) return NET_CUT;
    sim_way *l = &w->links[host][peer].way[way];
    uint64_t entity = ((host + peer / 2 * HOSTS) * 2 + peer % 2) * WAYS + way;
    if (l->loss_percent && sim_world_below(w, DRAW_LOSS, entity + 64 * bytes, 100) < l->loss_percent)
        return NET_LOST;
    uint64_t us = w->now_us;
    if (l->bandwidth) {
        if (l->free_us > w->now_us + QUEUE_MAX_US) return NET_LOST;
        us = KD_MAX(us, l->free_us) + (bytes + REQUEST_BYTES) * 1000000 / l->bandwidth;
        l->free_us = us;
    }
    us += net_travel_us(w, l, entity, net_base_us(host));
    if (l->spread_us == 0) us = KD_MAX(us, l->last_us);
    l->last_us = us;
    *at_us = us;
    return NET_ARRIVES;
}

/* ---- faults ---- */

static void net_apply_to_way(sim_way *l, const sim_scenario_event *e)
{
    switch (e->kind) {
    case SCENARIO_CUT:
        l->cut++;
        break;
    case SCENARIO_DELAY:
        l->delay_us += (uint64_t)e->amount;
        l->spread_us = KD_MAX(l->spread_us, e->spread_us);
        break;
    case SCENARIO_LOSS:
        l->loss_percent = KD_MIN(95u, l->loss_percent + (uint32_t)e->amount);
        break;
    case SCENARIO_BANDWIDTH:
        l->bandwidth =
            l->bandwidth ? KD_MIN(l->bandwidth, (uint64_t)e->amount) : (uint64_t)KD_MAX(e->amount, 1);
        break;
    default:
        break;
    }
}

/* `mine`: the event's `who` is the host of the link, so its "up" is the link's. Else `who` is central, the far end: its "up" is the link's "down". */
static void net_apply_to_link(sim_world *w, const sim_scenario_event *e, uint32_t host, uint32_t peer,
                              bool mine)
{
    sim_link *l = &w->links[host][peer];
    sim_scenario_way up = mine ? SCENARIO_UP : SCENARIO_DOWN;
    if (e->way == SCENARIO_BOTH || e->way == up) net_apply_to_way(&l->way[WAY_UP], e);
    if (e->way == SCENARIO_BOTH || e->way != up) net_apply_to_way(&l->way[WAY_DOWN], e);
}

static bool net_is_central(int who)
{
    return who == SCENARIO_CENTRAL || sim_scenario_is_member(who);
}

/* Of an edge: its links to central, or to that member alone. */
static void net_apply_to_centrals(sim_world *w, const sim_scenario_event *e)
{
    for (uint32_t slot = 0; slot < KD_MAX(w->s->member_count, 1u); slot++)
        if (!sim_scenario_is_member(e->peer) || sim_scenario_member_index(e->peer) == slot)
            net_apply_to_link(w, e, (uint32_t)e->who, PEER_CENTRAL + slot, true);
}

static void net_apply_event(sim_world *w, const sim_scenario_event *e)
{
    bool kafka = e->peer == SCENARIO_NOBODY || e->peer == SCENARIO_KAFKA;
    bool central = e->peer == SCENARIO_NOBODY || net_is_central(e->peer);
    if (e->who >= 0 && kafka) net_apply_to_link(w, e, (uint32_t)e->who, PEER_KAFKA, true);
    if (e->who >= 0 && central) net_apply_to_centrals(w, e);
    if (!net_is_central(e->who)) return;
    uint32_t slot = e->who == SCENARIO_CENTRAL ? 0 : sim_scenario_member_index(e->who);
    if (kafka) net_apply_to_link(w, e, HOST_CENTRAL + slot, PEER_KAFKA, true);
    for (uint32_t i = 0; i < w->s->edge_count; i++)
        if (e->peer == SCENARIO_NOBODY || e->peer == (int)i)
            net_apply_to_link(w, e, i, PEER_CENTRAL + slot, false);
}

static bool net_flap_is_cut(const sim_world *w, const sim_scenario_event *e)
{
    uint64_t period_us = KD_MAX(e->period_us, 1);
    return (w->now_us - w->begin_us - e->at_us) / period_us % 2 == 0;
}

static void net_clear(sim_world *w)
{
    for (uint32_t h = 0; h < HOSTS; h++)
        for (uint32_t p = 0; p < PEERS; p++)
            for (uint32_t d = 0; d < WAYS; d++) {
                sim_way *l = &w->links[h][p].way[d];
                *l = (sim_way){.last_us = l->last_us, .free_us = l->free_us};
            }
}

void sim_net_refresh(sim_world *w)
{
    net_clear(w);
    for (uint32_t i = 0; i < w->active_count; i++) {
        sim_scenario_event e = w->s->events[w->active[i]];
        if (e.kind == SCENARIO_FLAP) {
            if (!net_flap_is_cut(w, &e)) continue;
            e.kind = SCENARIO_CUT;
        }
        net_apply_event(w, &e);
    }
}

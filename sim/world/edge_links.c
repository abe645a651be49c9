/* edge_links.c - see the header. The real counterpart is edge/io/upstream/central_links.c. */
#include "sim/world/edge_links.h"

#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/net.h"

static kd_centrals *edge_links_of(sim_world *w, uint32_t slot)
{
    return &w->edges[slot].centrals;
}

static uint64_t edge_links_mono_us(const sim_world *w, uint32_t slot)
{
    return sim_host_mono_us(w, sim_edge_identity(slot));
}

/* Edges name the members in different orders. */
void sim_edge_links_open(sim_world *w, uint32_t slot)
{
    if (w->s->member_count == 0) return;
    uint32_t all = (1u << w->s->member_count) - 1;
    kd_centrals_init(edge_links_of(w, slot), w->s->partitions,
                     sim_world_draw(w, DRAW_SEED, 7100 + slot, w->now_us));
    kd_centrals_set(edge_links_of(w, slot), all, all, slot % w->s->member_count);
    w->edges[slot].probe_us = 0;
}

void sim_edge_links_close(sim_world *w, uint32_t slot)
{
    if (w->s->member_count > 0) kd_centrals_finish(edge_links_of(w, slot));
}

uint32_t sim_edge_asks(sim_world *w, uint32_t slot, uint32_t partition, uint32_t tried)
{
    if (w->s->member_count == 0) return w->processes[sim_process_of_central(1)].up ? 1 : 0;
    uint32_t central = kd_centrals_choose(edge_links_of(w, slot), partition, tried);
    return central == KD_CENTRALS_NONE ? (uint32_t)CHECKS_CENTRALS : central;
}

void sim_edge_was_answered(sim_world *w, uint32_t slot, uint32_t central, uint32_t partition)
{
    if (w->s->member_count == 0) return;
    kd_centrals_answered(edge_links_of(w, slot), central);
    kd_centrals_led(edge_links_of(w, slot), partition, central);
}

void sim_edge_was_sent_on(sim_world *w, uint32_t slot, uint32_t central, uint32_t partition, uint32_t leader)
{
    if (w->s->member_count == 0) return;
    kd_centrals_answered(edge_links_of(w, slot), central);
    kd_centrals_misdirected(edge_links_of(w, slot), partition, central,
                            leader < CHECKS_CENTRALS ? leader : (uint32_t)KD_CENTRALS_NONE);
}

void sim_edge_was_refused(sim_world *w, uint32_t slot, uint32_t central)
{
    if (w->s->member_count == 0) return;
    kd_centrals_answered(edge_links_of(w, slot), central);
    kd_centrals_refused(edge_links_of(w, slot), central);
}

/* ---- centrals that do not answer are probed ---- */

static void edge_links_probe_later(sim_world *w, uint32_t slot);

/* b: the edge's life; c: the central, and whether it answered. */
static void edge_links_on_probed(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a;
    if (sim_world_gone(w, slot, ev->b)) return;
    if (sim_world_frozen(w, ev, slot)) return;
    kd_centrals_probe_ended(edge_links_of(w, slot), (uint32_t)(ev->c >> 1), ev->c & 1,
                            edge_links_mono_us(w, slot));
    edge_links_probe_later(w, slot);
}

/* The probe is at the central: a frozen one does not answer in time, one that is down refuses the connection at once. */
static void edge_links_on_probe(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, central = (uint32_t)ev->c;
    const sim_process *p = &w->processes[sim_process_of_central(central)];
    uint64_t at_us, late_us = w->now_us + KD_CENTRAL_PROBE_DEADLINE_US;
    bool comes = sim_net_send(w, sim_edge_identity(slot), sim_edge_peer(w, central), WAY_DOWN, 100, &at_us) ==
                 NET_ARRIVES;
    bool answers = comes && p->up && p->frozen_until_us <= w->now_us && !p->draining;
    if (!comes || (p->up && !answers)) at_us = late_us;
    sim_world_at(w, at_us, edge_links_on_probed, slot, ev->b, (uint64_t)central << 1 | answers);
}

static void edge_links_on_due(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, central;
    uint64_t at_us;
    if (sim_world_gone(w, slot, ev->b)) return;
    if (sim_world_frozen(w, ev, slot)) return;
    w->edges[slot].probe_us = 0;
    while ((central = kd_centrals_probe(edge_links_of(w, slot), edge_links_mono_us(w, slot))) !=
           KD_CENTRALS_NONE) {
        if (sim_net_send(w, sim_edge_identity(slot), sim_edge_peer(w, central), WAY_UP, 100, &at_us) ==
            NET_ARRIVES)
            sim_world_at(w, at_us, edge_links_on_probe, slot, ev->b, central);
        else
            sim_world_at(w, w->now_us + KD_CENTRAL_PROBE_DEADLINE_US, edge_links_on_probed, slot, ev->b,
                         (uint64_t)central << 1);
    }
    edge_links_probe_later(w, slot);
}

static void edge_links_probe_later(sim_world *w, uint32_t slot)
{
    uint64_t due_us = kd_centrals_probe_due_us(edge_links_of(w, slot)), now_us = edge_links_mono_us(w, slot);
    if (due_us == UINT64_MAX || w->edges[slot].probe_us > 0) return;
    w->edges[slot].probe_us = w->now_us + (due_us > now_us ? due_us - now_us : 0) + 1;
    sim_world_at(w, w->edges[slot].probe_us, edge_links_on_due, slot, w->processes[slot].life, 0);
}

void sim_edge_was_failed(sim_world *w, uint32_t slot, uint32_t central, kd_central_fault fault)
{
    if (w->s->member_count == 0) return;
    kd_centrals_failed(edge_links_of(w, slot), central, fault, edge_links_mono_us(w, slot));
    edge_links_probe_later(w, slot);
}

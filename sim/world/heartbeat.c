/* heartbeat.c - see the header. The real counterpart is central/io/members/membership.c. */
#include "sim/world/heartbeat.h"

#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/processes.h"
#include "sim/world/producer.h"

static void heartbeat_delivered(sim_world *w, const sim_message *m, bool ok)
{
    (void)ok; /* the next one tells it */
    w->centrals[sim_process_slot(m->process)].beats--;
    if (w->processes[m->process].draining) sim_process_check_drained(w, m->process);
}

static void heartbeat_send(sim_world *w, uint32_t slot)
{
    kd_heartbeat h;
    sim_central *c = &w->centrals[slot];
    if (c->beats >= KD_MEMBERS_BEATS_OWED_MAX) return;
    kd_members_beat(c->members, sim_host_wall_us(w, sim_central_host(w, slot)), &h);
    uint32_t id = sim_message_take(w, MESSAGE_HEARTBEAT, sim_process_of_central(slot), 0);
    kd_heartbeat_encode(&h, &w->messages[id].record);
    w->messages[id].delivered = heartbeat_delivered;
    c->beats++;
    sim_producer_send(w, id);
}

static void heartbeat_on_due(sim_world *w, const sim_event *ev);

static void heartbeat_at(sim_world *w, uint32_t slot, uint64_t at_us)
{
    w->centrals[slot].beat_us = at_us;
    sim_world_at(w, at_us, heartbeat_on_due, slot, w->processes[sim_process_of_central(slot)].life, 0);
}

static void heartbeat_on_due(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, process = sim_process_of_central(slot);
    if (sim_world_gone(w, process, ev->b)) return;
    if (sim_world_frozen(w, ev, process)) return;
    sim_central *c = &w->centrals[slot];
    if (c->parted || w->now_us < c->beat_us) return; /* the last one was made; another one is due since */
    heartbeat_send(w, slot);
    heartbeat_at(w, slot, w->now_us + KD_MEMBERS_BEAT_US);
}

void sim_heartbeat_begin(sim_world *w, uint32_t slot)
{
    w->centrals[slot].beats = 0;
    w->centrals[slot].parted = false;
    heartbeat_at(w, slot, w->now_us);
}

void sim_heartbeat_soon(sim_world *w, uint32_t slot)
{
    if (w->now_us + KD_MEMBERS_SOON_US < w->centrals[slot].beat_us)
        heartbeat_at(w, slot, w->now_us + KD_MEMBERS_SOON_US);
}

void sim_heartbeat_part(sim_world *w, uint32_t slot)
{
    kd_members_let_go(w->centrals[slot].members);
    w->centrals[slot].parted = true;
    heartbeat_send(w, slot);
}

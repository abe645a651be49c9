/* consumer.c - see the header. */
#include "sim/world/consumer.h"

#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/net.h"
#include "sim/world/processes.h"

enum { FETCH_LOST_US = 500000 };

sim_log *sim_consumer_log(sim_world *w, uint32_t process, uint32_t stream)
{
    if (stream == STREAM_MEMBERS) return &w->heartbeats;
    if (stream >= STREAM_COUNTS) return &w->counts[stream - STREAM_COUNTS];
    return sim_process_is_central(process) ? &w->likes[stream] : &w->counts[stream];
}

static bool consumer_out_of_range(const sim_log *l, int64_t next)
{
    return next < l->start || next > l->end;
}

static void consumer_take(sim_world *w, uint32_t process, uint32_t stream, int64_t until)
{
    sim_cursor *c = &w->processes[process].cursor[stream];
    const sim_log *l = sim_consumer_log(w, process, stream);
    const sim_role *role = w->processes[process].role;
    uint32_t slot = sim_process_slot(process), life = w->processes[process].life;
    for (uint32_t n = 0; n < SHELL_FETCH_RECORDS && c->next < KD_MIN(until, l->end); n++) {
        if (!role->may_read(w, slot, stream)) break;
        kd_bytes bytes = sim_log_read(l, c->next);
        int64_t offset = c->next++;
        role->record(w, slot, stream, bytes, offset);
        kd_backoff_reset(&c->seek);
        if (!w->processes[process].up || w->processes[process].life != life) return;
    }
    role->end_round(w, slot, stream);
    if (role->at_end && c->next >= KD_MIN(until, l->end)) {
        c->ended = true;
        role->at_end(w, slot, stream);
    }
}

static void consumer_on_seek(sim_world *w, const sim_event *ev)
{
    if (sim_world_gone(w, ev->a, (uint32_t)ev->c)) return;
    sim_cursor *c = &w->processes[ev->a].cursor[ev->b];
    c->standing = false;
    c->next = sim_consumer_log(w, ev->a, ev->b)->end;
    sim_consumer_wake(w, ev->a, ev->b);
}

/* The offset is out of the log's range. Central begins at the earliest record, which is always safe. An edge seeks to the end and notices by the next
 * snapshot's versions that it missed some. */
static void consumer_reset_offset(sim_world *w, uint32_t process, uint32_t stream)
{
    sim_cursor *c = &w->processes[process].cursor[stream];
    const sim_log *l = sim_consumer_log(w, process, stream);
    const sim_role *role = w->processes[process].role;
    TRACE(w, "%s %s/%u: %d is out of range", sim_world_process_name(w, process),
          sim_process_is_central(process) ? "likes" : "counts", stream, c->next);
    if (sim_process_is_central(process)) {
        c->next = l->start;
        if (role->out_of_range) role->out_of_range(w, sim_process_slot(process), stream);
        return;
    }
    c->standing = true;
    if (w->s->member_count > 0) sim_checks_log_lost(w->checks, SCENARIO_COUNTS);
    uint64_t us = kd_backoff_next(&c->seek, sim_world_draw(w, DRAW_TIMER, process, w->now_us));
    sim_world_at(w, w->now_us + us, consumer_on_seek, process, stream, w->processes[process].life);
}

/* b: stream (8 bits) and life; c: the log's end when the broker answered. */
static void consumer_on_fetched(sim_world *w, const sim_event *ev)
{
    uint32_t process = ev->a, stream = ev->b & 0xff;
    sim_process *p = &w->processes[process];
    if (sim_world_gone(w, process, ev->b >> 8)) return;
    if (sim_world_frozen(w, ev, process)) return;
    sim_cursor *c = &p->cursor[stream];
    const sim_log *l = sim_consumer_log(w, process, stream);
    uint32_t life = p->life;
    c->busy = false;
    if (p->draining && sim_process_is_central(process)) return;
    if (consumer_out_of_range(l, c->next))
        consumer_reset_offset(w, process, stream);
    else
        consumer_take(w, process, stream, (int64_t)ev->c);
    if (p->up && p->life == life) sim_consumer_wake(w, process, stream);
}

static void consumer_on_lost_fetch(sim_world *w, const sim_event *ev)
{
    if (sim_world_gone(w, ev->a, (uint32_t)ev->c)) return;
    w->processes[ev->a].cursor[ev->b].busy = false;
    sim_consumer_wake(w, ev->a, ev->b);
}

static bool consumer_may_fetch(const sim_world *w, uint32_t process, uint32_t stream)
{
    const sim_process *p = &w->processes[process];
    const sim_cursor *c = &p->cursor[stream];
    return p->up && !c->busy && !c->standing && p->role->may_read(w, sim_process_slot(process), stream);
}

void sim_consumer_wake(sim_world *w, uint32_t process, uint32_t stream)
{
    sim_cursor *c = &w->processes[process].cursor[stream];
    const sim_log *l = sim_consumer_log(w, process, stream);
    uint32_t host = sim_process_host(w, process), life = w->processes[process].life;
    uint64_t at_us;
    if (!consumer_may_fetch(w, process, stream)) return;
    if (c->next == l->end && (c->ended || !w->processes[process].role->at_end)) return;
    if (!sim_net_open(w, host, PEER_KAFKA, WAY_UP)) return; /* sim_consumer_healed() wakes it */
    size_t bytes = consumer_out_of_range(l, c->next) ? 0 : sim_log_read(l, c->next).len;
    switch (sim_net_send(w, host, PEER_KAFKA, WAY_DOWN, bytes, &at_us)) {
    case NET_ARRIVES:
        c->busy = true;
        sim_world_at(w, at_us, consumer_on_fetched, process, stream | life << 8, (uint64_t)l->end);
        return;
    case NET_LOST:
        c->busy = true;
        sim_world_at(w, w->now_us + FETCH_LOST_US, consumer_on_lost_fetch, process, stream, life);
        return;
    case NET_CUT:
        return;
    }
}

void sim_consumer_wake_all(sim_world *w, sim_scenario_topic topic, uint32_t partition)
{
    uint32_t from = topic == SCENARIO_LIKES ? WORLD_SLOTS : 0;
    uint32_t to = topic == SCENARIO_LIKES ? WORLD_PROCESSES : WORLD_SLOTS;
    for (uint32_t i = from; i < to; i++)
        if (w->processes[i].up) sim_consumer_wake(w, i, partition);
    if (topic == SCENARIO_COUNTS) sim_consumer_wake_members(w, STREAM_COUNTS + partition);
}

void sim_consumer_wake_members(sim_world *w, uint32_t stream)
{
    for (uint32_t slot = 0; slot < w->s->member_count; slot++)
        if (w->processes[sim_process_of_central(slot)].up)
            sim_consumer_wake(w, sim_process_of_central(slot), stream);
}

/* What a member reads beside the likes. */
static void consumer_wake_rest(sim_world *w, uint32_t process)
{
    for (uint32_t p = 0; p < w->s->partitions; p++) sim_consumer_wake(w, process, STREAM_COUNTS + p);
    sim_consumer_wake(w, process, STREAM_MEMBERS);
}

void sim_consumer_healed(sim_world *w, uint32_t host)
{
    if (!sim_net_open(w, host, PEER_KAFKA, WAY_UP) || !sim_net_open(w, host, PEER_KAFKA, WAY_DOWN)) return;
    for (uint32_t i = 0; i < WORLD_PROCESSES; i++) {
        if (sim_process_host(w, i) != host || !w->processes[i].up) continue;
        for (uint32_t p = 0; p < w->s->partitions; p++) sim_consumer_wake(w, i, p);
        if (w->s->member_count > 0 && sim_process_is_central(i)) consumer_wake_rest(w, i);
        if (w->processes[i].role->kafka_there) w->processes[i].role->kafka_there(w, sim_process_slot(i));
    }
}

/* producer.c - see the header. */
#include "sim/world/producer.h"

#include <stdlib.h>

#include "sim/world/consumer.h"
#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/net.h"

enum {
    COUNTS_KEPT = 4096, /* records of a partition of the counts topic, and of the heartbeats */
    AGAIN_MIN_US = 200000,
    AGAIN_SPREAD_US = 800000,
    HEALED_MIN_US = 20000,
    HEALED_SPREAD_US = 400000,
    REPORT_US = 1500000,
    BEHIND_US = 10000 /* how often a record looks for those before it */
};

uint32_t sim_message_take(sim_world *w, sim_message_kind kind, uint32_t process, uint32_t partition)
{
    uint32_t id = w->message_free;
    if (id) {
        w->message_free = w->messages[id].next;
    } else {
        if (w->message_count == 0) w->message_count = 1; /* 0 is nobody */
        while (w->message_count >= w->message_cap)
            w->messages = kd_grow(w->messages, w->message_count, &w->message_cap, sizeof(w->messages[0]));
        id = w->message_count++;
        w->messages[id] = (sim_message){.record = {.data = NULL}};
    }
    kd_buf bytes = w->messages[id].record;
    kd_buf_clear(&bytes);
    w->messages[id] = (sim_message){.record = bytes,
                                    .kind = kind,
                                    .process = process,
                                    .life = w->processes[process].life,
                                    .partition = partition,
                                    .number = ++w->message_number};
    return id;
}

static void message_release(sim_world *w, uint32_t id)
{
    w->messages[id].in_log = true; /* nobody waits for it */
    w->messages[id].next = w->message_free;
    w->message_free = id;
}

static void message_park(sim_world *w, uint32_t id, uint32_t host)
{
    sim_link *l = &w->links[host][PEER_KAFKA];
    w->messages[id].next = 0;
    if (l->parked)
        w->messages[l->parked_last].next = id;
    else
        l->parked = id;
    l->parked_last = id;
}

static bool message_orphaned(const sim_world *w, const sim_message *m)
{
    return !w->processes[m->process].up || w->processes[m->process].life != m->life;
}

static void producer_try(sim_world *w, uint32_t id);

static void producer_on_try(sim_world *w, const sim_event *ev)
{
    producer_try(w, ev->a);
}

static void producer_retry_later(sim_world *w, uint32_t id)
{
    uint64_t us = AGAIN_MIN_US + sim_world_below(w, DRAW_RETRY, w->messages[id].process, AGAIN_SPREAD_US);
    sim_world_at(w, w->now_us + us, producer_on_try, id, 0, 0);
}

static void producer_on_report(sim_world *w, const sim_event *ev)
{
    uint32_t id = ev->a;
    sim_message *m = &w->messages[id];
    if (!message_orphaned(w, m)) {
        if (sim_world_frozen(w, ev, m->process)) return;
        sim_message copy = *m; /* delivered() may send more messages, and w->messages moves when it grows */
        copy.delivered(w, &copy, !copy.report_fails);
    }
    message_release(w, id);
}

/* The record is in the log: sends the report back. A report that gets lost comes late, and in half of the cases as a failure. */
static void producer_report(sim_world *w, uint32_t id)
{
    sim_message *m = &w->messages[id];
    uint32_t host = sim_process_host(w, m->process);
    uint64_t at_us;
    switch (sim_net_send(w, host, PEER_KAFKA, WAY_DOWN, 50, &at_us)) {
    case NET_ARRIVES:
        sim_world_at(w, at_us, producer_on_report, id, 0, 0);
        return;
    case NET_LOST:
        m->report_fails = sim_world_below(w, DRAW_ACK, m->process, 2) == 0;
        sim_world_at(w, w->now_us + REPORT_US, producer_on_report, id, 0, 0);
        return;
    case NET_CUT:
        m->report_fails = sim_world_below(w, DRAW_ACK, m->process, 2) == 0;
        message_park(w, id, host);
    }
}

static void producer_append(sim_world *w, sim_message *m)
{
    bool beat = m->kind == MESSAGE_HEARTBEAT;
    bool likes = m->kind == MESSAGE_BATCH || m->kind == MESSAGE_CLAIM || m->kind == MESSAGE_DECISION;
    sim_log *l = beat ? &w->heartbeats : likes ? &w->likes[m->partition] : &w->counts[m->partition];
    uint32_t percent = w->duplicate_percent[likes ? SCENARIO_LIKES : SCENARIO_COUNTS];
    bool twice = percent && !beat &&
                 sim_world_below(w, DRAW_DUPLICATE, m->process * 100 + m->partition, 100) < percent;
    for (int n = 0; n < 1 + twice; n++) {
        TRACE(w, "log %s/%u %d %u bytes of %s",
              beat    ? "members"
              : likes ? "likes"
                      : "counts",
              m->partition, l->end, (uint32_t)m->record.len, sim_world_process_name(w, m->process));
        sim_log_append(l, kd_buf_view(&m->record));
    }
    if (!likes && l->end - l->start > COUNTS_KEPT) sim_log_expire(l, COUNTS_KEPT / 2);
    if (beat)
        sim_consumer_wake_members(w, STREAM_MEMBERS);
    else
        sim_consumer_wake_all(w, likes ? SCENARIO_LIKES : SCENARIO_COUNTS, m->partition);
}

/* A record that the same producer took before is not in the log yet. */
static bool producer_overtakes(const sim_world *w, const sim_message *m)
{
    if (!w->s->logged || m->kind != MESSAGE_BATCH) return false;
    for (uint32_t id = 1; id < w->message_count; id++) {
        const sim_message *o = &w->messages[id];
        if (o->kind == MESSAGE_BATCH && !o->in_log && o->number < m->number && o->process == m->process &&
            o->life == m->life && o->producer == m->producer && o->partition == m->partition)
            return true;
    }
    return false;
}

static void producer_on_arrival(sim_world *w, const sim_event *ev)
{
    sim_message *m = &w->messages[ev->a];
    if (w->kafka_down) {
        message_park(w, ev->a, sim_process_host(w, m->process));
        return;
    }
    if (producer_overtakes(w, m)) {
        sim_world_at(w, w->now_us + BEHIND_US, producer_on_arrival, ev->a, 0, 0);
        return;
    }
    if (m->kind == MESSAGE_MILESTONES)
        sim_checks_milestones(w->checks, m->partition, kd_buf_view(&m->record));
    else if (m->kind != MESSAGE_CHANGES)
        producer_append(w, m);
    m->in_log = true;
    producer_report(w, ev->a);
}

static void producer_try(sim_world *w, uint32_t id)
{
    sim_message *m = &w->messages[id];
    uint64_t at_us;
    if (message_orphaned(w, m)) {
        message_release(w, id);
        return;
    }
    if (m->in_log) {
        producer_report(w, id);
        return;
    }
    switch (sim_net_send(w, sim_process_host(w, m->process), PEER_KAFKA, WAY_UP, m->record.len, &at_us)) {
    case NET_ARRIVES:
        sim_world_at(w, at_us, producer_on_arrival, id, 0, 0);
        return;
    case NET_LOST:
        producer_retry_later(w, id);
        return;
    case NET_CUT:
        message_park(w, id, sim_process_host(w, m->process));
    }
}

void sim_producer_send(sim_world *w, uint32_t message)
{
    producer_try(w, message);
}

void sim_producer_healed(sim_world *w, uint32_t host)
{
    sim_link *l = &w->links[host][PEER_KAFKA];
    if (!l->parked || !sim_net_open(w, host, PEER_KAFKA, WAY_UP) ||
        !sim_net_open(w, host, PEER_KAFKA, WAY_DOWN))
        return;
    uint64_t at_us = w->now_us + HEALED_MIN_US + sim_world_below(w, DRAW_RETRY, 500 + host, HEALED_SPREAD_US);
    uint32_t id = l->parked;
    l->parked = l->parked_last = 0;
    while (id) {
        uint32_t next = w->messages[id].next;
        sim_world_at(w, at_us, producer_on_try, id, 0, 0);
        id = next;
    }
}

void sim_producer_fail_all(sim_world *w, uint32_t host)
{
    for (uint32_t id = 1; id < w->message_count; id++)
        if (sim_process_host(w, w->messages[id].process) == host) w->messages[id].report_fails = true;
}

void sim_producer_close(sim_world *w)
{
    for (uint32_t id = 1; id < w->message_count; id++) kd_buf_finish(&w->messages[id].record);
    free(w->messages);
}

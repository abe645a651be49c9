/* edge_ask.c - see the header. The real counterparts are edge/io/upstream/{ask,ask_members,drift}.c. */
#include "sim/world/edge_ask.h"

#include "sim/world/edge_links.h"
#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/net.h"
#include "sim/world/shard.h"
#include "sim/world/tenure_follow.h"
#include "sim/world/users.h"

#include <stdlib.h>

/* A question about an item's counts, or about a user's like of it. */
typedef struct sim_ask {
    kd_buf record; /* central's answer about the counts; empty: none */
    uint32_t process, life, item;
    kd_question_tries asked; /* in true time; an answer after its deadline is dropped */
    uint32_t next;           /* of the free list */
    uint32_t user;           /* 1 + the user; 0: the question is about the counts */
    kd_seen wanted;          /* what central must have merged before a missing row there means "not liked" */
    kd_seen seen;            /* the user's token when he asked */
    uint64_t begun_us;       /* true time */
    kd_liked_central reply;
    uint32_t tried,
        central;      /* of several centrals: those that were asked, a bit each; the one that is asked now */
    uint64_t attempt; /* number of the present attempt over all questions */
    bool open;        /* false: on the free list */
} sim_ask;

static uint32_t edge_ask_take(sim_world *w)
{
    uint32_t id = w->ask_free;
    if (id) {
        w->ask_free = w->asks[id].next;
        return id;
    }
    if (w->ask_count == 0) w->ask_count = 1;
    while (w->ask_count >= w->ask_cap)
        w->asks = kd_grow(w->asks, w->ask_count, &w->ask_cap, sizeof(w->asks[0]));
    w->asks[w->ask_count] = (sim_ask){.record = {.data = NULL}};
    return w->ask_count++;
}

static void edge_ask_release(sim_world *w, uint32_t id)
{
    w->asks[id].open = false;
    w->asks[id].next = w->ask_free;
    w->ask_free = id;
}

static void edge_ask_send(sim_world *w, uint32_t id);

/* The core did not take the answer. Whether to ask once more: there is time, a try is left, and the core still wants the number. */
static bool edge_ask_retry(sim_world *w, uint32_t id)
{
    sim_ask *a = &w->asks[id];
    uint32_t partition = w->item_partition[a->item];
    if (!kd_question_may_repeat(&a->asked, w->now_us)) return false;
    kd_edge *core = sim_shard_of(w, a->process, partition)->core;
    return kd_edge_ask(core, kd_item_key(&w->items[a->item])) == KD_OK;
}

/* The reader is shown the number that the edge has now; the checkers see it. */
static void edge_ask_show(sim_world *w, uint32_t slot, uint32_t item)
{
    kd_view view;
    kd_edge *core = sim_shard_of(w, slot, w->item_partition[item])->core;
    int err = kd_edge_view(core, kd_item_key(&w->items[item]), &view);
    sim_checks_viewed(w->checks, slot, item, err, &view);
}

static void edge_ask_end(sim_world *w, uint32_t id)
{
    edge_ask_show(w, w->asks[id].process, w->asks[id].item);
    edge_ask_release(w, id);
}

static void edge_ask_on_counts(sim_world *w, const sim_event *ev)
{
    uint32_t id = ev->a;
    sim_ask *a = &w->asks[id];
    uint32_t slot = a->process, shard = w->item_partition[a->item] % w->s->shards;
    if (sim_world_gone(w, slot, a->life)) {
        edge_ask_release(w, id);
        return;
    }
    if (sim_world_frozen(w, ev, slot)) return;
    kd_edge *core = w->edges[slot].shards[shard].core;
    if (w->now_us > a->asked.until_us) kd_buf_clear(&a->record); /* after the deadline: as if none had come */
    int err = kd_edge_answer(core, kd_item_key(&w->items[a->item]), kd_buf_view(&a->record),
                             sim_edge_now_us(w, slot));
    TRACE(w, "%s/%u answer about %u, %u bytes: %d", sim_world_process_name(w, slot), shard, a->item,
          (uint32_t)a->record.len, (int64_t)err);
    sim_checks_asked_answered(w->checks, slot, shard, a->item, kd_buf_view(&a->record), err);
    /* The core could not read a batch and gives up at its next commit, which a slow disk may delay: no finding. */
    bool ending = err == KD_EIO && sim_disk_read_failed(w->edges[slot].shards[shard].disk);
    if (err != KD_OK && err != KD_EAGAIN && !ending)
        sim_world_fail(w, "answer", "%s: an answer: %s", sim_world_process_name(w, slot), kd_strerror(err));
    if (err == KD_EAGAIN && a->record.len > 0 && edge_ask_retry(w, id))
        edge_ask_send(w, id);
    else
        edge_ask_end(w, id);
    sim_shard_turn(w, slot, shard);
}

static void edge_ask_answer_at(sim_world *w, uint32_t id, uint64_t at_us)
{
    sim_world_at(w, KD_MIN(at_us, w->asks[id].asked.until_us + 1), edge_ask_on_counts, id, 0, 0);
}

/* ---- which central ---- */

static void edge_ask_on_question(sim_world *w, const sim_event *ev);
static void edge_ask_on_liked_question(sim_world *w, const sim_event *ev);
static void edge_ask_next(sim_world *w, uint32_t id);

/* Nobody is left to ask. */
static void edge_ask_unanswered(sim_world *w, uint32_t id)
{
    if (w->asks[id].user)
        edge_ask_release(w, id);
    else
        edge_ask_answer_at(w, id, UINT64_MAX);
}

/* Whether the event is about the attempt that is under way: of a central alone always. */
static bool edge_ask_present(const sim_world *w, const sim_event *ev)
{
    return w->asks[ev->a].open && w->asks[ev->a].attempt == ev->c;
}

/* The central does not answer while half of the time passes: another one is asked. */
static void edge_ask_on_patience(sim_world *w, const sim_event *ev)
{
    const sim_ask *a = &w->asks[ev->a];
    if (!edge_ask_present(w, ev)) return;
    if (!sim_world_gone(w, a->process, a->life)) {
        if (sim_world_frozen(w, ev, a->process)) return;
        sim_edge_was_failed(w, a->process, a->central, KD_CENTRAL_LATE);
    }
    edge_ask_next(w, ev->a);
}

/* It refused the connection, or names another one: ev->b says which, shifted by one; 0: it did not take the connection. */
static void edge_ask_on_elsewhere(sim_world *w, const sim_event *ev)
{
    const sim_ask *a = &w->asks[ev->a];
    if (!edge_ask_present(w, ev)) return;
    if (!sim_world_gone(w, a->process, a->life)) {
        if (sim_world_frozen(w, ev, a->process)) return;
        if (ev->b == 0)
            sim_edge_was_failed(w, a->process, a->central, KD_CENTRAL_LOST);
        else
            sim_edge_was_sent_on(w, a->process, a->central, w->item_partition[a->item], ev->b - 1);
    }
    edge_ask_next(w, ev->a);
}

static void edge_ask_next(sim_world *w, uint32_t id)
{
    sim_ask *a = &w->asks[id];
    uint64_t at_us;
    uint32_t tried = a->tried, partition = w->item_partition[a->item];
    bool may = !sim_world_gone(w, a->process, a->life) && w->now_us < a->asked.until_us;
    uint32_t central = may ? sim_edge_asks(w, a->process, partition, tried) : (uint32_t)CHECKS_CENTRALS;
    a->attempt = ++w->ask_attempts;
    if (central == CHECKS_CENTRALS) {
        edge_ask_unanswered(w, id);
        return;
    }
    a->central = central;
    a->tried |= 1u << central;
    if (sim_net_send(w, sim_edge_identity(a->process), sim_edge_peer(w, central), WAY_UP, 100, &at_us) ==
        NET_ARRIVES)
        sim_world_at(w, at_us, a->user ? edge_ask_on_liked_question : edge_ask_on_question, id, 0,
                     a->attempt);
    sim_world_at(w, w->now_us + kd_centrals_patience_us(a->asked.until_us - w->now_us), edge_ask_on_patience,
                 id, 0, a->attempt);
}

/* Its answer that it does not answer: the central is down, or does not lead the partition. */
static void edge_ask_send_on(sim_world *w, uint32_t id)
{
    const sim_ask *a = &w->asks[id];
    uint64_t at_us;
    const sim_process *p = &w->processes[sim_process_of_central(a->central)];
    bool up = p->up && !p->draining;
    uint32_t leader =
        up ? kd_members_leader(w->centrals[a->central].members, w->item_partition[a->item]) : UINT32_MAX;
    uint32_t names = up ? 1 + CHECKS_CENTRALS : 0;
    for (uint32_t slot = 0; leader != UINT32_MAX && slot < w->s->member_count; slot++)
        if (kd_bytes_eq(kd_members_at(w->centrals[a->central].members, leader).name,
                        kd_bytes_str(w->s->members[slot])))
            names = 1 + slot;
    if (sim_net_send(w, sim_edge_identity(a->process), sim_edge_peer(w, a->central), WAY_DOWN, 100, &at_us) ==
        NET_ARRIVES)
        sim_world_at(w, at_us, edge_ask_on_elsewhere, id, names, a->attempt);
}

/* True: the question was sent to a member that cannot answer it. */
static bool edge_ask_sent_on(sim_world *w, const sim_event *ev)
{
    const sim_ask *a = &w->asks[ev->a];
    const sim_tenure *t = &w->centrals[a->central].tenures[w->item_partition[a->item]];
    bool leads = !sim_tenure_follows(t) || (w->options->world_plant & SIM_PLANT_FOLLOWER_SAYS);
    bool answers = w->processes[sim_process_of_central(a->central)].up && t->core && leads &&
                   !w->processes[sim_process_of_central(a->central)].draining;
    if (w->s->member_count == 0 || answers) return false;
    edge_ask_send_on(w, ev->a);
    return true;
}

static void edge_ask_heard(sim_world *w, const sim_ask *a)
{
    if (!sim_world_gone(w, a->process, a->life))
        sim_edge_was_answered(w, a->process, a->central, w->item_partition[a->item]);
}

/* ---- an item's counts ---- */

/* The question arrives at central. Two centrals have one address, and the second one serves. */
static void edge_ask_on_question(sim_world *w, const sim_event *ev)
{
    uint32_t id = ev->a, partition = w->item_partition[w->asks[id].item];
    sim_ask *a = &w->asks[id];
    if (w->s->member_count > 0 && !edge_ask_present(w, ev)) return;
    uint32_t slot = w->s->member_count > 0 ? a->central : sim_edge_asks(w, a->process, partition, 0);
    kd_central *core = w->centrals[slot].tenures[partition].core;
    uint64_t at_us = a->asked.until_us + 1;
    if (core && sim_world_frozen(w, ev, sim_process_of_central(slot))) return;
    if (edge_ask_sent_on(w, ev)) return;
    kd_buf_clear(&a->record);
    if (core && !w->processes[sim_process_of_central(slot)].draining) {
        kd_bytes key = kd_item_key(&w->items[a->item]);
        kd_bytes name = kd_bytes_str(w->s->edges[sim_edge_identity(a->process)]);
        uint64_t wall_us = sim_host_wall_us(w, sim_central_host(w, slot));
        if (kd_central_read(core, &key, 1, name, wall_us, &a->record) == KD_OK)
            sim_checks_published(w->checks, slot, partition, kd_buf_view(&a->record));
        else
            kd_buf_clear(&a->record);
        if (sim_net_send(w, sim_edge_identity(a->process), sim_edge_peer(w, slot), WAY_DOWN, a->record.len,
                         &at_us) != NET_ARRIVES)
            kd_buf_clear(&a->record);
        else
            edge_ask_heard(w, a);
    }
    a->attempt = 0; /* patience has nothing to wait for */
    edge_ask_answer_at(w, id, at_us);
}

static void edge_ask_send(sim_world *w, uint32_t id)
{
    sim_ask *a = &w->asks[id];
    uint64_t at_us;
    a->asked.tries++;
    a->tried = 0;
    kd_buf_clear(&a->record);
    if (w->s->member_count > 0)
        edge_ask_next(w, id);
    else if (sim_net_send(w, sim_edge_identity(a->process), PEER_CENTRAL, WAY_UP, 100, &at_us) == NET_ARRIVES)
        sim_world_at(w, at_us, edge_ask_on_question, id, 0, 0);
    else
        edge_ask_answer_at(w, id, UINT64_MAX);
}

void sim_ask_item(sim_world *w, uint32_t slot, uint32_t item)
{
    sim_shard *m = sim_shard_of(w, slot, w->item_partition[item]);
    if (kd_edge_ask(m->core, kd_item_key(&w->items[item])) != KD_OK) return;
    uint32_t id = edge_ask_take(w);
    kd_buf bytes = w->asks[id].record;
    w->asks[id] = (sim_ask){.record = bytes,
                            .process = slot,
                            .life = w->processes[slot].life,
                            .item = item,
                            .asked.until_us = w->now_us + SHELL_READ_DEADLINE_US,
                            .open = true};
    edge_ask_send(w, id);
}

void sim_ask_broken(sim_world *w, uint32_t host)
{
    for (uint32_t id = 1; id < w->ask_count; id++) {
        sim_ask *a = &w->asks[id];
        bool central = w->s->member_count > 0 ? HOST_CENTRAL + a->central == host : host == HOST_CENTRAL;
        bool mine = central || sim_edge_identity(a->process) == host;
        if (a->open && mine) a->asked.until_us = KD_MIN(a->asked.until_us, w->now_us);
    }
}

/* ---- a user's like ---- */

/* The answer from the edge's row and central's reply (NULL: central was not asked). The token is that of the moment of the question. */
static int edge_ask_look_liked(sim_world *w, const sim_ask *a, const kd_liked_central *reply,
                               kd_liked_ground *ground)
{
    kd_edge *core = sim_shard_of(w, a->process, w->item_partition[a->item])->core;
    kd_liked_query q = {.counter = SCENARIO_LIKE,
                        .item = kd_item_key(&w->items[a->item]),
                        .user = kd_bytes_str(w->users_names[a->user - 1]),
                        .seen = &a->seen};
    int liked = kd_edge_liked(core, &q, reply, ground);
    if (liked != KD_EIO)
        sim_checks_liked_told(w->checks, a->process, SCENARIO_LIKE, a->item, a->user - 1, liked, a->begun_us);
    return liked;
}

/* The reply is for this user alone; the edge keeps nothing of it. */
static void edge_ask_on_liked_answer(sim_world *w, const sim_event *ev)
{
    sim_ask *a = &w->asks[ev->a];
    kd_liked_ground ground;
    bool heard = !sim_world_gone(w, a->process, a->life) && w->now_us <= a->asked.until_us;
    if (heard) {
        int64_t liked = edge_ask_look_liked(w, a, &a->reply, &ground);
        TRACE(w, "%s user %u of %u: %d", sim_world_process_name(w, a->process), a->user - 1, a->item, liked);
    }
    edge_ask_release(w, ev->a);
}

static void edge_ask_on_liked_question(sim_world *w, const sim_event *ev)
{
    sim_ask *a = &w->asks[ev->a];
    if (w->s->member_count > 0 && !edge_ask_present(w, ev)) return;
    uint32_t partition = w->item_partition[a->item];
    uint32_t slot = w->s->member_count > 0 ? a->central : sim_edge_asks(w, a->process, partition, 0);
    kd_central *core = w->centrals[slot].tenures[partition].core;
    kd_bytes user = kd_bytes_str(w->users_names[a->user - 1]);
    uint64_t at_us;
    if (core && sim_world_frozen(w, ev, sim_process_of_central(slot))) return;
    if (edge_ask_sent_on(w, ev)) return;
    bool answered = core && !w->processes[sim_process_of_central(slot)].draining &&
                    kd_central_member_at(core, SCENARIO_LIKE, kd_item_key(&w->items[a->item]), user,
                                         &a->reply.liked, &a->reply.at_us) == KD_OK;
    if (answered) a->reply.complete = kd_central_complete(core, &a->wanted);
    if (answered)
        sim_checks_member_asked(w->checks, slot, SCENARIO_LIKE, a->item, a->user - 1, a->reply.liked);
    a->attempt = 0;
    if (answered && sim_net_send(w, sim_edge_identity(a->process), sim_edge_peer(w, slot), WAY_DOWN, 100,
                                 &at_us) == NET_ARRIVES) {
        edge_ask_heard(w, a);
        sim_world_at(w, at_us, edge_ask_on_liked_answer, ev->a, 0, 0);
    } else {
        edge_ask_release(w, ev->a);
    }
}

/* As edge/io/http/reads_work.c. */
void sim_read_liked(sim_world *w, uint32_t slot, uint32_t item, uint32_t user)
{
    uint64_t at_us;
    kd_liked_ground ground;
    const kd_lives *own = kd_edge_lives(sim_shard_of(w, slot, w->item_partition[item])->core);
    kd_seen seen = {.rest_us = 0};
    if (w->s->users.tokens) seen = w->users[user].seen;
    sim_ask a = {.process = slot,
                 .life = w->processes[slot].life,
                 .item = item,
                 .user = 1 + user,
                 .seen = seen,
                 .wanted = seen,
                 .begun_us = w->now_us,
                 .asked.until_us = w->now_us + SHELL_READ_DEADLINE_US,
                 .open = true};
    if (edge_ask_look_liked(w, &a, NULL, &ground) != KD_ENOTFOUND) return;
    kd_seen_drop_own(&a.wanted, own);
    if (ground.here_us) kd_seen_add(&a.wanted, own, ground.here_us);
    bool alone = w->s->member_count == 0;
    if (alone && sim_net_send(w, sim_edge_identity(slot), PEER_CENTRAL, WAY_UP, 100, &at_us) != NET_ARRIVES)
        return;
    uint32_t id = edge_ask_take(w);
    a.record = w->asks[id].record;
    w->asks[id] = a;
    if (alone)
        sim_world_at(w, at_us, edge_ask_on_liked_question, id, 0, 0);
    else
        edge_ask_next(w, id);
}

/* ---- the time ---- */

static void edge_ask_on_time_due(sim_world *w, const sim_event *ev);

/* The comparison ended so: the next one is put on the heap. */
static void edge_ask_time_later(sim_world *w, uint32_t slot, kd_probe_end end)
{
    uint64_t mono_us = sim_host_mono_us(w, sim_edge_identity(slot));
    uint64_t random = sim_world_draw(w, DRAW_TIMER, 700 + slot, w->now_us);
    uint64_t us = kd_clock_probe_ended(&w->edges[slot].clock_probe, end, mono_us, random);
    sim_world_at(w, w->now_us + us, edge_ask_on_time_due, slot, w->processes[slot].life, 0);
}

static int edge_ask_measure(sim_world *w, sim_edge *e, const kd_drift_sample *sample)
{
    kd_drift before = e->drift;
    int err = kd_drift_measure(&e->drift, sample, w->s->drift_us);
    bool out = kd_drift_within(&e->drift, w->s->drift_us) == KD_CLOCK_OUT_OF_BOUNDS;
    if ((w->options->world_plant & SIM_PLANT_CARRIED_RUNS) && before.agreed && out)
        e->drift.shift_us = before.shift_us;
    return err;
}

/* An answer that is due as a measurement: whether it finds the clock in bounds. */
static kd_probe_end edge_ask_take_time(sim_world *w, uint32_t slot, uint64_t server_us)
{
    uint32_t host = sim_edge_identity(slot), central = sim_central_host(w, w->edges[slot].time_of);
    sim_edge *e = &w->edges[slot];
    kd_drift_sample sample = {.t0_us = e->asked_mono_us,
                              .t1_us = sim_host_mono_us(w, host),
                              .wall_us = sim_host_wall_us(w, host),
                              .server_us = server_us};
    if (edge_ask_measure(w, e, &sample) != KD_OK) return KD_PROBE_FAILED;
    int64_t off_us = (int64_t)(sim_host_wall_us(w, host) - sim_host_wall_us(w, central));
    uint64_t since_us = sim_host_wall_us(w, central) - server_us;
    TRACE(w, "%s clock is off by %d", sim_world_process_name(w, slot), off_us);
    /* The checkers get the true difference. If central's clock was set while the answer was on its way, they get the one that was measured. */
    bool set_meanwhile = since_us > sample.t1_us - sample.t0_us;
    sim_checks_measured(w->checks, slot, set_meanwhile ? -e->drift.offset_us : off_us);
    for (uint32_t i = 0; i < w->s->shards && w->processes[slot].up; i++) sim_shard_turn(w, slot, i);
    bool fine = kd_drift_within(&e->drift, w->s->drift_us) == KD_CLOCK_IN_BOUNDS;
    return fine ? KD_PROBE_MEASURED : KD_PROBE_FAILED;
}

/* b: number of the question; c: central's clock; 0: no answer in time. */
static void edge_ask_on_time(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a;
    sim_edge *e = &w->edges[slot];
    if (!w->processes[slot].up || e->probe != ev->b) return;
    if (sim_world_frozen(w, ev, slot)) return;
    e->probe++;
    if (ev->c == 0 && e->time_of < CHECKS_CENTRALS) sim_edge_was_failed(w, slot, e->time_of, KD_CENTRAL_LATE);
    kd_probe_end end = ev->c != 0 ? KD_PROBE_ANSWERED : KD_PROBE_FAILED;
    if (ev->c != 0 && kd_clock_probe_due(&e->clock_probe, sim_host_mono_us(w, sim_edge_identity(slot))))
        end = edge_ask_take_time(w, slot, ev->c);
    edge_ask_time_later(w, slot, end);
}

static void edge_ask_on_time_question(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a;
    uint32_t central =
        w->s->member_count > 0 ? w->edges[slot].time_of : sim_edge_asks(w, slot, KD_CENTRALS_ANY, 0);
    uint64_t at_us, deadline_us = ev->c;
    if (w->processes[sim_process_of_central(central)].up &&
        sim_world_frozen(w, ev, sim_process_of_central(central)))
        return;
    bool heard = w->processes[sim_process_of_central(central)].up &&
                 sim_net_send(w, sim_edge_identity(slot), sim_edge_peer(w, central), WAY_DOWN, 100, &at_us) ==
                     NET_ARRIVES;
    if (heard && at_us < deadline_us)
        sim_world_at(w, at_us, edge_ask_on_time, slot, ev->b,
                     sim_host_wall_us(w, sim_central_host(w, central)));
    else
        sim_world_at(w, KD_MAX(deadline_us, w->now_us), edge_ask_on_time, slot, ev->b, 0);
}

static void edge_ask_on_time_due(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a;
    sim_edge *e = &w->edges[slot];
    uint64_t at_us;
    if (sim_world_gone(w, slot, ev->b)) return;
    if (sim_world_frozen(w, ev, slot)) return;
    e->asked_mono_us = sim_host_mono_us(w, sim_edge_identity(slot));
    uint64_t deadline_us = w->now_us + KD_PROBE_DEADLINE_US;
    e->time_of = sim_edge_asks(w, slot, KD_CENTRALS_ANY, 0);
    if (e->time_of < CHECKS_CENTRALS && sim_net_send(w, sim_edge_identity(slot), sim_edge_peer(w, e->time_of),
                                                     WAY_UP, 100, &at_us) == NET_ARRIVES)
        sim_world_at(w, at_us, edge_ask_on_time_question, slot, e->probe, deadline_us);
    else
        sim_world_at(w, deadline_us, edge_ask_on_time, slot, e->probe, 0);
}

void sim_probe_start(sim_world *w, uint32_t slot)
{
    sim_world_at(w, w->now_us + 1, edge_ask_on_time_due, slot, w->processes[slot].life, 0);
}

void sim_ask_close(sim_world *w)
{
    for (uint32_t id = 1; id < w->ask_count; id++) kd_buf_finish(&w->asks[id].record);
    free(w->asks);
}

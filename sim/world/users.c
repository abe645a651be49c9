/* users.c - see the header. */
#include "sim/world/users.h"

#include "sim/world/edge_ask.h"
#include "sim/world/events.h"
#include "sim/world/live.h"
#include "sim/world/names.h"
#include "sim/world/ops.h"
#include "sim/world/plan.h"
#include "sim/world/shard.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CLIENT_TIMEOUT_US = 5000000,
    CLIENT_TRIES = 6,
    WIRE_MIN_US = 3000,
    WIRE_SPREAD_US = 9000,
    AGAIN_MIN_US = 150000,
    AGAIN_SPREAD_US = 1500000,
    SCRIPTED_TRIES = 300,
    READ_PERCENT = 20
};

/* The patience of one try of an operation. All have the same, so the queue is in order of time. */
typedef struct sim_deadline {
    uint64_t at_us;
    uint32_t op, tries;
} sim_deadline;

/* Drawn for the moment at which the operation began: if a scenario event begins the same operation at the same moment, its draws are the same. */
static uint64_t users_draw(const sim_world *w, sim_draw_stream stream, const sim_op *op)
{
    return sim_world_draw(w, stream, op->user, op->begun_us << 16 | op->tries);
}

/* ---- requests ---- */

static uint32_t users_slot_reached(const sim_world *w, const sim_op *op)
{
    bool twin = w->processes[CHECKS_TWIN + op->edge].up && users_draw(w, DRAW_ROUTE, op) % 2 == 0;
    return twin ? CHECKS_TWIN + op->edge : op->edge;
}

static void users_refused(sim_world *w, uint32_t id);

static void users_on_request(sim_world *w, const sim_event *ev)
{
    uint32_t slot = users_slot_reached(w, &w->ops[ev->a]);
    if (!w->processes[slot].up) {
        users_refused(w, ev->a); /* nobody listens there */
        return;
    }
    if (sim_world_frozen(w, ev, slot)) return;
    sim_shard_request(w, slot, ev->a);
}

static void users_on_deadline(sim_world *w, const sim_event *ev);

static void users_watch_deadlines(sim_world *w)
{
    if (w->deadline_set || w->deadline_count == 0) return;
    w->deadline_set = true;
    sim_world_at(w, w->deadlines[w->deadline_first].at_us, users_on_deadline, 0, 0, 0);
}

/* Every deadline lies equally far ahead, so appending keeps the queue in order. The array moves down when its front half is used up. */
static void users_push_deadline(sim_world *w, uint32_t id)
{
    if (w->deadline_first + w->deadline_count == w->deadline_cap && w->deadline_first > w->deadline_count) {
        memmove(w->deadlines, w->deadlines + w->deadline_first, w->deadline_count * sizeof(w->deadlines[0]));
        w->deadline_first = 0;
    }
    uint32_t last = w->deadline_first + w->deadline_count++;
    w->deadlines = kd_grow(w->deadlines, last, &w->deadline_cap, sizeof(w->deadlines[0]));
    w->deadlines[last] = (sim_deadline){w->now_us + CLIENT_TIMEOUT_US, id, w->ops[id].tries};
    w->ops[id].refs++;
    users_watch_deadlines(w);
}

static void users_send_request(sim_world *w, uint32_t id)
{
    sim_op *op = &w->ops[id];
    uint64_t wire_us = WIRE_MIN_US + users_draw(w, DRAW_USER, op) % WIRE_SPREAD_US;
    op->refs++;
    sim_world_at(w, w->now_us + wire_us, users_on_request, id, 0, 0);
}

static void users_issue(sim_world *w, uint32_t id)
{
    sim_op *op = &w->ops[id];
    bool strange = users_draw(w, DRAW_READ, op) / 100000 % 100 < w->s->users.strange_percent;
    op->issued_us = w->now_us;
    if (op->tries == 0) op->strange = strange || !w->s->users.tokens; /* a retry comes from the same device */
    memset(&op->seen, 0, sizeof(op->seen));
    if (!op->strange) op->seen = w->users[op->user].seen;
    users_push_deadline(w, id);
    users_send_request(w, id);
    bool twice = users_draw(w, DRAW_READ, op) % 100 < w->s->users.double_percent;
    if (twice && op->tries == 0) users_send_request(w, id);
}

static void users_go_on(sim_world *w, uint32_t user);

static void users_finish(sim_world *w, uint32_t id)
{
    uint32_t user = w->ops[id].user;
    w->ops[id].over = true;
    w->users[user].op = 0;
    sim_op_release(w, id);
    users_go_on(w, user);
}

static void users_on_retry(sim_world *w, const sim_event *ev)
{
    sim_op *op = &w->ops[ev->a];
    if (!op->over) {
        op->tries++;
        users_issue(w, ev->a);
    }
    sim_op_release(w, ev->a);
}

/* The present try will have no answer: another try later, or the end of the operation. Nothing happens when this try has failed already. */
static void users_failed(sim_world *w, uint32_t id)
{
    sim_op *op = &w->ops[id];
    if (op->over || op->failed > op->tries) return;
    op->failed = op->tries + 1;
    uint64_t chance = users_draw(w, DRAW_RETRY, op);
    bool again = op->scripted
                     ? op->tries < SCRIPTED_TRIES
                     : !w->healing && op->tries < CLIENT_TRIES && chance % 100 < w->s->users.retry_percent;
    if (!again) {
        TRACE(w, "user %u op %u: given up", op->user, op->number);
        users_finish(w, id);
        return;
    }
    op->refs++;
    sim_world_at(w, w->now_us + AGAIN_MIN_US + chance / 100 % AGAIN_SPREAD_US, users_on_retry, id, 0, 0);
}

static void users_on_deadline(sim_world *w, const sim_event *ev)
{
    (void)ev;
    w->deadline_set = false;
    while (w->deadline_count > 0) {
        sim_deadline d = w->deadlines[w->deadline_first];
        bool pending = !w->ops[d.op].over && w->ops[d.op].tries == d.tries && w->ops[d.op].failed <= d.tries;
        if (pending && d.at_us > w->now_us) break;
        w->deadline_first++;
        w->deadline_count--;
        if (pending) users_failed(w, d.op);
        sim_op_release(w, d.op);
    }
    if (w->deadline_count == 0) w->deadline_first = 0;
    users_watch_deadlines(w);
}

static void users_refused(sim_world *w, uint32_t id)
{
    users_failed(w, id);
    sim_op_release(w, id);
}

/* ---- answers ---- */

/* a: item, b: user, c: slot. The user reads the item's counts and asks whether he likes it. */
static void users_on_read(sim_world *w, const sim_event *ev)
{
    uint32_t item = ev->a, user = ev->b, slot = (uint32_t)ev->c;
    kd_view view;
    if (!w->processes[slot].up || w->processes[slot].frozen_until_us > w->now_us) return;
    kd_edge *core = sim_shard_of(w, slot, w->item_partition[item])->core;
    kd_bytes key = kd_item_key(&w->items[item]);
    int err = kd_edge_view(core, key, &view);
    sim_checks_viewed(w->checks, slot, item, err, &view);
    if (err != KD_EIO) sim_live_read(w, slot, item, &view);
    if (err == KD_EAGAIN) sim_ask_item(w, slot, item);
    int row = kd_edge_member(core, SCENARIO_LIKE, key, kd_bytes_str(w->users_names[user]));
    sim_checks_member_read(w->checks, slot, SCENARIO_LIKE, item, user, row);
    if (row != KD_EIO) sim_read_liked(w, slot, item, user);
}

static void users_plan_read(sim_world *w, const sim_op *op)
{
    uint64_t chance = users_draw(w, DRAW_READ, op) / 100;
    if (chance % 100 >= READ_PERCENT) return;
    bool same = chance / 100 % 2 == 0;
    uint32_t slot = same ? op->edge : (uint32_t)(chance / 200 % w->s->edge_count);
    sim_world_at(w, w->now_us + WIRE_MIN_US + chance / 5000 % WIRE_SPREAD_US, users_on_read, op->item,
                 op->user, slot);
}

/* A strange operation came from another device: the token in its answer stays there. */
static void users_on_answer(sim_world *w, const sim_event *ev)
{
    sim_op *op = &w->ops[ev->a];
    sim_user *u = &w->users[op->user];
    if (!op->over) {
        TRACE(w, "user %u op %u: answered, attempt %u", op->user, op->number, op->attempt);
        sim_journal_acked(w->journal, op->attempt, w->now_us);
        if (!op->strange) u->seen = op->answer;
        users_plan_read(w, op);
        users_finish(w, ev->a);
    }
    sim_op_release(w, ev->a);
}

static void users_answered(sim_world *w, uint32_t slot, uint32_t id, const kd_outcome *outcome)
{
    sim_op *op = &w->ops[id];
    uint32_t percent =
        w->healing ? 0 : KD_MAX(w->s->users.lost_percent, w->answers_lost[sim_edge_identity(slot)]);
    uint64_t chance = users_draw(w, DRAW_ANSWER, op);
    if (chance % 100 < percent) {
        sim_op_release(w, id); /* the answer is lost: the user learns of it by his deadline */
        return;
    }
    op->answer = op->seen;
    const kd_edge *core = sim_shard_of(w, slot, w->item_partition[op->item])->core;
    if (outcome->stamp_us) kd_seen_add(&op->answer, kd_edge_lives(core), outcome->stamp_us);
    sim_world_at(w, w->now_us + WIRE_MIN_US + chance / 100 % WIRE_SPREAD_US, users_on_answer, id, 0, 0);
}

/* For sim_op.ended. */
static void users_on_outcome(sim_world *w, uint32_t slot, uint32_t id, const kd_outcome *outcome)
{
    if (outcome)
        users_answered(w, slot, id, outcome);
    else
        users_refused(w, id);
}

/* ---- beginning ---- */

static uint32_t users_new_op(sim_world *w, uint32_t user, uint32_t number)
{
    uint32_t id = sim_op_take(w);
    w->ops[id] = (sim_op){.user = user,
                          .number = number,
                          .attempt = UINT32_MAX,
                          .refs = 1,
                          .ended = users_on_outcome,
                          .begun_us = w->now_us - w->begin_us};
    w->users[user].op = id;
    return id;
}

static void users_begin_scripted(sim_world *w, uint32_t user, uint32_t event)
{
    const sim_scenario_event *e = &w->s->events[event];
    uint32_t id = users_new_op(w, user, event);
    sim_op *op = &w->ops[id];
    op->item = sim_names_item(w, e->item);
    op->counter = e->counter;
    op->verb = e->verb;
    op->amount = e->verb == KD_ADD ? (uint64_t)KD_MAX(e->amount, 1) : 0;
    op->edge = (uint32_t)e->who;
    op->scripted = true;
    users_issue(w, id);
}

/* Reports the operation as the scenario event that would cause it. */
static void users_report_attempt(const sim_world *w, const sim_op *op)
{
    sim_scenario_event e = {.at_us = op->begun_us,
                            .kind = SCENARIO_OPERATION,
                            .who = (int)op->edge,
                            .peer = SCENARIO_NOBODY,
                            .amount = op->verb == KD_ADD ? (int64_t)op->amount : 0,
                            .verb = op->verb,
                            .counter = op->counter};
    snprintf(e.user, sizeof(e.user), "%s", w->users_names[op->user]);
    kd_item key = w->items[op->item];
    char text[KD_ITEM_KEY_MAX];
    kd_key_text(kd_item_key(&key), text);
    snprintf(e.item, sizeof(e.item), "%.*s", (int)sizeof(e.item) - 1, text);
    w->options->attempted(w->options->attempted_arg, &e);
}

static void users_begin_planned(sim_world *w, uint32_t user)
{
    uint32_t id = users_new_op(w, user, w->users[user].number++);
    sim_plan_operation(w, &w->ops[id]);
    if (w->options->attempted) users_report_attempt(w, &w->ops[id]);
    users_issue(w, id);
}

static void users_go_on(sim_world *w, uint32_t user)
{
    sim_user *u = &w->users[user];
    if (u->op) return;
    if (u->scripted_count > 0) {
        uint32_t event = u->scripted[u->scripted_first++];
        if (--u->scripted_count == 0) u->scripted_first = 0;
        users_begin_scripted(w, user, event);
        return;
    }
    if (!u->due || w->healing) return;
    u->due = false;
    users_begin_planned(w, user);
}

void sim_users_script(sim_world *w, uint32_t event)
{
    uint32_t user = sim_names_user(w, w->s->events[event].user);
    sim_user *u = &w->users[user];
    uint32_t last = u->scripted_first + u->scripted_count++;
    u->scripted = kd_grow(u->scripted, last, &u->scripted_cap, sizeof(u->scripted[0]));
    u->scripted[last] = event;
    users_go_on(w, user);
}

static void users_on_due(sim_world *w, const sim_event *ev)
{
    sim_user *u = &w->users[ev->a];
    if (w->healing) return;
    u->due = true;
    u->planned_us += sim_plan_pause_us(w, ev->a, ev->b);
    sim_world_at(w, KD_MAX(u->planned_us, w->now_us), users_on_due, ev->a, ev->b + 1, 0);
    users_go_on(w, ev->a);
}

void sim_users_open(sim_world *w)
{
    w->users = kd_alloc((w->user_count + 1) * sizeof(w->users[0]));
    for (uint32_t i = 0; i < w->user_count; i++) w->users[i].edge = sim_plan_home(w, i);
    if (w->s->users.per_second <= 0) return;
    for (uint32_t i = 0; i < w->s->users.users; i++) {
        w->users[i].planned_us = w->now_us + sim_plan_pause_us(w, i, UINT32_MAX);
        sim_world_at(w, w->users[i].planned_us, users_on_due, i, 0, 0);
    }
}

void sim_users_close(sim_world *w)
{
    for (uint32_t i = 0; i < w->user_count && w->users; i++) free(w->users[i].scripted);
    free(w->users);
    free(w->ops);
    free(w->deadlines);
}

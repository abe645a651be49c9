/* decider.c - see the header. The real counterparts are central/io/operator/{job_decide,job_void,job_erase,act_import}.c. */
#include "sim/world/decider.h"

#include "kudos/erase.h"
#include "kudos/void.h"
#include "sim/world/decider_erase.h"
#include "sim/world/decider_item.h"
#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/leader.h"
#include "sim/world/names.h"
#include "sim/world/orders.h"
#include "sim/world/tenure.h"

#include <stdio.h>

#define IMPORT_AUTHOR "_import"

enum {
    STEP_US = 40000,
    AGAIN_US = 600000,               /* from writing a decision to writing it again */
    GIVE_UP_US = 8000000,            /* a decision that is not merged by then never will be */
    IMPORTS_US = 200000,             /* from one import to the next */
    SEEN_US = 1500000,               /* what was seen is up to this old when it is decided about */
    UNDO_US = 9000000,               /* from the last likes withdrawn to the first put back */
    OLD_US = 15000000,               /* age of imported likes */
    ERASE_US = 6000000,              /* from one erasure to the next */
    JOBS_MAX = KD_VOID_JOBS_MAX - 4, /* the void that is undone must be remembered */
    IMPORTED_MAX = 4,
    SEEN_MAX = 4,
    ERASED_MAX = 12, /* in a partition */
};

static uint64_t decider_below(const sim_world *w, uint32_t partition, uint32_t what, uint64_t below)
{
    return sim_world_below(w, DRAW_DECIDE, partition * 100 + what, below);
}

/* ---- what is ordered ---- */

static void decider_add(sim_deciding *o, sim_ordered op)
{
    for (uint32_t i = 0; i < o->op_count; i++)
        if (o->ops[i].item == op.item && o->ops[i].user == op.user && o->ops[i].counter == op.counter) return;
    if (o->op_count < WORLD_ORDERED) o->ops[o->op_count++] = op;
}

static void decider_import(sim_world *w, sim_deciding *o, uint32_t partition)
{
    uint64_t now_us = sim_host_wall_us(w, HOST_CENTRAL),
             count = 1 + decider_below(w, partition, 1, IMPORTED_MAX);
    for (uint32_t i = 0; i < count; i++) {
        sim_ordered op = {.item = (uint32_t)decider_below(w, partition, 10 + i, w->item_count),
                          .user = (uint32_t)decider_below(w, partition, 20 + i, w->user_count),
                          .counter = SCENARIO_LIKE,
                          .liked = decider_below(w, partition, 30 + i, 3) > 0};
        bool old = decider_below(w, partition, 40 + i, 2);
        op.time_us = now_us - (old ? decider_below(w, partition, 50 + i, OLD_US) : 0);
        if (w->item_partition[op.item] == partition) decider_add(o, op);
    }
}

typedef struct {
    sim_world *w;
    sim_deciding *o;
    uint32_t partition, seen;
} decider_walk;

static uint32_t decider_user(const sim_world *w, kd_bytes name)
{
    uint32_t i = 0;
    while (i < w->user_count && !kd_bytes_eq(kd_bytes_str(w->users_names[i]), name)) i++;
    return i;
}

static int decider_see(void *arg, const kd_member *m)
{
    decider_walk *k = arg;
    sim_ordered op = {sim_names_item_of(k->w, m->item), decider_user(k->w, m->user),
                      (uint32_t)kd_counters_by_id(&sim_scenario_counters, m->counter), m->time_us, false};
    bool picked = decider_below(k->w, k->partition, 60 + k->seen++ % 30, 3) > 0;
    if (picked && op.item < k->w->item_count && op.user < k->w->user_count && m->time_us < k->o->stamp_us)
        decider_add(k->o, op);
    return k->o->op_count == SEEN_MAX;
}

/* Likes as a central has them now. */
static void decider_withdraw(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    decider_walk k = {w, o, partition, 0};
    kd_buf next = {0};
    if (o->seq == 1) o->stamp_us = sim_host_wall_us(w, HOST_CENTRAL) + 1;
    kd_central_members(w->centrals[slot].tenures[partition].core, 0, (kd_bytes){0}, (kd_bytes){0}, 1000,
                       decider_see, &k, &next);
    kd_buf_finish(&next);
    for (uint32_t i = 0; i < o->op_count && o->withdrawn_count < WORLD_ORDERED; i++)
        o->withdrawn[o->withdrawn_count++] = o->ops[i];
    o->what = KD_DECIDED_WITHDRAW;
}

static void decider_put_back(sim_deciding *o)
{
    o->what = KD_DECIDED_PUT_BACK;
    o->last = true;
    for (uint32_t i = 0; i < o->withdrawn_count; i++) {
        o->withdrawn[i].liked = true;
        decider_add(o, o->withdrawn[i]);
    }
}

/* A job is of one decision where that is about an item. False: it is to be another job. */
static bool decider_begin_item(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    *o = (sim_deciding){.number = o->number + 1, .seq = 1, .last = true};
    if (!sim_decider_item(w, o, slot, partition)) *o = (sim_deciding){.number = o->number - 1};
    return o->op_count > 0;
}

/* ---- a user is erased ---- */

/* Makes the next decision of an erasure, or the mark of another one. */
static void decider_erase(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    uint64_t rest_us = 0;
    o->op_count = 0;
    if (o->seq == 0 || o->last) {
        if (o->number == ERASED_MAX) return;
        *o = (sim_deciding){.number = o->number + 1, .seq = 1};
        sim_decider_erase_mark(w, o, slot, partition,
                               (uint32_t)decider_below(w, partition, 90, w->user_count));
        rest_us = decider_below(w, partition, 91, ERASE_US);
    } else {
        o->seq++;
        sim_decider_erase_rows(w, o, slot, partition);
    }
    o->ready = true;
    o->rest_until_us = w->now_us + rest_us;
    o->give_up_us = o->rest_until_us + GIVE_UP_US;
}

static void decider_begin_job(sim_world *w, sim_deciding *o, uint32_t partition)
{
    *o = (sim_deciding){.number = o->number + 1, .last = false};
    o->imports = decider_below(w, partition, 2, 3) == 0;
    o->decisions = 1 + (uint32_t)decider_below(w, partition, 3, 3);
}

static void decider_rest(sim_world *w, sim_deciding *o, uint32_t partition, uint64_t rest_us)
{
    o->rest_until_us = w->now_us + decider_below(w, partition, 4, rest_us);
    o->give_up_us = o->rest_until_us + GIVE_UP_US;
}

/* Makes the next decision of the job, or the first one of another job; none where nothing is there to be decided about. */
static void decider_choose(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    if (o->seq == 0 || o->last) {
        if (decider_begin_item(w, o, slot, partition)) {
            decider_rest(w, o, partition, SEEN_US);
            return;
        }
        if (o->number >= JOBS_MAX || !w->s->decides || w->now_us >= w->end_us) return;
        decider_begin_job(w, o, partition);
    }
    o->seq++;
    o->op_count = 0;
    bool undo = !o->imports && o->seq > 1 && o->seq > o->decisions;
    if (o->imports) {
        decider_import(w, o, partition);
        o->what = KD_DECIDED_OPERATIONS;
        o->last = o->seq == o->decisions;
    } else if (!undo) {
        decider_withdraw(w, o, slot, partition);
    }
    if (undo || (!o->imports && o->seq > 1 && o->op_count == 0)) decider_put_back(o);
    if (o->op_count == 0) *o = (sim_deciding){.number = o->number - (o->seq == 1)};
    decider_rest(w, o, partition,
                 o->imports                       ? IMPORTS_US
                 : o->what == KD_DECIDED_PUT_BACK ? UNDO_US
                                                  : SEEN_US);
}

static void decider_order(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    if (!w->s->decides && sim_orders_next(w, o, slot, partition)) {
        o->give_up_us = w->now_us + GIVE_UP_US;
        o->ready = true;
    } else {
        decider_choose(w, o, slot, partition);
        o->ready = o->op_count > 0;
    }
}

/* ---- its way into the log ---- */

static kd_bytes decider_job(const sim_deciding *o, char job[32])
{
    if (o->views)
        snprintf(job, 32, WORLD_VIEWS_JOB, o->ops[0].item, (uint32_t)o->views);
    else
        snprintf(job, 32,
                 o->named    ? WORLD_NAMED_JOB
                 : o->erases ? "erase-%u"
                             : "order-%u",
                 o->named ? o->named : o->number);
    return kd_bytes_str(job);
}

static kd_bytes decider_body(sim_world *w, const sim_deciding *o)
{
    kd_op ops[WORLD_ORDERED];
    kd_sum sum = {.amount = o->views};
    kd_body body = {.ops = ops, .op_count = o->op_count};
    if (o->views) {
        sum.item = kd_item_key(&w->items[o->ops[0].item]);
        sum.counter = sim_scenario_counters.at[SCENARIO_VIEW].id;
        sum.day = kd_day_of(sim_host_wall_us(w, HOST_CENTRAL));
        body = (kd_body){.sums = &sum, .sum_count = 1};
    }
    for (uint32_t i = 0; i < body.op_count; i++)
        ops[i] = (kd_op){.item = kd_item_key(&w->items[o->ops[i].item]),
                         .user = kd_bytes_str(w->users_names[o->ops[i].user]),
                         .time_us = o->ops[i].time_us,
                         .counter = sim_scenario_counters.at[o->ops[i].counter].id,
                         .liked = o->ops[i].liked};
    kd_buf_clear(&w->scratch);
    kd_body_encode(&body, &w->scratch);
    return kd_buf_view(&w->scratch);
}

static kd_decision decider_decision(sim_world *w, const sim_deciding *o)
{
    bool imports = o->what == KD_DECIDED_OPERATIONS;
    kd_decision d = {.seq = o->seq, .last = o->last, .what = o->what, .stamp_us = o->stamp_us};
    if (sim_decider_is_item(o->what)) {
        d.item = kd_item_key(&w->items[o->ops[0].item]);
        return d;
    }
    if (imports) d.region = kd_bytes_str(w->s->edges[0]);
    d.stamp_us = imports ? 0 : o->stamp_us + (o->what == KD_DECIDED_PUT_BACK);
    d.author = kd_bytes_str(imports ? IMPORT_AUTHOR : o->erases ? KD_ERASE_AUTHOR : KD_VOID_AUTHOR);
    d.body = o->what == KD_DECIDED_ERASE ? kd_bytes_str(w->users_names[o->erased]) : decider_body(w, o);
    return d;
}

static const char *decider_what_name(kd_decided what)
{
    static const char *const names[] = {
        [KD_DECIDED_CLOSE] = "close",       [KD_DECIDED_OPEN] = "open",
        [KD_DECIDED_DELETE] = "delete",     [KD_DECIDED_OPERATIONS] = "import",
        [KD_DECIDED_WITHDRAW] = "withdraw", [KD_DECIDED_PUT_BACK] = "put back",
        [KD_DECIDED_ERASE] = "erase"};
    return names[what];
}

static void decider_write(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    char job[32];
    kd_decision d = decider_decision(w, o);
    d.job = decider_job(o, job);
    kd_publisher *to = &w->centrals[slot].tenures[partition].publisher;
    int err = kd_publisher_decide(to, &d, sim_host_wall_us(w, HOST_CENTRAL));
    if (err == KD_ECLOSED) o->ready = false; /* the item was deleted: he is told so */
    if (err != KD_OK) return;
    TRACE(w, "order %b/%u of partition %u is written: %s %s", d.job, o->seq, partition,
          decider_what_name(o->what), sim_decider_is_item(o->what) ? w->item_names[o->ops[0].item] : "rows");
    o->again_us = w->now_us + AGAIN_US;
    sim_checks_ordered(w->checks, partition, &d);
    sim_tenure_publish(w, slot, partition);
}

static bool decider_reaches(const sim_world *w, uint32_t slot)
{
    if (slot == CHECKS_CENTRALS) return false;
    const sim_process *p = &w->processes[sim_process_of_central(slot)];
    return p->up && !p->draining && p->frozen_until_us <= w->now_us && w->centrals[slot].ready;
}

/* An order by name is said again, with the number that fits; an erasure is begun anew, for its mark may be lost. */
static void decider_give_up(sim_world *w, sim_deciding *o, uint32_t partition,
                            const kd_job_progress *progress)
{
    if (o->named && o->erases) {
        sim_orders_begin_anew(w, o, partition);
    } else if (o->named) {
        o->seq = o->views ? 1 : (uint32_t)progress->seq + 1;
        o->give_up_us = w->now_us + GIVE_UP_US;
    } else {
        sim_decider_item_given_up(w, o);
        *o = (sim_deciding){.number = o->number, .erases = o->erases};
    }
}

static void decider_done(sim_world *w, sim_deciding *o, uint32_t partition)
{
    o->ready = false;
    char job[32];
    if (o->erases && o->last) sim_checks_erased(w->checks, partition, o->erased, o->stamp_us);
    if (o->views) sim_checks_imported(w->checks, decider_job(o, job));
}

static void decider_step(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    char job[32];
    if (w->now_us < o->rest_until_us) return;
    if (!o->ready) {
        bool other = o->erases && !o->named;
        (other ? decider_erase : decider_order)(w, o, slot, partition);
        return;
    }
    kd_job_progress progress =
        kd_central_decided(w->centrals[slot].tenures[partition].core, decider_job(o, job));
    bool done = progress.durable && progress.seq >= o->seq;
    if (w->now_us >= o->again_us && (!done || decider_below(w, partition, 5, 2)))
        decider_write(w, o, slot, partition);
    if (done) decider_done(w, o, partition);
    if (!done && w->now_us >= o->give_up_us) decider_give_up(w, o, partition, &progress);
}

static void decider_on_step(sim_world *w, const sim_event *ev)
{
    uint32_t partition = ev->a;
    uint32_t slot = (uint32_t)decider_below(w, partition, 6, 2);
    if (!decider_reaches(w, slot)) slot = !slot;
    if (w->s->member_count > 0) slot = sim_leader(w, partition);
    if (decider_reaches(w, slot)) {
        decider_step(w, &w->deciding[partition], slot, partition);
        if (w->erasing[partition].erases) decider_step(w, &w->erasing[partition], slot, partition);
    }
    bool under_way = w->deciding[partition].named || sim_decider_item_waits(w, partition);
    if (w->now_us < w->end_us || under_way)
        sim_world_at(w, w->now_us + STEP_US + decider_below(w, partition, 7, STEP_US), decider_on_step,
                     partition, 0, 0);
}

void sim_decider_open(sim_world *w)
{
    for (uint32_t p = 0; sim_scenario_orders(w->s) && p < w->s->partitions; p++) {
        w->erasing[p].erases = w->s->decides && decider_below(w, p, 95, 2) == 0;
        sim_world_at(w, w->now_us + STEP_US, decider_on_step, p, 0, 0);
    }
}

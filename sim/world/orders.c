/* orders.c - see the header. */
#include "sim/world/orders.h"

#include <stdio.h>
#include <stdlib.h>

#include "kudos/void.h"
#include "sim/world/decider_erase.h"
#include "sim/world/hosts.h"
#include "sim/world/names.h"

enum { IMPORTED_US = 86400000, PAGE_MEMBERS = 1000 };

static void orders_put(sim_deciding *o, sim_ordered op)
{
    KD_ASSERT(o->op_count < WORLD_ORDERED);
    o->ops[o->op_count++] = op;
}

/* ---- import ---- */

static void orders_import_views(sim_world *w, sim_deciding *o, const sim_scenario_event *e)
{
    o->what = KD_DECIDED_OPERATIONS;
    o->imports = o->last = true;
    o->views = (uint64_t)e->amount;
    orders_put(o, (sim_ordered){.item = sim_names_item(w, e->item), .counter = SCENARIO_VIEW});
}

static void orders_import(sim_world *w, sim_deciding *o, const sim_scenario_event *e)
{
    char name[SCENARIO_NAME_MAX];
    o->what = KD_DECIDED_OPERATIONS;
    o->imports = true;
    for (; o->op_count < WORLD_ORDERED && o->taken < (uint32_t)e->amount; o->taken++) {
        sim_scenario_old_user(o->taken, name);
        orders_put(o, (sim_ordered){.item = sim_names_item(w, e->item),
                                    .user = sim_names_user(w, name),
                                    .counter = SCENARIO_LIKE,
                                    .time_us = w->begin_us - IMPORTED_US + o->taken,
                                    .liked = true});
    }
    o->last = o->taken == (uint32_t)e->amount;
}

/* ---- void ---- */

typedef struct {
    const sim_world *w;
    sim_deciding *o;
    kd_bytes user;
    uint32_t number; /* of the user */
} orders_walk;

static int orders_see(void *arg, const kd_member *m)
{
    const orders_walk *k = arg;
    if (!kd_bytes_eq(m->user, k->user) || m->time_us >= k->o->stamp_us) return 0;
    orders_put(k->o, (sim_ordered){.item = sim_names_item_of(k->w, m->item),
                                   .user = k->number,
                                   .counter = (uint32_t)kd_counters_by_id(&sim_scenario_counters, m->counter),
                                   .time_us = m->time_us});
    return k->o->op_count == WORLD_ORDERED;
}

static void orders_walk_members(const orders_walk *k, kd_central *core)
{
    kd_buf cursor = {0}, next = {0};
    int err;
    do {
        kd_buf_clear(&cursor);
        kd_buf_put(&cursor, next.data, next.len);
        err = kd_central_members(core, 0, (kd_bytes){0}, kd_buf_view(&cursor), PAGE_MEMBERS, orders_see,
                                 (void *)(uintptr_t)k, &next);
    } while (err == KD_OK && next.len > 0 && k->o->op_count < WORLD_ORDERED);
    kd_buf_finish(&cursor);
    kd_buf_finish(&next);
}

/* Once: a like that was said anew is named by two decisions of a void, and by one that puts back. */
static void orders_remember(sim_orders_void *v, const sim_ordered *op)
{
    for (uint32_t i = 0; i < v->op_count; i++)
        if (v->ops[i].item == op->item && v->ops[i].counter == op->counter) return;
    v->ops = kd_grow(v->ops, v->op_count, &v->op_cap, sizeof(v->ops[0]));
    v->ops[v->op_count++] = *op;
}

/* What was withdrawn is no member any more when the next decision is made: so each takes up what is left. */
static void orders_void(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition,
                        const sim_scenario_event *e)
{
    sim_orders *all = &w->orders[partition];
    uint32_t user = sim_names_user(w, e->user);
    if (user == UINT32_MAX) return;
    if (o->seq == 0) o->stamp_us = sim_host_wall_us(w, HOST_CENTRAL) + 1;
    o->what = KD_DECIDED_WITHDRAW;
    const orders_walk walk = {w, o, kd_bytes_str(w->users_names[user]), user};
    orders_walk_members(&walk, w->centrals[slot].tenures[partition].core);
    if (o->op_count == 0) return;
    if (o->seq == 0) {
        all->voids = kd_grow(all->voids, all->void_count, &all->void_cap, sizeof(all->voids[0]));
        all->voids[all->void_count++] =
            (sim_orders_void){.user = user, .job = o->named, .stamp_us = o->stamp_us};
    }
    sim_orders_void *v = &all->voids[all->void_count - 1];
    for (uint32_t i = 0; i < o->op_count; i++) orders_remember(v, &o->ops[i]);
}

/* ---- put back ---- */

static sim_orders_void *orders_last_void(const sim_world *w, uint32_t partition, const char *name)
{
    const sim_orders *all = &w->orders[partition];
    uint32_t user = sim_names_user(w, name);
    for (uint32_t i = all->void_count; i-- > 0;)
        if (all->voids[i].user == user && !all->voids[i].over) return &all->voids[i];
    return NULL;
}

static void orders_put_back(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition,
                            const sim_scenario_event *e)
{
    char job[32];
    sim_orders_void *v = orders_last_void(w, partition, e->user);
    if (!v) return;
    snprintf(job, sizeof(job), WORLD_NAMED_JOB, v->job);
    kd_job_progress progress =
        kd_central_decided(w->centrals[slot].tenures[partition].core, kd_bytes_str(job));
    o->named = v->job;
    o->seq = (uint32_t)progress.seq;
    o->stamp_us = v->stamp_us;
    o->what = KD_DECIDED_PUT_BACK;
    for (; progress.seq > 0 && o->op_count < WORLD_ORDERED && o->taken < v->op_count; o->taken++) {
        sim_ordered op = v->ops[o->taken];
        op.liked = true;
        orders_put(o, op);
    }
    v->over = o->last = progress.seq == 0 || o->taken == v->op_count;
}

/* ---- erase ---- */

static bool orders_erase(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition,
                         const sim_scenario_event *e)
{
    uint32_t user = sim_names_user(w, e->user);
    if (user == UINT32_MAX) return false;
    if (o->seq == 0)
        sim_decider_erase_mark(w, o, slot, partition, user);
    else
        sim_decider_erase_rows(w, o, slot, partition);
    return true;
}

void sim_orders_begin_anew(sim_world *w, sim_deciding *o, uint32_t partition)
{
    *o = (sim_deciding){.number = o->number, .named = ++w->orders[partition].jobs, .event = o->event};
}

/* ---- the orders ---- */

static bool orders_concern(const sim_world *w, uint32_t partition, const sim_scenario_event *e)
{
    if (e->kind == SCENARIO_IMPORT) return w->item_partition[sim_names_item(w, e->item)] == partition;
    return sim_scenario_about_users(e->kind);
}

static bool orders_begin(sim_world *w, sim_deciding *o, uint32_t partition)
{
    sim_orders *all = &w->orders[partition];
    uint64_t now_us = w->now_us - w->begin_us;
    for (; all->next < w->s->event_count && w->s->events[all->next].at_us <= now_us; all->next++) {
        if (!orders_concern(w, partition, &w->s->events[all->next])) continue;
        *o = (sim_deciding){.number = o->number, .named = ++all->jobs, .event = all->next++};
        return true;
    }
    return false;
}

/* False: the order is over, or has nothing to decide about. */
static bool orders_decide(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    const sim_scenario_event *e = &w->s->events[o->event];
    if (e->kind == SCENARIO_ERASE) return orders_erase(w, o, slot, partition, e);
    if (e->kind == SCENARIO_IMPORT)
        (e->counter == SCENARIO_VIEW ? orders_import_views : orders_import)(w, o, e);
    if (e->kind == SCENARIO_VOID) orders_void(w, o, slot, partition, e);
    if (e->kind == SCENARIO_PUT_BACK) orders_put_back(w, o, slot, partition, e);
    return o->op_count > 0;
}

bool sim_orders_next(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    bool under_way = o->named && !o->last;
    o->op_count = 0;
    bool decided = under_way && orders_decide(w, o, slot, partition);
    while (!decided && orders_begin(w, o, partition)) decided = orders_decide(w, o, slot, partition);
    if (!decided) *o = (sim_deciding){.number = o->number};
    o->seq += decided;
    return decided;
}

void sim_orders_close(sim_world *w)
{
    for (uint32_t p = 0; p < SCENARIO_PARTITIONS_MAX; p++) {
        for (uint32_t i = 0; i < w->orders[p].void_count; i++) free(w->orders[p].voids[i].ops);
        free(w->orders[p].voids);
    }
}

/* world.c - a run: open, steps of a seeded choice, healing, verdict, close. */
#include "tests/model/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Twenty seconds before midnight UTC: the day changes within the run. */
#define WORLD_BEGINS_US (UINT64_C(1767225600000000) - 20000000)

const kd_counters model_counters = {
    .count = 2, .at = {{.name = "like", .id = 1, .kind = KD_SET}, {.name = "view", .id = 3, .kind = KD_SUM}}};

void world_fail(model_world *w, const char *format, ...)
{
    if (w->failure[0]) return; /* the first one tells */
    va_list args;
    va_start(args, format);
    vsnprintf(w->failure, sizeof(w->failure), format, args);
    va_end(args);
}

void world_trace(const model_world *w, const char *format, ...)
{
    if (!w->trace) return;
    printf("%12llu ", (unsigned long long)(w->now_us - WORLD_BEGINS_US));
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

uint32_t world_pick(model_world *w, uint32_t below)
{
    return (uint32_t)(kd_random_next(&w->random) % below);
}

bool world_chance(model_world *w, uint32_t percent)
{
    return world_pick(w, 100) < percent;
}

static void draw_options(model_world *w)
{
    model_options *o = &w->options;
    o->tokens = world_chance(w, 75);
    o->crashes = world_chance(w, 70);
    o->log_faults = world_chance(w, 70);
    o->cuts = world_chance(w, 60);
    o->clock_steps = world_chance(w, 50);
    o->central_restores = world_chance(w, 35);
    o->edge_restores = !o->central_restores && world_chance(w, 35);
    o->edge_copies = world_chance(w, 20);
    o->log_wipes = world_chance(w, 30);
    o->slow_wire = world_chance(w, 30);
    /* What a retired edge had merged, and a restore undoes, nobody can send again. */
    o->retires = !o->central_restores && world_chance(w, 30);
    o->returns = o->retires && world_chance(w, 50);
    /* As much as the rules allow; but what a doubled edge moves may be older than the floor. */
    o->tombstone_ttl_us = o->edge_copies ? UINT64_C(3600000000) : world_chance(w, 80) ? 1 : 0;
    o->row_ttl_us = world_chance(w, 60) ? 1 : 0;
    o->steps = 300 + world_pick(w, 900);
}

static void name_things(model_world *w)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        char id[16];
        snprintf(id, sizeof(id), "item%u", i);
        KD_ASSERT(kd_item_make(&w->items[i], kd_bytes_str("posts"), kd_bytes_str(id)) == KD_OK);
    }
    for (uint32_t u = 0; u < USERS; u++) snprintf(w->user_names[u], sizeof(w->user_names[u]), "u%u", u);
}

void world_open(model_world *w, uint64_t seed, uint64_t edge_plant, uint64_t central_plant)
{
    memset(w, 0, sizeof(*w));
    w->seed = seed;
    w->random = seed * 0x9e3779b97f4a7c15u + 1;
    w->now_us = WORLD_BEGINS_US;
    w->edge_plant = edge_plant;
    w->central_plant = central_plant;
    w->sums_hold = w->shown_hold = true;
    draw_options(w);
    name_things(w);
    for (uint32_t i = 0; i < EDGES; i++) {
        w->edges[i].disk = sim_disk_create();
        edge_start(w, i);
    }
    for (uint32_t p = 0; p < PARTS; p++) {
        w->centrals[p].disk = sim_disk_create();
        central_start(w, p);
    }
}

static void step_edge(model_world *w)
{
    uint32_t i = world_pick(w, SLOTS);
    if (!w->edges[i].core) return;
    switch (world_pick(w, 6)) {
    case 0:
        edge_step(w, i);
        break;
    case 1:
        edge_commit_begin(w, i);
        break;
    case 2:
        edge_commit_end(w, i);
        break;
    case 3:
        edge_consume(w, i);
        break;
    case 4:
        edge_ask(w, i, world_pick(w, ITEMS));
        break;
    default:
        if (i != TWIN) oracle_shown(w, i, SHARED_ITEMS + i);
        break;
    }
}

static void step_central(model_world *w)
{
    uint32_t p = world_pick(w, PARTS);
    if (!w->centrals[p].core) return;
    switch (world_pick(w, 4)) {
    case 0:
        central_poll(w, p);
        break;
    case 1:
        central_commit_begin(w, p);
        break;
    case 2:
        central_commit_end(w, p);
        break;
    default:
        central_snapshot(w, p);
        break;
    }
}

static void step_wire(model_world *w)
{
    if (w->sending_count && world_chance(w, w->options.slow_wire ? 12 : 60))
        edge_deliver_record(w, world_pick(w, w->sending_count));
    if (w->answers_count && world_chance(w, 40)) edge_deliver_answer(w, world_pick(w, w->answers_count));
}

static void step(model_world *w)
{
    w->now_us += 1 + world_pick(w, 30000);
    if (world_chance(w, 3)) w->now_us += world_pick(w, 2000000);
    uint32_t n = world_pick(w, 100);
    if (n < 25)
        client_step(w);
    else if (n < 65)
        step_edge(w);
    else if (n < 85)
        step_central(w);
    else if (n < 96)
        step_wire(w);
    else
        fault_step(w);
}

/* An edge that refuses writes, since two used its identity, waits for an operator: here he starts it again. */
static void operator_acts(model_world *w, uint32_t i)
{
    kd_edge_stats stats;
    kd_edge_get_stats(w->edges[i].core, &stats);
    if (!stats.refusing) return;
    edge_stop(w, i);
    edge_start(w, i);
}

static void heal_edge(model_world *w, uint32_t i)
{
    if (!w->edges[i].core) return;
    operator_acts(w, i);
    edge_step(w, i);
    edge_commit_begin(w, i);
    edge_commit_end(w, i);
    edge_step(w, i);
    edge_consume(w, i);
    for (uint32_t item = 0; item < ITEMS; item++) edge_ask(w, i, item);
}

static void heal_central(model_world *w, uint32_t p)
{
    central_poll(w, p);
    central_commit_begin(w, p);
    central_commit_end(w, p);
    central_snapshot(w, p);
}

static void heal_round(model_world *w)
{
    w->now_us += 250000;
    for (uint32_t i = 0; i < EDGES; i++) heal_edge(w, i);
    while (w->sending_count) edge_deliver_record(w, 0);
    for (uint32_t p = 0; p < PARTS; p++) heal_central(w, p);
    while (w->answers_count) edge_deliver_answer(w, 0);
}

enum { ROUNDS_MAX = 200, ROUNDS_STILL = 3 };

bool world_run(model_world *w)
{
    for (uint32_t n = 0; n < w->options.steps && !w->failure[0]; n++) step(w);
    faults_stop(w);
    char why[200] = "";
    uint32_t still = 0;
    for (uint32_t n = 0; n < ROUNDS_MAX && still < ROUNDS_STILL && !w->failure[0]; n++) {
        heal_round(w);
        still = oracle_converged(w, why, sizeof(why)) ? still + 1 : 0;
    }
    if (still < ROUNDS_STILL) world_fail(w, "no convergence: %s", why);
    return w->failure[0] == 0;
}

void world_close(model_world *w)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (w->edges[i].core) edge_count(w, i);
        kd_edge_close(w->edges[i].core);
        sim_disk_destroy(w->edges[i].disk);
        sim_disk_destroy(w->edges[i].copy);
        free(w->edges[i].waiting);
    }
    for (uint32_t p = 0; p < PARTS; p++) {
        if (w->centrals[p].core) central_count(w, p);
        kd_central_close(w->centrals[p].core);
        sim_disk_destroy(w->centrals[p].disk);
        sim_disk_destroy(w->centrals[p].copy);
        log_truncate(&w->likes[p], 0);
        log_truncate(&w->counts[p], 0);
    }
    while (w->sending_count) kd_buf_finish(&w->sending[--w->sending_count].record);
    while (w->answers_count) kd_buf_finish(&w->answers[--w->answers_count].record);
    free(w->sending);
    free(w->answers);
    free(w->history.at);
}

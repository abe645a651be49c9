/* torture_run.c - see the header. */
#include "sim/drill/torture_run.h"

#include <stdio.h>

enum {
    ROUND_US = 15000000,
    PATIENCE_US = 5000000,   /* one that has not come to its point by then is killed */
    MOMENT_MAX_US = 3000000, /* of a random kill */
    BACK_MAX_US = 400000,
    PASSES_MAX = 12,
    RANDOM_PERCENT = 30,
    TROUBLE_EVERY_US = 2500000,
    RECHECKS = 10,
};

const char *const torture_point_names[KD_POINT_COUNT] = {
#define NAME(id, name, text) [KD_POINT_##id] = name,
    KD_POINTS(NAME)
#undef NAME
};
const char *const torture_point_texts[KD_POINT_COUNT] = {
#define TEXT(id, name, text) [KD_POINT_##id] = text,
    KD_POINTS(TEXT)
#undef TEXT
};

typedef struct {
    uint64_t kill_at_us; /* by us: at a random moment, or since the point does not come */
    int point;           /* -1: a random moment */
    bool was_serving;
} fate;

typedef struct {
    const torture_options *o;
    torture_result *out;
    stage stage;
    fate fates[FLEET_NODES];
    uint64_t random, end_us, round_end_us, trouble_us, kafka_back_us;
    bool armed; /* who starts is armed */
} torture;

static uint64_t below(torture *t, uint64_t n)
{
    return kd_random_next(&t->random) % n;
}

/* ---- fates ----------------------------------------------------------------------------------------------------- */

static int draw_point(torture *t, const fleet_node *n)
{
    if (!t->o->points || below(t, 100) < RANDOM_PERCENT) return -1;
    for (;;) {
        int point = (int)below(t, KD_POINT_COUNT);
        const char *colon = strchr(torture_point_texts[point], ':');
        const char *side = fleet_is_edge(n) ? "edge" : "central";
        const char *found = strstr(torture_point_texts[point], side);
        if (found && found < colon) return point;
    }
}

/* For its next start. */
static void arm(torture *t, fleet_node *n)
{
    fate *f = &t->fates[n->index];
    f->point = t->armed ? draw_point(t, n) : -1;
    f->kill_at_us = 0; /* counts from when it serves */
    f->was_serving = false;
    n->armed[0] = 0;
    if (f->point >= 0)
        snprintf(n->armed, sizeof n->armed, "%s:%u", torture_point_names[f->point],
                 1 + (unsigned)below(t, PASSES_MAX));
}

static void on_point(void *arg, fleet_node *n)
{
    torture *t = arg;
    t->out->cycles++;
    t->out->reached[t->fates[n->index].point]++;
    arm(t, n);
    n->start_at_us = fleet_now_us(t->stage.fleet) + 1 + below(t, BACK_MAX_US);
}

static void kill_it(torture *t, fleet_node *n)
{
    const fate *f = &t->fates[n->index];
    t->out->cycles++;
    if (f->point < 0)
        t->out->random_moments++;
    else
        t->out->unreached++;
    fleet_node_kill(n, 1 + below(t, BACK_MAX_US));
    arm(t, n);
}

static void look(torture *t, fleet_node *n, uint64_t now)
{
    fate *f = &t->fates[n->index];
    if (fleet_serves(n) && !f->was_serving) {
        f->was_serving = true;
        if (fleet_is_edge(n)) clients_recheck(t->stage.clients, n->index, RECHECKS);
    }
    if (!t->armed || !program_running(&n->process)) return;
    if (f->kill_at_us == 0)
        f->kill_at_us = now + (f->point < 0 ? below(t, MOMENT_MAX_US) + 1 : (uint64_t)PATIENCE_US);
    if (now >= f->kill_at_us) kill_it(t, n);
}

/* ---- trouble besides ------------------------------------------------------------------------------------------- */

static void trouble(torture *t, uint64_t now)
{
    fleet *f = t->stage.fleet;
    if (t->kafka_back_us && now >= t->kafka_back_us) {
        fleet_kafka_back(f);
        t->kafka_back_us = 0;
    }
    if (now < t->trouble_us || !t->armed) return;
    t->trouble_us = now + TROUBLE_EVERY_US / 2 + below(t, TROUBLE_EVERY_US);
    uint32_t edge = (uint32_t)below(t, f->scenario->edge_count);
    switch (below(t, 7)) {
    case 0:
        fleet_net_reset(f, (int)edge);
        break;
    case 1:
        fleet_net_reset(f, SCENARIO_CENTRAL);
        break;
    case 2:
        log_tool_redeliver(t->stage.log, SCENARIO_LIKES, 1 + (uint32_t)below(t, 20));
        break;
    case 3:
        log_tool_redeliver(t->stage.log, SCENARIO_COUNTS, 1 + (uint32_t)below(t, 20));
        break;
    case 4:
        if (t->kafka_back_us) break;
        fleet_kafka_kill(f, below(t, 3) == 0);
        t->kafka_back_us = now + 200000 + below(t, 2000000);
        break;
    case 5:
        fleet_kafka_recreate(f, log_tool_topic(below(t, 3) ? SCENARIO_LIKES : SCENARIO_COUNTS));
        break;
    default:
        fleet_node_restart(&f->nodes[edge]); /* one that was armed drains, and comes back armed alike */
    }
}

/* ---- rounds ---------------------------------------------------------------------------------------------------- */

static bool round_is_over(void *arg)
{
    torture *t = arg;
    fleet *f = t->stage.fleet;
    uint64_t now = fleet_now_us(f);
    stage_tick(&t->stage);
    trouble(t, now);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists) look(t, &f->nodes[i], now);
    }
    return f->failed || now >= t->round_end_us;
}

/* Those that are armed would die while the verdict is made. */
static void disarm(torture *t)
{
    fleet *f = t->stage.fleet;
    t->armed = false;
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        fleet_node *n = &f->nodes[i];
        if (!n->exists) continue;
        if (n->armed[0] && program_running(&n->process)) {
            n->armed[0] = 0;
            fleet_node_kill(n, 1);
        }
        arm(t, n);
    }
    if (t->kafka_back_us) fleet_kafka_back(f);
    t->kafka_back_us = 0;
}

static void begin_round(torture *t)
{
    fleet *f = t->stage.fleet;
    t->armed = t->stage.acting = true;
    t->round_end_us = KD_MIN(fleet_now_us(f) + ROUND_US, t->end_us);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        fleet_node *n = &f->nodes[i];
        if (!n->exists) continue;
        t->fates[i] = (fate){
            .point = -1, .kill_at_us = fleet_now_us(f) + 1 + below(t, MOMENT_MAX_US), .was_serving = true};
    }
}

static void one_round(torture *t)
{
    verdict_result r;
    char text[160];
    fleet *f = t->stage.fleet;
    begin_round(t);
    while (!t->stage.interrupted && !fleet_wait(f, round_is_over, t, ROUND_US)) continue;
    disarm(t);
    stage_judge(&t->stage, &t->out->found, &r);
    t->out->rounds++;
    t->out->lost += r.final.lost;
    t->out->doubled += r.final.doubled;
    snprintf(text, sizeof text,
             "%llu cycles, %llu likes and unlikes answered, %llu members, agreed after %.1f s: %s",
             (unsigned long long)t->out->cycles, (unsigned long long)clients_total(t->stage.clients).acked,
             (unsigned long long)r.final.members, (double)r.converged_us / 1e6,
             t->out->found.checker ? t->out->found.checker : "held");
    if (t->o->round) t->o->round(t->o->round_arg, (uint32_t)t->out->rounds, text);
}

void torture_run(const torture_options *options, torture_result *out)
{
    torture t = {.o = options, .out = out, .random = options->stage.seed, .end_us = options->length_us};
    *out = (torture_result){.found.verdict = SIM_HELD};
    if (stage_open(&t.stage, &options->stage, &out->found) == KD_OK) {
        t.stage.fleet->on_point = on_point;
        t.stage.fleet->on_point_arg = &t;
        t.stage.end_us = t.end_us;
        while (!out->found.checker && fleet_now_us(t.stage.fleet) < t.end_us) one_round(&t);
        out->kills = t.stage.fleet->kills;
        out->users = clients_total(t.stage.clients);
        out->totals = samples_sum(t.stage.samples);
    }
    stage_close(&t.stage);
}

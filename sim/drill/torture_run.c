/* torture_run.c - see the header. */
#include "sim/drill/torture_run.h"

#include <stdio.h>

enum {
    ROUND_US = 15000000,
    PATIENCE_US = 5000000,   /* a process that has not come to its point by then is killed */
    MOMENT_MAX_US = 3000000, /* until a random kill, from when the process runs */
    BACK_MAX_US = 400000,
    PASSES_MAX = 12,
    PASSES_RARE_MAX = 3, /* of a point that a process passes a few times in its life */
    RANDOM_PERCENT = 25,
    RECHECKS = 10,
};

typedef struct {
    /* Torture kills it then: at a random moment, or since its point does not come. 0: to be drawn when it runs. */
    uint64_t kill_at_us;
    int point; /* at which it kills itself; -1: torture kills it at a random moment */
    bool was_serving;
} fate;

typedef struct {
    const sim_torture_options *o;
    sim_torture_result *out;
    sim_stage stage;
    fate fates[FLEET_NODES];
    sim_torture_trouble trouble;
    uint64_t random, end_us, round_end_us;
} torture;

static uint64_t torture_run_below(torture *t, uint64_t n)
{
    return kd_random_next(&t->random) % n;
}

/* ---- fates ----------------------------------------------------------------------------------------------------- */

/* A process passes it a few times in its life, or once. */
static bool is_rare(uint32_t point)
{
    return sim_point_in_leveldb(point) || point == KD_POINT_BACKUP_PARTITION;
}

/* -1: a random moment. */
static int draw_point(torture *t, bool edge)
{
    if (torture_run_below(t, 100) < RANDOM_PERCENT) return -1;
    for (;;) {
        uint32_t point = (uint32_t)torture_run_below(t, KD_POINT_COUNT);
        if (!sim_point_passed_by(point, edge)) continue;
        /* A build without POINTS=1 knows only points in LevelDB. A draw that misses them is repeated in one of three cases, else none is armed. */
        if (sim_point_known(point)) return (int)point;
        if (torture_run_below(t, 3)) return -1;
    }
}

static void torture_run_play(torture *t, const sim_scenario_event *e)
{
    sim_drill_faults_play(t->stage.faults, e, sim_fleet_now_us(t->stage.fleet));
}

/* Draws what the process will die of after its next start. */
static void torture_run_arm(torture *t, sim_fleet_node *n)
{
    int point = draw_point(t, sim_fleet_is_edge(n));
    t->fates[n->index] = (fate){.point = point}; /* kill_at_us counts from when it runs */
    if (point < 0) {
        sim_fleet_node_disarm(n);
        return;
    }
    uint64_t passes = is_rare((uint32_t)point) ? PASSES_RARE_MAX : PASSES_MAX;
    torture_run_play(t, &(sim_scenario_event){.kind = SCENARIO_ARM,
                                              .who = sim_fleet_identity(n),
                                              .point = (uint32_t)point,
                                              .amount = 1 + (int64_t)torture_run_below(t, passes),
                                              .for_us = 1 + torture_run_below(t, BACK_MAX_US)});
}

static void on_point(void *arg, sim_fleet_node *n, uint32_t point)
{
    torture *t = arg;
    t->out->cycles++;
    t->out->reached[point]++;
    torture_run_arm(t, n);
}

static void kill_it(torture *t, sim_fleet_node *n)
{
    const fate *f = &t->fates[n->index];
    t->out->cycles++;
    if (f->point < 0)
        t->out->random_moments++;
    else
        t->out->unreached++;
    torture_run_play(t, &(sim_scenario_event){.kind = SCENARIO_KILL,
                                              .who = sim_fleet_identity(n),
                                              .for_us = 1 + torture_run_below(t, BACK_MAX_US)});
    torture_run_arm(t, n);
}

static void torture_run_look(torture *t, sim_fleet_node *n, uint64_t now)
{
    fate *f = &t->fates[n->index];
    if (sim_fleet_serves(n) && !f->was_serving) {
        f->was_serving = true;
        if (sim_fleet_is_edge(n)) sim_clients_recheck(t->stage.clients, n->index, RECHECKS);
    }
    if (!sim_program_running(&n->process)) return;
    if (f->kill_at_us == 0)
        f->kill_at_us =
            now + (f->point < 0 ? torture_run_below(t, MOMENT_MAX_US) + 1 : (uint64_t)PATIENCE_US);
    if (now >= f->kill_at_us) kill_it(t, n);
}

/* ---- rounds ---------------------------------------------------------------------------------------------------- */

/* Two things that may not happen in a torture: a position with two bodies, and an edge that believes that another process runs under its name. */
static void check_tap(torture *t)
{
    char why[256];
    uint64_t alarms = sim_samples_sum(t->stage.samples).identity_shared;
    if (!sim_log_tool_tapped(t->stage.log, &t->out->batches, why, sizeof why))
        sim_fleet_fail(t->stage.fleet, "position: %s", why);
    if (alarms > 0)
        sim_fleet_fail(t->stage.fleet,
                       "identity: %llu alarms of edges that somebody else runs under their name; nobody does",
                       (unsigned long long)alarms);
}

static bool round_is_over(void *arg)
{
    torture *t = arg;
    sim_fleet *f = t->stage.fleet;
    uint64_t now = sim_fleet_now_us(f);
    sim_stage_tick(&t->stage);
    sim_torture_trouble_tick(&t->trouble, now);
    check_tap(t);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists) torture_run_look(t, &f->nodes[i], now);
    }
    return f->failed || now >= t->round_end_us;
}

static void torture_run_begin_round(torture *t)
{
    sim_fleet *f = t->stage.fleet;
    t->stage.acting = true;
    t->round_end_us = KD_MIN(sim_fleet_now_us(f) + ROUND_US, t->end_us);
    sim_clients_next_once(t->stage.clients, f->scenario->edge_count - 1);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        sim_fleet_node *n = &f->nodes[i];
        if (!n->exists) continue;
        t->fates[i] = (fate){.point = -1,
                             .kill_at_us = sim_fleet_now_us(f) + 1 + torture_run_below(t, MOMENT_MAX_US),
                             .was_serving = true};
    }
}

static void one_round(torture *t)
{
    sim_verdict_result r;
    char text[160];
    sim_fleet *f = t->stage.fleet;
    torture_run_begin_round(t);
    while (!t->stage.interrupted && !sim_fleet_wait(f, round_is_over, t, ROUND_US)) continue;
    sim_drill_faults_stop(t->stage.faults, sim_fleet_now_us(f));
    t->stage.acting = false;
    torture_run_play(t, &(sim_scenario_event){.kind = SCENARIO_AUDIT_LEFT, .who = SCENARIO_CENTRAL});
    sim_stage_judge(&t->stage, &t->out->found, &r);
    check_tap(t); /* batches that came while all processes came to rest */
    sim_stage_find_failure(&t->stage, &t->out->found);
    t->out->rounds++;
    t->out->lost += r.final.lost;
    t->out->doubled += r.final.doubled;
    snprintf(text, sizeof text,
             "%llu cycles, %llu likes and unlikes answered, %llu members, agreed after %.1f s: %s",
             (unsigned long long)t->out->cycles,
             (unsigned long long)sim_clients_total(t->stage.clients).acked,
             (unsigned long long)r.final.members, (double)r.converged_us / 1e6,
             t->out->found.checker ? t->out->found.checker : "held");
    if (t->o->round) t->o->round(t->o->round_arg, (uint32_t)t->out->rounds, text);
}

void sim_torture_run(const sim_torture_options *options, sim_torture_result *out)
{
    torture t = {.o = options, .out = out, .random = options->stage.seed, .end_us = options->length_us};
    *out = (sim_torture_result){.found.verdict = SIM_HELD};
    if (sim_stage_open(&t.stage, &options->stage, &out->found) == KD_OK) {
        t.stage.fleet->on_point = on_point;
        t.stage.fleet->on_point_arg = &t;
        t.stage.end_us = t.end_us;
        t.trouble =
            (sim_torture_trouble){.stage = &t.stage, .random = options->stage.seed ^ 0x74726f75626c65};
        sim_log_tool_tap(t.stage.log, options->stage.scenario->edges[options->stage.careless]);
        while (!out->found.checker && sim_fleet_now_us(t.stage.fleet) < t.end_us) one_round(&t);
        out->kills = t.stage.fleet->kills;
        out->users = sim_clients_total(t.stage.clients);
        out->totals = sim_samples_sum(t.stage.samples);
        out->shown = sim_shown_judged(t.stage.shown);
        out->tools = sim_operator_tool_total(t.stage.tool);
        out->trouble = t.trouble;
        out->reached[KD_POINT_RESTORE_PARTITION] = out->tools.restores_killed;
    }
    sim_stage_close(&t.stage);
}

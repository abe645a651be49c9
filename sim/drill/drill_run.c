/*
 * drill_run.c - see the header: the scenario's time, and how what was found becomes one verdict.
 */
#include "sim/drill/drill_run.h"

#include "sim/check/checks.h"

enum { ORDERS_US = 120000000 };

static bool acted(void *arg)
{
    sim_stage *s = arg;
    sim_stage_tick(s);
    return s->fleet->failed || sim_fleet_now_us(s->fleet) >= s->end_us;
}

/* Orders that the scenario gives the operator near its end are still carried out. */
static bool orders_are_done(void *arg)
{
    sim_stage *s = arg;
    sim_stage_tick(s);
    sim_operator_tool_tick(s->tool, sim_fleet_now_us(s->fleet), true);
    return s->fleet->failed || sim_operator_tool_idle(s->tool, true);
}

static void drill_run_find_needs(const sim_stage_options *o, sim_drill_run_result *out)
{
    sim_scenario shorter = *o->scenario; /* borrows */
    char why[300];
    uint32_t faults = 0, missing = 0;
    for (uint32_t i = 0; i < shorter.event_count; i++) {
        faults += shorter.events[i].kind != SCENARIO_OPERATION;
        missing += sim_drill_faults_missing(&shorter.events[i], o->real_kafka, o->brokers) != NULL;
    }
    if (faults > 0 && missing == faults)
        sim_stage_find(&out->found, SIM_UNKNOWN, "faults", "none of its faults can be played here");
    shorter.needs.acks = (uint64_t)((double)shorter.needs.acks * sim_stage_share(o));
    shorter.needs.refused = (uint64_t)((double)shorter.needs.refused * sim_stage_share(o));
    sim_scenario_needs met = {
        .acks = out->users.acked,
        .kills = out->kills,
        .duplicates = out->totals.duplicates,
        .gaps = out->totals.gaps,
        .refused = out->users.refused,
        .undone = out->totals.undone,
        .resent = out->totals.resent,
        .expired =
            shorter.needs.expired, /* programs keep their defaults, which a drill does not see the end of */
        .collected = shorter.needs.collected};
    const char *need = sim_checks_needs(&shorter, &met, why, sizeof why);
    if (need) sim_stage_find(&out->found, SIM_UNKNOWN, need, "too little happened: %s", why);
}

static void drill_run_play(sim_stage *s, sim_drill_run_result *out)
{
    sim_verdict_result r;
    s->end_us = out->length_us = (uint64_t)((double)s->o->scenario->length_us / s->o->faster);
    s->acting = true;
    while (!s->interrupted && !sim_fleet_wait(s->fleet, acted, s, s->end_us + 1)) continue;
    sim_drill_faults_stop(s->faults, sim_fleet_now_us(s->fleet));
    s->acting = false;
    sim_fleet_wait(s->fleet, orders_are_done, s, ORDERS_US);
    sim_stage_judge(s, &out->found, &r);
    if (s->fleet->failed) out->failed_us = sim_fleet_now_us(s->fleet);
    out->converged_us = r.converged ? r.converged_us : 0;
    out->lost = r.final.lost;
    out->doubled = r.final.doubled;
    out->kills = s->fleet->kills;
    out->users = sim_clients_total(s->clients);
    out->totals = sim_samples_sum(s->samples);
    out->appended = sim_log_tool_appended(s->log);
    out->orders_failed = sim_log_tool_failures(s->log, out->order_failure, sizeof out->order_failure);
    if (!out->found.checker) drill_run_find_needs(s->o, out);
}

void sim_drill_run(const sim_stage_options *options, sim_drill_run_result *out)
{
    sim_stage s;
    *out = (sim_drill_run_result){.found.verdict = SIM_HELD};
    if (sim_stage_open(&s, options, &out->found) == KD_OK) drill_run_play(&s, out);
    out->interrupted = s.interrupted;
    sim_stage_close(&s);
}

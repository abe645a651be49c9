/*
 * drill_run.c - see the header: the scenario's time, and how what was found becomes one verdict.
 */
#include "sim/drill/drill_run.h"

#include "sim/check/checks.h"

static bool acted(void *arg)
{
    stage *s = arg;
    stage_tick(s);
    return s->fleet->failed || fleet_now_us(s->fleet) >= s->end_us;
}

static void drill_run_find_needs(const stage_options *o, drill_run_result *out)
{
    scenario shorter = *o->scenario; /* borrows */
    char why[300];
    uint32_t faults = 0, missing = 0;
    for (uint32_t i = 0; i < shorter.event_count; i++) {
        faults += shorter.events[i].kind != SCENARIO_OPERATION;
        missing += drill_faults_missing(shorter.events[i].kind, o->real_kafka, o->brokers) != NULL;
    }
    if (faults > 0 && missing == faults)
        stage_find(&out->found, SIM_UNKNOWN, "faults", "none of its faults can be played here");
    shorter.needs.acks = (uint64_t)((double)shorter.needs.acks * stage_share(o));
    shorter.needs.refused = (uint64_t)((double)shorter.needs.refused * stage_share(o));
    scenario_needs met = {.acks = out->users.acked,
                          .kills = out->kills,
                          .duplicates = out->totals.duplicates,
                          .gaps = out->totals.gaps,
                          .refused = out->users.refused,
                          .undone = out->totals.undone,
                          .resent = out->totals.resent,
                          .expired = shorter.needs.expired, /* programs keep their defaults, which a drill does not see the end of */
                          .collected = shorter.needs.collected};
    const char *need = checks_needs(&shorter, &met, why, sizeof why);
    if (need) stage_find(&out->found, SIM_UNKNOWN, need, "too little happened: %s", why);
}

static void drill_run_play(stage *s, drill_run_result *out)
{
    verdict_result r;
    s->end_us = out->length_us = (uint64_t)((double)s->o->scenario->length_us / s->o->faster);
    s->acting = true;
    while (!s->interrupted && !fleet_wait(s->fleet, acted, s, s->end_us + 1)) continue;
    drill_faults_stop(s->faults, fleet_now_us(s->fleet));
    stage_judge(s, &out->found, &r);
    if (s->fleet->failed) out->failed_us = fleet_now_us(s->fleet);
    out->converged_us = r.converged ? r.converged_us : 0;
    out->lost = r.final.lost;
    out->doubled = r.final.doubled;
    out->kills = s->fleet->kills;
    out->users = clients_total(s->clients);
    out->totals = samples_sum(s->samples);
    out->appended = log_tool_appended(s->log);
    out->orders_failed = log_tool_failures(s->log, out->order_failure, sizeof out->order_failure);
    if (!out->found.checker) drill_run_find_needs(s->o, out);
}

void drill_run(const stage_options *options, drill_run_result *out)
{
    stage s;
    *out = (drill_run_result){.found.verdict = SIM_HELD};
    if (stage_open(&s, options, &out->found) == KD_OK) drill_run_play(&s, out);
    out->interrupted = s.interrupted;
    stage_close(&s);
}

/*
 * drill_run.c - see the header: the parts put together, the loop, and how their findings become one verdict.
 *
 * Order of an end: faults stop, users get their last answers, everything must agree, the processes end, and only then what they refer to is freed.
 */
#include "sim/drill/drill_run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/check/checks.h"
#include "sim/drill/drill_faults.h"
#include "sim/drill/verdict.h"

enum { LAST_ANSWERS_US = 20000000, HEAL_MIN_US = 30000000, SIGNALS = 3 };

typedef struct {
    const drill_run_options *o;
    drill_run_result *out;
    struct event_base *base;
    struct event *signals[SIGNALS];
    fleet *fleet;
    journal *journal;
    log_tool *log;
    clients *clients;
    samples *samples;
    drill_faults *faults;
    uint32_t followed; /* item */
    uint64_t end_us;
    bool acting;
} drill;

/* ---- while it runs --------------------------------------------------------------------------------------------- */

static void tick(drill *d)
{
    uint64_t now = fleet_now_us(d->fleet), least, most;
    if (d->acting) drill_faults_tick(d->faults, now);
    clients_tick(d->clients, now, d->acting);
    samples_tick(d->samples, now);
    if (now >= record_next_us(d->o->record)) {
        journal_bounds(d->journal, SCENARIO_LIKE, d->followed, &least, &most);
        samples_record(d->samples, d->o->record, d->clients, least, most, now);
    }
    if (d->o->progress) d->o->progress(d->o->progress_arg, now, d->end_us, clients_total(d->clients).acked);
}

static void on_wait(void *arg)
{
    tick(arg);
}

static bool acted(void *arg)
{
    drill *d = arg;
    tick(d);
    return d->fleet->failed || fleet_now_us(d->fleet) >= d->end_us;
}

static bool answered(void *arg)
{
    drill *d = arg;
    tick(d);
    return d->fleet->failed || clients_idle(d->clients);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    drill *d = arg;
    (void)number, (void)what;
    if (d->fleet) d->fleet->interrupted = true;
    d->out->interrupted = true;
}

static void on_ended(void *arg, fleet_node *n, const char *how)
{
    drill *d = arg;
    char text[128];
    snprintf(text, sizeof text, "ended with %s", how);
    record_note(d->o->record, fleet_now_us(d->fleet), n->name, text);
}

/* ---- verdict --------------------------------------------------------------------------------------------------- */

static void decide(drill *d, sim_verdict verdict, const char *checker, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The first finding counts. */
static void decide(drill *d, sim_verdict verdict, const char *checker, const char *format, ...)
{
    va_list args;
    if (d->out->checker) return;
    d->out->verdict = verdict;
    d->out->checker = checker;
    va_start(args, format);
    vsnprintf(d->out->failure, sizeof d->out->failure, format, args);
    va_end(args);
}

/* The word before the colon of a failure names its checker. */
static const char *checker_of(const char *failure)
{
    static const char *const known[] = {"process died", "answer", "read-your-writes"};
    for (size_t i = 0; i < KD_COUNT(known); i++) {
        if (strncmp(failure, known[i], strlen(known[i])) == 0) return known[i];
    }
    return NULL;
}

static void decide_failure(drill *d)
{
    const char *checker = checker_of(d->fleet->failure);
    if (!d->fleet->failed) return;
    d->out->failed_us = fleet_now_us(d->fleet);
    if (!checker) d->out->unavailable = true;
    const char *text = d->fleet->failure + (checker ? strlen(checker) + 2 : 0);
    decide(d, checker ? SIM_VIOLATED : SIM_UNKNOWN, checker ? checker : "environment", "%s", text);
}

/* In a drill that goes faster fewer operations fit. */
static uint64_t needed_acks(const drill *d)
{
    const scenario *s = d->o->scenario;
    double whole = s->users.per_second * d->o->faster;
    return whole <= d->o->per_second ? s->needs.acks : (uint64_t)((double)s->needs.acks * d->o->per_second / whole);
}

static void decide_needs(drill *d)
{
    const scenario *s = d->o->scenario;
    scenario shorter = *s; /* borrows */
    char why[300];
    uint32_t faults = 0, missing = 0;
    for (uint32_t i = 0; i < s->event_count; i++) {
        faults += s->events[i].kind != SCENARIO_OPERATION;
        missing += drill_faults_missing(s->events[i].kind, d->o->real_kafka) != NULL;
    }
    scenario_needs met = {.acks = d->out->users.acked, .kills = d->out->kills, .duplicates = d->out->totals.duplicates,
                          .gaps = d->out->totals.gaps, .refused = d->out->users.refused, .undone = d->out->totals.undone,
                          .resent = d->out->totals.resent};
    if (faults > 0 && missing == faults) decide(d, SIM_UNKNOWN, "faults", "none of its faults can be played here");
    shorter.needs.acks = s->users.users ? needed_acks(d) : s->needs.acks;
    const char *need = checks_needs(&shorter, &met, why, sizeof why);
    if (need) decide(d, SIM_UNKNOWN, need, "too little happened: %s", why);
}

static void reach_verdict(drill *d)
{
    verdict_result r = {0};
    verdict_options o = {.fleet = d->fleet, .clients = d->clients, .samples = d->samples, .journal = d->journal,
                         .limit_us = KD_MAX(d->o->scenario->heal_us, (uint64_t)HEAL_MIN_US), .tick = on_wait, .tick_arg = d};
    fleet_wait(d->fleet, answered, d, LAST_ANSWERS_US);
    if (!d->fleet->failed) verdict_reach(&o, &r);
    decide_failure(d);
    if (d->fleet->interrupted) decide(d, SIM_UNKNOWN, "interrupted", "interrupted");
    d->out->converged_us = r.converged ? r.converged_us : 0;
    d->out->lost = r.final.lost;
    d->out->doubled = r.final.doubled;
    if (r.judged && !r.final.held) decide(d, SIM_VIOLATED, r.final.checker, "%s", r.final.text);
    if (!r.converged)
        decide(d, SIM_VIOLATED, "convergence", "not within %.0f s after the faults: %s", (double)o.limit_us / 1e6, r.apart);
}

/* ---- from the first process to the last ------------------------------------------------------------------------ */

static const char *followed_item(const scenario *s)
{
    for (uint32_t i = 0; i < s->event_count; i++) {
        if (s->events[i].kind == SCENARIO_OPERATION) return s->events[i].item;
    }
    return "posts/0";
}

static void assemble(drill *d)
{
    const drill_run_options *o = d->o;
    const char *item = followed_item(o->scenario);
    char brokers[512];
    fleet_kafka_address(d->fleet, brokers, sizeof brokers);
    d->journal = journal_create(o->scenario->drift_us, o->scenario->users.tokens);
    d->log = log_tool_create(brokers, o->scenario->partitions, o->seed);
    d->clients = clients_create(&(clients_options){.fleet = d->fleet, .scenario = o->scenario, .journal = d->journal,
                                                   .seed = o->seed, .faster = o->faster, .per_second = o->per_second});
    d->samples = samples_create(d->fleet, item);
    d->faults = drill_faults_create(&(drill_faults_options){.fleet = d->fleet, .clients = d->clients, .journal = d->journal,
                                                            .record = o->record, .log = d->log, .faster = o->faster,
                                                            .merged_arg = d->samples, .merged = samples_merged});
    const kd_names *items = clients_items(d->clients);
    while (d->followed < items->count && strcmp(kd_names_at(items, d->followed), item) != 0) d->followed++;
    record_follow(o->record, item, "like");
}

static void play(drill *d)
{
    d->end_us = (uint64_t)((double)d->o->scenario->length_us / d->o->faster);
    d->out->length_us = d->end_us;
    d->acting = true;
    while (!d->fleet->interrupted && !fleet_wait(d->fleet, acted, d, d->end_us + 1)) continue;
    d->acting = false;
    drill_faults_stop(d->faults, fleet_now_us(d->fleet));
    reach_verdict(d);
    d->out->kills = d->fleet->kills;
    d->out->users = clients_total(d->clients);
    d->out->totals = samples_sum(d->samples);
    d->out->appended = log_tool_appended(d->log);
    if (!d->out->checker) decide_needs(d);
}

static void run(drill *d)
{
    if (fleet_start(d->fleet) != KD_OK) {
        d->out->unavailable = !d->out->interrupted;
        decide(d, SIM_UNKNOWN, d->out->interrupted ? "interrupted" : "environment", "%s", d->fleet->failure);
        return;
    }
    fleet_begin(d->fleet);
    assemble(d);
    play(d);
}

static void take_down(drill *d)
{
    clients_destroy(d->clients);
    log_tool_destroy(d->log);
    drill_faults_destroy(d->faults);
    fleet_destroy(d->fleet);
    samples_destroy(d->samples);
    journal_destroy(d->journal);
}

void drill_run(const drill_run_options *o, drill_run_result *out)
{
    static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    drill d = {.o = o, .out = out, .base = event_base_new()};
    fleet_options f = {.scenario = o->scenario, .base = d.base, .directory = o->directory, .programs = o->programs,
                       .tests_lib = o->tests_lib, .faketime = o->faketime, .powercut = o->powercut, .real_kafka = o->real_kafka,
                       .brokers = o->brokers, .seed = o->seed, .faster = o->faster};
    KD_ASSERT(d.base != NULL);
    signal(SIGPIPE, SIG_IGN);
    *out = (drill_run_result){.verdict = SIM_HELD};
    for (int i = 0; i < SIGNALS; i++) {
        d.signals[i] = evsignal_new(d.base, numbers[i], on_signal, &d);
        KD_ASSERT(d.signals[i] != NULL);
        evsignal_add(d.signals[i], NULL);
    }
    if (fleet_create(&d.fleet, &f) != KD_OK) {
        out->unavailable = true;
        decide(&d, SIM_UNKNOWN, "environment", "%s: %s", o->directory, strerror(errno));
    } else {
        d.fleet->on_ended = on_ended;
        d.fleet->on_ended_arg = &d;
        run(&d);
    }
    take_down(&d);
    for (int i = 0; i < SIGNALS; i++) event_free(d.signals[i]);
    event_base_free(d.base);
}

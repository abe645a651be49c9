/* stage.c - see the header. */
#include "sim/drill/stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

enum { LAST_ANSWERS_US = 20000000, LOG_TOOL_US = 15000000, HEAL_MIN_US = 30000000 };

/* ---- while it runs --------------------------------------------------------------------------------------------- */

void stage_tick(stage *s)
{
    uint64_t now = fleet_now_us(s->fleet), least, most;
    if (s->acting) drill_faults_tick(s->faults, now);
    shown_tick(s->shown, now); /* before the users go on to another once item */
    clients_tick(s->clients, now, s->acting);
    samples_tick(s->samples, now);
    if (now >= record_next_us(s->o->record)) {
        journal_bounds(s->journal, SCENARIO_LIKE, s->followed, &least, &most);
        samples_record(s->samples, s->o->record, s->clients, least, most, now);
    }
    if (s->o->progress) s->o->progress(s->o->progress_arg, now, s->end_us, clients_total(s->clients).acked);
}

static void on_wait(void *arg)
{
    stage_tick(arg);
}

static bool answered(void *arg)
{
    stage *s = arg;
    stage_tick(s);
    return s->fleet->failed || clients_idle(s->clients);
}

static void stage_on_signal(evutil_socket_t number, short what, void *arg)
{
    stage *s = arg;
    (void)number, (void)what;
    s->interrupted = true;
    if (s->fleet) s->fleet->interrupted = true;
}

static void on_ended(void *arg, fleet_node *n, const char *how)
{
    stage *s = arg;
    char text[128];
    snprintf(text, sizeof text, "ended with %s", how);
    record_note(s->o->record, fleet_now_us(s->fleet), n->name, text);
}

/* ---- findings -------------------------------------------------------------------------------------------------- */

void stage_find(stage_finding *f, sim_verdict verdict, const char *checker, const char *format, ...)
{
    va_list args;
    if (f->checker) return;
    f->verdict = verdict;
    f->checker = checker;
    va_start(args, format);
    vsnprintf(f->failure, sizeof f->failure, format, args);
    va_end(args);
}

/* The word before the colon of a failure names its checker; without one it is the surroundings that failed. */
void stage_find_failure(const stage *s, stage_finding *f)
{
    static const char *const checkers[] = {"process died", "answer", "read-your-writes",
                                           "shown",        "as-of",  "position",
                                           "identity",     "audit",  "backup"};
    const char *text = s->fleet->failure;
    if (!s->fleet->failed) return;
    for (size_t i = 0; i < KD_COUNT(checkers); i++) {
        size_t len = strlen(checkers[i]);
        if (strncmp(text, checkers[i], len) == 0)
            stage_find(f, SIM_VIOLATED, checkers[i], "%s", text + len + 2);
    }
    f->unavailable = f->unavailable || !f->checker;
    stage_find(f, SIM_UNKNOWN, "environment", "%s", text);
}

void stage_judge(stage *s, stage_finding *f, verdict_result *r)
{
    verdict_options o = {.fleet = s->fleet,
                         .clients = s->clients,
                         .samples = s->samples,
                         .journal = s->journal,
                         .limit_us = KD_MAX(s->o->scenario->heal_us, (uint64_t)HEAL_MIN_US),
                         .tick = on_wait,
                         .tick_arg = s};
    *r = (verdict_result){0};
    s->acting = false;
    fleet_wait(s->fleet, answered, s, LAST_ANSWERS_US);
    if (!s->fleet->failed) verdict_reach(&o, r);
    stage_find_failure(s, f);
    if (s->interrupted) stage_find(f, SIM_UNKNOWN, "interrupted", "interrupted");
    if (r->judged && !r->final.held) stage_find(f, SIM_VIOLATED, r->final.checker, "%s", r->final.text);
    if (!r->converged)
        stage_find(f, SIM_VIOLATED, "convergence", "not within %.0f s after the faults: %s",
                   (double)o.limit_us / 1e6, r->apart);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static const char *followed_item(const scenario *s)
{
    for (uint32_t i = 0; i < s->event_count; i++) {
        if (s->events[i].kind == SCENARIO_OPERATION) return s->events[i].item;
    }
    return "posts/0";
}

double stage_share(const stage_options *o)
{
    const scenario *s = o->scenario;
    double whole = s->users.per_second * o->faster;
    return s->users.users == 0 || whole <= o->per_second ? 1 : o->per_second / whole;
}

static void stage_assemble(stage *s)
{
    const stage_options *o = s->o;
    const char *item = followed_item(o->scenario);
    char brokers[512];
    fleet_kafka_address(s->fleet, brokers, sizeof brokers);
    s->journal = journal_create(o->scenario->drift_us + scenario_central_clock_us(o->scenario),
                                scenario_tokens_kept(o->scenario));
    s->log = log_tool_create(brokers, o->scenario->partitions, o->seed);
    if (o->probes) s->shown = shown_create(s->fleet, o->careless);
    s->clients = clients_create(&(clients_options){.fleet = s->fleet,
                                                   .scenario = o->scenario,
                                                   .journal = s->journal,
                                                   .seed = o->seed,
                                                   .faster = o->faster,
                                                   .per_second = o->per_second,
                                                   .probes = o->probes,
                                                   .sums_edges = o->probes ? o->careless : 0,
                                                   .changed_arg = s->shown,
                                                   .changed = o->probes ? shown_changed : NULL});
    if (s->shown) shown_watch(s->shown, s->clients, s->journal);
    s->samples = samples_create(s->fleet, item);
    s->faults = drill_faults_create(&(drill_faults_options){.fleet = s->fleet,
                                                            .clients = s->clients,
                                                            .journal = s->journal,
                                                            .record = o->record,
                                                            .log = s->log,
                                                            .faster = o->faster,
                                                            .merged_arg = s->samples,
                                                            .merged = samples_merged});
    const kd_names *items = clients_items(s->clients);
    while (s->followed < items->count && strcmp(kd_names_at(items, s->followed), item) != 0) s->followed++;
    record_follow(o->record, item, "like");
}

static void hear_signals(stage *s)
{
    static const int numbers[STAGE_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < STAGE_SIGNALS; i++) {
        s->signals[i] = evsignal_new(s->base, numbers[i], stage_on_signal, s);
        KD_ASSERT(s->signals[i] != NULL);
        evsignal_add(s->signals[i], NULL);
    }
}

int stage_open(stage *s, const stage_options *o, stage_finding *f)
{
    *s = (stage){.o = o, .base = event_base_new()};
    KD_ASSERT(s->base != NULL);
    hear_signals(s);
    fleet_options with = {.scenario = o->scenario,
                          .base = s->base,
                          .directory = o->directory,
                          .programs = o->programs,
                          .kafka_dir = o->kafka_dir,
                          .faketime = o->faketime,
                          .powercut = o->powercut,
                          .real_kafka = o->real_kafka,
                          .brokers = o->brokers,
                          .small = o->small,
                          .seed = o->seed,
                          .faster = o->faster,
                          .share = stage_share(o)};
    if (fleet_create(&s->fleet, &with) != KD_OK) {
        f->unavailable = true;
        stage_find(f, SIM_UNKNOWN, "environment", "%s: %s", o->directory, strerror(errno));
        return KD_EUNAVAILABLE;
    }
    s->fleet->on_ended = on_ended;
    s->fleet->on_ended_arg = s;
    if (fleet_start(s->fleet) != KD_OK) {
        f->unavailable = !s->interrupted;
        stage_find(f, SIM_UNKNOWN, s->interrupted ? "interrupted" : "environment", "%s", s->fleet->failure);
        return KD_EUNAVAILABLE;
    }
    fleet_begin(s->fleet);
    stage_assemble(s);
    return KD_OK;
}

void stage_close(stage *s)
{
    if (s->shown) shown_watch(s->shown, NULL, NULL);
    clients_destroy(s->clients);
    if (s->log) {
        log_tool_end(s->log);
        s->fleet->interrupted = false;
        fleet_wait(s->fleet, log_tool_ended, s->log, LOG_TOOL_US);
    }
    log_tool_destroy(s->log);
    drill_faults_destroy(s->faults);
    fleet_destroy(s->fleet);
    samples_destroy(s->samples);
    shown_destroy(s->shown);
    journal_destroy(s->journal);
    for (int i = 0; i < STAGE_SIGNALS; i++) event_free(s->signals[i]);
    event_base_free(s->base);
}

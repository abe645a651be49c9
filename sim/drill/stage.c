/* stage.c - see the header. */
#include "sim/drill/stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

enum { LAST_ANSWERS_US = 20000000, LOG_TOOL_US = 15000000, OPERATOR_US = 120000000, HEAL_MIN_US = 30000000 };

/* ---- while it runs --------------------------------------------------------------------------------------------- */

void sim_stage_tick(sim_stage *s)
{
    uint64_t now = sim_fleet_now_us(s->fleet), least, most;
    if (s->acting) sim_drill_faults_tick(s->faults, now);
    sim_operator_tool_tick(s->tool, now, s->acting);
    sim_shown_tick(s->shown, now); /* before the clients, which may begin another once item */
    sim_clients_tick(s->clients, now, s->acting);
    sim_samples_tick(s->samples, now);
    sim_alone_tick(s->alone, now);
    if (now >= sim_record_next_us(s->o->record)) {
        sim_journal_bounds(s->journal, SCENARIO_LIKE, s->followed, &least, &most);
        sim_samples_record(s->samples, s->o->record, s->clients, least, most, now);
    }
    if (s->o->progress)
        s->o->progress(s->o->progress_arg, now, s->end_us, sim_clients_total(s->clients).acked);
}

static void on_wait(void *arg)
{
    sim_stage_tick(arg);
}

static bool answered(void *arg)
{
    sim_stage *s = arg;
    sim_stage_tick(s);
    return s->fleet->failed || sim_clients_idle(s->clients);
}

/* The verdict has commands of its own, and central runs one job at a time. */
static bool operator_is_done(void *arg)
{
    sim_stage *s = arg;
    sim_stage_tick(s);
    return s->fleet->failed || sim_operator_tool_idle(s->tool, false);
}

static void stage_on_signal(evutil_socket_t number, short what, void *arg)
{
    sim_stage *s = arg;
    (void)number, (void)what;
    s->interrupted = true;
    if (s->fleet) s->fleet->interrupted = true;
}

static void on_ended(void *arg, sim_fleet_node *n, const char *how)
{
    sim_stage *s = arg;
    char text[128];
    snprintf(text, sizeof text, "ended with %s", how);
    sim_record_note(s->o->record, sim_fleet_now_us(s->fleet), n->name, text);
}

/* ---- findings -------------------------------------------------------------------------------------------------- */

void sim_stage_find(sim_stage_finding *f, sim_verdict verdict, const char *checker, const char *format, ...)
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
void sim_stage_find_failure(const sim_stage *s, sim_stage_finding *f)
{
    static const char *const checkers[] = {"process died", "answer",   "read-your-writes", "shown", "known",
                                           "as-of",        "position", "identity",         "audit", "backup",
                                           "order"};
    const char *text = s->fleet->failure;
    if (!s->fleet->failed) return;
    for (size_t i = 0; i < KD_COUNT(checkers); i++) {
        size_t len = strlen(checkers[i]);
        if (strncmp(text, checkers[i], len) == 0)
            sim_stage_find(f, SIM_VIOLATED, checkers[i], "%s", text + len + 2);
    }
    f->unavailable = f->unavailable || !f->checker;
    sim_stage_find(f, SIM_UNKNOWN, "environment", "%s", text);
}

static bool stage_log_is_whole(void *arg)
{
    const sim_stage *s = arg;
    return !sim_drill_faults_log_lost(s->faults);
}

/* All is merged: the operator says his voids again, and then the journal knows what they did. */
static bool settle_orders(void *arg)
{
    sim_stage *s = arg;
    if (!s->repeated) sim_order_book_repeat(s->book);
    s->repeated = true;
    if (!sim_operator_tool_idle(s->tool, false)) return false;
    sim_order_book_settle(s->book);
    return true;
}

void sim_stage_judge(sim_stage *s, sim_stage_finding *f, sim_verdict_result *r)
{
    sim_verdict_options o = {.fleet = s->fleet,
                             .clients = s->clients,
                             .samples = s->samples,
                             .journal = s->journal,
                             .log = s->log,
                             .whole = stage_log_is_whole,
                             .limit_us = KD_MAX(s->o->scenario->heal_us, (uint64_t)HEAL_MIN_US),
                             .tick = on_wait,
                             .settle = settle_orders,
                             .tick_arg = s};
    *r = (sim_verdict_result){0};
    s->acting = false;
    sim_fleet_wait(s->fleet, operator_is_done, s, OPERATOR_US);
    sim_fleet_wait(s->fleet, answered, s, LAST_ANSWERS_US);
    if (!s->fleet->failed) sim_verdict_reach(&o, r);
    sim_stage_find_failure(s, f);
    if (s->interrupted) sim_stage_find(f, SIM_UNKNOWN, "interrupted", "interrupted");
    if (r->judged && !r->final.held) sim_stage_find(f, SIM_VIOLATED, r->final.checker, "%s", r->final.text);
    if (!r->converged)
        sim_stage_find(f, SIM_VIOLATED, "convergence", "not within %.0f s after the faults: %s",
                       (double)o.limit_us / 1e6, r->apart);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static const char *followed_item(const sim_scenario *s)
{
    for (uint32_t i = 0; i < s->event_count; i++) {
        if (s->events[i].kind == SCENARIO_OPERATION) return s->events[i].item;
    }
    return "posts/0";
}

double sim_stage_share(const sim_stage_options *o)
{
    const sim_scenario *s = o->scenario;
    double whole = s->users.per_second * o->faster;
    return s->users.users == 0 || whole <= o->per_second ? 1 : o->per_second / whole;
}

static void stage_assemble(sim_stage *s)
{
    const sim_stage_options *o = s->o;
    const char *item = followed_item(o->scenario);
    char brokers[512];
    sim_fleet_kafka_address(s->fleet, brokers, sizeof brokers);
    s->journal = sim_journal_create(o->scenario->drift_us + sim_scenario_central_clock_us(o->scenario),
                                    sim_scenario_tokens_kept(o->scenario));
    s->log = sim_log_tool_create(brokers, o->scenario->partitions, o->seed);
    if (o->probes) s->shown = sim_shown_create(s->fleet, o->careless);
    s->clients = sim_clients_create(&(sim_clients_options){.fleet = s->fleet,
                                                           .scenario = o->scenario,
                                                           .journal = s->journal,
                                                           .seed = o->seed,
                                                           .faster = o->faster,
                                                           .per_second = o->per_second,
                                                           .probes = o->probes,
                                                           .sums_edges = o->probes ? o->careless : 0,
                                                           .changed_arg = s->shown,
                                                           .changed = o->probes ? sim_shown_changed : NULL});
    s->book = sim_order_book_create(s->fleet, s->clients, s->journal);
    s->tool = sim_operator_tool_create(s->fleet, s->book, o->seed);
    if (s->shown) sim_shown_watch(s->shown, s->clients, s->journal);
    s->samples = sim_samples_create(s->fleet, item);
    s->alone = sim_alone_create(s->fleet, s->clients, item);
    s->faults = sim_drill_faults_create(&(sim_drill_faults_options){.fleet = s->fleet,
                                                                    .clients = s->clients,
                                                                    .journal = s->journal,
                                                                    .record = o->record,
                                                                    .log = s->log,
                                                                    .tool = s->tool,
                                                                    .book = s->book,
                                                                    .faster = o->faster,
                                                                    .merged_arg = s->samples,
                                                                    .merged = sim_samples_merged});
    const sim_names *items = sim_clients_items(s->clients);
    while (s->followed < items->count && strcmp(sim_names_at(items, s->followed), item) != 0) s->followed++;
    sim_record_follow(o->record, item, "like");
}

static void hear_signals(sim_stage *s)
{
    static const int numbers[STAGE_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < STAGE_SIGNALS; i++) {
        s->signals[i] = evsignal_new(s->base, numbers[i], stage_on_signal, s);
        KD_ASSERT(s->signals[i] != NULL);
        evsignal_add(s->signals[i], NULL);
    }
}

int sim_stage_open(sim_stage *s, const sim_stage_options *o, sim_stage_finding *f)
{
    *s = (sim_stage){.o = o, .base = event_base_new()};
    KD_ASSERT(s->base != NULL);
    hear_signals(s);
    sim_fleet_options with = {.scenario = o->scenario,
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
                              .share = sim_stage_share(o)};
    if (sim_fleet_create(&s->fleet, &with) != KD_OK) {
        f->unavailable = true;
        sim_stage_find(f, SIM_UNKNOWN, "environment", "%s: %s", o->directory, strerror(errno));
        return KD_EUNAVAILABLE;
    }
    s->fleet->on_ended = on_ended;
    s->fleet->on_ended_arg = s;
    if (sim_fleet_start(s->fleet) != KD_OK) {
        f->unavailable = !s->interrupted;
        sim_stage_find(f, SIM_UNKNOWN, s->interrupted ? "interrupted" : "environment", "%s",
                       s->fleet->failure);
        return KD_EUNAVAILABLE;
    }
    sim_fleet_begin(s->fleet);
    stage_assemble(s);
    return KD_OK;
}

void sim_stage_close(sim_stage *s)
{
    if (s->shown) sim_shown_watch(s->shown, NULL, NULL);
    sim_alone_end(s->alone);
    sim_clients_destroy(s->clients);
    if (s->log) {
        sim_log_tool_end(s->log);
        s->fleet->interrupted = false;
        sim_fleet_wait(s->fleet, sim_log_tool_ended, s->log, LOG_TOOL_US);
    }
    sim_log_tool_destroy(s->log);
    sim_drill_faults_destroy(s->faults);
    sim_operator_tool_destroy(s->tool);
    sim_order_book_destroy(s->book);
    sim_fleet_destroy(s->fleet);
    sim_samples_destroy(s->samples);
    sim_alone_destroy(s->alone);
    sim_shown_destroy(s->shown);
    sim_journal_destroy(s->journal);
    for (int i = 0; i < STAGE_SIGNALS; i++) event_free(s->signals[i]);
    event_base_free(s->base);
}

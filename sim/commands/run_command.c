/*
 * run_command.c - `kudos-sim run SCENARIO --seed N`: seed and options first, a line that moves while it runs, what the run met, and
 * the verdict as the last line.
 */
#include "sim/commands/run_command.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "kudos/limits.h"
#include "common/io/daemon/args.h"
#include "sim/check/checkers.h"
#include "sim/check/checks.h"
#include "sim/commands/interrupt.h"
#include "sim/commands/playing.h"
#include "sim/report/report.h"
#include "sim/report/terminal.h"
#include "sim/world/memory.h"
#include "sim/world/plants.h"
#include "sim/world/run.h"

typedef struct {
    const char *path, *trace, *report;
    uint64_t seed;
    kd_args_list plants;
} run_options;

static int run_command_parse(int argc, char **argv, run_options *o)
{
    const kd_arg table[] = {
        KD_ARG_UINT("seed", "N", &o->seed, "draws everything that is left to chance [1]", .max = 1e18),
        KD_ARG_TEXT("trace", "FILE", &o->trace, "writes every event to this file; - is standard error"),
        KD_ARG_TEXT("report", "FILE", &o->report, "writes an HTML page that shows the run over time"),
        KD_ARG_LIST("plant", "NAME", &o->plants,
                    "breaks a rule on purpose; once for each rule; `kudos-sim bugs` lists their names"),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "run",
        .usage = "SCENARIO [options]",
        .about = "Plays a scenario in the deterministic simulation: the cores of edge and central under a\n"
                 "virtual clock. The same seed gives the same run, to the byte of its trace.",
        .operands = &o->path,
        .operands_min = 1,
        .operands_max = 1,
        .at = table,
        .count = KD_COUNT(table)};
    return kd_args_read(&args, argc, argv);
}

static bool plant_all(const kd_args_list *names, sim_options *to)
{
    for (uint32_t i = 0; i < names->count; i++) {
        const sim_plant_name *p = sim_plant_find(names->at[i]);
        if (!p) {
            fprintf(stderr, "kudos-sim run: --plant %s: no such planted bug; there are", names->at[i]);
            for (uint32_t n = 0; n < sim_plant_count; n++) fprintf(stderr, " %s", sim_plants[n].name);
            fputc('\n', stderr);
            return false;
        }
        to->edge_plant |= p->edge;
        to->central_plant |= p->central;
        to->world_plant |= p->world;
    }
    return true;
}

/* ---- what is said ---- */

static void say_options(const run_options *o)
{
    printf("run %s --seed %" PRIu64, o->path, o->seed);
    for (uint32_t i = 0; i < o->plants.count; i++) printf(" --plant %s", o->plants.at[i]);
    putchar('\n');
    fflush(stdout);
}

/* Names the kinds of faults that the simulation leaves out, because it cannot play them. */
static void say_left_out(const sim_scenario *s)
{
    bool said[SCENARIO_KINDS] = {false};
    for (uint32_t i = 0; i < s->event_count; i++) {
        sim_scenario_kind kind = s->events[i].kind;
        if (sim_scenario_simulated(kind) || said[kind]) continue;
        said[kind] = true;
        printf("left out: %s: only real programs can be told to (kudos-sim drill)\n",
               sim_scenario_kind_name(kind));
    }
}

static void say_last(uint64_t seed, const sim_result *r, uint64_t us)
{
    printf("run seed=%" PRIu64 " events=%" PRIu64 " virtual_s=%.3f real_s=%.3f acks=%" PRIu64
           " trace_sha256=",
           seed, r->events, (double)r->virtual_us / 1e6, (double)us / 1e6, r->acks);
    for (size_t i = 0; i < sizeof(r->trace_sha256); i++) printf("%02x", r->trace_sha256[i]);
    printf(" verdict=%s\n", sim_verdict_name(r->verdict));
}

/* A broken assertion of a core is a violation, like a checker's. It aborts the process, so the last line is printed from the signal handler. */
static uint64_t aborting_seed;

static void on_abort(int signal_number)
{
    (void)signal_number;
    /* NOLINTBEGIN(bugprone-signal-handler): abort() of an assertion raised the signal, never from within stdio */
    fflush(stdout);
    dprintf(STDOUT_FILENO,
            "run seed=%" PRIu64 " events=0 virtual_s=0 real_s=0 acks=0 trace_sha256=- verdict=violated\n",
            aborting_seed);
    /* NOLINTEND(bugprone-signal-handler) */
    _exit(KD_EXIT_FAILED);
}

/* ---- the page ---- */

typedef struct {
    char text[12][24];
    sim_report_figure figures[12];
    uint32_t count;
    char title[128], command[512];
    const char *held[64];
    kd_buf scenario;
    sim_report_facts facts;
} page;

static void run_command_figure(page *p, const char *name, uint64_t value)
{
    snprintf(p->text[p->count], sizeof(p->text[0]), "%" PRIu64, value);
    p->figures[p->count] = (sim_report_figure){name, p->text[p->count]};
    p->count++;
}

static void figures(page *p, const sim_result *r)
{
    run_command_figure(p, "events", r->events);
    run_command_figure(p, "batches merged", r->merges);
    run_command_figure(p, "duplicates dropped", r->duplicates);
    run_command_figure(p, "gaps", r->gaps);
    run_command_figure(p, "processes that died", r->kills);
    run_command_figure(p, "requests refused", r->refused);
    run_command_figure(p, "histories undone", r->undone);
    run_command_figure(p, "operations sent again", r->resent);
    if (r->expired) run_command_figure(p, "rows that edges forgot", r->expired);
    if (r->collected) run_command_figure(p, "tombstones collected", r->collected);
    run_command_figure(p, "comparisons", r->checks);
}

static void command_of(const run_options *o, char *out, size_t size)
{
    size_t len = (size_t)snprintf(out, size, "kudos-sim run %s --seed %" PRIu64, o->path, o->seed);
    for (uint32_t i = 0; i < o->plants.count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, " --plant %s", o->plants.at[i]);
}

static uint32_t held_names(const sim_result *r, const char **out, uint32_t max)
{
    uint32_t n = 0;
    for (const sim_checker *k = sim_checkers; k->name && n < max; k++)
        if (strcmp(k->name, r->checker) != 0) out[n++] = k->name;
    return n;
}

static void page_init(page *p, const run_options *o, const sim_scenario *s, const sim_result *r)
{
    *p = (page){.count = 0};
    sim_playing_name(o->path, p->title, sizeof(p->title));
    command_of(o, p->command, sizeof(p->command));
    figures(p, r);
    sim_scenario_print(s, &p->scenario);
    kd_buf_put_u8(&p->scenario, 0);
    p->facts = (sim_report_facts){.title = p->title,
                                  .teaches = s->teaches,
                                  .world = "simulation",
                                  .command = p->command,
                                  .version = KD_PROGRAM_VERSION,
                                  .scenario = (const char *)p->scenario.data,
                                  .seed = o->seed,
                                  .verdict = r->verdict,
                                  .checker = r->checker[0] ? r->checker : NULL,
                                  .failure = r->failure[0] ? r->failure : NULL,
                                  .failed_us = r->failed_us,
                                  .length_us = s->length_us,
                                  .converged_us = r->converged_us,
                                  .acks = r->acks,
                                  .lost = r->lost,
                                  .doubled = r->doubled,
                                  .figures = p->figures,
                                  .figure_count = p->count,
                                  .held = p->held,
                                  .held_count = held_names(r, p->held, KD_COUNT(p->held))};
}

static int run_command_tell(const run_options *o, const sim_scenario *s, const sim_result *r,
                            const sim_drill_record *samples)
{
    page p;
    int rc = KD_EXIT_OK;
    page_init(&p, o, s, r);
    sim_terminal_summary(stdout, samples, &p.facts);
    if (o->report && sim_report_write(samples, &p.facts, o->report) != KD_OK) {
        fprintf(stderr, "kudos-sim run: %s cannot be written\n", o->report);
        rc = KD_EXIT_UNAVAILABLE;
    }
    kd_buf_finish(&p.scenario);
    return rc;
}

/* ---- the run ---- */

static int run_command_run(const run_options *o, const sim_scenario *s, sim_options *options)
{
    char label[128];
    sim_terminal t;
    sim_result r;
    sim_playing_name(o->path, label, sizeof(label));
    sim_drill_record *samples = sim_playing_record(s);
    options->record = samples;
    options->progress = sim_terminal_progress;
    options->progress_arg = &t; // cppcheck-suppress autoVariables ; taken back below
    say_options(o);
    say_left_out(s);
    sim_terminal_init(&t, label);
    aborting_seed = o->seed;
    signal(SIGABRT, on_abort);
    sim_interrupt_hear();
    options->stop = &sim_interrupted;
    uint64_t began_us = kd_clock_mono_us();
    sim_run(options, &r);
    uint64_t us = kd_clock_mono_us() - began_us;
    signal(SIGABRT, SIG_DFL);
    options->progress_arg = NULL;
    sim_terminal_finish(&t);
    int rc = run_command_tell(o, s, &r, samples);
    sim_record_destroy(samples);
    say_last(o->seed, &r, us);
    return rc != KD_EXIT_OK ? rc : sim_playing_exit_code(r.verdict);
}

static int unwritable(const char *path)
{
    fprintf(stderr, "kudos-sim run: %s cannot be written\n", path);
    return KD_EXIT_UNAVAILABLE;
}

static int run_traced(const run_options *o, const sim_scenario *s)
{
    sim_options options = {.scenario = s, .seed = o->seed};
    if (!plant_all(&o->plants, &options)) return KD_EXIT_USAGE;
    if (o->report && sim_report_check(o->report) != KD_OK) return unwritable(o->report);
    bool to_stderr = o->trace && strcmp(o->trace, "-") == 0;
    if (o->trace) options.trace = to_stderr ? stderr : fopen(o->trace, "w");
    if (o->trace && !options.trace) return unwritable(o->trace);
    int rc = run_command_run(o, s, &options);
    bool failed = options.trace && ferror(options.trace) != 0;
    if (options.trace && !to_stderr) failed |= fclose(options.trace) != 0;
    return failed ? unwritable(o->trace) : rc;
}

int sim_sim_run(int argc, char **argv)
{
    run_options o = {.seed = 1};
    sim_scenario s;
    char error[SCENARIO_ERROR_MAX];
    int rc = run_command_parse(argc, argv, &o);
    if (rc >= 0) return rc;
    if (sim_scenario_read(&s, o.path, error) != KD_OK) {
        fprintf(stderr, "kudos-sim run: %s\n", error);
        return KD_EXIT_USAGE;
    }
    sim_memory_prepare();
    rc = run_traced(&o, &s);
    sim_scenario_finish(&s);
    return rc;
}

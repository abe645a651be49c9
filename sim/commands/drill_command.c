/*
 * drill_command.c - kudos-sim drill: reads the scenario, says what this world cannot play, runs it in a directory of its own, and tells the verdict.
 */
#include "sim/commands/drill_command.h"

#include <errno.h>
#include <stdio.h>

#include "kudos/limits.h"
#include "common/io/daemon/args.h"
#include "sim/drill/drill_faults.h"
#include "sim/drill/drill_run.h"
#include "sim/drill/files.h"
#include "sim/drill/place.h"
#include "sim/commands/playing.h"
#include "sim/report/terminal.h"

enum { RATE_MAX = 100, FIGURES = 11, FIGURE_MAX = 32, NAME_MAX_BYTES = 64 };

typedef struct {
    const char *file, *kafka, *report, *keep;
    uint64_t seed, brokers;
    double faster;
    bool real;
    char name[NAME_MAX_BYTES];
    sim_place place;
} drill_options;

static int drill_command_parse(drill_options *o, int argc, char **argv)
{
    const kd_arg table[] = {
        KD_ARG_UINT("seed", "N", &o->seed, "draws what users do and what the network loses [1]"),
        KD_ARG_TEXT("kafka", "WHICH", &o->kafka, "which Kafka: embedded or real [embedded]"),
        KD_ARG_UINT("brokers", "N", &o->brokers, "brokers of a real Kafka [1]", .min = 1, .max = 3),
        KD_ARG_REAL("faster", "F", &o->faster,
                    "divides all times of the scenario but the drift bound and heal [1]", .min = 1,
                    .max = 10000),
        KD_ARG_TEXT("report", "F.html", &o->report, "writes the drill as one HTML page"),
        KD_ARG_TEXT("keep", "DIR", &o->keep,
                    "runs in this directory and leaves it there, also when the drill held"),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "drill",
        .usage = "SCENARIO [options]",
        .about = "Plays a scenario on the real binaries, through a network that can be cut, and checks every "
                 "like.",
        .operands = &o->file,
        .operands_min = 1,
        .operands_max = 1,
        .at = table,
        .count = KD_COUNT(table),
        .more = "Logs, configurations and data of a drill that was not held stay in its directory. With "
                "--faster the users' rate grows as well, up to "
                "100 operations a second.",
    };
    int rc = kd_args_read(&args, argc, argv);
    if (rc >= 0) return rc;
    return sim_playing_kafka("drill", o->kafka, &o->real);
}

/* ---- what is said ---------------------------------------------------------------------------------------------- */

static double rate(const drill_options *o, const sim_scenario *s)
{
    double faster = s->users.per_second * o->faster;
    return faster <= RATE_MAX ? faster : KD_MAX(s->users.per_second, (double)RATE_MAX);
}

static void say_begin(const drill_options *o, const sim_scenario *s)
{
    printf("drill %s: seed %llu, %s Kafka%s, %g times faster, %.1f s, %g operations/s, heal within %.0f s, "
           "in %s\n",
           o->name, (unsigned long long)o->seed, o->real ? "real" : "embedded",
           o->real && o->brokers > 1 ? " (several brokers)" : "", o->faster,
           (double)s->length_us / 1e6 / o->faster, rate(o, s), (double)s->heal_us / 1e6, o->place.directory);
    bool said[SCENARIO_KINDS] = {false};
    for (uint32_t i = 0; i < s->event_count; i++) {
        sim_scenario_kind kind = s->events[i].kind;
        const char *why = sim_drill_faults_missing(&s->events[i], o->real, (uint32_t)o->brokers);
        if (!why || said[kind]) continue;
        said[kind] = true;
        printf("left out: %s: %s\n", sim_scenario_kind_name(kind), why);
    }
    fflush(stdout);
}

static void drill_command_figure(sim_report_figure *to, char text[FIGURE_MAX], const char *name,
                                 uint64_t value)
{
    snprintf(text, FIGURE_MAX, "%llu", (unsigned long long)value);
    *to = (sim_report_figure){.name = name, .value = text};
}

static bool drill_command_tell(const drill_options *o, const sim_scenario *s, const sim_drill_record *r,
                               const sim_drill_run_result *d)
{
    sim_report_figure figures[FIGURES];
    char texts[FIGURES][FIGURE_MAX], command[4096];
    kd_buf text = {0};
    uint32_t n = 0;
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {{"operations attempted", d->users.attempted},
               {"refused by name", d->users.refused},
               {"operations without an answer", d->users.unanswered},
               {"read back", d->users.reads},
               {"batches merged", d->totals.merged},
               {"duplicate batches dropped", d->totals.duplicates},
               {"gaps", d->totals.gaps},
               {"histories undone", d->totals.undone},
               {"operations sent again", d->totals.resent},
               {"processes killed", d->kills},
               {"records appended once more", d->appended}};
    for (; n < KD_COUNT(all); n++) drill_command_figure(&figures[n], texts[n], all[n].name, all[n].value);
    snprintf(command, sizeof command, "kudos-sim drill %s --seed %llu --kafka %s --faster %g", o->file,
             (unsigned long long)o->seed, o->kafka, o->faster);
    sim_scenario_print(s, &text);
    kd_buf_put_u8(&text, 0);
    sim_report_facts facts = {.title = o->name,
                              .teaches = s->teaches,
                              .world =
                                  o->real ? "real binaries, real Kafka" : "real binaries, embedded Kafka",
                              .command = command,
                              .version = KD_PROGRAM_VERSION,
                              .scenario = (const char *)text.data,
                              .seed = o->seed,
                              .verdict = d->found.verdict,
                              .checker = d->found.checker,
                              .failure = d->found.checker ? d->found.failure : NULL,
                              .failed_us = d->failed_us,
                              .length_us = d->length_us,
                              .converged_us = d->converged_us,
                              .acks = d->users.acked,
                              .lost = d->lost,
                              .doubled = d->doubled,
                              .figures = figures,
                              .figure_count = n};
    sim_terminal_summary(stdout, r, &facts);
    if (d->orders_failed)
        printf("%u orders to the log failed, the last one: %s\n", d->orders_failed, d->order_failure);
    bool written = !o->report || sim_report_write(r, &facts, o->report) == KD_OK;
    if (!written) fprintf(stderr, "kudos-sim drill: %s: %s\n", o->report, strerror(errno));
    kd_buf_finish(&text);
    return written;
}

static int drill_command_finish(const drill_options *o, const sim_drill_run_result *d)
{
    bool leave = o->keep || d->found.verdict == SIM_VIOLATED || (d->found.unavailable && !d->interrupted);
    if (!leave) sim_files_remove(o->place.directory);
    if (leave) printf("logs and data: %s\n", o->place.directory);
    printf(
        "drill seed=%llu acks=%llu kills=%llu duplicates=%llu gaps=%llu lost=%llu doubled=%llu verdict=%s\n",
        (unsigned long long)o->seed, (unsigned long long)d->users.acked, (unsigned long long)d->kills,
        (unsigned long long)d->totals.duplicates, (unsigned long long)d->totals.gaps,
        (unsigned long long)d->lost, (unsigned long long)d->doubled, sim_verdict_name(d->found.verdict));
    return d->found.unavailable ? KD_EXIT_UNAVAILABLE : sim_playing_exit_code(d->found.verdict);
}

static bool moves_clocks(const sim_scenario *s)
{
    for (uint32_t i = 0; i < s->event_count; i++) {
        if (sim_drill_faults_moves_clock(s->events[i].kind)) return true;
    }
    return false;
}

static int drill_command_run(drill_options *o, const sim_scenario *s)
{
    sim_drill_run_result result;
    sim_terminal line;
    int rc = sim_place_find(&o->place, "drill", o->real);
    if (rc < 0 && moves_clocks(s)) rc = sim_place_find_faketime(&o->place);
    if (rc < 0) rc = sim_place_make_directory(&o->place, o->keep);
    if (rc >= 0) return rc;
    say_begin(o, s);
    sim_drill_record *r = sim_playing_record(s);
    sim_terminal_init(&line, o->name);
    sim_drill_run(&(sim_stage_options){.scenario = s,
                                       .directory = o->place.directory,
                                       .programs = o->place.programs,
                                       .kafka_dir = o->place.kafka_dir,
                                       .faketime = *o->place.faketime ? o->place.faketime : NULL,
                                       .powercut = o->place.powercut,
                                       .seed = o->seed,
                                       .real_kafka = o->real,
                                       .brokers = (uint32_t)o->brokers,
                                       .faster = o->faster,
                                       .per_second = rate(o, s),
                                       .record = r,
                                       .progress = sim_terminal_progress,
                                       .progress_arg = &line},
                  &result);
    sim_terminal_finish(&line);
    bool written = drill_command_tell(o, s, r, &result);
    sim_record_destroy(r);
    rc = drill_command_finish(o, &result);
    return written ? rc : KD_EXIT_UNAVAILABLE;
}

int sim_sim_drill(int argc, char **argv)
{
    drill_options o = {.kafka = "embedded", .seed = 1, .brokers = 1, .faster = 1};
    char error[SCENARIO_ERROR_MAX];
    sim_scenario s;
    int rc = drill_command_parse(&o, argc, argv);
    if (rc >= 0) return rc;
    rc = sim_scenario_read(&s, o.file, error);
    if (rc != KD_OK) {
        fprintf(stderr, "kudos-sim drill: %s\n", error);
        return KD_EXIT_USAGE;
    }
    sim_playing_name(o.file, o.name, sizeof o.name);
    bool unwritable = o.report && sim_report_check(o.report) != KD_OK;
    if (unwritable) fprintf(stderr, "kudos-sim drill: %s: %s\n", o.report, strerror(errno));
    rc = unwritable ? KD_EXIT_UNAVAILABLE : drill_command_run(&o, &s);
    sim_scenario_finish(&s);
    return rc;
}

/*
 * torture_command.c - kudos-sim torture: the command, its fixed scenario, and what it says.
 */
#include "sim/commands/torture_command.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/args.h"
#include "sim/drill/files.h"
#include "sim/drill/place.h"
#include "sim/drill/torture_run.h"
#include "sim/commands/playing.h"
#include "sim/report/terminal.h"

enum { CYCLES_MIN = 5, ACKS_MIN = 100, SHOWN_MIN = 20, BATCHES_MIN = 20, ALL_POINTS_MINUTES = 5 };

/* Small intervals, so that there are many batches, commits and snapshots between two kills. No events: torture draws them. */
static const char SCENARIO[] = "teaches Whatever dies, nothing is lost and nothing is counted twice.\n"
                               "edges mumbai virginia singapore\n"
                               "partitions 4\nshards 2\nlength 24h\nheal 90s\n"
                               "flush 50 ops 200ms\nsnapshot 100ms\n"
                               "users 80 items 25 rate 60/s zipf 1\n"
                               "mix like 55 unlike 25 save 8 view 12\n"
                               "roam 15%\nlost 5%\nretry 90%\ndouble 5%\ntokens yes\n";

typedef struct {
    double minutes;
    uint64_t seed, brokers;
    const char *kafka, *keep;
    bool list, real;
} torture_arguments;

static int torture_command_parse(torture_arguments *o, int argc, char **argv)
{
    const kd_arg table[] = {
        KD_ARG_REAL("minutes", "M", &o->minutes,
                    "minutes to go on; the last round may take a little longer [1]", .min = 0.01,
                    .max = 100000),
        KD_ARG_UINT("seed", "N", &o->seed, "draws what users do, which process dies and where [1]"),
        KD_ARG_TEXT("kafka", "WHICH", &o->kafka, "which Kafka: embedded or real [embedded]"),
        KD_ARG_UINT("brokers", "N", &o->brokers, "brokers of a real Kafka [1]", .min = 1, .max = 3),
        KD_ARG_TEXT("keep", "DIR", &o->keep,
                    "runs in this directory and leaves it there, also when everything held"),
        KD_ARG_FLAG("list-points", &o->list, "names the points at which processes are killed, and ends"),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "torture",
        .usage = "[options]",
        .about = "Kills the real programs again and again, at named points and at random moments, and proves "
                 "every like after each round.",
        .at = table,
        .count = KD_COUNT(table),
        .more = "Points are known to programs that were built with `make POINTS=1` (in build/points); others "
                "are killed at random moments only.",
    };
    int rc = kd_args_read(&args, argc, argv);
    if (rc >= 0) return rc;
    return sim_playing_kafka("torture", o->kafka, &o->real);
}

static int list_points(void)
{
    for (uint32_t i = 0; i < KD_POINT_COUNT; i++) printf("%-16s %s\n", sim_point_name(i), sim_point_text(i));
    return KD_EXIT_OK;
}

static void say_round(void *arg, uint32_t number, const char *text)
{
    (void)arg;
    printf("round %u: %s\n", number, text);
    fflush(stdout);
}

static void say_points(const sim_torture_result *r)
{
    printf("killed at random moments %llu, since the point did not come %llu",
           (unsigned long long)r->random_moments, (unsigned long long)r->unreached);
    for (uint32_t i = 0; i < KD_POINT_COUNT; i++)
        if (sim_point_known(i)) printf(", %s %llu", sim_point_name(i), (unsigned long long)r->reached[i]);
    printf("\n");
    printf("read back %llu, numbers judged %llu, batches tapped %llu, operations sent again %llu\n",
           (unsigned long long)r->users.reads, (unsigned long long)r->shown, (unsigned long long)r->batches,
           (unsigned long long)r->totals.resent);
    printf("audits %llu, backups %llu, restored and audited %llu, broken off as central died %llu\n",
           (unsigned long long)r->tools.audits, (unsigned long long)r->tools.backups,
           (unsigned long long)r->tools.restores, (unsigned long long)r->tools.interrupted);
    printf("disks full, failing or slow %llu, frozen %llu, log lost %llu, older copies put back %llu\n",
           (unsigned long long)r->trouble.disks, (unsigned long long)r->trouble.freezes,
           (unsigned long long)r->trouble.recreations, (unsigned long long)r->trouble.put_back);
}

/* A run in which too little happened proves nothing: its verdict is unknown. */
static void torture_command_find_needs(const torture_arguments *o, sim_torture_result *r)
{
    if (r->cycles < CYCLES_MIN || r->users.acked < ACKS_MIN || r->shown < SHOWN_MIN ||
        r->batches < BATCHES_MIN)
        sim_stage_find(
            &r->found, SIM_UNKNOWN, "activity",
            "too little happened: at least %d cycles, %d answers, %d numbers judged and %d batches "
            "tapped are needed",
            CYCLES_MIN, ACKS_MIN, SHOWN_MIN, BATCHES_MIN);
    if (r->trouble.put_back == 0 || r->tools.audits == 0)
        sim_stage_find(&r->found, SIM_UNKNOWN, "activity",
                       "too little happened: no older copy was put back, or no audit made");
    for (uint32_t i = 0; o->minutes >= ALL_POINTS_MINUTES && i < KD_POINT_COUNT; i++) {
        if (sim_point_known(i) && r->reached[i] == 0)
            sim_stage_find(&r->found, SIM_UNKNOWN, "points", "nobody was killed at %s", sim_point_name(i));
    }
}

static int torture_command_finish(const torture_arguments *o, const sim_place *p, sim_torture_result *r)
{
    torture_command_find_needs(o, r);
    bool leave = o->keep || r->found.verdict == SIM_VIOLATED || r->found.unavailable;
    say_points(r);
    if (!leave) sim_files_remove(p->directory);
    if (leave) printf("logs and data: %s\n", p->directory);
    if (r->found.checker) printf("%s: %s\n", r->found.checker, r->found.failure);
    printf("torture cycles=%llu acks=%llu kills=%llu duplicates=%llu gaps=%llu lost=%llu doubled=%llu "
           "verdict=%s\n",
           (unsigned long long)r->cycles, (unsigned long long)r->users.acked, (unsigned long long)r->kills,
           (unsigned long long)r->totals.duplicates, (unsigned long long)r->totals.gaps,
           (unsigned long long)r->lost, (unsigned long long)r->doubled, sim_verdict_name(r->found.verdict));
    return r->found.unavailable ? KD_EXIT_UNAVAILABLE : sim_playing_exit_code(r->found.verdict);
}

static int torture_command_run(const torture_arguments *o, const sim_place *p, const sim_scenario *s)
{
    sim_torture_result result;
    sim_terminal line;
    sim_drill_record *r = sim_playing_record(s);
    sim_terminal_init(&line, "torture");
    sim_torture_run(&(sim_torture_options){.stage = {.scenario = s,
                                                     .directory = p->directory,
                                                     .programs = p->programs,
                                                     .kafka_dir = p->kafka_dir,
                                                     .powercut = p->powercut,
                                                     .seed = o->seed,
                                                     .real_kafka = o->real,
                                                     .brokers = (uint32_t)o->brokers,
                                                     .probes = true,
                                                     .careless = s->edge_count - 1,
                                                     .small = true,
                                                     .faster = 1,
                                                     .per_second = s->users.per_second,
                                                     .record = r,
                                                     .progress = sim_terminal_progress,
                                                     .progress_arg = &line},
                                           .length_us = (uint64_t)(o->minutes * 60e6),
                                           .round = say_round},
                    &result);
    sim_terminal_finish(&line);
    sim_record_destroy(r);
    return torture_command_finish(o, p, &result);
}

int sim_sim_torture(int argc, char **argv)
{
    torture_arguments o = {.minutes = 1, .seed = 1, .brokers = 1, .kafka = "embedded"};
    char error[SCENARIO_ERROR_MAX];
    sim_place p;
    sim_scenario s;
    int rc = torture_command_parse(&o, argc, argv);
    if (rc >= 0) return rc;
    if (o.list) return list_points();
    rc = sim_place_find(&p, "torture", o.real);
    if (rc < 0) rc = sim_place_make_directory(&p, o.keep);
    if (rc >= 0) return rc;
    rc = sim_scenario_parse(&s, "torture", kd_bytes_str(SCENARIO), error);
    if (rc != KD_OK) fprintf(stderr, "%s\n", error);
    KD_ASSERT(rc == KD_OK);
    printf("torture: seed %llu, %g minutes, %s Kafka, %s, in %s\n", (unsigned long long)o.seed, o.minutes,
           o.kafka,
           sim_point_known(KD_POINT_BEFORE_SYNC) ? "at points and at random moments"
                                                 : "at random moments (points need `make POINTS=1`)",
           p.directory);
    fflush(stdout);
    rc = torture_command_run(&o, &p, &s);
    sim_scenario_finish(&s);
    return rc;
}

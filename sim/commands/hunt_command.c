/*
 * hunt_command.c - kudos-sim hunt: runs seeds of the swarm on all processors until the time is over. A failing run is reduced and written down; only the
 * first few of each checker, because one defect breaks many runs.
 */
#include "sim/commands/hunt_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/daemon/args.h"
#include "sim/hunt/finding.h"
#include "sim/commands/interrupt.h"

enum {
    CHECKERS_MAX = 64,
    REDUCED_PER_CHECKER = 3,
    SAID_PER_CHECKER = 20,
    PROGRESS_MS = 1000,
    PROGRESS_LOG_MS = 60000
};

typedef struct {
    double minutes;
    const char *out, *plant_name;
    uint64_t jobs, first, run_limit_s, shrink_s;
    const sim_plant_name *plant;
} hunt_options;

typedef struct {
    char checker[32];
    uint32_t failures;
} tally;

typedef struct {
    hunt_options o;
    sim_child_pool pool;
    uint64_t next, begin_ms, end_ms, said_ms;
    uint64_t seeds, unknown, events, acks, failures, virtual_us;
    tally tallies[CHECKERS_MAX];
    uint32_t tally_count;
} hunter;

static void say_progress(hunter *h, bool now)
{
    bool terminal = isatty(STDERR_FILENO);
    uint64_t ms = sim_child_now_ms(), every = terminal ? PROGRESS_MS : PROGRESS_LOG_MS;
    if (!now && ms - h->said_ms < every) return;
    h->said_ms = ms;
    fprintf(stderr,
            "%s%5.1f min: %" PRIu64 " seeds (%" PRIu64 " unknown), %.1f virtual days, %" PRIu64 " failures%s",
            terminal ? "\r" : "", (double)(ms - h->begin_ms) / 60000, h->seeds, h->unknown,
            (double)h->virtual_us / 86400e6, h->failures, terminal ? "  " : "\n");
}

/* How often this checker has failed, this failure included; UINT32_MAX when there are too many checkers to count. */
static uint32_t hunt_command_count_failure(hunter *h, const char *checker)
{
    uint32_t i = 0;
    while (i < h->tally_count && strcmp(h->tallies[i].checker, checker) != 0) i++;
    if (i == CHECKERS_MAX) return UINT32_MAX;
    if (i == h->tally_count)
        snprintf(h->tallies[h->tally_count++].checker, sizeof h->tallies[i].checker, "%s", checker);
    return ++h->tallies[i].failures;
}

static void write_down(hunter *h, sim_finding *f)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/seed-%" PRIu64 "%s%s.scenario", h->o.out, f->drawn_from,
             f->plant ? "-" : "", f->plant ? f->plant->name : "");
    uint32_t faults, operations;
    sim_finding_size(f, &faults, &operations);
    if (sim_finding_write(f, path) != KD_OK)
        fprintf(stderr, "kudos-sim hunt: %s cannot be written: %s\n", path, strerror(errno));
    else
        printf("  reduced to %u faults and %u operations in %u runs: %s\n", faults, operations, f->runs,
               path);
}

static void say_failure(const sim_child_done *done)
{
    const sim_result *r = &done->result;
    if (isatty(STDERR_FILENO)) fputc('\n', stderr);
    printf("seed %" PRIu64 ": %s at %.3f s: %s\n", done->seed, r->checker, (double)r->failed_us / 1e6,
           r->failure);
}

static void hunt_command_take_failure(hunter *h, const sim_child_done *done)
{
    uint32_t nth = hunt_command_count_failure(h, done->result.checker);
    h->failures++;
    if (nth <= SAID_PER_CHECKER) say_failure(done);
    if (nth <= REDUCED_PER_CHECKER) {
        sim_finding f;
        sim_finding_draw(&f, done->seed, h->o.plant);
        f.result = done->result;
        sim_finding_reduce(&f, h->o.shrink_s * 1000, h->o.run_limit_s * 1000);
        write_down(h, &f);
        sim_finding_finish(&f);
    }
    fflush(stdout);
}

static void hunt_command_take(hunter *h, const sim_child_done *done)
{
    const sim_result *r = &done->result;
    if (strcmp(r->checker, "interrupted") == 0) return;
    h->seeds++;
    h->events += r->events;
    h->acks += r->acks;
    h->virtual_us += r->virtual_us;
    h->unknown += r->verdict == SIM_UNKNOWN;
    if (r->verdict == SIM_VIOLATED) hunt_command_take_failure(h, done);
    say_progress(h, false);
}

static void start_next(hunter *h)
{
    sim_finding f;
    sim_finding_draw(&f, h->next, h->o.plant);
    sim_child_start(&h->pool,
                    &(sim_child_job){.scenario = &f.scenario, .plant = h->o.plant, .seed = h->next});
    sim_finding_finish(&f);
    h->next++;
}

static int hunt_command_conclude(const hunter *h)
{
    for (uint32_t i = 0; i < h->tally_count; i++)
        printf("%s: %u\n", h->tallies[i].checker, h->tallies[i].failures);
    bool enough = h->acks > 0 && h->unknown * 2 <= h->seeds && !sim_interrupted;
    const char *verdict = h->failures > 0 ? "violated" : enough ? "held" : "unknown";
    printf("hunt seeds=%" PRIu64 " events=%" PRIu64 " failures=%" PRIu64 " verdict=%s\n", h->seeds, h->events,
           h->failures, verdict);
    return h->failures > 0 ? KD_EXIT_FAILED : enough ? KD_EXIT_OK : KD_EXIT_UNKNOWN;
}

static int hunt(hunter *h)
{
    h->begin_ms = h->said_ms = sim_child_now_ms();
    h->end_ms = h->begin_ms + (uint64_t)(h->o.minutes * 60000);
    h->next = h->o.first;
    sim_child_pool_init(&h->pool, (uint32_t)h->o.jobs, h->o.run_limit_s * 1000);
    printf("hunt from seed %" PRIu64 ", %u at a time%s%s\n", h->o.first, h->pool.jobs,
           h->o.plant ? ", planted " : "", h->o.plant ? h->o.plant->name : "");
    fflush(stdout);
    sim_interrupt_hear();
    while (sim_child_now_ms() < h->end_ms && !sim_interrupted) {
        while (!sim_child_pool_full(&h->pool)) start_next(h);
        sim_child_done done = sim_child_wait(&h->pool);
        hunt_command_take(h, &done);
    }
    while (h->pool.running > 0) {
        sim_child_done done = sim_child_wait(&h->pool);
        hunt_command_take(h, &done);
    }
    say_progress(h, true);
    if (isatty(STDERR_FILENO)) fputc('\n', stderr);
    return hunt_command_conclude(h);
}

/* -1 when there is a directory of that name now, else the exit code after the reason. */
static int hunt_command_make_directory(const char *path)
{
    struct stat s;
    if (mkdir(path, 0777) == 0) return -1;
    const char *why = strerror(errno);
    if (errno == EEXIST && stat(path, &s) == 0) {
        if (S_ISDIR(s.st_mode)) return -1;
        why = "not a directory";
    }
    fprintf(stderr, "kudos-sim hunt: %s: %s\n", path, why);
    return KD_EXIT_USAGE;
}

int sim_sim_hunt(int argc, char **argv)
{
    hunter h = {.o = {.minutes = 1,
                      .out = "hunted",
                      .jobs = sim_child_processors(),
                      .first = 1,
                      .run_limit_s = 60,
                      .shrink_s = 120}};
    hunt_options *o = &h.o;
    const kd_arg at[] = {
        KD_ARG_REAL("minutes", "M", &o->minutes, "minutes to hunt [1]", .min = 0.001, .max = 100000),
        KD_ARG_TEXT("out", "DIR", &o->out, "directory that gets the failures as reduced scenarios [hunted]"),
        KD_ARG_UINT("jobs", "N", &o->jobs, "runs at a time [one per processor]", .min = 1,
                    .max = CHILD_JOBS_MAX),
        KD_ARG_UINT("first", "SEED", &o->first, "the seed to begin with [1]"),
        KD_ARG_TEXT("plant", "NAME", &o->plant_name,
                    "breaks a rule on purpose; `kudos-sim bugs` lists their names"),
        KD_ARG_UINT("run-limit", "S", &o->run_limit_s,
                    "a run that takes longer than so many seconds counts as one that hangs [60]", .min = 1,
                    .max = 3600),
        KD_ARG_UINT("shrink-limit", "S", &o->shrink_s, "seconds for reducing one failure [120]", .min = 1,
                    .max = 36000),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "hunt",
        .usage = "[options]",
        .about = "Runs random scenarios in the simulation, reduces what fails and writes it down.",
        .at = at,
        .count = KD_COUNT(at),
        .more = "The last line: hunt seeds= events= failures= verdict=held|violated|unknown"};
    int rc = kd_args_read(&args, argc, argv);
    if (rc >= 0) return rc;
    if (o->plant_name && !(o->plant = sim_plant_find(o->plant_name)))
        return kd_args_refuse(&args, "--plant %s: no such planted bug", o->plant_name);
    rc = hunt_command_make_directory(o->out);
    return rc >= 0 ? rc : hunt(&h);
}

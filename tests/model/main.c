/*
 * main.c - the seeded model test: thousands of short runs, and every rule broken on purpose.
 *
 *     model-test [--seeds N] [--first SEED] [--plant NAME|all|none] [--plant-seeds N] [--trace yes]
 *
 * Without a plant every run must hold, and together they must have met enough to mean something. With one, a run must
 * fail within the limit: a rule whose absence nobody notices is not tested. Planted runs happen in children, since a broken rule
 * may trip an assertion of the core, which counts as noticed.
 */
#include "tests/model/world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    const char *name;
    uint64_t edge, central;
    uint64_t first; /* seed to begin with, where what notices it is rare */
} plant;

/* clang-format off */
#define EDGE_PLANT(name) {#name, KD_PLANT_##name, 0, 1}
#define RARE_EDGE_PLANT(name, first) {#name, KD_PLANT_##name, 0, first}
#define CENTRAL_PLANT(name) {#name, 0, KD_PLANT_##name, 1}
#define RARE_CENTRAL_PLANT(name, first) {#name, 0, KD_PLANT_##name, first}

static const plant plants[] = {
    EDGE_PLANT(DROP_AGREEING),      EDGE_PLANT(UNKNOWN_IS_NOT),      RARE_EDGE_PLANT(STAMP_CLOCK_ONLY, 8100),
    EDGE_PLANT(ANSWER_BEFORE_SYNC), EDGE_PLANT(FIXED_INCARNATION),   EDGE_PLANT(REBUILD_BODY),
    EDGE_PLANT(DROP_CANCELLED),     EDGE_PLANT(AFTER_SKIPS),         EDGE_PLANT(COMPLETE_TO_NOW),
    EDGE_PLANT(INSTALL_GAP),        EDGE_PLANT(NO_CHAIN),            EDGE_PLANT(NO_RESEND),
    EDGE_PLANT(COMPLETE_NOT_HELD),  EDGE_PLANT(OVERLAY_LISTED_ONLY), EDGE_PLANT(ANSWER_ALWAYS),
    EDGE_PLANT(FREE_ON_ACK),        EDGE_PLANT(ANY_APPLIED),         EDGE_PLANT(OVERLAY_NEVER_ENDS),
    EDGE_PLANT(REHOME_ONE),         EDGE_PLANT(FORGET_FRESH),        EDGE_PLANT(RESEND_STORED),
    CENTRAL_PLANT(MERGE_NO_GAP_CHECK), RARE_CENTRAL_PLANT(MERGE_AFTER_BELOW, 4400),
    CENTRAL_PLANT(MERGE_ANY_STAMP), RARE_CENTRAL_PLANT(WATERMARK_ANY_EPOCH, 44900), CENTRAL_PLANT(KEEP_EPOCH),
    CENTRAL_PLANT(NO_TOMBSTONE),    CENTRAL_PLANT(POSITION_APART),   CENTRAL_PLANT(UNLIKE_OWN_REGION),
    EDGE_PLANT(EXPIRE_EARLY),       RARE_CENTRAL_PLANT(STABLE_NOW, 5800), CENTRAL_PLANT(COLLECT_EARLY),
    RARE_CENTRAL_PLANT(COLLECT_REVIVES, 6500), CENTRAL_PLANT(IGNORE_BY_FLOOR), CENTRAL_PLANT(RETIRED_HOLDS),
};
/* clang-format on */

static unsigned passed, failed;
static bool trace;

static void report(bool ok, const char *what, const char *detail)
{
    printf("%s %s%s%s\n", ok ? "ok  " : "FAIL", what, detail[0] ? ": " : "", detail);
    fflush(stdout);
    if (ok)
        passed++;
    else
        failed++;
}

typedef struct {
    uint64_t acks, merges, crashes, snapshots, gaps, duplicates, undone, checks, expired, collected, ignored,
        retired, refused, compared, equal_ranges;
} activity;

static void add(activity *a, const model_world *w)
{
    a->acks += w->acks;
    a->merges += w->merges;
    a->crashes += w->crashes;
    a->snapshots += w->snapshots;
    a->gaps += w->gaps;
    a->duplicates += w->duplicates;
    a->undone += w->undone;
    a->checks += w->checks;
    a->expired += w->expired;
    a->collected += w->collected;
    a->ignored += w->ignored;
    a->retired += w->retired;
    a->refused += w->refused;
    a->compared += w->compared;
    a->equal_ranges += w->equal_ranges;
}

static bool run_seed(uint64_t seed, const plant *p, activity *a, char *failure, size_t size)
{
    model_world w;
    world_open(&w, seed, p ? p->edge : 0, p ? p->central : 0);
    w.trace = trace;
    bool held = world_run(&w);
    if (!held) snprintf(failure, size, "seed %llu: %s", (unsigned long long)seed, w.failure);
    world_close(&w);
    if (a) add(a, &w);
    return held;
}

static void run_sound(uint64_t first, uint64_t seeds)
{
    activity a = {0};
    char failure[320] = "";
    uint64_t seed = first;
    while (seed < first + seeds && run_seed(seed, NULL, &a, failure, sizeof(failure))) seed++;
    report(seed == first + seeds, "the rules hold", failure);
    char met[520];
    snprintf(met, sizeof(met),
             "%llu runs, %llu answers, %llu merges, %llu duplicates, %llu crashes, %llu snapshots, %llu "
             "gaps, %llu undone, %llu checks, %llu rows expired, %llu tombstones collected, %llu operations "
             "ignored, "
             "%llu edges retired, %llu of their batches refused, %llu rows compared, %llu equal digests",
             (unsigned long long)(seed - first), (unsigned long long)a.acks, (unsigned long long)a.merges,
             (unsigned long long)a.duplicates, (unsigned long long)a.crashes, (unsigned long long)a.snapshots,
             (unsigned long long)a.gaps, (unsigned long long)a.undone, (unsigned long long)a.checks,
             (unsigned long long)a.expired, (unsigned long long)a.collected, (unsigned long long)a.ignored,
             (unsigned long long)a.retired, (unsigned long long)a.refused, (unsigned long long)a.compared,
             (unsigned long long)a.equal_ranges);
    bool enough = a.acks > 10 * seeds && a.merges > 5 * seeds && a.crashes > seeds && a.snapshots > seeds &&
                  a.gaps > seeds / 10 && a.duplicates > seeds && a.undone > seeds / 50 && a.checks > seeds &&
                  a.expired > seeds && a.collected > seeds && a.ignored > seeds / 100 &&
                  a.retired > seeds / 50 && a.refused > seeds / 50 && a.compared > seeds &&
                  a.equal_ranges > seeds;
    report(enough, "the runs met enough", met);
}

/* In a child: exit 1 when a run failed (its seed in the text), 0 when all held. */
static void plant_child(const plant *p, uint64_t seeds, int out)
{
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDERR_FILENO);
    char failure[320] = "";
    uint64_t seed = p->first, end = p->first + seeds;
    while (seed < end) {
        dprintf(out, "seed %llu: aborted\n", (unsigned long long)seed);
        if (!run_seed(seed, p, NULL, failure, sizeof(failure))) break;
        seed++;
    }
    if (seed < end) dprintf(out, "%s\n", failure);
    _exit(seed < end ? 1 : 0);
}

static void last_line(int fd, char *line, size_t size)
{
    FILE *f = fdopen(fd, "r");
    char buf[400];
    while (fgets(buf, sizeof(buf), f)) snprintf(line, size, "%.*s", (int)strcspn(buf, "\n"), buf);
    fclose(f);
}

static void run_plant(const plant *p, uint64_t seeds)
{
    int fds[2];
    if (pipe(fds) != 0) abort();
    pid_t child = fork();
    if (child == 0) plant_child(p, seeds, fds[1]);
    close(fds[1]);
    char line[400] = "";
    last_line(fds[0], line, sizeof(line));
    int status = 0;
    waitpid(child, &status, 0);
    bool found = !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    char what[80];
    snprintf(what, sizeof(what), "planted %s is noticed", p->name);
    report(found, what, found ? line : "no run failed");
}

static int usage(void)
{
    fputs("usage: model-test [--seeds N] [--first SEED] [--plant NAME|all|none] [--plant-seeds N] [--trace "
          "yes]\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 3000, first = 1, plant_seeds = 4000;
    const char *only = NULL;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc) return usage();
        if (strcmp(argv[i], "--seeds") == 0)
            seeds = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--first") == 0)
            first = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--plant-seeds") == 0)
            plant_seeds = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--plant") == 0)
            only = argv[i + 1];
        else if (strcmp(argv[i], "--trace") == 0)
            trace = strcmp(argv[i + 1], "yes") == 0;
        else
            return usage();
    }
    if (!only || strcmp(only, "none") == 0) run_sound(first, seeds);
    for (size_t i = 0; i < KD_COUNT(plants); i++)
        if (!only || strcmp(only, "all") == 0 || strcmp(only, plants[i].name) == 0)
            run_plant(&plants[i], plant_seeds);
    printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}

/*
 * bugs.c - kudos-sim bugs: is every planted bug found within so many seeds of the swarm, and by which checker? A seed counts only where
 * the sound cores hold: what fails without the plant was not found because of it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "sim/commands/args.h"
#include "sim/commands/hunt_command.h"
#include "sim/hunt/finding.h"
#include "sim/commands/interrupt.h"

typedef struct {
    uint64_t seeds, jobs, run_limit_s, shrink_s, first;
    const char *only, *out;
    bool shrink;
} bugs_options;

static sim_result run_sound(const bugs_options *o, uint64_t seed)
{
    child_pool pool;
    finding f;
    child_pool_init(&pool, 1, o->run_limit_s * 1000);
    finding_draw(&f, seed, NULL);
    child_start(&pool, &(child_job){.scenario = &f.scenario, .seed = seed});
    finding_finish(&f);
    return child_wait(&pool).result;
}

static void bugs_start(child_pool *pool, const plant *p, uint64_t seed)
{
    finding f;
    finding_draw(&f, seed, p);
    child_start(pool, &(child_job){.scenario = &f.scenario, .plant = p, .seed = seed});
    finding_finish(&f);
}

/* The first seed of the swarm that shows it; false when none does. Runs beyond the first failure end unheard. */
static bool bugs_find(const bugs_options *o, const plant *p, child_done *found)
{
    child_pool pool;
    uint64_t next = o->first, end = o->first + o->seeds;
    bool any = false;
    child_pool_init(&pool, (uint32_t)o->jobs, o->run_limit_s * 1000);
    while ((next < end && !sim_interrupted) || pool.running > 0) {
        while (next < end && !sim_interrupted && !child_pool_full(&pool)) bugs_start(&pool, p, next++);
        child_done done = child_wait(&pool);
        bool shows = done.result.verdict == SIM_VIOLATED && (!any || done.seed < found->seed) &&
                     run_sound(o, done.seed).verdict != SIM_VIOLATED;
        if (!shows) continue;
        *found = done;
        any = true;
        end = done.seed;
    }
    return any;
}

static void say_reduced(const bugs_options *o, const plant *p, const child_done *found)
{
    finding f;
    uint32_t faults, operations;
    char path[1024];
    finding_draw(&f, found->seed, p);
    f.result = found->result;
    finding_reduce(&f, o->shrink_s * 1000, o->run_limit_s * 1000);
    finding_size(&f, &faults, &operations);
    printf(" reduced=%u", faults + operations);
    if (o->out) {
        snprintf(path, sizeof path, "%s/%s.scenario", o->out, p->name);
        if (finding_write(&f, path) != KD_OK) fprintf(stderr, "kudos-sim bugs: %s cannot be written\n", path);
    }
    finding_finish(&f);
}

static bool look_for(const bugs_options *o, const plant *p)
{
    child_done found;
    bool any = bugs_find(o, p, &found);
    if (!any && sim_interrupted) return false;
    printf("bug %-22s rule=%-4s ", p->name, p->rule);
    if (any)
        printf("seeds=%-4" PRIu64 " limit=%" PRIu64 " found=yes checker=%s", found.seed - o->first + 1,
               o->seeds, found.result.checker);
    else
        printf("seeds=%-4" PRIu64 " limit=%" PRIu64 " found=no (%s)", o->seeds, o->seeds, p->what);
    if (any && o->shrink) say_reduced(o, p, &found);
    printf("\n");
    fflush(stdout);
    return any;
}

static int bugs_conclude(uint32_t planted, uint32_t found)
{
    bool held = found == planted, unknown = held && sim_interrupted;
    printf("bugs planted=%u found=%u verdict=%s\n", planted, found,
           unknown ? "unknown"
           : held  ? "held"
                   : "violated");
    return unknown ? KD_EXIT_UNKNOWN : held ? KD_EXIT_OK : KD_EXIT_FAILED;
}

int kd_sim_bugs(int argc, char **argv)
{
    bugs_options o = {
        .seeds = 200, .jobs = child_processors(), .run_limit_s = 60, .shrink_s = 60, .first = 1};
    const kd_arg at[] = {
        {"seeds", "N", KD_ARG_UINT, &o.seeds, "of the swarm in which each must be found (200)", 1, 1000000},
        {"first", "SEED", KD_ARG_UINT, &o.first, "the seed to begin with (1)", 0, 0},
        {"only", "NAME", KD_ARG_TEXT, &o.only, "only this one", 0, 0},
        {"shrink", NULL, KD_ARG_FLAG, &o.shrink, "reduce what was found, and say to how many events", 0, 0},
        {"shrink-limit", "S", KD_ARG_UINT, &o.shrink_s, "time for reducing one (60 s)", 1, 36000},
        {"out", "DIR", KD_ARG_TEXT, &o.out, "with --shrink: where the reduced scenarios are written", 0, 0},
        {"jobs", "N", KD_ARG_UINT, &o.jobs, "runs at a time (one a processor)", 1, CHILD_JOBS_MAX},
        {"run-limit", "S", KD_ARG_UINT, &o.run_limit_s, "a run that takes longer hangs (60 s)", 1, 3600},
    };
    const kd_args args = {
        .command = "bugs",
        .about = "Breaks each rule of the protocol on purpose and shows that the swarm finds it.",
        .at = at,
        .count = KD_COUNT(at),
        .more = "The last line: bugs planted= found= verdict=held|violated; unknown when it was interrupted"};
    int rc = kd_args_parse(&args, argc, argv);
    if (rc >= 0) return rc;
    if (o.only && !plant_find(o.only)) {
        fprintf(stderr, "kudos-sim bugs: %s: no such planted bug\n", o.only);
        return KD_EXIT_USAGE;
    }
    uint32_t planted = 0, found = 0;
    sim_interrupt_hear();
    for (uint32_t i = 0; i < plant_count; i++) {
        if (o.only && strcmp(o.only, plants[i].name) != 0) continue;
        bool any = look_for(&o, &plants[i]);
        if (!any && sim_interrupted) break;
        planted++;
        found += any;
    }
    return bugs_conclude(planted, found);
}

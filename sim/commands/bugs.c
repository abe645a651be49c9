/*
 * bugs.c - kudos-sim bugs: is every planted bug found within so many seeds of the swarm, and by which checker? A seed that fails with the bug
 * counts only if it holds without: else the failure has another cause.
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/io/daemon/args.h"
#include "sim/commands/hunt_command.h"
#include "sim/hunt/finding.h"
#include "sim/members/members_run.h"
#include "sim/commands/interrupt.h"

typedef struct {
    uint64_t seeds, jobs, run_limit_s, shrink_s, first;
    const char *only, *out;
    bool shrink;
} bugs_options;

/* Runs the same seed without the planted bug. */
static sim_result run_sound(const bugs_options *o, uint64_t seed)
{
    sim_child_pool pool;
    sim_finding f;
    sim_child_pool_init(&pool, 1, o->run_limit_s * 1000);
    sim_finding_draw(&f, seed, NULL);
    sim_child_start(&pool, &(sim_child_job){.scenario = &f.scenario, .seed = seed});
    sim_finding_finish(&f);
    return sim_child_wait(&pool).result;
}

static void bugs_start(sim_child_pool *pool, const sim_plant_name *p, uint64_t seed)
{
    sim_finding f;
    sim_finding_draw(&f, seed, p);
    sim_child_start(pool, &(sim_child_job){.scenario = &f.scenario, .plant = p, .seed = seed});
    sim_finding_finish(&f);
}

/* The lowest seed of the swarm that finds the bug; false when none does. Runs of higher seeds that are under way by then end without effect. */
static bool bugs_find(const bugs_options *o, const sim_plant_name *p, sim_child_done *found)
{
    sim_child_pool pool;
    uint64_t next = o->first, end = o->first + o->seeds;
    bool any = false;
    sim_child_pool_init(&pool, (uint32_t)o->jobs, o->run_limit_s * 1000);
    while ((next < end && !sim_interrupted) || pool.running > 0) {
        while (next < end && !sim_interrupted && !sim_child_pool_full(&pool)) bugs_start(&pool, p, next++);
        sim_child_done done = sim_child_wait(&pool);
        bool shows = done.result.verdict == SIM_VIOLATED && (!any || done.seed < found->seed) &&
                     run_sound(o, done.seed).verdict != SIM_VIOLATED;
        if (!shows) continue;
        *found = done;
        any = true;
        end = done.seed;
    }
    return any;
}

/* What concerns promotions and copies is looked for among members, not in the world. */
static bool bugs_is_of_members(const sim_plant_name *p)
{
    return strcmp(p->rule, "31") == 0 || strcmp(p->rule, "32") == 0 || strcmp(p->rule, "35") == 0;
}

/* A run of members takes a few milliseconds. */
static uint64_t bugs_limit(const bugs_options *o, bool members)
{
    return members ? 4 * o->seeds : o->seeds;
}

static bool bugs_find_in_members(const bugs_options *o, const sim_plant_name *p, sim_child_done *found)
{
    uint64_t end = o->first + bugs_limit(o, true);
    for (uint64_t seed = o->first; seed < end && !sim_interrupted; seed++) {
        sim_members_result planted, sound;
        sim_members_run(
            &(sim_members_options){
                .seed = seed, .central_plant = p->central, .edge_plant = p->edge, .world_plant = p->world},
            &planted);
        if (!planted.violated) continue;
        sim_members_run(&(sim_members_options){.seed = seed}, &sound);
        if (sound.violated) continue;
        *found = (sim_child_done){.seed = seed};
        snprintf(found->result.checker, sizeof found->result.checker, "%s", planted.checker);
        return true;
    }
    return false;
}

static void say_reduced(const bugs_options *o, const sim_plant_name *p, const sim_child_done *found)
{
    sim_finding f;
    uint32_t faults, operations;
    char path[1024];
    sim_finding_draw(&f, found->seed, p);
    f.result = found->result;
    sim_finding_reduce(&f, o->shrink_s * 1000, o->run_limit_s * 1000);
    sim_finding_size(&f, &faults, &operations);
    printf(" reduced=%u", faults + operations);
    if (o->out) {
        snprintf(path, sizeof path, "%s/%s.scenario", o->out, p->name);
        if (sim_finding_write(&f, path) != KD_OK)
            fprintf(stderr, "kudos-sim bugs: %s cannot be written\n", path);
    }
    sim_finding_finish(&f);
}

static bool look_for(const bugs_options *o, const sim_plant_name *p)
{
    sim_child_done found;
    bool members = bugs_is_of_members(p);
    uint64_t limit = bugs_limit(o, members);
    bool any = members ? bugs_find_in_members(o, p, &found) : bugs_find(o, p, &found);
    if (!any && sim_interrupted) return false;
    printf("bug %-22s rule=%-4s ", p->name, p->rule);
    if (any)
        printf("seeds=%-4" PRIu64 " limit=%" PRIu64 " found=yes checker=%s", found.seed - o->first + 1, limit,
               found.result.checker);
    else
        printf("seeds=%-4" PRIu64 " limit=%" PRIu64 " found=no (%s)", limit, limit, p->what);
    if (any && o->shrink && !members) say_reduced(o, p, &found);
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

int sim_sim_bugs(int argc, char **argv)
{
    bugs_options o = {
        .seeds = 300, .jobs = sim_child_processors(), .run_limit_s = 60, .shrink_s = 60, .first = 1};
    const kd_arg at[] = {
        KD_ARG_UINT("seeds", "N", &o.seeds,
                    "seeds of the swarm within which each planted bug must be found [300]", .min = 1,
                    .max = 1000000),
        KD_ARG_UINT("first", "SEED", &o.first, "the seed to begin with [1]"),
        KD_ARG_TEXT("only", "NAME", &o.only, "plants this bug alone"),
        KD_ARG_FLAG("shrink", &o.shrink, "reduces each finding, and says to how many events"),
        KD_ARG_UINT("shrink-limit", "S", &o.shrink_s, "seconds for reducing one finding [60]", .min = 1,
                    .max = 36000),
        KD_ARG_TEXT("out", "DIR", &o.out, "with --shrink: directory that gets the reduced scenarios"),
        KD_ARG_UINT("jobs", "N", &o.jobs, "runs at a time [one per processor]", .min = 1,
                    .max = CHILD_JOBS_MAX),
        KD_ARG_UINT("run-limit", "S", &o.run_limit_s,
                    "a run that takes longer than so many seconds counts as one that hangs [60]", .min = 1,
                    .max = 3600),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "bugs",
        .usage = "[options]",
        .about = "Breaks each rule of the protocol on purpose and shows that the swarm finds it.",
        .at = at,
        .count = KD_COUNT(at),
        .more = "The last line: bugs planted= found= verdict=held|violated; unknown when it was interrupted"};
    int rc = kd_args_read(&args, argc, argv);
    if (rc >= 0) return rc;
    if (o.only && !sim_plant_find(o.only))
        return kd_args_refuse(&args, "--only %s: no such planted bug", o.only);
    uint32_t planted = 0, found = 0;
    sim_interrupt_hear();
    for (uint32_t i = 0; i < sim_plant_count; i++) {
        if (o.only && strcmp(o.only, sim_plants[i].name) != 0) continue;
        bool any = look_for(&o, &sim_plants[i]);
        if (!any && sim_interrupted) break;
        planted++;
        found += any;
    }
    return bugs_conclude(planted, found);
}

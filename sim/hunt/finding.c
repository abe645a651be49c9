/*
 * finding.c - see the header. A candidate goes through its text form before it is run, so that what is written replays.
 */
#include "sim/hunt/finding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/text.h"
#include "sim/hunt/shrink.h"
#include "sim/hunt/swarm.h"
#include "sim/commands/interrupt.h"

void sim_finding_draw(sim_finding *f, uint64_t seed, const sim_plant_name *planted)
{
    *f = (sim_finding){.seed = seed, .drawn_from = seed, .plant = planted};
    sim_swarm_draw(seed, &f->scenario);
}

void sim_finding_finish(sim_finding *f)
{
    sim_scenario_finish(&f->scenario);
}

typedef struct {
    sim_finding *f;
    uint64_t deadline_ms, run_limit_ms;
} reduction;

static bool finding_tired(void *arg)
{
    const reduction *r = arg;
    return sim_interrupted || sim_child_now_ms() >= r->deadline_ms;
}

static sim_result run_once(const reduction *r, const sim_scenario *s, uint64_t seed, int operations)
{
    sim_child_pool pool;
    sim_child_pool_init(&pool, 1, r->run_limit_ms);
    sim_child_start(
        &pool, &(sim_child_job){.scenario = s, .plant = r->f->plant, .seed = seed, .operations = operations});
    return sim_child_wait(&pool).result;
}

static bool fails(void *arg, const sim_scenario *s, uint64_t seed)
{
    reduction *r = arg;
    kd_buf text = {0};
    sim_scenario read_back;
    char error[SCENARIO_ERROR_MAX];
    sim_scenario_print(s, &text);
    int status = sim_scenario_parse(&read_back, "candidate", kd_buf_view(&text), error);
    kd_buf_finish(&text);
    if (status != KD_OK) return false;
    sim_result result = run_once(r, &read_back, seed, 0);
    sim_scenario_finish(&read_back);
    r->f->runs++;
    bool same = sim_child_same_failure(&result, &r->f->result);
    if (same) r->f->result = result;
    return same;
}

static sim_scenario_event *read_operations(int fd, uint32_t *count)
{
    off_t size = lseek(fd, 0, SEEK_END);
    *count = size > 0 ? (uint32_t)((size_t)size / sizeof(sim_scenario_event)) : 0;
    sim_scenario_event *at = kd_alloc((size_t)KD_MAX(*count, 1u) * sizeof *at);
    size_t wanted = *count * sizeof *at;
    if (pread(fd, at, wanted, 0) != (ssize_t)wanted) *count = 0;
    return at;
}

/* Runs the scenario once and adds all operations that users began until the failure as events: shrinking can then remove them one by one. */
static void make_explicit(reduction *r, const sim_shrink_trial *trial)
{
    sim_finding *f = r->f;
    int fd = memfd_create("operations", MFD_CLOEXEC);
    if (fd < 0) return;
    run_once(r, &f->scenario, f->seed, fd);
    uint32_t count;
    sim_scenario_event *operations = read_operations(fd, &count);
    close(fd);
    sim_shrink_explicit(trial, &f->scenario, &f->seed, operations, count);
    free(operations);
}

void sim_finding_reduce(sim_finding *f, uint64_t limit_ms, uint64_t run_limit_ms)
{
    reduction r = {.f = f, .deadline_ms = sim_child_now_ms() + limit_ms, .run_limit_ms = run_limit_ms};
    sim_shrink_trial trial = {.fails = fails, .tired = finding_tired, .arg = &r};
    make_explicit(&r, &trial);
    sim_shrink(&trial, &f->scenario, &f->seed);
}

void sim_finding_size(const sim_finding *f, uint32_t *faults, uint32_t *operations)
{
    *operations = 0;
    for (uint32_t i = 0; i < f->scenario.event_count; i++)
        *operations += f->scenario.events[i].kind == SCENARIO_OPERATION;
    *faults = f->scenario.event_count - *operations;
}

int sim_finding_write(const sim_finding *f, const char *path)
{
    kd_buf text = {0};
    const char *name = strrchr(path, '/');
    kd_text_printf(&text, "# %s at %.3f s: %s\n", f->result.checker, (double)f->result.failed_us / 1e6,
                   f->result.failure);
    kd_text_printf(&text, "# kudos-sim run %s --seed %llu%s%s\n", name ? name + 1 : path,
                   (unsigned long long)f->seed, f->plant ? " --plant " : "", f->plant ? f->plant->name : "");
    kd_text_printf(&text, "# Reduced in %u runs from seed %llu of the swarm.\n", f->runs,
                   (unsigned long long)f->drawn_from);
    sim_scenario_print(&f->scenario, &text);
    FILE *file = fopen(path, "wb");
    bool ok = file && fwrite(text.data, 1, text.len, file) == text.len;
    if (file && fclose(file) != 0) ok = false;
    kd_buf_finish(&text);
    return ok ? KD_OK : KD_EIO;
}

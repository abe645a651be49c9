/* facts.c - see the header. */
#include "sim/check/facts.h"

#include "kudos/follow.h"
#include "sim/world/disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the object ------------------------------------------------------------------------------------------------ */

static uint64_t index_hash(kd_bytes name)
{
    return sim_check_hash(1, name);
}

static void index_names(sim_checks *c)
{
    for (uint32_t i = 0; i < c->view.item_count; i++) {
        kd_bytes key = kd_item_key(&c->view.items[i]);
        c->partition[i] = kd_partition(key, c->view.scenario->partitions);
        c->writer[i] = CHECK_NOTHING;
        sim_check_map_obtain(&c->item_index, index_hash(key))->a = i;
    }
    for (uint32_t i = 0; i < c->view.user_count; i++)
        sim_check_map_obtain(&c->user_index, index_hash(kd_bytes_str(c->view.users[i])))->a = i;
}

sim_checks *sim_checks_create(const sim_checks_view *view)
{
    sim_checks *c = kd_alloc(sizeof(*c));
    c->view = *view;
    c->wrong_clock_us = sim_scenario_central_clock_us(view->scenario);
    size_t items = view->item_count + 1, cells = items * SCENARIO_COUNTERS;
    c->partition = kd_alloc(items * sizeof(c->partition[0]));
    c->writer = kd_alloc(items * sizeof(c->writer[0]));
    c->orders = sim_scenario_orders(view->scenario);
    c->relabelled = view->scenario->member_count > 0;
    c->roamed = kd_alloc((view->user_count + 1) * sizeof(c->roamed[0]));
    c->numbers = kd_alloc(items * sizeof(c->numbers[0]));
    for (uint32_t i = 0; i < SCENARIO_EDGES_MAX; i++) c->heard[i] = kd_alloc(items * sizeof(c->heard[i][0]));
    c->passed = kd_alloc(items * sizeof(c->passed[0]));
    c->attempted = kd_alloc(items * sizeof(c->attempted[0]));
    for (uint32_t i = 0; i < sim_checks_centrals(view->scenario); i++) {
        c->member_count[i] = kd_alloc(cells * sizeof(uint64_t));
        c->passing_count[i] = kd_alloc(cells * sizeof(uint64_t));
        c->passing_moved[i] = kd_alloc(items * sizeof(bool));
        c->named[i] = kd_alloc(cells * sizeof(c->named[i][0]));
        c->summed[i] = kd_alloc(items * sizeof(uint64_t));
    }
    c->passed_ever = kd_alloc(cells * sizeof(c->passed_ever[0]));
    for (uint32_t i = 0; i < CHECKS_SLOTS; i++) {
        c->last_taken[i] = kd_alloc(cells * sizeof(uint64_t));
        c->knows[i] = kd_alloc(items * sizeof(c->knows[i][0]));
    }
    index_names(c);
    return c;
}

static void finish_tenures(sim_checks *c)
{
    for (uint32_t slot = 0; slot < sim_checks_centrals(c->view.scenario); slot++) {
        for (uint32_t p = 0; p < SCENARIO_PARTITIONS_MAX; p++) {
            free(c->positions.tenures[slot][p].open);
            free(c->members[slot][p].fed);
            sim_check_map_finish(&c->members[slot][p].members);
            free(c->passing[slot][p].at);
            free(c->closings[slot][p].at);
            free(c->deciding[slot][p].named);
            free(c->deciding[slot][p].merged.at);
            sim_check_map_finish(&c->deciding[slot][p].rows);
            sim_check_map_finish(&c->passing[slot][p].rows);
        }
        free(c->member_count[slot]);
        free(c->passing_count[slot]);
        free(c->passing_moved[slot]);
        free(c->named[slot]);
        free(c->summed[slot]);
    }
}

static void finish_shadows(sim_checks *c)
{
    for (uint32_t slot = 0; slot < sim_checks_centrals(c->view.scenario); slot++) {
        for (uint32_t p = 0; p < SCENARIO_PARTITIONS_MAX; p++) {
            kd_central_close(c->shadows[slot][p].core);
            sim_disk_destroy(c->shadows[slot][p].disk);
        }
    }
}

void sim_checks_destroy(sim_checks *c)
{
    if (!c) return;
    finish_tenures(c);
    finish_shadows(c);
    for (uint32_t i = 0; i < c->view.item_count; i++) free(c->numbers[i].at);
    for (uint32_t p = 0; p < SCENARIO_PARTITIONS_MAX; p++) {
        free(c->answers[p].at);
        free(c->closings_backup[p].at);
        free(c->merged_backup[p].at);
    }
    for (uint32_t i = 0; i < CHECKS_SLOTS; i++) {
        free(c->last_taken[i]);
        free(c->knows[i]);
    }
    for (uint32_t i = 0; i < SCENARIO_EDGES_MAX; i++) free(c->heard[i]);
    sim_check_map *maps[] = {
        &c->item_index,      &c->user_index,    &c->durable.rows,     &c->durable.journal,
        &c->durable.taken,   &c->durable.maybe, &c->positions.bodies, &c->positions.parents,
        &c->positions.reads, &c->log,           &c->asides.seen,      &c->milestones_told,
        &c->milestone_ids};
    for (size_t i = 0; i < KD_COUNT(maps); i++) sim_check_map_finish(maps[i]);
    free(c->partition);
    free(c->writer);
    free(c->passed_ever);
    free(c->numbers);
    free(c->roamed);
    free(c->passed);
    free(c->attempted);
    free(c->imported);
    free(c->erasures);
    free(c);
}

void sim_check_fail(sim_checks *c, const char *checker, const char *format, ...)
{
    if (c->failed) return;
    va_list args;
    va_start(args, format);
    vsnprintf(c->text, sizeof(c->text), format, args);
    va_end(args);
    c->failed = checker;
    c->failed_us = sim_check_now(c);
}

const char *sim_checks_failed(const sim_checks *c, const char **text, uint64_t *at_us)
{
    if (text) *text = c->text;
    if (at_us) *at_us = c->failed_us;
    return c->failed;
}

uint64_t sim_checks_made(const sim_checks *c)
{
    return c->made;
}

bool sim_check_core_follows(const kd_central *core)
{
    kd_following f;
    kd_central_get_following(core, &f);
    return f.follows;
}

/* ---- numbers of items, users and edges ---- */

uint32_t sim_check_item(const sim_checks *c, kd_bytes key)
{
    const sim_check_cell *cell = sim_check_map_find(&c->item_index, index_hash(key));
    return cell ? (uint32_t)cell->a : CHECK_NOTHING;
}

uint32_t sim_check_user(const sim_checks *c, kd_bytes name)
{
    const sim_check_cell *cell = sim_check_map_find(&c->user_index, index_hash(name));
    return cell ? (uint32_t)cell->a : CHECK_NOTHING;
}

uint32_t sim_check_edge_named(const sim_checks *c, kd_bytes name)
{
    for (uint32_t i = 0; i < c->view.scenario->edge_count; i++)
        if (kd_bytes_eq(name, kd_bytes_str(c->view.scenario->edges[i]))) return i;
    return CHECK_NOTHING;
}

/* world.c - a run (run.h): opens the world, pops events until it is over, gives the verdict. */
#include "kudos/forget.h"
#include "sim/world/central.h"
#include "sim/world/disks.h"
#include "sim/world/edge.h"
#include "sim/world/edge_ask.h"
#include "sim/world/events.h"
#include "sim/world/faults.h"
#include "sim/world/heal.h"
#include "sim/world/live.h"
#include "sim/world/names.h"
#include "sim/world/decider.h"
#include "sim/world/operator.h"
#include "sim/world/orders.h"
#include "sim/world/processes.h"
#include "sim/world/producer.h"
#include "sim/world/sample.h"
#include "sim/world/shard.h"
#include "sim/world/tenure.h"
#include "sim/world/users.h"
#include "sim/world/leader.h"
#include "sim/world/member.h"

#include <stdlib.h>

enum { PROGRESS_EVENTS = 1 << 16, SAMPLE_EVENTS = 16 };

/* ---- the checkers' view of the world ---- */

static kd_edge *world_view_edge(void *arg, uint32_t slot, uint32_t shard)
{
    return ((sim_world *)arg)->edges[slot].shards[shard].core;
}

static kd_central *world_view_central(void *arg, uint32_t slot, uint32_t partition)
{
    return ((sim_world *)arg)->centrals[slot].tenures[partition].core;
}

static uint32_t world_view_leader(void *arg, uint32_t partition)
{
    return sim_leader(arg, partition);
}

static void world_open_checks(sim_world *w)
{
    uint32_t items_max = sim_shard_room(w->s, w->s->room_items, SCENARIO_ITEMS_MAX);
    w->journal = sim_journal_create(w->s->drift_us + sim_scenario_central_clock_us(w->s),
                                    sim_scenario_tokens_kept(w->s));
    w->checks = sim_checks_create(&(sim_checks_view){.scenario = w->s,
                                                     .journal = w->journal,
                                                     .counters = &sim_scenario_counters,
                                                     .items = w->items,
                                                     .item_count = w->item_count,
                                                     .users = w->users_names,
                                                     .user_count = w->user_count,
                                                     .now_us = &w->now_us,
                                                     .items_max = items_max,
                                                     .world = w,
                                                     .edge = world_view_edge,
                                                     .central = world_view_central,
                                                     .leader = world_view_leader});
}

/* ---- open and close ---- */

static void world_start_centrals(sim_world *w)
{
    for (uint32_t slot = 0; slot < KD_MAX(w->s->member_count, 1u); slot++) {
        bool member = w->s->member_count > 0;
        if (member && !sim_scenario_begins(w->s, slot)) continue;
        sim_disks_refresh(w, member ? sim_scenario_member(slot) : SCENARIO_CENTRAL);
        sim_process_start(w, sim_process_of_central(slot));
    }
}

static void world_open(sim_world *w, const sim_options *options)
{
    *w = (sim_world){.options = options, .s = options->scenario, .begin_us = WORLD_BEGINS_US};
    w->now_us = w->begin_us;
    w->end_us = w->begin_us + w->s->length_us;
    w->heal_end_us = w->end_us + w->s->heal_us;
    sim_trace_init(&w->trace, options->trace);
    for (uint32_t h = 0; h < HOSTS; h++)
        w->hosts[h] = (sim_host){.since_us = w->now_us, .mono_us = w->now_us};
    for (uint32_t i = 0; i < w->s->edge_count; i++) {
        w->edge_names[i] = w->s->edges[i];
        snprintf(w->twin_names[i], sizeof(w->twin_names[i]), "%s-copy", w->s->edges[i]);
    }
    for (uint32_t i = 0; i < WORLD_PROCESSES; i++)
        w->processes[i].role = !sim_process_is_central(i) ? &sim_role_edge
                               : w->s->member_count > 0   ? &sim_role_member
                                                          : &sim_role_central;
    sim_names_open(w);
    world_open_checks(w);
    sim_heal_open(w);
    sim_faults_open(w);
    sim_operator_open(w);
    sim_decider_open(w);
    world_start_centrals(w);
    for (uint32_t i = 0; i < w->s->edge_count; i++) {
        sim_disks_refresh(w, (int)i);
        sim_process_start(w, i);
    }
    sim_users_open(w);
    if (options->record) sim_record_follow(options->record, w->item_count ? w->item_names[0] : "", "like");
}

static void world_close_edges(sim_world *w)
{
    for (uint32_t i = 0; i < WORLD_SLOTS; i++) {
        for (uint32_t n = 0; n < w->s->shards; n++) {
            sim_shard *m = &w->edges[i].shards[n];
            kd_group_commit_release(&m->commit, KD_EUNAVAILABLE);
            kd_edge_close(m->core);
            sim_live_end(m);
            kd_fill_finish(&m->fill);
            sim_disk_destroy(m->disk);
            sim_disk_destroy(w->edges[i].backup[n]);
        }
    }
}

static void world_close_centrals(sim_world *w)
{
    for (uint32_t i = 0; i < WORLD_CENTRALS; i++) {
        for (uint32_t p = 0; p < w->s->partitions; p++) {
            sim_tenure *t = &w->centrals[i].tenures[p];
            if (t->core) sim_tenure_close(w, i, p);
            sim_disk_destroy(t->disk);
            sim_disk_destroy(t->backup);
        }
        kd_members_destroy(w->centrals[i].members);
    }
}

static void world_close(sim_world *w)
{
    world_close_edges(w);
    world_close_centrals(w);
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        sim_log_finish(&w->likes[p]);
        sim_log_finish(&w->counts[p]);
    }
    sim_log_finish(&w->heartbeats);
    sim_producer_close(w);
    sim_ask_close(w);
    free(w->active);
    sim_users_close(w);
    sim_orders_close(w);
    sim_names_close(w);
    sim_checks_destroy(w->checks);
    sim_journal_destroy(w->journal);
    kd_buf_finish(&w->scratch);
    sim_heap_finish(&w->heap);
}

/* ---- the run ---- */

static void world_tell_progress(sim_world *w)
{
    const sim_options *o = w->options;
    if (o->record && w->events % SAMPLE_EVENTS == 0 &&
        w->now_us - w->begin_us >= sim_record_next_us(o->record))
        sim_world_sample(w);
    if (o->progress && w->events % PROGRESS_EVENTS == 0)
        o->progress(o->progress_arg, w->now_us - w->begin_us, w->s->length_us, sim_journal_acks(w->journal));
}

static void world_run(sim_world *w)
{
    sim_event ev;
    const volatile int *stop = w->options->stop;
    while (!w->over && !(stop && *stop) && sim_heap_pop(&w->heap, &ev)) {
        KD_ASSERT(ev.at_us >= w->now_us);
        w->now_us = ev.at_us;
        w->events++;
        ev.fn(w, &ev);
        if (sim_checks_failed(w->checks, NULL, NULL)) return;
        world_tell_progress(w);
    }
}

static void world_take_failure(sim_world *w, sim_result *r)
{
    const char *text = "";
    uint64_t at_us = 0;
    const char *checker = sim_checks_failed(w->checks, &text, &at_us);
    if (checker) {
        snprintf(r->checker, sizeof(r->checker), "%s", checker);
        snprintf(r->failure, sizeof(r->failure), "%s", text);
        r->failed_us = at_us > w->begin_us ? at_us - w->begin_us : at_us;
    } else {
        snprintf(r->checker, sizeof(r->checker), "%s", w->checker);
        snprintf(r->failure, sizeof(r->failure), "%s", w->failure);
        r->failed_us = w->failed_us;
    }
    r->verdict = r->checker[0] ? SIM_VIOLATED : SIM_HELD;
}

/* The comparison with the journal is made unless a checker has failed before. A failed convergence does not prevent it: it tells how much is lost. */
static void world_judge(sim_world *w, sim_result *r)
{
    world_take_failure(w, r);
    bool interrupted = !w->over && r->verdict == SIM_HELD && w->options->stop && *w->options->stop;
    if (interrupted) {
        r->verdict = SIM_UNKNOWN;
        snprintf(r->checker, sizeof(r->checker), "interrupted");
        return;
    }
    if (r->verdict == SIM_VIOLATED && strcmp(r->checker, "convergence") != 0) return;
    sim_final_verdict final;
    sim_checks_final(w->checks, w->converged, &final);
    r->lost = final.lost;
    r->doubled = final.doubled;
    if (r->verdict == SIM_HELD && !final.held) {
        r->verdict = SIM_VIOLATED;
        snprintf(r->checker, sizeof(r->checker), "%s", final.checker);
        snprintf(r->failure, sizeof(r->failure), "%s", final.text);
        r->failed_us = w->now_us - w->begin_us;
    }
}

static void world_judge_needs(sim_world *w, sim_result *r)
{
    const sim_scenario_needs met = {.acks = r->acks,
                                    .kills = r->kills,
                                    .duplicates = r->duplicates,
                                    .gaps = r->gaps,
                                    .refused = r->refused,
                                    .undone = r->undone,
                                    .resent = r->resent,
                                    .expired = r->expired,
                                    .collected = r->collected};
    if (r->verdict != SIM_HELD) return;
    const char *need = sim_checks_needs(w->s, &met, r->failure, sizeof(r->failure));
    if (!need) return;
    r->verdict = SIM_UNKNOWN;
    snprintf(r->checker, sizeof(r->checker), "%s", need);
}

static void world_add_forgotten(const sim_world *w, sim_result *r)
{
    r->expired = w->expired;
    r->collected = w->collected;
    r->ignored = w->ignored;
    for (uint32_t i = 0; i < w->s->edge_count; i++) {
        for (uint32_t n = 0; n < w->s->shards && w->edges[i].shards[n].core; n++) {
            kd_edge_stats stats;
            kd_edge_get_stats(w->edges[i].shards[n].core, &stats);
            r->expired += stats.expired;
        }
    }
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        kd_central_forgetting f;
        uint32_t slot = sim_leader(w, p);
        if (slot == CHECKS_CENTRALS || !w->centrals[slot].tenures[p].core) continue;
        kd_central_get_forgetting(w->centrals[slot].tenures[p].core, &f);
        r->collected += f.collected;
        r->ignored += f.ignored;
    }
}

static uint64_t world_resent(const sim_world *w)
{
    uint64_t ops = w->resent;
    for (uint32_t i = 0; i < w->s->edge_count; i++) {
        for (uint32_t n = 0; n < w->s->shards && w->edges[i].shards[n].core; n++) {
            kd_edge_stats stats;
            kd_edge_get_stats(w->edges[i].shards[n].core, &stats);
            ops += stats.resent_ops;
        }
    }
    return ops;
}

void sim_run(const sim_options *options, sim_result *result)
{
    sim_world *w = kd_alloc(sizeof(*w));
    world_open(w, options);
    world_run(w);
    *result = (sim_result){.events = w->events,
                           .virtual_us = w->now_us - w->begin_us,
                           .acks = sim_journal_acks(w->journal),
                           .refused = w->refused,
                           .kills = w->kills,
                           .duplicates = w->duplicates,
                           .gaps = w->gaps,
                           .undone = w->undone,
                           .resent = world_resent(w),
                           .merges = w->merges,
                           .checks = sim_checks_made(w->checks)};
    if (w->converged) result->converged_us = w->now_us - w->end_us;
    world_add_forgotten(w, result);
    world_judge(w, result);
    world_judge_needs(w, result);
    if (options->record) sim_world_sample(w);
    TRACE(w, "%s", sim_verdict_name(result->verdict));
    sim_trace_finish(&w->trace, result->trace_sha256);
    world_close(w);
    free(w);
}

const char *sim_verdict_name(sim_verdict verdict)
{
    return verdict == SIM_HELD ? "held" : verdict == SIM_VIOLATED ? "violated" : "unknown";
}

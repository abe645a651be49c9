/* checks.c - the hooks: each hands the event to the checkers that it concerns, in the order in which they may rely on each other. */
#include "sim/scenario/forged.h"
#include "sim/check/checks.h"

#include <stdio.h>

#include "sim/check/check_erased.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

enum { TRENDING_EVERY = 8 }; /* commits of a partition: what is trending is compared after every so many */

/* ---- processes and disks --------------------------------------------------------------------------------------- */

void sim_checks_edge_opened(sim_checks *c, uint32_t slot, uint32_t shard)
{
    kd_edge *e = c->view.edge(c->view.world, slot, shard);
    if (c->failed || !e) return;
    c->slots[slot].life[shard] = ++c->lives;
    c->starts[slot]++;
    c->slots[slot].measured = false;
    sim_check_bounds_opened(c, slot, shard);
    c->durable.groups[slot][shard] = 0;
    c->durable.failed[slot][shard] = false;
    uint64_t *incarnation = &c->incarnation[sim_check_edge(slot)];
    *incarnation = KD_MAX(*incarnation, kd_edge_incarnation(e));
    sim_check_durable_opened(c, slot, shard);
    sim_check_aside_opened(c, slot, shard);
    sim_check_install_opened(c, slot, shard);
    sim_check_closed_edge_opened(c, slot, shard);
}

void sim_checks_central_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    if (c->failed) return;
    c->force[slot][partition] = (sim_check_force){0};
    sim_check_position_opened(c, slot, partition);
    sim_check_among_opened(c, slot, partition);
    sim_check_count_opened(c, slot, partition);
    sim_check_index_whole(c, slot, partition);
    sim_check_forget_opened(c, slot, partition);
    sim_check_retire_opened(c, slot, partition);
    sim_check_milestone_opened(c, slot, partition);
    sim_check_decided_opened(c, slot, partition);
    sim_check_closed_opened(c, slot, partition);
    sim_check_shadow_opened(c, slot, partition);
    sim_check_trending_judge(c, slot, partition);
}

void sim_checks_edge_closed(sim_checks *c, uint32_t slot, uint32_t shard)
{
    if (c->failed) return;
    sim_check_bounds_ticked(c, slot, shard);
    c->slots[slot].measured = false;
}

void sim_checks_central_closed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    c->members[slot][partition].fed_count = 0;
    sim_check_shadow_closed(c, slot, partition);
}

void sim_checks_disk(sim_checks *c, int who, sim_checks_disk_event event)
{
    sim_check_fault_disk(c, who, event);
    sim_check_forget_disk(c, who, event);
    sim_check_retire_disk(c, who, event);
    sim_check_milestone_disk(c, who, event);
    sim_check_decided_disk(c, who, event);
    sim_check_closed_disk(c, who, event);
    bool emptied = sim_scenario_is_member(who) && event == CHECKS_WIPED;
    for (uint32_t p = 0; emptied && p < c->view.scenario->partitions; p++)
        sim_check_members_emptied(c, sim_scenario_member_index(who), p);
}

void sim_checks_retired(sim_checks *c, uint32_t edge, bool retired)
{
    sim_check_retire_ordered(c, edge, retired);
}

void sim_checks_member_emptied(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_members_emptied(c, slot, partition);
}

void sim_checks_log_lost(sim_checks *c, sim_scenario_topic topic)
{
    sim_check_fault_log(c, topic);
}

/* ---- an edge ----------------------------------------------------------------------------------------------------- */

void sim_checks_unmeasured(sim_checks *c, uint64_t off_us)
{
    if (off_us <= c->view.scenario->drift_us || off_us <= c->wrong_clock_us) return;
    c->wrong_clock_us = off_us;
    sim_journal_drift(c->view.journal, c->view.scenario->drift_us + off_us);
}

void sim_checks_measured(sim_checks *c, uint32_t slot, int64_t off_us)
{
    c->slots[slot].off_us = off_us;
    c->slots[slot].measured = true;
}

void sim_checks_taken(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t attempt,
                      const kd_outcome *outcome)
{
    if (c->failed) return;
    const sim_journal_attempt *a = sim_journal_at(c->view.journal, attempt);
    sim_check_bounds_taken(c, slot, shard, outcome);
    if (outcome->replayed) {
        sim_check_answer_replayed(c, slot, a, outcome);
        return;
    }
    sim_check_install_taken(c, slot, c->partition[a->item]);
    sim_check_closed_taken(c, slot, a->item);
    sim_check_answer_taken(c, slot, shard, a, outcome);
    sim_check_durable_taken(c, slot, shard, a, outcome->stamp_us);
    sim_check_shown_taken(c, slot, a, outcome->stamp_us);
}

void sim_checks_refused(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t item, int err)
{
    if (c->failed) return;
    sim_check_bounds_refused(c, slot, shard, err);
    if (err == KD_ECLOSED) sim_check_closed_refused(c, slot, item);
    if (err == KD_ERETIRED) sim_check_install_refused(c, slot, c->partition[item]);
}

void sim_checks_answered(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t attempt,
                         const kd_outcome *outcome)
{
    if (c->failed) return;
    sim_check_durable_answered(c, slot, shard, sim_journal_at(c->view.journal, attempt), outcome);
    if (slot >= CHECKS_TWIN) sim_journal_excuse(c->view.journal, attempt);
    sim_check_as_of_answered(c, attempt, outcome->replayed);
}

void sim_checks_edge_wrote(sim_checks *c, uint32_t slot, uint32_t shard, uint64_t group,
                           const kd_writes *writes, int status, bool synced)
{
    if (c->failed) return;
    sim_check_bounds_ticked(c, slot, shard); /* an alarm is told before what it moves is dropped */
    sim_check_durable_wrote(c, slot, shard, group, writes, status, synced);
}

void sim_checks_sent(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t partition, kd_position at,
                     kd_bytes record)
{
    (void)shard;
    if (c->failed) return;
    sim_check_aside_sent(c, slot, at);
    sim_check_position_sent(c, slot, partition, record);
}

void sim_checks_installed(sim_checks *c, uint32_t slot, uint32_t shard, kd_bytes record, int verdict)
{
    (void)shard;
    if (!c->failed) sim_check_install_snapshot(c, slot, record, verdict);
}

void sim_checks_asked_answered(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t item, kd_bytes record,
                               int verdict)
{
    (void)shard;
    if (!c->failed && verdict != KD_EIO) sim_check_install_answer(c, slot, item, record);
}

void sim_checks_viewed(sim_checks *c, uint32_t slot, uint32_t item, int err, const kd_view *view)
{
    if (!c->failed && err == KD_OK && !view->known)
        sim_check_fail(c, "number", "%s shows null for %s and does not ask central",
                       sim_check_slot_name(c, slot), sim_check_item_name(c, item));
    if (c->failed || (err != KD_OK && err != KD_EAGAIN) || !view->known) return;
    sim_check_shown_viewed(c, slot, item, view);
    sim_check_number_viewed(c, slot, item, view);
    sim_check_least_viewed(c, slot, item, view);
}

void sim_checks_answer_viewed(sim_checks *c, uint32_t slot, uint32_t attempt, int err, const kd_view *view)
{
    if (c->failed || (err != KD_OK && err != KD_EAGAIN) || !view->known) return;
    sim_check_least_answered(c, slot, sim_journal_at(c->view.journal, attempt), view);
}

void sim_checks_liked_told(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                           int liked, uint64_t begun_us)
{
    if (!c->failed) sim_check_liked_told(c, slot, counter, item, user, liked, begun_us);
}

void sim_checks_member_read(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                            int result)
{
    if (c->failed) return;
    sim_journal_attempt pair = {.user = user, .item = item, .counter = counter};
    sim_check_durable_member(c, slot, &pair, result);
}

void sim_checks_ticked(sim_checks *c, uint32_t slot, uint32_t shard, uint64_t edge_us)
{
    if (!c->failed) sim_check_bounds_ticked(c, slot, shard);
    if (!c->failed) sim_check_viral_ticked(c, slot, shard, edge_us);
}

void sim_checks_compare(sim_checks *c, uint32_t edge)
{
    if (!c->failed) sim_check_compare_edge(c, edge);
}

void sim_checks_member_asked(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                             bool liked)
{
    if (c->failed) return;
    sim_check_as_of_member(c, slot, counter, item, user, liked);
    sim_check_liked_asked(c);
}

/* ---- central ------------------------------------------------------------------------------------------------------- */

void sim_checks_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset,
                    kd_fed fed)
{
    if (c->failed) return;
    kd_batch b;
    if (fed != KD_FED_FENCED) sim_check_log_fed(c, partition, record, offset);
    if (kd_record_peek(record) == KD_RECORD_CLAIM) sim_check_publish_fed(c, slot, partition, record);
    sim_check_decided_fed(c, slot, partition, record, offset, fed);
    sim_check_shadow_fed(c, slot, partition, record, offset, fed);
    sim_check_retire_fed(c, slot, partition, record, fed);
    sim_check_forget_record(c, slot, partition, record);
    if (fed != KD_FED_MERGED && fed != KD_FED_DUPLICATE) sim_check_milestone_other(c, slot, partition);
    if (kd_record_peek(record) != KD_RECORD_BATCH || kd_batch_decode(record, &b) != KD_OK) return;
    if (fed == KD_FED_MERGED) sim_check_ahead_merged(c, partition, &b);
    if (sim_forged_is(record)) { /* no edge's batch: it may lift the epoch, nothing else */
        if (fed == KD_FED_MERGED) sim_check_fail(c, "position", "a forged batch was merged");
        return;
    }
    sim_check_position_fed(c, slot, partition, &b, fed);
    if (fed == KD_FED_MERGED) sim_check_count_fed(c, slot, partition, &b);
    if (fed == KD_FED_MERGED) sim_check_milestone_fed(c, slot, partition, &b);
}

void sim_checks_log_checked(sim_checks *c, uint32_t slot, uint32_t partition, int64_t stored, kd_bytes found,
                            int64_t next, int64_t start)
{
    if (!c->failed) sim_check_shadow_log(c, slot, partition, found);
    if (!c->failed && stored >= 0 && next > start) sim_check_log_checked(c, partition, stored, found, next);
}

void sim_checks_commit_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version)
{
    if (c->failed) return;
    sim_check_position_begun(c, slot, partition, version);
    sim_check_closed_begun(c, slot, partition, version);
    sim_check_count_begun(c, slot, partition, version);
    sim_check_among_ask(c, slot, partition);
    sim_check_index_moved(c, slot, partition);
    sim_check_milestone_begun(c, slot, partition, version);
    sim_check_decided_begun(c, slot, partition, version);
}

void sim_checks_readable(sim_checks *c, uint32_t slot, uint32_t partition)
{
    if (!c->failed) sim_check_among_ask(c, slot, partition);
}

void sim_checks_committed(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version, int status,
                          bool synced)
{
    if (c->failed || status != KD_OK) return;
    sim_check_position_committed(c, slot, partition, version, synced);
    sim_check_among_ask(c, slot, partition); /* before those that it moved are no longer noted */
    sim_check_count_committed(c, slot, partition);
    sim_check_index_moved(c, slot, partition);
    sim_check_milestone_committed(c, slot, partition);
    sim_check_decided_committed(c, slot, partition);
    sim_check_closed_committed(c, slot, partition);
    sim_check_shadow_committed(c, slot, partition);
    sim_check_forget_committed(c, slot, partition);
    if (synced && slot == sim_check_lead_slot(c, partition)) sim_check_erased_gone(c, partition);
    if (synced) sim_check_retire_committed(c, slot, partition, version);
    sim_check_as_of_committed(c, slot, partition);
    if (version % TRENDING_EVERY == 0) sim_check_trending_committed(c, slot, partition);
}

void sim_checks_published(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record)
{
    if (!c->failed) sim_check_publish_record(c, slot, partition, record);
    if (!c->failed) sim_check_shadow_published(c, slot, partition, record);
}

void sim_checks_ordered(sim_checks *c, uint32_t partition, const kd_decision *d)
{
    if (c->failed) return;
    if (d->item.len > 0)
        sim_check_closed_ordered(c, d);
    else
        sim_check_decided_ordered(c, partition, d);
}

void sim_checks_erased(sim_checks *c, uint32_t partition, uint32_t user, uint64_t stamp_us)
{
    if (!c->failed) sim_check_erased_told(c, partition, user, stamp_us);
}

void sim_checks_imported(sim_checks *c, kd_bytes job)
{
    if (!c->failed) sim_check_decided_imported(c, job);
}

void sim_checks_milestones(sim_checks *c, uint32_t partition, kd_bytes record)
{
    if (!c->failed) sim_check_milestone_record(c, partition, record);
}

/* ---- the end ------------------------------------------------------------------------------------------------------- */

void sim_checks_healed(sim_checks *c)
{
    for (uint32_t slot = 0; slot < CHECKS_SLOTS; slot++) c->slots[slot].measured = false;
    c->healed_us = sim_check_now(c);
}

bool sim_checks_converged(sim_checks *c, char *why, size_t size)
{
    if (!sim_check_end_converged(c, why, size) || !sim_check_index_settled(c, why, size)) return false;
    if (!sim_check_closed_settled(c, why, size)) return false;
    sim_check_erased_settled(c);
    for (uint32_t p = 0; p < c->view.scenario->partitions && !c->failed; p++)
        sim_check_index_whole(c, sim_check_lead_slot(c, p), p);
    return true;
}

void sim_checks_final(sim_checks *c, bool converged, sim_final_verdict *out)
{
    sim_check_end_final(c, converged, out);
}

const char *sim_checks_needs(const sim_scenario *s, const sim_scenario_needs *met, char *why, size_t size)
{
    const struct {
        const char *name;
        uint64_t need, met;
    } needs[] = {{"acks", KD_MAX(s->needs.acks, UINT64_C(1)), met->acks}, /* without one nothing was tested */
                 {"kills", s->needs.kills, met->kills},
                 {"duplicates", s->needs.duplicates, met->duplicates},
                 {"gaps", s->needs.gaps, met->gaps},
                 {"refused", s->needs.refused, met->refused},
                 {"undone", s->needs.undone, met->undone},
                 {"resent", s->needs.resent, met->resent},
                 {"expired", s->needs.expired, met->expired},
                 {"collected", s->needs.collected, met->collected}};
    for (size_t i = 0; i < KD_COUNT(needs); i++) {
        if (needs[i].met >= needs[i].need) continue;
        snprintf(why, size, "%s: %llu, needed %llu", needs[i].name, (unsigned long long)needs[i].met,
                 (unsigned long long)needs[i].need);
        return needs[i].name;
    }
    return NULL;
}

/*
 * check_fault.c - what a fault excuses (protocol, "What is lost, and only then"), at the moment of the fault. The journal is told which
 * acknowledged operations may be lost; what excuse.h answers from is noted here.
 *
 * - An edge's disk goes back (wiped, put back): operations that it acknowledged since the copy was made, and that central has not merged, are lost;
 *   none where answers wait for a log that is spared (rule 26).
 *   Operations before the copy are in the copy: they are sent, or set aside, if they were not merged. Merged is what lies below central's
 *   watermark, less D for the clocks.
 * - Central goes back: edges send again what they have. Operations of an edge whose own disk went back since that copy of central was made are
 *   nowhere, unless the log still has them.
 * - A copy of an edge acknowledges operations that die with its directory.
 * - Sums of an edge whose disk went back: as likes. A request that comes again may count twice, for its key is gone; what is set aside may be missing
 *   (check_aside.c). All sums of the run are excused
 *     once an edge was copied: what two processes acknowledged under one name is not promised, and one of them may refuse;
 *     once an edge's disk went back and there were two centrals: see excuse_mixture;
 *     once central went back and the log lost records, at any time: batches that edges had deleted are nowhere;
 *     once the log lost records while there were two centrals: records that only the undone central had merged may be among them.
 */
#include "sim/check/checking.h"
#include "sim/check/excuse.h"

/* A batch that is open in a copy is sealed there as it stands, and the original adds more to it: its position can have two bodies (rules 5, 6). */
static void renew_exemption(sim_checks *c, uint32_t edge)
{
    uint64_t *exempt = &c->positions.exempt[edge];
    *exempt = KD_MAX(*exempt, c->incarnation[edge]);
    for (uint32_t shard = 0; shard < c->view.scenario->shards; shard++) {
        kd_edge *e = c->view.edge(c->view.world, edge, shard);
        if (e) *exempt = KD_MAX(*exempt, kd_edge_incarnation(e));
    }
}

/*
 * Sums that one life of an edge sent, and that its next life does not hold, are in the log alone once central goes back as well: central reads them
 * again. Of two centrals one history is undone while the edge follows it. Which of the two an edge's life had heard of is not known here, so all
 * sums are excused.
 */
static void excuse_mixture(sim_checks *c)
{
    bool any = false;
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++) any |= c->disk_changed[e];
    if (any && c->central_copied) sim_journal_excuse_sums(c->view.journal);
}

static void edge_went_back(sim_checks *c, uint32_t edge, bool wiped)
{
    uint64_t from_us = sim_check_excuse_merged(c, edge);
    /* While two processes use one name, the watermark may be that of the other process. */
    if (c->copied_us[edge] != 0)
        from_us = KD_MIN(from_us, c->copied_us[edge]);
    else if (!wiped)
        from_us = KD_MAX(from_us, c->backed_up_us[edge]);
    if (!sim_scenario_disk_spares(c->view.scenario))
        sim_journal_excuse_edge(c->view.journal, edge, from_us, sim_check_now(c));
    sim_journal_keys_forgotten(c->view.journal, edge, sim_check_now(c));
    sim_check_aside_disk(c, edge);
    c->disk_lost_us[edge] = sim_check_now(c);
    c->disk_changed[edge] = true;
    excuse_mixture(c);
    sim_check_durable_disk(c, edge, wiped);
}

static void edge_disk(sim_checks *c, uint32_t edge, sim_checks_disk_event event)
{
    switch (event) {
    case CHECKS_BACKED_UP:
        renew_exemption(c, edge);
        c->backed_up_us[edge] = sim_check_now(c);
        break;
    case CHECKS_RESTORED:
    case CHECKS_WIPED:
        edge_went_back(c, edge, event == CHECKS_WIPED);
        break;
    case CHECKS_COPIED:
        renew_exemption(c, edge);
        c->doubled[edge] = c->any_doubled = true;
        c->copy_gone_us[edge] = 0;
        if (c->copied_us[edge] == 0) c->copied_us[edge] = sim_check_now(c);
        sim_journal_excuse_sums(c->view.journal);
        sim_check_durable_disk(c, edge + CHECKS_TWIN, false);
        /* If the original was moving batches to a new incarnation, the copy goes on with that. */
        c->slots[edge + CHECKS_TWIN].moved_to = c->slots[edge].moved_to;
        break;
    case CHECKS_COPY_GONE:
        c->copy_gone_us[edge] = sim_check_now(c);
        sim_check_durable_disk(c, edge + CHECKS_TWIN, true);
        break;
    }
}

static void central_went_back(sim_checks *c, const sim_check_history *to)
{
    c->central_undone = true;
    excuse_mixture(c);
    if (c->likes_lost) sim_journal_excuse_sums(c->view.journal);
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++)
        if (c->disk_changed[e] && c->disk_lost_us[e] >= to[0].at_us)
            sim_journal_excuse_edge(c->view.journal, e, sim_check_excuse_merged_in(c, e, to),
                                    c->disk_lost_us[e]);
    /* Central refuses what a retired edge sends again: it counts as not merged from what this copy of central has on. */
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++)
        if (c->retired[e])
            c->retired_from_us[e] = KD_MIN(c->retired_from_us[e], sim_check_excuse_merged_in(c, e, to));
}

static void note_history(sim_checks *c, sim_check_history *copy)
{
    for (uint32_t p = 0; p < c->view.scenario->partitions; p++) {
        copy[p] = c->positions.tenures[0][p].now;
        copy[p].at_us = sim_check_now(c);
        memcpy(copy[p].tentative, copy[p].durable, sizeof(copy[p].durable));
    }
}

static void check_fault_put_back(sim_checks *c, uint32_t slot, const sim_check_history *copy)
{
    for (uint32_t p = 0; p < c->view.scenario->partitions; p++) {
        c->positions.tenures[slot][p].now = copy[p];
        c->positions.tenures[slot][p].open_count = 0;
    }
}

static void central_disk(sim_checks *c, sim_checks_disk_event event)
{
    static const sim_check_history nothing[SCENARIO_PARTITIONS_MAX];
    sim_check_positions *p = &c->positions;
    switch (event) {
    case CHECKS_BACKED_UP:
        note_history(c, p->backup);
        c->backup_known = true;
        break;
    case CHECKS_RESTORED:
    case CHECKS_WIPED: {
        const sim_check_history *to = event == CHECKS_WIPED ? nothing : p->backup;
        check_fault_put_back(c, 0, to);
        c->backup_known &= event != CHECKS_WIPED; /* the list of backups is gone as well */
        central_went_back(c, to);
        break;
    }
    case CHECKS_COPIED:
        c->central_copied = true;
        excuse_mixture(c);
        note_history(c, p->copied);
        check_fault_put_back(c, 1, p->copied);
        break;
    case CHECKS_COPY_GONE:
        c->central_copied = false;
        check_fault_put_back(c, 1, nothing);
        central_went_back(c, p->copied);
        break;
    }
}

void sim_check_fault_disk(sim_checks *c, int who, sim_checks_disk_event event)
{
    if (who == SCENARIO_CENTRAL)
        central_disk(c, event);
    else if (who >= 0)
        edge_disk(c, (uint32_t)who, event);
}

void sim_check_fault_log(sim_checks *c, sim_scenario_topic topic)
{
    if (topic == SCENARIO_COUNTS) c->counts_lost = true;
    if (topic != SCENARIO_LIKES) return;
    c->likes_lost = true;
    if (c->central_undone || c->central_copied) sim_journal_excuse_sums(c->view.journal);
}

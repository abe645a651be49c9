/*
 * check_milestone.c - "milestone": each threshold that a count passed is told under one id, at least once; no other is told.
 *
 * A model merges the batches that central merges, one after the other, and looks at the counts behind each of them. A pass belongs to the commit that
 * holds its batch, and is forgotten when that commit is: after a crash, or when central's disk is put back. What was passed at any time may be told.
 * A record must be one that was told before, or a pass that was not told yet; only after central's disk was put back or copied, or where it has members, it may
 * have another label.
 */
#include "kudos/forget.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

#include <stdio.h>
#include <stdlib.h>

enum { UNSURE = 1u << 31 }; /* in passed_ever: the model was wrong about the count, so nothing is judged */
_Static_assert(KD_THRESHOLDS_MAX < 64, "a cell and a threshold are one number");

static uint64_t milestone_told_key(uint32_t cell, uint32_t threshold)
{
    return ((uint64_t)cell * 64 + threshold + 1) * 2 + 1;
}

/* ---- the model ---- */

/* Whether the operation is later than the row. An edge that is not known: a row that was read from central. */
static bool milestone_wins(sim_checks *c, uint32_t cell, const sim_check_cell *row, const kd_op *op,
                           uint32_t edge)
{
    uint32_t of = (uint32_t)(row->b >> 1);
    if (op->time_us != row->a) return op->time_us > row->a;
    if (of == edge) return false;
    if (of == CHECK_NOTHING) c->passed_ever[cell] |= UNSURE;
    return of != CHECK_NOTHING && strcmp(c->view.scenario->edges[of], c->view.scenario->edges[edge]) < 0;
}

static void milestone_begin_row(sim_checks *c, uint32_t slot, const kd_op *op, uint32_t counter,
                                uint32_t item, sim_check_cell *row)
{
    bool liked = false;
    kd_central *core = c->view.central(c->view.world, slot, c->partition[item]);
    if (!core || kd_central_member_at(core, counter, op->item, op->user, &liked, &row->a) != KD_OK) return;
    row->b = (uint64_t)CHECK_NOTHING << 1 | liked;
}

/* Below the floor central may have forgotten a tombstone that the model remembers, and ignores what it has merged before. */
static bool milestone_below_floor(const sim_checks *c, uint32_t slot, uint32_t item, uint64_t time_us)
{
    kd_central *core = c->view.central(c->view.world, slot, c->partition[item]);
    kd_central_forgetting f = {.floor_us = 0};
    if (core) kd_central_get_forgetting(core, &f);
    return time_us < f.floor_us;
}

static void milestone_take_op(sim_checks *c, uint32_t slot, sim_check_passing *p, uint32_t cell,
                              const kd_op *op, uint32_t edge)
{
    uint32_t item = cell % c->view.item_count, counter = cell / c->view.item_count;
    uint64_t hash = sim_check_hash(sim_check_mix(cell + 1, 1), op->user);
    bool first = sim_check_map_find(&p->rows, hash) == NULL;
    sim_check_cell *row = sim_check_map_obtain(&p->rows, hash);
    if (first) milestone_begin_row(c, slot, op, counter, item, row);
    if (milestone_below_floor(c, slot, item, op->time_us)) c->passed_ever[cell] |= UNSURE;
    if (!milestone_wins(c, cell, row, op, edge)) return;
    c->passing_count[slot][cell] += (uint64_t)op->liked - (row->b & 1);
    row->a = op->time_us;
    row->b = (uint64_t)edge << 1 | op->liked;
}

static void milestone_pass(sim_checks *c, sim_check_passing *p, uint32_t cell, uint64_t was, uint64_t now)
{
    const kd_thresholds *t = &sim_scenario_thresholds;
    for (uint32_t i = 0; i < t->count; i++) {
        if (was >= t->at[i] || now < t->at[i]) continue;
        c->passed_ever[cell] |= 1u << i;
        p->at = kd_grow(p->at, p->count, &p->cap, sizeof(p->at[0]));
        p->at[p->count++] = (sim_check_pass){cell, i, 0};
    }
}

/* The counter and item as a cell; CHECK_NOTHING: another checker tells. */
static uint32_t milestone_cell(const sim_checks *c, uint8_t id, kd_bytes key)
{
    uint32_t item = sim_check_item(c, key);
    int counter = kd_counters_by_id(c->view.counters, id);
    return item == CHECK_NOTHING || counter < 0 ? CHECK_NOTHING
                                                : sim_check_cell_of(c, (uint32_t)counter, item);
}

typedef struct {
    uint32_t cell;
    uint64_t was;
} milestone_touch;

void sim_check_milestone_fed(sim_checks *c, uint32_t slot, uint32_t partition, const kd_batch *b)
{
    kd_body body;
    sim_check_passing *p = &c->passing[slot][partition];
    uint32_t edge = sim_check_edge_named(c, b->edge), count = 0;
    if (kd_body_decode(b->body, &body) != KD_OK) return;
    milestone_touch *touched = kd_alloc((body.op_count + body.sum_count) * sizeof(*touched));
    for (uint32_t i = 0; i < body.op_count + body.sum_count; i++) {
        bool sum = i >= body.op_count;
        const kd_op *op = &body.ops[sum ? 0 : i];
        const kd_sum *s = &body.sums[sum ? i - body.op_count : 0];
        uint32_t cell =
            sum ? milestone_cell(c, s->counter, s->item) : milestone_cell(c, op->counter, op->item);
        if (cell == CHECK_NOTHING || edge == CHECK_NOTHING) continue;
        uint64_t was = c->passing_count[slot][cell];
        if (sum)
            c->passing_count[slot][cell] += s->amount;
        else
            milestone_take_op(c, slot, p, cell, op, edge);
        touched[count++] = (milestone_touch){cell, was};
        c->passing_moved[slot][cell % c->view.item_count] = true;
    }
    /* The first touch of a cell has the count in front of the batch; a later one finds the cell done. */
    for (uint32_t i = 0; i < count; i++) {
        bool again = false;
        for (uint32_t j = 0; j < i && !again; j++) again = touched[j].cell == touched[i].cell;
        if (!again)
            milestone_pass(c, p, touched[i].cell, touched[i].was, c->passing_count[slot][touched[i].cell]);
    }
    free(touched);
    kd_body_finish(&body);
}

void sim_check_milestone_other(sim_checks *c, uint32_t slot, uint32_t partition)
{
    for (uint32_t i = 0; i < c->view.item_count; i++)
        if (c->partition[i] == partition) c->passing_moved[slot][i] = true;
}

void sim_check_milestone_unsure(sim_checks *c, uint32_t counter, uint32_t item)
{
    c->passed_ever[sim_check_cell_of(c, counter, item)] |= UNSURE;
}

void sim_check_milestone_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version)
{
    sim_check_passing *p = &c->passing[slot][partition];
    for (uint32_t i = p->count; i-- > 0 && p->at[i].version == 0;) p->at[i].version = version;
}

/* The counts as central has them; between commits alone. `judged`: of items that records may have changed, and a difference makes the cell unsure. */
static void milestone_take_counts(sim_checks *c, uint32_t slot, uint32_t partition, bool judged)
{
    kd_central *core = c->view.central(c->view.world, slot, partition);
    for (uint32_t i = 0; core && i < c->view.item_count; i++) {
        uint64_t totals[KD_COUNTERS_MAX];
        if (c->partition[i] != partition || (judged && !c->passing_moved[slot][i])) continue;
        if (kd_central_totals(core, kd_item_key(&c->view.items[i]), totals) != KD_OK) return;
        for (uint32_t counter = 0; counter < SCENARIO_COUNTERS; counter++) {
            uint32_t cell = sim_check_cell_of(c, counter, i);
            if (judged && c->passing_count[slot][cell] != totals[counter]) c->passed_ever[cell] |= UNSURE;
            c->passing_count[slot][cell] = totals[counter];
        }
        c->passing_moved[slot][i] = false;
    }
}

void sim_check_milestone_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_passing *p = &c->passing[slot][partition];
    kd_central *core = c->view.central(c->view.world, slot, partition);
    uint64_t version = core ? kd_central_version(core) : 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->count; i++)
        if (p->at[i].version != 0 && p->at[i].version <= version) p->at[kept++] = p->at[i];
    p->count = kept;
    sim_check_map_clear(&p->rows);
    milestone_take_counts(c, slot, partition, false);
}

void sim_check_milestone_disk(sim_checks *c, int who, sim_checks_disk_event event)
{
    if (who != SCENARIO_CENTRAL || event == CHECKS_BACKED_UP) return;
    c->relabelled = true;
    for (uint32_t i = 0; event == CHECKS_COPIED && i < c->view.scenario->partitions; i++) {
        const sim_check_passing *from = &c->passing[0][i];
        sim_check_passing *to = &c->passing[1][i];
        to->count = 0;
        for (uint32_t n = 0; n < from->count; n++) {
            to->at = kd_grow(to->at, to->count, &to->cap, sizeof(to->at[0]));
            to->at[to->count++] = from->at[n];
        }
    }
}

/* ---- what is told ---- */

static bool milestone_threshold(uint64_t value, uint32_t *index)
{
    const kd_thresholds *t = &sim_scenario_thresholds;
    for (*index = 0; *index < t->count; ++*index)
        if (t->at[*index] == value) return true;
    return false;
}

static const char *milestone_name(sim_checks *c, const kd_milestone *m)
{
    int counter = kd_counters_by_id(c->view.counters, m->counter);
    return counter < 0 ? "items" : sim_check_among(c, (uint32_t)counter, sim_check_item(c, m->item));
}

/* One id for a milestone, and one milestone for an id. */
static void milestone_check_id(sim_checks *c, const kd_milestone *m, uint64_t key, sim_check_cell *told)
{
    uint64_t id = sim_check_hash(4711, m->id);
    sim_check_cell *of = sim_check_map_obtain(&c->milestone_ids, id);
    if (of->a == 0) of->a = key;
    if (told->a == 0) told->a = id;
    if (told->a != id || of->a != key)
        sim_check_fail(
            c, "milestone", "the milestone of %llu %s is told under an id that is not its own: %.*s",
            (unsigned long long)m->threshold, milestone_name(c, m), (int)m->id.len, (const char *)m->id.data);
}

static void milestone_told(sim_checks *c, const kd_milestones *all, uint32_t n)
{
    const kd_milestone *m = &all->milestones[n];
    uint32_t cell = milestone_cell(c, m->counter, m->item), threshold;
    bool known = milestone_threshold(m->threshold, &threshold);
    c->made++;
    if (cell == CHECK_NOTHING || !known || !(c->passed_ever[cell] & (UNSURE | 1u << threshold))) {
        sim_check_fail(c, "milestone", "a milestone is told that was never passed: %llu %s [id %.*s]",
                       (unsigned long long)m->threshold,
                       cell == CHECK_NOTHING ? "of an item that is not in this drill" : milestone_name(c, m),
                       (int)m->id.len, (const char *)m->id.data);
        return;
    }
    uint64_t key = milestone_told_key(cell, threshold),
             label = sim_check_mix(all->version, all->first + n) | 1;
    sim_check_cell *told = sim_check_map_obtain(&c->milestones_told, key);
    milestone_check_id(c, m, key, told);
    if (told->b == 0) told->b = label;
    if (told->b != label && !c->relabelled)
        sim_check_fail(
            c, "milestone",
            "the milestone of %llu %s is told a second time, and the second is no copy [version %llu]",
            (unsigned long long)m->threshold, milestone_name(c, m), (unsigned long long)all->version);
}

void sim_check_milestone_record(sim_checks *c, uint32_t partition, kd_bytes record)
{
    kd_milestones m;
    if (kd_milestones_decode(record, &m) != KD_OK) {
        sim_check_fail(c, "milestone", "a record of milestones cannot be decoded [partition %u]", partition);
        return;
    }
    for (uint32_t i = 0; i < m.milestone_count && !c->failed; i++) milestone_told(c, &m, i);
    kd_milestones_finish(&m);
}

bool sim_check_milestone_missing(sim_checks *c, char *why, size_t size)
{
    for (uint32_t p = 0; p < c->view.scenario->partitions; p++) {
        const sim_check_passing *passing = &c->passing[sim_check_lead_slot(c, p)][p];
        for (uint32_t i = 0; i < passing->count; i++) {
            const sim_check_pass *pass = &passing->at[i];
            bool told = sim_check_map_find(&c->milestones_told,
                                           milestone_told_key(pass->cell, pass->threshold)) != NULL;
            if (told || (c->passed_ever[pass->cell] & UNSURE)) continue;
            snprintf(why, size, "%llu %s were passed, and nobody was told [version %llu of partition %u]",
                     (unsigned long long)sim_scenario_thresholds.at[pass->threshold],
                     sim_check_among(c, pass->cell / c->view.item_count, pass->cell % c->view.item_count),
                     (unsigned long long)pass->version, p);
            return true;
        }
    }
    return false;
}

void sim_check_milestone_committed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    const sim_check_passing *p = &c->passing[slot][partition];
    bool quiet = c->positions.tenures[slot][partition].outstanding == 0 &&
                 c->positions.tenures[slot][partition].open_count == 0;
    if (quiet && p->rows.count > 0) milestone_take_counts(c, slot, partition, true);
}

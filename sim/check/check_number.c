/*
 * check_number.c - an edge's number is one of central's (rules 14, 15, 19).
 *
 * - "number", fresh: central's number of the version that the edge has, or of a later version of the same epoch.
 * - "as-of" at an edge: a number shown with an `as_of` was central's number when that as_of was reached. With "as-of" at central this makes as_of
 *   true at edges.
 * - "number", any other: it rests on a number of central that came to this edge. Where none came the edge must say null.
 *
 * The last CHECK_NUMBERS numbers of each item are kept in a ring. Of older ones only the least and the most are known, and a number between them is
 * accepted.
 *
 * Members of central: what a leader has is a function of the records that it has read (rule 30), so the number of them is the version here, whoever leads. Where the
 * likes log ever lost records it is not, and only the third is judged.
 */
#include "sim/check/checking.h"
#include "sim/check/words.h"

#include <stdlib.h>

static const sim_check_number *number_at(const sim_check_numbers *r, uint32_t i)
{
    return &r->at[(r->first + i) % CHECK_NUMBERS];
}

static void drop_oldest(sim_check_numbers *r)
{
    const uint64_t *count = number_at(r, 0)->count;
    for (uint32_t i = 0; i < SCENARIO_COUNTERS; i++) {
        r->least[i] = r->overflowed ? KD_MIN(r->least[i], count[i]) : count[i];
        r->most[i] = KD_MAX(r->most[i], count[i]);
    }
}

/* The epoch and version of what central has. */
static sim_check_known number_place(const sim_checks *c, const kd_central *core)
{
    if (c->view.scenario->member_count > 0)
        return (sim_check_known){.epoch = 1, .version = kd_central_history(core).read};
    return (sim_check_known){.epoch = kd_central_epoch(core), .version = kd_central_version(core)};
}

/* Where the number belongs: a leader that has lost the lead may be behind its successor. */
static uint32_t number_place_in(const sim_check_numbers *r, const sim_check_number *n)
{
    uint32_t at = r->count;
    while (at > 0 && n->epoch == number_at(r, at - 1)->epoch && n->version < number_at(r, at - 1)->version)
        at--;
    return at;
}

static void number_make_room(sim_check_numbers *r)
{
    if (!r->at) r->at = kd_alloc(CHECK_NUMBERS * sizeof(r->at[0]));
    if (r->count < CHECK_NUMBERS) return;
    drop_oldest(r);
    r->first = (r->first + 1) % CHECK_NUMBERS;
    r->count--;
    r->overflowed = true;
}

static void number_put(sim_check_numbers *r, const sim_check_number *n)
{
    number_make_room(r);
    uint32_t at = number_place_in(r, n);
    for (uint32_t i = r->count++; i > at; i--) r->at[(r->first + i) % CHECK_NUMBERS] = *number_at(r, i - 1);
    r->at[(r->first + at) % CHECK_NUMBERS] = *n;
}

/* Whether the number in front of its place says so already. */
static bool number_is_noted(const sim_check_numbers *r, const sim_check_number *n)
{
    uint32_t at = number_place_in(r, n);
    const sim_check_number *before = at > 0 ? number_at(r, at - 1) : NULL;
    return before && before->epoch == n->epoch && memcmp(before->count, n->count, sizeof(n->count)) == 0;
}

/* The as_of that was reached before the number came. What members reached while they followed is not noted, so theirs counts as it is with the number. */
static uint64_t number_reached(const sim_checks *c, uint32_t partition, uint64_t as_of_us)
{
    uint64_t best_us = c->answers[partition].best_us;
    return c->view.scenario->member_count > 0 ? KD_MAX(best_us, as_of_us) : best_us;
}

/* What a member had merged when it began to lead came by no commit of a leader: its snapshots tell it. A leader before it, which is behind, may put another number between this one and
 * the one in front of it. */
void sim_check_number_published(sim_checks *c, uint32_t slot, const kd_snapshot *s)
{
    kd_central *core = c->view.central(c->view.world, slot, s->partition);
    uint64_t reached_us = number_reached(c, s->partition, core ? kd_central_as_of_us(core) : 0);
    for (uint32_t i = 0; i < s->item_count; i++) {
        uint32_t item = sim_check_item(c, s->items[i].item);
        if (item == CHECK_NOTHING) continue;
        sim_check_number n = {1, s->history.read, reached_us, {0}};
        for (uint32_t k = 0; k < s->items[i].count; k++) {
            int counter = kd_counters_by_id(c->view.counters, s->items[i].at[k].counter);
            if (counter >= 0 && counter < SCENARIO_COUNTERS) n.count[counter] = s->items[i].at[k].value;
        }
        number_put(&c->numbers[item], &n);
    }
}

void sim_check_number_changed(sim_checks *c, uint32_t slot, uint32_t item)
{
    uint32_t partition = c->partition[item];
    sim_check_numbers *r = &c->numbers[item];
    kd_central *core = c->view.central(c->view.world, slot, partition);
    uint64_t totals[KD_COUNTERS_MAX];
    if (!core || sim_check_core_follows(core)) return;
    if (kd_central_totals(core, kd_item_key(&c->view.items[item]), totals) != KD_OK) return;
    sim_check_known place = number_place(c, core);
    sim_check_number n = {
        place.epoch, place.version, number_reached(c, partition, kd_central_as_of_us(core)), {0}};
    memcpy(n.count, totals, sizeof(n.count));
    if (!number_is_noted(r, &n)) number_put(r, &n);
}

/* Notes the numbers of a record that the edge did not take up, too: it shows which numbers the edge can know. */
void sim_check_number_heard(sim_checks *c, uint32_t slot, const kd_snapshot *s)
{
    for (uint32_t i = 0; i < s->item_count; i++) {
        uint32_t item = sim_check_item(c, s->items[i].item);
        if (item == CHECK_NOTHING) continue;
        c->heard[sim_check_edge(slot)][item] |=
            s->items[i].count ? CHECK_HEARD : CHECK_HEARD | CHECK_HEARD_NONE;
    }
}

static bool fits_within(const sim_checks *c, const uint64_t *least, const uint64_t *most, const kd_view *view)
{
    for (uint32_t i = 0; i < SCENARIO_COUNTERS; i++) {
        uint64_t shown = view->count[i], pending = view->pending[i];
        uint64_t low = shown < least[i] ? least[i] - shown : 0, high = shown > most[i] ? shown - most[i] : 0;
        bool set = c->view.counters->at[i].kind == KD_SET;
        if (low > (set ? pending : 0) || high > (set ? pending : pending * KD_AMOUNT_MAX)) return false;
    }
    return true;
}

static bool check_number_fits(const sim_checks *c, const uint64_t *count, const kd_view *view)
{
    return fits_within(c, count, count, view);
}

/* Of numbers that the ring dropped only the lowest and the highest are known. */
static bool fits_dropped(const sim_checks *c, const sim_check_numbers *r, const kd_view *view)
{
    return r->overflowed && fits_within(c, r->least, r->most, view);
}

/* Whether (epoch, version) lies in the history of `known`. */
static bool in_history(const sim_checks *c, uint32_t partition, sim_check_known known,
                       const sim_check_number *n)
{
    for (uint32_t depth = 0; depth < 1000; depth++) {
        if (known.epoch == n->epoch) return n->version <= known.version;
        const sim_check_cell *parent =
            sim_check_map_find(&c->positions.parents, sim_check_mix(partition + 1, known.epoch) | 1);
        if (!parent) return false;
        known.epoch = parent->a;
        known.version = KD_MIN(known.version, parent->b);
    }
    return false;
}

/* The ring's index from which on central counted in this epoch. Numbers of an earlier epoch behind this index belong to another history, or were
 * replaced by the number at this index: a second central had read them from a copy before the first one had finished its write. */
static uint32_t number_begun(const sim_check_numbers *r, uint64_t epoch)
{
    uint32_t i = 0;
    while (i < r->count && number_at(r, i)->epoch != epoch) i++;
    return i;
}

static bool fresh_right(const sim_checks *c, uint32_t partition, sim_check_known known,
                        const sim_check_numbers *r, const kd_view *view)
{
    static const uint64_t nothing[SCENARIO_COUNTERS];
    uint32_t first = number_begun(r, known.epoch);
    for (uint32_t i = r->count; i-- > 0;) {
        const sim_check_number *n = number_at(r, i);
        bool same = n->epoch == known.epoch, ahead = same && n->version > known.version,
             base = (same || i < first) && in_history(c, partition, known, n);
        if ((ahead || base) && check_number_fits(c, n->count, view)) return true;
        if (base) return false;
    }
    return fits_dropped(c, r, view) || check_number_fits(c, nothing, view);
}

/* Whether the number was central's when as_of was reached. A number of a history that was undone has replaced nothing. */
static bool as_of_right(const sim_checks *c, uint32_t partition, sim_check_known known,
                        const sim_check_numbers *r, const kd_view *view)
{
    static const uint64_t nothing[SCENARIO_COUNTERS];
    uint32_t first = number_begun(r, known.epoch);
    for (uint32_t i = r->count; i-- > 0;) {
        const sim_check_number *n = number_at(r, i);
        if (check_number_fits(c, n->count, view)) return true;
        bool ours = n->epoch == known.epoch || (i < first && in_history(c, partition, known, n));
        if (ours && n->as_of_before_us < view->as_of_us)
            return false; /* numbers before this one were replaced before as_of was reached */
    }
    return fits_dropped(c, r, view) || check_number_fits(c, nothing, view);
}

/* Whether the number rests on any number that came here, of any history: an old number stays until the edge hears that its history is undone. */
static bool heard_right(const sim_checks *c, const sim_check_numbers *r, uint8_t heard, const kd_view *view)
{
    static const uint64_t nothing[SCENARIO_COUNTERS];
    if (!(heard & CHECK_HEARD)) return false;
    if (fits_dropped(c, r, view) || ((heard & CHECK_HEARD_NONE) && check_number_fits(c, nothing, view)))
        return true;
    for (uint32_t i = 0; i < r->count; i++) {
        const uint64_t *count = number_at(r, i)->count;
        bool none = memcmp(count, nothing, sizeof(nothing)) == 0;
        if (!none && check_number_fits(c, count, view)) return true;
    }
    return false;
}

void sim_check_number_viewed(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view)
{
    uint32_t partition = c->partition[item];
    kd_edge *e = c->view.edge(c->view.world, slot, partition % c->view.scenario->shards);
    kd_edge_partition p;
    if (!view->known || !e || kd_edge_partition_get(e, partition, &p) != KD_OK) return;
    sim_check_known known = {.epoch = p.epoch, .version = p.version};
    bool members = c->view.scenario->member_count > 0;
    if (members)
        known = (sim_check_known){.epoch = 1,
                                  .version = sim_check_members_read(c, partition, p.epoch, p.version)};
    const sim_check_numbers *r = &c->numbers[item];
    c->made++;
    if (!heard_right(c, r, c->heard[sim_check_edge(slot)][item], view))
        sim_check_fail(c, "number", "%s shows %s, but no number that central sent there makes these",
                       sim_check_slot_name(c, slot), sim_check_view_name(c, item, view));
    else if (members && c->likes_lost)
        return;
    else if (view->fresh && !fresh_right(c, partition, known, r, view))
        sim_check_fail(
            c, "number",
            "%s shows %s as fresh, but central had other numbers [partition %u, version %llu of epoch %llx]",
            sim_check_slot_name(c, slot), sim_check_view_name(c, item, view), partition,
            (unsigned long long)p.version, (unsigned long long)p.epoch);
    else if (view->as_of_us > 0 && !as_of_right(c, partition, known, r, view))
        sim_check_fail(c, "as-of",
                       "%s shows %s as of %.3f s ago, but central had replaced these numbers before that",
                       sim_check_slot_name(c, slot), sim_check_view_name(c, item, view),
                       sim_check_seconds_ago(c, view->as_of_us));
}

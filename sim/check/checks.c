/* checks.c - the hooks: each hands the event to the checkers that it concerns, in the order in which they may rely on each other. */
#include "sim/check/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/check/checking.h"

const char *const checks_names[] = {
    "durable", "after-error", "own-word",     "stamp",  "answer",   "order", "body",    "freed",
    "early",   "chain",       "log-position", "stable", "expired",  "floor", "retired", "compare",
    "fence",   "counts",      "as-of",        "number", "member",   "shown", "pending", "age",
    "least",   "own-like",    "liked",
    "install", "clock",       "outbox",       "tables", "identity", "aside", "lost",    "doubled",
    "sums",    "convergence", "expected",     NULL};

/* ---- the object ------------------------------------------------------------------------------------------------ */

static uint64_t index_hash(kd_bytes name)
{
    return check_hash(1, name);
}

static void index_names(checks *c)
{
    for (uint32_t i = 0; i < c->view.item_count; i++) {
        kd_bytes key = kd_item_key(&c->view.items[i]);
        c->partition[i] = kd_partition(key, c->view.scenario->partitions);
        c->writer[i] = CHECK_NOTHING;
        check_map_obtain(&c->item_index, index_hash(key))->a = i;
    }
    for (uint32_t i = 0; i < c->view.user_count; i++)
        check_map_obtain(&c->user_index, index_hash(kd_bytes_str(c->view.users[i])))->a = i;
}

checks *checks_create(const checks_view *view)
{
    checks *c = kd_alloc(sizeof(*c));
    c->view = *view;
    c->wrong_clock_us = scenario_central_clock_us(view->scenario);
    size_t items = view->item_count + 1, cells = items * SCENARIO_COUNTERS;
    c->partition = kd_alloc(items * sizeof(c->partition[0]));
    c->writer = kd_alloc(items * sizeof(c->writer[0]));
    c->roamed = kd_alloc((view->user_count + 1) * sizeof(c->roamed[0]));
    c->numbers = kd_alloc(items * sizeof(c->numbers[0]));
    for (uint32_t i = 0; i < SCENARIO_EDGES_MAX; i++) c->heard[i] = kd_alloc(items * sizeof(c->heard[i][0]));
    c->passed = kd_alloc(items * sizeof(c->passed[0]));
    for (uint32_t i = 0; i < CHECKS_CENTRALS; i++) c->member_count[i] = kd_alloc(cells * sizeof(uint64_t));
    for (uint32_t i = 0; i < CHECKS_SLOTS; i++) c->last_taken[i] = kd_alloc(cells * sizeof(uint64_t));
    index_names(c);
    return c;
}

static void finish_tenures(checks *c)
{
    for (uint32_t slot = 0; slot < CHECKS_CENTRALS; slot++) {
        for (uint32_t p = 0; p < SCENARIO_PARTITIONS_MAX; p++) {
            free(c->positions.tenures[slot][p].open);
            free(c->members[slot][p].fed);
            check_map_finish(&c->members[slot][p].members);
        }
        free(c->member_count[slot]);
    }
}

void checks_destroy(checks *c)
{
    if (!c) return;
    finish_tenures(c);
    for (uint32_t i = 0; i < c->view.item_count; i++) free(c->numbers[i].at);
    for (uint32_t p = 0; p < SCENARIO_PARTITIONS_MAX; p++) free(c->answers[p].at);
    for (uint32_t i = 0; i < CHECKS_SLOTS; i++) free(c->last_taken[i]);
    for (uint32_t i = 0; i < SCENARIO_EDGES_MAX; i++) free(c->heard[i]);
    check_map *maps[] = {&c->item_index,        &c->user_index,    &c->durable.rows,
                         &c->durable.journal,   &c->durable.taken, &c->durable.maybe, &c->positions.bodies,
                         &c->positions.parents, &c->log,           &c->asides.seen};
    for (size_t i = 0; i < KD_COUNT(maps); i++) check_map_finish(maps[i]);
    free(c->partition);
    free(c->writer);
    free(c->numbers);
    free(c->roamed);
    free(c->passed);
    free(c);
}

void check_fail(checks *c, const char *checker, const char *format, ...)
{
    if (c->failed) return;
    va_list args;
    va_start(args, format);
    vsnprintf(c->text, sizeof(c->text), format, args);
    va_end(args);
    c->failed = checker;
    c->failed_us = check_now(c);
}

const char *checks_failed(const checks *c, const char **text, uint64_t *at_us)
{
    if (text) *text = c->text;
    if (at_us) *at_us = c->failed_us;
    return c->failed;
}

uint64_t checks_made(const checks *c)
{
    return c->made;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static char *checks_next_name(checks *c)
{
    return c->names[c->names_next++ % KD_COUNT(c->names)];
}

const char *check_slot_name(checks *c, uint32_t slot)
{
    char *name = checks_next_name(c);
    snprintf(name, sizeof(c->names[0]), "%s%s", slot >= CHECKS_TWIN ? "the copy of " : "",
             c->view.scenario->edges[check_edge(slot)]);
    return name;
}

const char *check_item_name(checks *c, uint32_t item)
{
    char *name = checks_next_name(c);
    kd_key_text(kd_item_key(&c->view.items[item]), name);
    return name;
}

uint32_t check_item(const checks *c, kd_bytes key)
{
    const check_cell *cell = check_map_find(&c->item_index, index_hash(key));
    return cell ? (uint32_t)cell->a : CHECK_NOTHING;
}

uint32_t check_user(const checks *c, kd_bytes name)
{
    const check_cell *cell = check_map_find(&c->user_index, index_hash(name));
    return cell ? (uint32_t)cell->a : CHECK_NOTHING;
}

uint32_t check_edge_named(const checks *c, kd_bytes name)
{
    for (uint32_t i = 0; i < c->view.scenario->edge_count; i++)
        if (kd_bytes_eq(name, kd_bytes_str(c->view.scenario->edges[i]))) return i;
    return CHECK_NOTHING;
}

/* ---- processes and disks --------------------------------------------------------------------------------------- */

void checks_edge_opened(checks *c, uint32_t slot, uint32_t shard)
{
    kd_edge *e = c->view.edge(c->view.world, slot, shard);
    if (c->failed || !e) return;
    c->slots[slot].life[shard] = ++c->lives;
    c->slots[slot].measured = false;
    check_bounds_opened(c, slot, shard);
    c->durable.groups[slot][shard] = 0;
    c->durable.failed[slot][shard] = false;
    uint64_t *incarnation = &c->incarnation[check_edge(slot)];
    *incarnation = KD_MAX(*incarnation, kd_edge_incarnation(e));
    check_durable_opened(c, slot, shard);
    check_aside_opened(c, slot, shard);
    check_install_opened(c, slot, shard);
}

void checks_central_opened(checks *c, uint32_t slot, uint32_t partition)
{
    if (c->failed) return;
    c->highest_claim[slot][partition] = 0;
    check_position_opened(c, slot, partition);
    check_count_opened(c, slot, partition);
    check_forget_opened(c, slot, partition);
}

void checks_edge_closed(checks *c, uint32_t slot, uint32_t shard)
{
    if (c->failed) return;
    check_bounds_ticked(c, slot, shard);
    c->slots[slot].measured = false;
}

void checks_central_closed(checks *c, uint32_t slot, uint32_t partition)
{
    c->members[slot][partition].fed_count = 0;
}

void checks_disk(checks *c, int who, checks_disk_event event)
{
    check_excuse_disk(c, who, event);
    check_forget_disk(c, who, event);
}

void checks_retired(checks *c, uint32_t edge, bool retired)
{
    check_forget_retired(c, edge, retired);
}

void checks_log_lost(checks *c, scenario_topic topic)
{
    check_excuse_log(c, topic);
}

/* ---- an edge ----------------------------------------------------------------------------------------------------- */

void checks_unmeasured(checks *c, uint64_t off_us)
{
    if (off_us <= c->view.scenario->drift_us || off_us <= c->wrong_clock_us) return;
    c->wrong_clock_us = off_us;
    journal_drift(c->view.journal, c->view.scenario->drift_us + off_us);
}

void checks_measured(checks *c, uint32_t slot, int64_t off_us)
{
    c->slots[slot].off_us = off_us;
    c->slots[slot].measured = true;
}

void checks_taken(checks *c, uint32_t slot, uint32_t shard, uint32_t attempt, const kd_outcome *outcome)
{
    if (c->failed) return;
    const journal_attempt *a = journal_at(c->view.journal, attempt);
    check_bounds_taken(c, slot, shard, outcome);
    if (outcome->replayed) {
        check_answer_replayed(c, slot, a, outcome);
        return;
    }
    check_install_taken(c, slot, c->partition[a->item]);
    check_answer_taken(c, slot, shard, a, outcome);
    check_durable_taken(c, slot, shard, a, outcome->stamp_us);
    check_shown_taken(c, slot, a, outcome->stamp_us);
}

void checks_refused(checks *c, uint32_t slot, uint32_t shard, uint32_t item, int err)
{
    if (c->failed) return;
    check_bounds_refused(c, slot, shard, err);
    if (err == KD_ERETIRED) check_install_refused(c, slot, c->partition[item]);
}

void checks_answered(checks *c, uint32_t slot, uint32_t shard, uint32_t attempt, const kd_outcome *outcome)
{
    if (c->failed) return;
    check_durable_answered(c, slot, shard, journal_at(c->view.journal, attempt), outcome);
    if (slot >= CHECKS_TWIN) journal_excuse(c->view.journal, attempt);
    check_as_of_answered(c, attempt, outcome->replayed);
}

void checks_edge_wrote(checks *c, uint32_t slot, uint32_t shard, uint64_t group, const kd_writes *writes,
                       int status, bool synced)
{
    if (c->failed) return;
    check_bounds_ticked(c, slot, shard); /* an alarm is told before what it moves is dropped */
    check_durable_wrote(c, slot, shard, group, writes, status, synced);
}

void checks_sent(checks *c, uint32_t slot, uint32_t shard, uint32_t partition, kd_position at,
                 kd_bytes record)
{
    (void)shard;
    if (c->failed) return;
    check_aside_sent(c, slot, at);
    check_position_sent(c, slot, partition, record);
}

void checks_installed(checks *c, uint32_t slot, uint32_t shard, kd_bytes record, int verdict)
{
    (void)shard;
    if (!c->failed) check_install_snapshot(c, slot, record, verdict);
}

void checks_asked_answered(checks *c, uint32_t slot, uint32_t shard, uint32_t item, kd_bytes record,
                           int verdict)
{
    (void)shard;
    if (!c->failed && verdict != KD_EIO) check_install_answer(c, slot, item, record);
}

void checks_viewed(checks *c, uint32_t slot, uint32_t item, int err, const kd_view *view)
{
    if (!c->failed && err == KD_OK && !view->known)
        check_fail(c, "number", "%s shows null for %s, and does not ask central", check_slot_name(c, slot),
                   check_item_name(c, item));
    if (c->failed || (err != KD_OK && err != KD_EAGAIN) || !view->known) return;
    check_shown_viewed(c, slot, item, view);
    check_number_viewed(c, slot, item, view);
    check_least_viewed(c, slot, item, view);
}

void checks_answer_viewed(checks *c, uint32_t slot, uint32_t attempt, int err, const kd_view *view)
{
    if (c->failed || (err != KD_OK && err != KD_EAGAIN) || !view->known) return;
    check_least_answered(c, slot, journal_at(c->view.journal, attempt), view);
}

void checks_liked_told(checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user, int liked,
                       uint64_t begun_us)
{
    if (!c->failed) check_liked_told(c, slot, counter, item, user, liked, begun_us);
}

void checks_member_read(checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user, int result)
{
    if (c->failed) return;
    journal_attempt pair = {.user = user, .item = item, .counter = counter};
    check_durable_member(c, slot, &pair, result);
}

void checks_ticked(checks *c, uint32_t slot, uint32_t shard)
{
    if (!c->failed) check_bounds_ticked(c, slot, shard);
}

void checks_member_asked(checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user, bool liked)
{
    if (c->failed) return;
    check_as_of_member(c, slot, counter, item, user, liked);
    check_liked_asked(c);
}

/* ---- central ------------------------------------------------------------------------------------------------------- */

void checks_fed(checks *c, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset, kd_fed fed)
{
    if (c->failed) return;
    kd_batch b;
    if (fed != KD_FED_FENCED) check_log_fed(c, partition, record, offset);
    if (kd_record_peek(record) == KD_RECORD_CLAIM) check_publish_fed(c, slot, partition, record);
    if (kd_record_peek(record) != KD_RECORD_BATCH || kd_batch_decode(record, &b) != KD_OK) return;
    check_position_fed(c, slot, partition, &b, fed);
    if (fed == KD_FED_MERGED) check_count_fed(c, slot, partition, &b);
}

void checks_log_checked(checks *c, uint32_t slot, uint32_t partition, int64_t stored, kd_bytes found,
                        int64_t next, int64_t start)
{
    (void)slot;
    if (!c->failed && next > start) check_log_checked(c, partition, stored, found, next);
}

void checks_commit_begun(checks *c, uint32_t slot, uint32_t partition, uint64_t version)
{
    if (c->failed) return;
    check_position_begun(c, slot, partition, version);
    check_count_begun(c, slot, partition, version);
}

void checks_committed(checks *c, uint32_t slot, uint32_t partition, uint64_t version, int status, bool synced)
{
    if (c->failed || status != KD_OK) return;
    check_position_committed(c, slot, partition, version, synced);
    check_count_committed(c, slot, partition);
    check_forget_committed(c, slot, partition);
    check_as_of_committed(c, slot, partition);
}

void checks_published(checks *c, uint32_t slot, uint32_t partition, kd_bytes record)
{
    if (!c->failed) check_publish_record(c, slot, partition, record);
}

/* ---- the end ------------------------------------------------------------------------------------------------------- */

void checks_healed(checks *c)
{
    for (uint32_t slot = 0; slot < CHECKS_SLOTS; slot++) c->slots[slot].measured = false;
    c->healed_us = check_now(c);
}

const char *checks_needs(const scenario *s, const scenario_needs *met, char *why, size_t size)
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

/*
 * check_decided.c - "decided" (rules 24, 25, 28): what an operator decides happens once, where it stands in the log, and to what he named alone.
 *
 * A model takes the records that central merges one after the other, in the order of the log, and keeps each row's last operation and each void that can be
 * undone. After a commit, while no other is under way, the rows that decisions named and what the store remembers of the voids are compared with it.
 * A job's decision that was merged in this history is not merged again, and none is merged behind a higher claim that this central has read.
 *
 * What is not known is not judged:
 * - a row is read from central when a record names it first since a start; its author is unknown then;
 * - an operation so old that central may have forgotten the tombstone that overrules it makes its row unsure, until a later one comes.
 *
 * Users are not told of decisions. So about a pair that one names the journal says nothing any more (sim_journal_ordered), an item that one names has more
 * than one writer, and what it passes is not judged: the model here judges the pairs one by one.
 */
#include "central/core/state.h"
#include "sim/check/check_erased.h"
#include "kudos/void.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

enum { LIKED = 1, UNSURE = 2, NAMED = 4, AUTHOR_SHIFT = 3 };
enum { AUTHOR_IMPORT = SCENARIO_EDGES_MAX, AUTHOR_VOID, AUTHOR_ERASE, AUTHOR_UNKNOWN };

/* ---- rows ---- */

typedef struct {
    sim_checks *c;
    uint32_t slot, partition;
    sim_check_deciding *d;
} decided_model;

static decided_model decided_model_of(sim_checks *c, uint32_t slot, uint32_t partition)
{
    return (decided_model){c, slot, partition, &c->deciding[slot][partition]};
}

static const char *decided_author_name(const sim_checks *c, uint64_t author)
{
    if (author == AUTHOR_IMPORT) return "_import";
    if (author == AUTHOR_ERASE) return KD_ERASE_AUTHOR;
    return author == AUTHOR_VOID ? KD_VOID_AUTHOR : c->view.scenario->edges[author];
}

static uint64_t decided_key(const sim_check_touch *t)
{
    uint64_t hash = sim_check_mix((uint64_t)t->counter << 32 | t->item, t->user);
    return hash ? hash : 1;
}

static bool decided_pair(const sim_checks *c, const kd_op *op, sim_check_touch *t)
{
    int counter = kd_counters_by_id(c->view.counters, op->counter);
    *t = (sim_check_touch){sim_check_item(c, op->item), sim_check_user(c, op->user), (uint32_t)counter, 0};
    return counter >= 0 && t->item != CHECK_NOTHING && t->user != CHECK_NOTHING;
}

/* NULL: strangers, which "counts" tells of. */
static sim_check_cell *decided_row(const decided_model *m, const kd_op *op, bool named)
{
    sim_check_touch t;
    bool liked = false;
    if (!decided_pair(m->c, op, &t)) return NULL;
    kd_central *core = m->c->view.central(m->c->view.world, m->slot, m->partition);
    bool first = sim_check_map_find(&m->d->rows, decided_key(&t)) == NULL;
    sim_check_cell *row = sim_check_map_obtain(&m->d->rows, decided_key(&t));
    if (first) {
        int err = core ? kd_central_member_at(core, t.counter, op->item, op->user, &liked, &row->a) : KD_EIO;
        row->b = AUTHOR_UNKNOWN << AUTHOR_SHIFT | (liked ? LIKED : 0);
        if (err != KD_OK) *row = (sim_check_cell){row->key, UINT64_MAX, row->b | UNSURE};
    }
    if (named && !(row->b & NAMED)) {
        row->b |= NAMED;
        m->d->named = kd_grow(m->d->named, m->d->named_count, &m->d->named_cap, sizeof(t));
        m->d->named[m->d->named_count++] = t;
    }
    return row;
}

static void decided_doubt(sim_check_cell *row, uint64_t stamp_us)
{
    row->a = KD_MAX(row->a, stamp_us);
    row->b |= UNSURE;
}

/* Rule 3: the larger stamp wins, and of two equal ones the larger name of the author. */
static void decided_put(const decided_model *m, sim_check_cell *row, uint64_t stamp_us, uint64_t author,
                        bool liked)
{
    uint64_t of = row->b >> AUTHOR_SHIFT;
    if (stamp_us < row->a || (stamp_us == row->a && of == author)) return;
    if (stamp_us == row->a && (of == AUTHOR_UNKNOWN || (row->b & UNSURE))) {
        decided_doubt(row, stamp_us);
        return;
    }
    if (stamp_us == row->a && strcmp(decided_author_name(m->c, author), decided_author_name(m->c, of)) < 0)
        return;
    row->a = stamp_us;
    row->b = author << AUTHOR_SHIFT | (row->b & NAMED) | (liked ? LIKED : 0);
}

/* Whether central may have forgotten a later unlike of the row: its floor is never above the present less the age of tombstones. */
static bool decided_old(const sim_checks *c, uint64_t stamp_us)
{
    const sim_scenario *s = c->view.scenario;
    uint64_t margin_us = c->wrong_clock_us + s->drift_us;
    return s->forget_tombstones_us > 0 && stamp_us + s->forget_tombstones_us < sim_check_now(c) + margin_us;
}

/* An old operation of an edge may be ignored (rule 22), that of an operator may not. Against a like nothing was forgotten. An operation above an unlike that is
 * forgotten makes a row of its own. */
static bool decided_in_doubt(const decided_model *m, const sim_check_cell *row, const kd_op *op,
                             uint64_t author)
{
    if (!decided_old(m->c, op->time_us)) return false;
    return op->time_us > row->a ? author != AUTHOR_IMPORT : !(row->b & LIKED);
}

static void decided_take_body(const decided_model *m, const kd_body *body, uint64_t author, bool named)
{
    const kd_central *core = m->c->view.central(m->c->view.world, m->slot, m->partition);
    if (core) sim_check_erased_forget(m->d, core, m->c->view.users);
    for (uint32_t i = 0; i < body->op_count; i++) {
        const kd_op *op = &body->ops[i];
        uint32_t item = sim_check_item(m->c, op->item);
        bool decided = item != CHECK_NOTHING && sim_check_closed_ever(m->c, m->slot, item);
        sim_check_cell *row = decided_row(m, op, named || decided);
        if (!row || (decided && sim_check_closed_leaves_out(m->c, m->slot, item, op->time_us))) continue;
        if (sim_check_erased_covers(m->d, sim_check_user(m->c, op->user), op->time_us)) continue;
        if (decided_in_doubt(m, row, op, author))
            decided_doubt(row, op->time_us);
        else
            decided_put(m, row, op->time_us, author, op->liked);
    }
}

/* ---- voids ---- */

static uint64_t decided_job(kd_bytes name)
{
    return sim_check_hash(24, name);
}

static sim_check_void *decided_void(sim_check_deciding *d, uint64_t job)
{
    for (uint32_t i = 0; i < d->void_count; i++)
        if (d->voids[i].job == job) return &d->voids[i];
    return NULL;
}

/* A deleted item has no rows, whether they are gone already or not (rule 27). */
static bool decided_gone(const decided_model *m, const kd_op *op)
{
    uint32_t item = sim_check_item(m->c, op->item);
    return item != CHECK_NOTHING && sim_check_closed_deleted(m->c, m->slot, item);
}

static void decided_withdraw(const decided_model *m, const kd_decision *d, const kd_body *body)
{
    sim_check_void *v = decided_void(m->d, decided_job(d->job));
    if (!v) {
        KD_ASSERT(m->d->void_count < KD_VOID_JOBS_MAX); /* the operator orders fewer */
        v = &m->d->voids[m->d->void_count++];
        *v = (sim_check_void){.job = decided_job(d->job), .told.stamp_us = d->stamp_us};
    }
    for (uint32_t i = 0; i < body->op_count; i++) {
        sim_check_cell *row = decided_row(m, &body->ops[i], true);
        if (!row) continue;
        v->unsure |= (row->b & UNSURE) != 0;
        bool erased = sim_check_erased_covers(m->d, sim_check_user(m->c, body->ops[i].user), row->a);
        bool gone = decided_gone(m, &body->ops[i]) || erased;
        bool stands = !gone && (row->b & LIKED) && row->a == body->ops[i].time_us;
        if (row->b & UNSURE)
            decided_doubt(row, d->stamp_us);
        else if (stands)
            decided_put(m, row, d->stamp_us, AUTHOR_VOID, false);
        v->told.withdrawn += stands;
        v->told.skipped += !stands;
    }
}

static void decided_put_back(const decided_model *m, const kd_decision *d, const kd_body *body)
{
    sim_check_void *v = decided_void(m->d, decided_job(d->job));
    if (!v) {
        sim_check_fail(m->c, "decided", "likes of a void that is not remembered are put back [order %.*s]",
                       (int)d->job.len, (const char *)d->job.data);
        return;
    }
    v->told.closed = true;
    for (uint32_t i = 0; i < body->op_count; i++) {
        sim_check_cell *row = decided_row(m, &body->ops[i], true);
        if (!row) continue;
        uint64_t author = row->b >> AUTHOR_SHIFT;
        v->unsure |= (row->b & UNSURE) != 0;
        bool withdrawn = !decided_gone(m, &body->ops[i]) && !(row->b & LIKED) && row->a == v->told.stamp_us &&
                         (author == AUTHOR_VOID || author == AUTHOR_UNKNOWN) &&
                         !sim_check_erased_covers(m->d, sim_check_user(m->c, body->ops[i].user), row->a);
        if (row->b & UNSURE)
            decided_doubt(row, d->stamp_us);
        else if (withdrawn)
            decided_put(m, row, d->stamp_us, AUTHOR_VOID, true);
        v->told.put_back += withdrawn;
    }
    if (d->last) *v = m->d->voids[--m->d->void_count];
}

/* ---- erased users (rule 28) ---- */

typedef void (*decided_pair_fn)(const decided_model *m, const kd_op *op);

/* Calls `fn` for each pair of that user in the partition. */
static void decided_each_pair(const decided_model *m, kd_bytes user, decided_pair_fn fn)
{
    const sim_checks_view *v = &m->c->view;
    for (uint32_t i = 0; i < v->item_count; i++) {
        kd_bytes item = kd_item_key(&v->items[i]);
        if (kd_partition(item, v->scenario->partitions) != m->partition) continue;
        for (uint32_t n = 0; n < v->counters->count; n++) {
            kd_op op = {.item = item, .user = user, .counter = v->counters->at[n].id};
            if (v->counters->at[n].kind == KD_SET) fn(m, &op);
        }
    }
}

static void decided_name_pair(const decided_model *m, const kd_op *op)
{
    sim_check_touch t;
    if (!decided_row(m, op, true) || !decided_pair(m->c, op, &t)) return;
    sim_check_milestone_unsure(m->c, t.counter, t.item);
}

static void decided_order_pair(const decided_model *m, const kd_op *op)
{
    sim_check_touch t;
    if (!decided_pair(m->c, op, &t)) return;
    sim_journal_ordered(m->c->view.journal, t.counter, t.item, t.user, false);
    m->c->writer[t.item] = CHECKS_SLOTS;
    m->c->attempted[t.item] = true;
}

static void decided_erase_rows(const decided_model *m, const kd_decision *d, const kd_body *body)
{
    sim_check_erased *u = sim_check_erased_of_job(m->d, d);
    if (!u) {
        sim_check_fail(m->c, "decided", "rows of nobody who is erased are withdrawn [order %.*s]",
                       (int)d->job.len, (const char *)d->job.data);
        return;
    }
    for (uint32_t i = 0; i < body->op_count; i++) {
        sim_check_cell *row = decided_row(m, &body->ops[i], true);
        if (!row) continue;
        u->unsure |= (row->b & UNSURE) != 0;
        bool stands = row->a < d->stamp_us && !(row->b & UNSURE);
        u->told.withdrawn += stands && (row->b & LIKED) && !decided_gone(m, &body->ops[i]);
        if (row->b & UNSURE)
            decided_doubt(row, d->stamp_us);
        else if (stands)
            decided_put(m, row, d->stamp_us, AUTHOR_ERASE, false);
    }
    if (d->last) u->told.finished_us = d->at_us;
}

/* ---- records ---- */

static void decided_take(const decided_model *m, const kd_decision *d)
{
    kd_body body;
    if (d->what == KD_DECIDED_ERASE) {
        decided_each_pair(m, d->body, decided_name_pair);
        const kd_central *core = m->c->view.central(m->c->view.world, m->slot, m->partition);
        sim_check_erased_mark(m->c, m->d, d, core && core->epoch == d->epoch);
        return;
    }
    if (kd_body_decode(d->body, &body) != KD_OK) return;
    const kd_batch named = {.edge = d->author, .body = d->body};
    sim_check_count_fed(m->c, m->slot, m->partition, &named);
    for (uint32_t i = 0; i < body.op_count; i++) {
        sim_check_touch t;
        if (decided_pair(m->c, &body.ops[i], &t)) sim_check_milestone_unsure(m->c, t.counter, t.item);
    }
    for (uint32_t i = 0; i < body.sum_count; i++) {
        uint32_t item = sim_check_item(m->c, body.sums[i].item);
        if (item != CHECK_NOTHING) sim_check_milestone_unsure(m->c, SCENARIO_VIEW, item);
    }
    if (d->what == KD_DECIDED_OPERATIONS) decided_take_body(m, &body, AUTHOR_IMPORT, true);
    if (body.sum_count > 0) sim_check_closed_imported(m->c, m->slot, m->partition, d, &body);
    bool erases = kd_bytes_eq(d->author, kd_bytes_str(KD_ERASE_AUTHOR));
    if (d->what == KD_DECIDED_WITHDRAW && erases) decided_erase_rows(m, d, &body);
    if (d->what == KD_DECIDED_WITHDRAW && !erases) decided_withdraw(m, d, &body);
    if (d->what == KD_DECIDED_PUT_BACK) decided_put_back(m, d, &body);
    kd_body_finish(&body);
}

/* Rule 24: once, and by the central whose claim is in force. */
static void decided_judge(const decided_model *m, const kd_decision *d)
{
    sim_check_deciding *g = m->d;
    uint64_t job = decided_job(d->job);
    m->c->made++;
    if (d->epoch < g->force.epoch)
        sim_check_fail(
            m->c, "decided",
            "central obeys %.*s, whose epoch %llu was superseded by %llu in front of it [partition %u]",
            (int)d->job.len, (const char *)d->job.data, (unsigned long long)d->epoch,
            (unsigned long long)g->force.epoch, m->partition);
    for (uint32_t i = 0; i < g->merged.count; i++)
        if (g->merged.at[i].job == job && d->seq <= g->merged.at[i].seq)
            sim_check_fail(m->c, "decided", "decision %llu of %.*s is merged twice [partition %u]",
                           (unsigned long long)d->seq, (int)d->job.len, (const char *)d->job.data,
                           m->partition);
    if (d->epoch > g->force.epoch) g->force = (sim_check_force){.epoch = d->epoch};
    sim_check_merges *l = &g->merged;
    l->at = kd_grow(l->at, l->count, &l->cap, sizeof(l->at[0]));
    l->at[l->count++] = (sim_check_decision){job, d->seq, 0};
}

static void decided_fed_decision(const decided_model *m, kd_bytes record, kd_fed fed)
{
    kd_decision d;
    if (fed != KD_FED_DECIDED || kd_decision_decode(record, &d) != KD_OK) return;
    m->d->open++;
    if (d.what == KD_DECIDED_FLOOR) return; /* check_forget.c; it is no job */
    decided_judge(m, &d);
    if (d.what >= KD_DECIDED_RETIRE) return; /* check_retire.c */
    if (d.item.len > 0 || d.what == KD_DECIDED_LIVES)
        sim_check_closed_decided(m->c, m->slot, m->partition, &d);
    decided_take(m, &d);
}

static void decided_fed_batch(const decided_model *m, kd_bytes record, kd_fed fed)
{
    kd_batch b;
    kd_body body;
    if (fed != KD_FED_MERGED || kd_batch_decode(record, &b) != KD_OK) return;
    m->d->open++;
    uint32_t edge = sim_check_edge_named(m->c, b.edge);
    if (edge == CHECK_NOTHING || kd_body_decode(b.body, &body) != KD_OK) return;
    decided_take_body(m, &body, edge, false);
    sim_check_closed_merged(m->c, m->slot, m->partition, edge, &b, &body);
    kd_body_finish(&body);
}

void sim_check_decided_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset,
                           kd_fed fed)
{
    decided_model m = decided_model_of(c, slot, partition);
    kd_claim claim;
    if (!c->orders) return;
    if (offset < m.d->next) m.d->force.epoch = 0; /* it reads the log from its beginning */
    m.d->next = offset + 1;
    if (fed == KD_FED_CLAIM && kd_claim_decode(record, &claim) == KD_OK)
        sim_check_publish_claimed(&m.d->force, &claim);
    if (kd_record_peek(record) == KD_RECORD_DECISION) decided_fed_decision(&m, record, fed);
    if (kd_record_peek(record) == KD_RECORD_BATCH) decided_fed_batch(&m, record, fed);
}

/* Views that are imported stand in the journal like those of a user, who is none of the world's. */
static sim_check_imported *decided_imported(sim_checks *c, kd_bytes job)
{
    for (uint32_t i = 0; i < c->imported_count; i++)
        if (c->imported[i].job == decided_job(job)) return &c->imported[i];
    return NULL;
}

static void decided_order_sum(sim_checks *c, const kd_decision *d, const kd_sum *s)
{
    uint32_t item = sim_check_item(c, s->item);
    const sim_journal_attempt a = {.user = c->view.user_count,
                                   .item = item,
                                   .edge = SCENARIO_EDGES_MAX,
                                   .counter = SCENARIO_VIEW,
                                   .verb = KD_ADD,
                                   .amount = s->amount,
                                   .first_us = sim_check_now(c)};
    if (item == CHECK_NOTHING || decided_imported(c, d->job)) return;
    c->imported = kd_grow(c->imported, c->imported_count, &c->imported_cap, sizeof(c->imported[0]));
    c->imported[c->imported_count++] =
        (sim_check_imported){decided_job(d->job), sim_journal_attempted(c->view.journal, &a)};
    c->writer[item] = CHECKS_SLOTS;
    c->attempted[item] = true;
}

void sim_check_decided_imported(sim_checks *c, kd_bytes job)
{
    const sim_check_imported *i = decided_imported(c, job);
    if (i) sim_journal_acked(c->view.journal, i->attempt, sim_check_now(c));
}

void sim_check_decided_ordered(sim_checks *c, uint32_t partition, const kd_decision *d)
{
    kd_body body;
    const decided_model m = {.c = c, .partition = partition};
    if (d->what == KD_DECIDED_ERASE) {
        decided_each_pair(&m, d->body, decided_order_pair);
        return;
    }
    if (kd_body_decode(d->body, &body) != KD_OK) return;
    for (uint32_t i = 0; i < body.op_count; i++) {
        sim_check_touch t;
        if (!decided_pair(c, &body.ops[i], &t)) continue;
        sim_journal_ordered(c->view.journal, t.counter, t.item, t.user, d->what == KD_DECIDED_OPERATIONS);
        c->writer[t.item] = CHECKS_SLOTS;
        c->attempted[t.item] = true;
    }
    for (uint32_t i = 0; i < body.sum_count; i++) decided_order_sum(c, d, &body.sums[i]);
    kd_body_finish(&body);
}

/* ---- commits ---- */

static int decided_count_void(void *arg, kd_bytes job, const kd_voided *told)
{
    (void)job;
    (void)told;
    ++*(uint32_t *)arg;
    return 0;
}

static int decided_compare_void(void *arg, kd_bytes job, const kd_voided *told)
{
    const decided_model *m = arg;
    const sim_check_void *v = decided_void(m->d, decided_job(job));
    bool right = v &&
                 (v->unsure || (v->told.withdrawn == told->withdrawn && v->told.skipped == told->skipped &&
                                v->told.put_back == told->put_back)) &&
                 v->told.closed == told->closed && v->told.stamp_us == told->stamp_us;
    m->c->made++;
    if (!right)
        sim_check_fail(
            m->c, "decided",
            "central remembers of %.*s that it withdrew %llu likes, skipped %llu and put back %llu; by "
            "the log it is %llu, %llu and %llu [partition %u]",
            (int)job.len, (const char *)job.data, (unsigned long long)told->withdrawn,
            (unsigned long long)told->skipped, (unsigned long long)told->put_back,
            v ? (unsigned long long)v->told.withdrawn : 0, v ? (unsigned long long)v->told.skipped : 0,
            v ? (unsigned long long)v->told.put_back : 0, m->partition);
    return 0;
}

static void decided_compare_voids(decided_model *m, const kd_central *core)
{
    uint32_t count = 0;
    if (kd_voided_each(&core->store, decided_count_void, &count) != KD_OK) return;
    kd_voided_each(&core->store, decided_compare_void, m);
    if (count < m->d->void_count)
        sim_check_fail(
            m->c, "decided",
            "a commit that carries a void is durable, and central does not remember the void [partition %u]",
            m->partition);
}

static void decided_compare_row(const decided_model *m, kd_central *core, const sim_check_touch *t)
{
    sim_checks *c = m->c;
    bool liked;
    uint64_t at_us;
    const sim_check_cell *row = sim_check_map_find(&m->d->rows, decided_key(t));
    if ((row->b & UNSURE) || sim_check_closed_deleted(c, m->slot, t->item)) return;
    if (kd_central_member_at(core, t->counter, kd_item_key(&c->view.items[t->item]),
                             kd_bytes_str(c->view.users[t->user]), &liked, &at_us) != KD_OK)
        return;
    c->made++;
    bool same = at_us == row->a || (!liked && at_us == 0); /* a tombstone may be forgotten */
    if (liked != (row->b & LIKED) || !same)
        sim_check_fail(c, "decided",
                       "an operator decided about %s: by the log they are %s %s at %llu, and are %s "
                       "at %llu [partition %u]",
                       c->view.users[t->user], row->b & LIKED ? "among" : "not among",
                       sim_check_among(c, t->counter, t->item), (unsigned long long)row->a,
                       liked ? "among them" : "not", (unsigned long long)at_us, m->partition);
}

void sim_check_decided_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version)
{
    sim_check_deciding *d = &c->deciding[slot][partition];
    d->open = 0;
    sim_check_merges *l = &d->merged;
    for (uint32_t i = l->count; i-- > 0 && l->at[i].version == 0;) l->at[i].version = version;
}

void sim_check_decided_committed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    decided_model m = decided_model_of(c, slot, partition);
    kd_central *core = c->view.central(c->view.world, slot, partition);
    bool quiet = c->positions.tenures[slot][partition].outstanding == 0 && m.d->open == 0;
    if (!core || !quiet || !c->orders) return;
    decided_compare_voids(&m, core);
    sim_check_erased_compare(c, m.d, core, partition);
    for (uint32_t i = 0; i < m.d->named_count && !c->failed; i++)
        decided_compare_row(&m, core, &m.d->named[i]);
}

/* ---- starts ---- */

static int decided_load_void(void *arg, kd_bytes job, const kd_voided *told)
{
    sim_check_deciding *d = arg;
    d->voids[d->void_count++] = (sim_check_void){decided_job(job), *told, false};
    return 0;
}

/* Where it reads on, and what is in force there: claims in front of that place decide, and its store remembers them. */
static void decided_place(sim_check_deciding *d, const kd_central *core)
{
    int64_t last;
    uint64_t epoch = core->decider.in_force;
    d->force = (sim_check_force){epoch, core->claimer.epoch == epoch ? core->claimer.author : 0};
    d->next = kd_central_log_position(core, &last) ? last + 1 : 0;
}

void sim_check_decided_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_deciding *d = &c->deciding[slot][partition];
    const kd_central *core = c->view.central(c->view.world, slot, partition);
    if (!c->orders || !core) return;
    uint64_t version = kd_central_version(core);
    uint32_t kept = 0;
    sim_check_merges *l = &d->merged;
    for (uint32_t i = 0; i < l->count; i++)
        if (l->at[i].version != 0 && l->at[i].version <= version) l->at[kept++] = l->at[i];
    l->count = kept;
    d->named_count = d->open = d->void_count = 0;
    sim_check_erased_load(c, d, core);
    decided_place(d, core);
    sim_check_map_clear(&d->rows);
    kd_voided_each(&core->store, decided_load_void, d);
}

static void decided_copy(sim_check_merges *to, const sim_check_merges *from)
{
    to->count = 0;
    for (uint32_t i = 0; i < from->count; i++) {
        to->at = kd_grow(to->at, to->count, &to->cap, sizeof(to->at[0]));
        to->at[to->count++] = from->at[i];
    }
}

/* Versions of two histories say nothing of each other: a store that was wiped counts from the beginning. So the list goes with the disk. */
void sim_check_decided_disk(sim_checks *c, int who, sim_checks_disk_event event)
{
    for (uint32_t p = 0; who == SCENARIO_CENTRAL && p < c->view.scenario->partitions; p++) {
        sim_check_merges *now = &c->deciding[0][p].merged;
        if (event == CHECKS_BACKED_UP) decided_copy(&c->merged_backup[p], now);
        if (event == CHECKS_RESTORED) decided_copy(now, &c->merged_backup[p]);
        if (event == CHECKS_COPIED) decided_copy(&c->deciding[1][p].merged, now);
        if (event == CHECKS_WIPED) now->count = 0;
    }
}

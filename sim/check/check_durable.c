/*
 * check_durable.c - an edge's disk and its answers.
 *
 * - "durable" (I4): an answer rests on a synced write that holds the operation's journal entry, from which the row follows.
 * - "after-error" (I15): no answer after a write that failed.
 * - "stamp" (rule 3): a later operation on a pair has a larger stamp than the row that it meets.
 * - "own-word" (I8): the edge that took a user's operation tells him so, over restarts.
 *
 * What is durable is read from the writes themselves. A write that was under way when the process died may have reached the disk or not. So an
 * operation that an earlier life took, and that was not seen durable, is allowed either way. A disk that was put back or copied is read once, at
 * the first start on it. A row stamped at or below `stable` may have expired (rule 21): the edge may know it or not.
 */
#include "edge/core/fragment.h"
#include "edge/core/membership.h"
#include "edge/core/state.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

enum { MAYBE_UNLIKED = 1, MAYBE_LIKED = 2 }; /* bits */

static uint64_t check_durable_row_hash(const sim_checks *c, uint32_t slot, kd_bytes key)
{
    return sim_check_hash(sim_check_mix(slot + 1, c->durable.disk[slot]), key);
}

static uint64_t attempt_hash(const sim_checks *c, uint32_t slot, const sim_journal_attempt *a)
{
    kd_row_key key;
    kd_key_row(&key, c->partition[a->item], c->view.counters->at[a->counter].id,
               kd_item_key(&c->view.items[a->item]), kd_bytes_str(c->view.users[a->user]));
    return check_durable_row_hash(c, slot, kd_row_key_view(&key));
}

/* Several lives may have died with an operation on the pair under way. Which of these operations a start finds on the disk cannot be known from
 * outside, so all are kept as possible. */
static void note_maybe(sim_checks *c, uint64_t hash, const sim_check_cell *taken, uint64_t life)
{
    if (taken->a == 0 || taken->b >> 1 == life) return;
    sim_check_cell *maybe = sim_check_map_obtain(&c->durable.maybe, hash);
    maybe->a = taken->a;
    maybe->b |= taken->b & 1 ? MAYBE_LIKED : MAYBE_UNLIKED;
}

/* Whether the result is explained by an operation of an earlier life that may be on the disk, later than the row that surely is. */
static bool durable_maybe(const sim_checks *c, uint64_t hash, const sim_check_cell *row, int result)
{
    const sim_check_cell *m = sim_check_map_find(&c->durable.maybe, hash);
    return m && m->a > (row ? row->a : 0) &&
           ((result == 1 && m->b & MAYBE_LIKED) || (result == 0 && m->b & MAYBE_UNLIKED));
}

void sim_check_durable_taken(sim_checks *c, uint32_t slot, uint32_t shard, const sim_journal_attempt *a,
                             uint64_t stamp_us)
{
    if (a->verb == KD_ADD) return;
    uint64_t hash = attempt_hash(c, slot, a), life = c->slots[slot].life[shard];
    const sim_check_cell *row = sim_check_map_find(&c->durable.rows, hash);
    sim_check_cell *cell = sim_check_map_obtain(&c->durable.taken, hash);
    note_maybe(c, hash, cell, life);
    uint64_t met = KD_MAX(row ? row->a : 0, cell->b >> 1 == life ? cell->a : 0);
    c->made++;
    bool kept = c->view.scenario->forget_rows_us == 0 || met > c->stable_us[c->partition[a->item]];
    if (stamp_us <= met && kept)
        sim_check_fail(c, "stamp",
                       "%s stamps %s no later than the operation that it overrules, so the older one would "
                       "win [attempt %u, stamp %llu, before it %llu]",
                       sim_check_slot_name(c, slot), sim_check_attempt_name(c, a), a->id,
                       (unsigned long long)stamp_us, (unsigned long long)met);
    cell->a = stamp_us;
    cell->b = life << 1 | (a->verb == KD_LIKE);
}

/* What the checker knows of a pair at a shard. */
typedef struct {
    const sim_check_cell *row, *taken; /* NULL: nothing */
    bool here;                         /* the present life of the process took `taken` */
} last_word;

static last_word check_durable_look_up(const sim_checks *c, uint32_t slot, uint32_t shard,
                                       const sim_journal_attempt *pair)
{
    uint64_t hash = attempt_hash(c, slot, pair);
    last_word l = {sim_check_map_find(&c->durable.rows, hash), sim_check_map_find(&c->durable.taken, hash),
                   false};
    l.here = l.taken && l.taken->b >> 1 == c->slots[slot].life[shard];
    return l;
}

sim_check_word sim_check_durable_word(const sim_checks *c, uint32_t slot, uint32_t shard,
                                      const sim_journal_attempt *pair)
{
    last_word l = check_durable_look_up(c, slot, shard, pair);
    const sim_check_cell *row = l.row, *taken = l.taken;
    if (c->durable.incomplete[slot][shard]) return CHECK_WORD_UNSURE;
    if (!row && !taken) return CHECK_WORD_NONE;
    uint64_t newest = KD_MAX(row ? row->a : 0, taken ? taken->a : 0);
    /* An earlier life took the newest operation, and it was not seen durable: it may be lost. */
    bool lost = taken && !l.here && (!row || taken->a > row->a);
    bool forgotten = c->view.scenario->forget_rows_us > 0 && newest <= c->stable_us[c->partition[pair->item]];
    if (lost || forgotten) return CHECK_WORD_UNSURE;
    return (l.here ? taken->b & 1 : row->b) ? CHECK_WORD_LIKED : CHECK_WORD_UNLIKED;
}

/* Whether an earlier life of the process took an operation on this pair with this stamp or a later one. The operation's journal entry may have been
 * on a disk that is gone. */
static bool earlier_life(const sim_checks *c, uint32_t slot, uint32_t shard, uint64_t hash, uint64_t stamp_us)
{
    const sim_check_cell *taken = sim_check_map_find(&c->durable.taken, hash);
    return taken && taken->a >= stamp_us && taken->b >> 1 != c->slots[slot].life[shard];
}

static bool on_disk(const sim_checks *c, uint64_t hash, uint64_t stamp_us)
{
    const sim_check_cell *entry = sim_check_map_find(&c->durable.journal, hash);
    return entry && entry->a >= stamp_us;
}

void sim_check_durable_answered(sim_checks *c, uint32_t slot, uint32_t shard, const sim_journal_attempt *a,
                                const kd_outcome *o)
{
    const sim_check_durable *d = &c->durable;
    c->made++;
    if (d->failed[slot][shard])
        sim_check_fail(c, "after-error",
                       "%s acknowledges %s after a write to its disk failed: it may be lost [attempt %u]",
                       sim_check_slot_name(c, slot), sim_check_attempt_name(c, a), a->id);
    if (!o->replayed && (o->group == 0 || o->group > d->groups[slot][shard]))
        sim_check_fail(c, "durable",
                       "%s acknowledges %s before it is synced: a crash would lose it [attempt %u, write "
                       "%llu, synced up to %llu]",
                       sim_check_slot_name(c, slot), sim_check_attempt_name(c, a), a->id,
                       (unsigned long long)o->group, (unsigned long long)d->groups[slot][shard]);
    if (a->verb == KD_ADD) return;
    uint64_t hash = attempt_hash(c, slot, a);
    bool known = on_disk(c, hash, o->stamp_us);
    bool excused =
        o->replayed && (d->incomplete[slot][shard] || earlier_life(c, slot, shard, hash, o->stamp_us));
    bool expired = o->replayed && c->view.scenario->forget_rows_us > 0 &&
                   o->stamp_us <= c->stable_us[c->partition[a->item]];
    if (!known && !excused && !expired)
        sim_check_fail(c, "durable",
                       "%s acknowledges %s, but its disk holds no journal entry of it: a crash would lose it "
                       "[attempt %u]",
                       sim_check_slot_name(c, slot), sim_check_attempt_name(c, a), a->id);
}

typedef struct {
    sim_checks *c;
    uint32_t slot;
    bool synced;
} check_durable_visit;

/* A row reaches the store with its journal entry or later. Both tell of it, and the newer stamp counts. */
static void note_row(const check_durable_visit *v, kd_bytes key, uint64_t stamp_us, bool liked)
{
    sim_check_cell *cell =
        sim_check_map_obtain(&v->c->durable.rows, check_durable_row_hash(v->c, v->slot, key));
    if (stamp_us < cell->a) return;
    cell->a = stamp_us;
    cell->b = liked;
}

static void check_durable_put_row(const check_durable_visit *v, kd_bytes key, kd_bytes value)
{
    kd_member_row m;
    if (kd_membership_parse(key, value, &m) != KD_OK) return;
    note_row(v, key, m.row.stamp_us, m.row.liked);
}

static void put_fragment(const check_durable_visit *v, kd_bytes key, kd_bytes value)
{
    uint32_t partition = (uint32_t)key.data[1] << 8 | key.data[2];
    kd_reader r = kd_reader_of(value);
    kd_entry_op op;
    while (kd_fragment_next(&r, &op)) {
        if (op.verb == KD_ADD) continue;
        kd_row_key row;
        kd_key_row(&row, partition, op.counter_id, op.item, op.user);
        sim_check_cell *cell = sim_check_map_obtain(
            &v->c->durable.journal, check_durable_row_hash(v->c, v->slot, kd_row_key_view(&row)));
        cell->a = KD_MAX(cell->a, op.time_us);
        note_row(v, kd_row_key_view(&row), op.time_us, op.verb == KD_LIKE);
    }
}

enum { FRAGMENT_KEY = 23 };

/* The last four bytes of a fragment's key number it within its batch; the seal that ends the batch has all ones there. A batch is gone when its
 * seal is deleted. */
static bool is_seal(kd_bytes key)
{
    static const uint8_t marker[] = {0xff, 0xff, 0xff, 0xff};
    return memcmp(key.data + FRAGMENT_KEY - 4, marker, 4) == 0;
}

static void on_put(void *arg, kd_bytes key, kd_bytes value)
{
    const check_durable_visit *v = arg;
    if (!v->synced || key.len == 0) return;
    if (key.data[0] == 'm') check_durable_put_row(v, key, value);
    if (key.data[0] == 'n' && key.len > 3) sim_check_stored_put(v->c, v->slot, key, value);
    if (key.data[0] == 'x') sim_check_aside_put(v->c, v->slot, key, value);
    if (key.data[0] == 'f' && key.len == FRAGMENT_KEY && !is_seal(key)) put_fragment(v, key, value);
}

static void durable_expired(const check_durable_visit *v, kd_bytes key)
{
    const sim_check_cell *cell =
        sim_check_map_find(&v->c->durable.rows, check_durable_row_hash(v->c, v->slot, key));
    uint32_t partition = (uint32_t)key.data[1] << 8 | key.data[2];
    if (cell) sim_check_forget_row(v->c, v->slot, partition, key, cell);
}

static void on_delete(void *arg, kd_bytes key)
{
    const check_durable_visit *v = arg;
    if (key.len > 3 && key.data[0] == 'm' && v->synced) durable_expired(v, key);
    if (key.len != FRAGMENT_KEY || key.data[0] != 'f' || !is_seal(key)) return;
    kd_reader r = kd_reader_of(key);
    kd_read_u8(&r);
    uint32_t partition = kd_read_be16(&r);
    kd_position at = {.incarnation = kd_read_be64(&r)};
    at.seq = kd_read_be64(&r);
    sim_check_position_freed(v->c, v->slot, partition, at);
}

void sim_check_durable_wrote(sim_checks *c, uint32_t slot, uint32_t shard, uint64_t group,
                             const kd_writes *writes, int status, bool synced)
{
    static const kd_writes_visitor visitor = {.put = on_put, .del = on_delete};
    check_durable_visit v = {c, slot, synced};
    kd_writes_visit(writes, &visitor, &v);
    if (synced) c->durable.groups[slot][shard] = group;
    if (status != KD_OK) c->durable.failed[slot][shard] = true;
}

void sim_check_durable_disk(sim_checks *c, uint32_t slot, bool empty)
{
    c->durable.disk[slot]++;
    for (uint32_t i = 0; i < SCENARIO_SHARDS_MAX; i++) c->durable.incomplete[slot][i] = !empty;
}

/* Reads a disk that was put back or copied: its rows, and its journal, which may be ahead of the rows. */
static int found_row(void *arg, kd_bytes key, kd_bytes value)
{
    const check_durable_visit *v = arg;
    kd_member_row m;
    if (key.len > 0 && key.data[0] == 'f' && key.len == FRAGMENT_KEY && !is_seal(key))
        put_fragment(v, key, value);
    if (key.len == 0 || key.data[0] != 'm' || kd_membership_parse(key, value, &m) != KD_OK) return 0;
    note_row(v, key, m.row.stamp_us, m.row.liked);
    sim_check_cell *cell =
        sim_check_map_obtain(&v->c->durable.journal, check_durable_row_hash(v->c, v->slot, key));
    cell->a = KD_MAX(cell->a, m.row.stamp_us);
    return 0;
}

void sim_check_durable_opened(sim_checks *c, uint32_t slot, uint32_t shard)
{
    check_durable_visit v = {c, slot, true};
    kd_edge *e = c->view.edge(c->view.world, slot, shard);
    if (!c->durable.incomplete[slot][shard]) return;
    if (e->store.scan(e->store.ctx, (kd_bytes){0}, (kd_bytes){0}, found_row, &v) == KD_OK)
        c->durable.incomplete[slot][shard] = false;
}

void sim_check_durable_member(sim_checks *c, uint32_t slot, const sim_journal_attempt *pair, int result)
{
    uint32_t shard = c->partition[pair->item] % c->view.scenario->shards;
    last_word l = check_durable_look_up(c, slot, shard, pair);
    const sim_check_cell *row = l.row, *taken = l.taken;
    bool here = l.here;
    if (result == KD_EIO || (!row && !taken)) return;
    c->made++;
    bool told = result == 0 || result == 1;
    bool right =
        here ? told && (uint64_t)result == (taken->b & 1) : !row || (told && (uint64_t)result == row->b);
    if (!right && !here && taken && taken->a > (row ? row->a : 0))
        right = (told && (uint64_t)result == (taken->b & 1)) ||
                durable_maybe(c, attempt_hash(c, slot, pair), row, result);
    uint64_t newest =
        here || !row ? taken->a : row->a; /* the operation of an earlier life may not have reached the disk */
    bool forgotten = result == KD_ENOTFOUND && c->view.scenario->forget_rows_us > 0 &&
                     newest <= c->stable_us[c->partition[pair->item]];
    if (!right && !forgotten && !c->durable.incomplete[slot][shard])
        sim_check_fail(c, "own-word",
                       "%s tells %s that the user is %s %s; the user's last operation there was %s",
                       sim_check_slot_name(c, slot), c->view.users[pair->user],
                       result == 1   ? "surely"
                       : result == 0 ? "not"
                                     : "perhaps",
                       sim_check_among(c, pair->counter, pair->item),
                       sim_check_operation_name(c, pair->counter, pair->item, pair->user,
                                                here || !row ? taken->b & 1 : row->b));
}

/*
 * ask.c - reading through: asking central for the counts of one item (rule 19).
 *
 * The entry exists from the question on, so that snapshots update it meanwhile. The answer is a snapshot of one item with an applied of its own,
 * which may be ahead of the last snapshot: the counts then include operations that are still in the outbox, and their deltas are not added for this
 * item.
 */
#include "edge/core/applied.h"
#include "edge/core/entry.h"
#include "edge/core/items.h"
#include "edge/core/overlay.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

int kd_edge_ask(kd_edge *e, kd_bytes item)
{
    if (e->poisoned) return KD_EIO;
    kd_part *p = kd_edge_part(e, item);
    kd_entry *entry = kd_items_find(e, item);
    if (entry && kd_entry_asked(entry)) return KD_EINFLIGHT;
    entry = kd_items_ask(e, p, item);
    if (!entry) return KD_EFULL;
    kd_inquiry *query = kd_entry_need_query(e, entry);
    query->asked = true;
    query->asked_epoch = p->epoch;
    query->asked_version = p->version;
    e->stats.asks++;
    return KD_OK;
}

/* The first thing that this edge hears of the partition is an answer: it follows central from that version on. */
static void ask_take_up(kd_edge *e, kd_part *p, const kd_snapshot *s, uint64_t now_us)
{
    p->floor_version = s->version;
    kd_part_adopt(p, s);
    kd_applied_install(e, p, kd_applied_find(e, s), false, now_us);
    kd_applied_retired(e, p, kd_applied_find(e, s));
    kd_part_put(e, p);
}

/* Whether the answer lacks nothing. One that is older than the edge's version at the question lacks what snapshots brought before the entry existed.
 * One that is older than floor_version lacks what the last gap hid. No later snapshot would bring either. */
static bool ask_acceptable(const kd_edge *e, const kd_part *p, const kd_entry *entry, const kd_snapshot *s)
{
    if (KD_PLANTED(e, KD_PLANT_ANSWER_ALWAYS)) return true;
    if (s->epoch != p->epoch) return false;
    const kd_inquiry *query = entry->query;
    bool older_than_question = query->asked_epoch == p->epoch && s->version < query->asked_version;
    return !older_than_question && s->version >= p->floor_version;
}

static int ask_install(kd_edge *e, kd_part *p, kd_entry *entry, const kd_snapshot *s, uint64_t now_us)
{
    if (s->kind != KD_SNAPSHOT_READ || s->item_count != 1 || s->partition != p->id) return KD_EMISMATCH;
    if (!kd_bytes_eq(s->items[0].item, kd_entry_key(entry))) return KD_EMISMATCH;
    if (p->epoch == 0) ask_take_up(e, p, s, now_us);
    if (!ask_acceptable(e, p, entry, s)) return KD_EAGAIN;
    if (KD_PLANTED(e, KD_PLANT_ANSWER_ALWAYS)) entry->known = false;
    entry = kd_items_set(e, entry, &s->items[0], s->version);
    kd_position applied = kd_applied_merged(e, p, kd_applied_find(e, s));
    /* The answer's applied may lie below the partition's. Its counts include operations up to the latter all the same: they are at least of
     * floor_version, and nothing was missed since. */
    if (!p->rehome.active && kd_position_cmp(applied, p->applied) < 0) applied = p->applied;
    kd_overlay_read_ahead(e, entry, applied);
    return KD_OK;
}

static int ask_read(kd_edge *e, kd_part *p, kd_entry *entry, kd_bytes record, uint64_t now_us)
{
    kd_snapshot s;
    int err = kd_snapshot_decode(record, &s);
    if (err != KD_OK) return err;
    err = ask_install(e, p, entry, &s, now_us);
    kd_snapshot_finish(&s);
    e->stats.answers += err == KD_OK;
    e->stats.answers_thrown += err != KD_OK;
    return err;
}

int kd_edge_answer(kd_edge *e, kd_bytes item, kd_bytes record, uint64_t now_us)
{
    if (e->poisoned) return KD_EIO;
    kd_part *p = kd_edge_part(e, item);
    kd_entry *entry = kd_items_find(e, item);
    if (!entry || !kd_entry_asked(entry)) return KD_EAGAIN;
    int err = record.len > 0 ? ask_read(e, p, entry, record, now_us) : KD_EAGAIN;
    kd_items_answered(e, kd_items_find(e, item)); /* it may have moved */
    return err;
}

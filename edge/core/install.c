/*
 * install.c - what central says comes in: snapshots and answers (rules 14 to 19).
 *
 * Numbers, (epoch, version), applied and the deletion of outbox rows change in one step in memory and ride in one group
 * to the disk (rule 18). Order inside a step: first the numbers that are listed, then applied ends the deltas.
 *
 * After a gap the edge goes on from the new version: the numbers that it did not see change are stale (their version is
 * below floor_version) and are shown as that until read again. Answers older than that version are thrown away, also when they are
 * younger than the question: what changed between would be missing for good.
 */
#include "edge/core/applied.h"
#include "edge/core/assembly.h"
#include "edge/core/entry.h"
#include "edge/core/outbox.h"
#include "edge/core/overlay.h"
#include "edge/core/part.h"
#include "edge/core/resend.h"
#include "edge/core/state.h"

/* Whether what this edge knows is a part of the history that the snapshot continues (rule 15). */
static bool install_admitted(const kd_edge *e, const kd_part *p, const kd_snapshot *s)
{
    if (p->epoch == s->epoch || p->epoch == 0 || KD_PLANTED(e, KD_PLANT_NO_CHAIN)) return true;
    for (uint32_t i = 0; i < s->chain_count; i++)
        if (s->chain[i].epoch == p->epoch) return p->version <= s->chain[i].last;
    return false;
}

/* The last version of this edge's epoch that the chain admits; 0 when it does not name the epoch. */
static uint64_t last_admitted(const kd_part *p, const kd_snapshot *s)
{
    for (uint32_t i = 0; i < s->chain_count; i++)
        if (s->chain[i].epoch == p->epoch) return s->chain[i].last;
    return 0;
}

/*
 * Another epoch: numbers that its chain does not admit go. Also where this edge itself lies on the chain: a number that came
 * by a read can be ahead of the snapshots, and of what central had saved.
 *
 * Where this edge does not, what was kept for a number to come goes too: its position belongs to the undone history,
 * and its operation is sent again with the rest.
 */
static void drop_not_admitted(kd_edge *e, const kd_part *p, uint64_t last, bool undone)
{
    size_t cursor = 0;
    uint16_t index = (uint16_t)(p - e->parts);
    for (kd_entry *entry; (entry = kd_table_next(&e->items, &cursor)) != NULL;) {
        if (entry->part != index) continue;
        if (undone) kd_overlay_end_kept(e, entry);
        if (entry->known && entry->version > last) kd_overlay_forget_count(e, entry);
    }
}

static void go_stale(kd_edge *e, kd_part *p, const kd_snapshot *s)
{
    p->stale_made_us = p->made_us;
    p->stale_as_of_us =
        p->low_watermark_us > e->config.drift_us ? p->low_watermark_us - e->config.drift_us : 0;
    p->stale_floor = p->floor_version;
    p->floor_version = s->version;
}

static void install_listed(kd_edge *e, const kd_snapshot *s, kd_position applied)
{
    for (uint32_t i = 0; i < s->item_count; i++) {
        kd_entry *entry = kd_table_find(&e->items, s->items[i].item);
        if (!entry) continue; /* nobody asked for it here */
        entry = kd_entry_set(e, entry, &s->items[i], s->version);
        kd_overlay_confirm(e, entry, applied);
    }
}

static int install_judge(const kd_edge *e, const kd_part *p, const kd_snapshot *s)
{
    if (s->epoch < p->epoch) return KD_SNAPSHOT_OLD;
    if (!install_admitted(e, p, s)) return KD_SNAPSHOT_UNDONE;
    if (s->epoch == p->epoch && s->version < p->version) return KD_SNAPSHOT_OLD;
    if (s->epoch == p->epoch && s->version == p->version) return KD_HEARTBEAT;
    if (p->epoch == 0) return KD_SNAPSHOT_GAP;
    bool follows = s->previous <= p->version || KD_PLANTED(e, KD_PLANT_INSTALL_GAP);
    return follows ? KD_INSTALLED : KD_SNAPSHOT_GAP;
}

static void install_count(kd_edge *e, int verdict)
{
    e->stats.snapshots += verdict == KD_INSTALLED;
    e->stats.heartbeats += verdict == KD_HEARTBEAT;
    e->stats.snapshots_old += verdict == KD_SNAPSHOT_OLD;
    e->stats.snapshot_gaps += verdict == KD_SNAPSHOT_GAP;
    e->stats.undone += verdict == KD_SNAPSHOT_UNDONE;
}

/* One part after the other: a million numbers are not unpacked at once. */
static void install_numbers(kd_edge *e, const kd_part *p, const kd_snapshot *s, kd_position applied)
{
    const kd_assembly *a = &p->assembly;
    if (s->parts == 1) install_listed(e, s, applied);
    for (uint32_t i = 0; s->parts > 1 && i < a->parts; i++) {
        kd_snapshot part;
        int err = kd_snapshot_decode(kd_buf_view(&a->records[i]), &part);
        KD_ASSERT(err == KD_OK); /* each was decoded when it came */
        install_listed(e, &part, applied);
        kd_snapshot_finish(&part);
    }
}

/* One version as one step: `s` is all of it, or the part that completed the assembly. */
static int install(kd_edge *e, kd_part *p, const kd_snapshot *s, int64_t offset, uint64_t now_us)
{
    int verdict = install_judge(e, p, s);
    install_count(e, verdict);
    if (verdict == KD_SNAPSHOT_OLD) return verdict;
    if (verdict == KD_HEARTBEAT) {
        p->made_us = KD_MAX(p->made_us, s->made_us);
        p->stable_us = s->stable_us; /* the first word of it after a start */
        kd_applied_retired(e, p, kd_applied_find(e, s));
        return verdict;
    }
    bool undone = verdict == KD_SNAPSHOT_UNDONE;
    bool stays = KD_PLANTED(e, KD_PLANT_NO_CHAIN) || (!undone && KD_PLANTED(e, KD_PLANT_READ_AHEAD_STAYS));
    if (s->epoch != p->epoch && !stays) drop_not_admitted(e, p, last_admitted(p, s), undone);
    if (undone || verdict == KD_SNAPSHOT_GAP) go_stale(e, p, s);
    const kd_applied *mine = kd_applied_find(e, s);
    kd_part_adopt(p, s);
    p->counts_offset = offset;
    install_numbers(e, p, s, kd_applied_merged(e, p, mine));
    kd_applied_install(e, p, mine, undone, now_us);
    kd_applied_retired(e, p, mine);
    if (undone) {
        kd_outbox_resend(e, p);
        p->outbox.attempts = 0;
        kd_resend_start(e, p);
    }
    kd_part_put(e, p);
    return verdict;
}

static int take_in(kd_edge *e, kd_part *p, const kd_snapshot *s, kd_bytes record, int64_t offset,
                   uint64_t now_us)
{
    kd_assembly *a = &p->assembly;
    int verdict = install_judge(e, p, s);
    bool news = verdict != KD_SNAPSHOT_OLD && verdict != KD_HEARTBEAT;
    if (news && s->parts > 1 && !kd_assembly_add(e, a, s, record)) return KD_PART;
    verdict = install(e, p, s, offset, now_us);
    if (news && kd_assembly_compare(a, s) <= 0)
        kd_assembly_clear(e, a); /* installed, or it came to nothing */
    return verdict;
}

int kd_edge_snapshot(kd_edge *e, kd_bytes record, int64_t offset, uint64_t now_us)
{
    if (e->poisoned) return KD_EIO;
    kd_snapshot s;
    int err = kd_snapshot_decode(record, &s);
    if (err != KD_OK) return err;
    kd_part *p = kd_edge_part_by_id(e, s.partition);
    bool ours = p && s.kind == KD_SNAPSHOT_DELTA;
    int verdict = ours ? take_in(e, p, &s, record, offset, now_us) : KD_EMISMATCH;
    kd_snapshot_finish(&s);
    return verdict;
}

int64_t kd_edge_counts_offset(const kd_edge *e, uint32_t partition)
{
    const kd_part *p = kd_edge_part_by_id(e, partition);
    return p && p->counts_offset >= 0 ? p->counts_offset + 1 : -1;
}

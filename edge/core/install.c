/*
 * install.c - snapshots from central come in (rules 14 to 19).
 *
 * Counts, (epoch, version), applied and the deletion of outbox rows change in one step in memory, and are written with one group (rule 18). Within a
 * step the listed counts come first; then applied ends the deltas. In the other order applied would decide by the old counts which deltas end.
 *
 * After a gap (a snapshot was missed) the edge goes on from the new version, which becomes floor_version. Counts older than it are stale: they are
 * shown as stale until they are read again from central.
 */
#include "edge/core/applied.h"
#include "edge/core/assembly.h"
#include "edge/core/entry.h"
#include "edge/core/items.h"
#include "edge/core/outbox.h"
#include "edge/core/overlay.h"
#include "edge/core/part.h"
#include "edge/core/resend.h"
#include "edge/core/state.h"
#include "edge/core/watch.h"

/* Whether the version that this edge has is part of the history that the snapshot continues. False: a restore of central has undone it (rule 15). */
static bool install_admitted(const kd_edge *e, const kd_part *p, const kd_snapshot *s)
{
    if (p->epoch == s->epoch || p->epoch == 0 || KD_PLANTED(e, KD_PLANT_NO_CHAIN)) return true;
    for (uint32_t i = 0; i < s->chain_count; i++)
        if (s->chain[i].epoch == p->epoch) return p->version <= s->chain[i].last;
    return false;
}

/* The last version of this edge's epoch on the snapshot's chain; 0 when the chain does not name that epoch. */
static uint64_t install_last_admitted(const kd_part *p, const kd_snapshot *s)
{
    for (uint32_t i = 0; i < s->chain_count; i++)
        if (s->chain[i].epoch == p->epoch) return s->chain[i].last;
    return 0;
}

/*
 * The snapshot is of another epoch: drops counts of versions above `last`, which its chain does not admit. There can be such counts also where the
 * edge's own version is on the chain: a read can be ahead of the snapshots, and of what central had saved.
 *
 * Where the edge's version is `undone`, nodes kept beside stale counts end as well. Their positions belong to the undone history, and their
 * operations are sent again with all others.
 */
static void install_drop_not_admitted(kd_edge *e, const kd_part *p, uint64_t last, bool undone)
{
    size_t cursor = 0;
    uint16_t index = (uint16_t)(p - e->parts);
    for (kd_entry *entry; (entry = kd_table_next(&e->items, &cursor)) != NULL;) {
        if (entry->part != index) continue;
        if (undone) kd_overlay_end_kept(e, entry);
        if (entry->known && entry->version > last) kd_overlay_forget_count(e, entry);
    }
}

/* A gap: all counts here become stale, and keep the age of the snapshot before it. Those that the gap before it made stale lose theirs. */
static void install_go_stale(kd_edge *e, kd_part *p, const kd_snapshot *s)
{
    p->stale_made_us = p->made_us;
    p->stale_as_of_us =
        p->low_watermark_us > e->config.drift_us ? p->low_watermark_us - e->config.drift_us : 0;
    p->stale_floor = p->floor_version;
    p->floor_version = s->version;
    kd_watch_touch_partition(e, p->id);
}

static void install_listed(kd_edge *e, const kd_snapshot *s, kd_position applied)
{
    for (uint32_t i = 0; i < s->item_count; i++) {
        kd_entry *entry = kd_table_find(&e->items, s->items[i].item);
        if (!entry) continue; /* this edge keeps no counts of it */
        entry = kd_items_set(e, entry, &s->items[i], s->version);
        kd_overlay_confirm(e, entry, applied);
    }
}

static int install_judge(const kd_edge *e, const kd_part *p, const kd_snapshot *s)
{
    if (s->epoch < p->epoch) return KD_SNAPSHOT_OLD;
    if (s->epoch < p->marked_epoch && !KD_PLANTED(e, KD_PLANT_MARKER_PASSED)) return KD_SNAPSHOT_OLD;
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

/* Decodes one part after the other, so that a million counts are not unpacked at once. */
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

/* Installs a version in one step. `s` is the whole snapshot, or the part that completed the assembly. */
static int install_version(kd_edge *e, kd_part *p, const kd_snapshot *s, int64_t offset, uint64_t now_us)
{
    int verdict = install_judge(e, p, s);
    install_count(e, verdict);
    if (verdict == KD_SNAPSHOT_OLD) return verdict;
    if (verdict == KD_HEARTBEAT) {
        p->made_us = KD_MAX(p->made_us, s->made_us);
        p->stable_us = s->stable_us; /* not stored: after a start a heartbeat may be the first to tell it */
        kd_applied_retired(e, p, kd_applied_find(e, s));
        return verdict;
    }
    bool undone = verdict == KD_SNAPSHOT_UNDONE;
    bool stays = KD_PLANTED(e, KD_PLANT_NO_CHAIN) || (!undone && KD_PLANTED(e, KD_PLANT_READ_AHEAD_STAYS));
    if (s->epoch != p->epoch && !stays) install_drop_not_admitted(e, p, install_last_admitted(p, s), undone);
    if (undone || verdict == KD_SNAPSHOT_GAP) install_go_stale(e, p, s);
    const kd_applied *mine = kd_applied_find(e, s);
    kd_part_adopt(p, s);
    p->counts_offset = offset;
    install_numbers(e, p, s, kd_applied_merged(e, p, mine));
    kd_applied_install(e, p, mine, undone, now_us);
    kd_applied_retired(e, p, mine);
    if (undone) {
        kd_outbox_resend(e, p);
        kd_in_log_restart(p); /* `after` of what is in the log may name a batch that is not merged any more */
        p->outbox.attempts = 0;
        kd_resend_start(e, p);
    }
    kd_part_put(e, p);
    return verdict;
}

static int install_record(kd_edge *e, kd_part *p, const kd_snapshot *s, kd_bytes record, int64_t offset,
                          uint64_t now_us)
{
    kd_assembly *a = &p->assembly;
    int verdict = install_judge(e, p, s);
    bool news = verdict != KD_SNAPSHOT_OLD && verdict != KD_HEARTBEAT;
    if (news && s->parts > 1 && !kd_assembly_add(e, a, s, record)) return KD_PART;
    verdict = install_version(e, p, s, offset, now_us);
    if (news && kd_assembly_compare(a, s) <= 0)
        kd_assembly_clear(e, a); /* installed, or overtaken by a newer snapshot */
    return verdict;
}

/* Not stored: a start reads on behind the last snapshot that was installed, and so reads the marker again. */
static int install_marker(kd_edge *e, kd_bytes record)
{
    kd_marker m;
    int err = kd_marker_decode(record, &m);
    if (err != KD_OK) return err;
    kd_part *p = kd_edge_part_by_id(e, m.partition);
    if (!p) return KD_EMISMATCH;
    if (!kd_part_believes(p, m.epoch)) return KD_EMALFORMED;
    p->marked_epoch = KD_MAX(p->marked_epoch, m.epoch);
    return KD_MARKED;
}

int kd_edge_snapshot(kd_edge *e, kd_bytes record, int64_t offset, uint64_t now_us)
{
    if (e->poisoned) return KD_EIO;
    if (kd_record_peek(record) == KD_RECORD_MARKER) return install_marker(e, record);
    kd_snapshot s;
    int err = kd_snapshot_decode(record, &s);
    if (err != KD_OK) return err;
    kd_part *p = kd_edge_part_by_id(e, s.partition);
    bool ours = p && s.kind == KD_SNAPSHOT_DELTA;
    int verdict = !ours                           ? KD_EMISMATCH
                  : !kd_part_believes(p, s.epoch) ? KD_EMALFORMED
                                                  : install_record(e, p, &s, record, offset, now_us);
    kd_snapshot_finish(&s);
    return verdict;
}

int64_t kd_edge_counts_offset(const kd_edge *e, uint32_t partition)
{
    const kd_part *p = kd_edge_part_by_id(e, partition);
    return p && p->counts_offset >= 0 ? p->counts_offset + 1 : -1;
}

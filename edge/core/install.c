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
#include "edge/core/internal.h"

#include <stdlib.h>

/* value: varints as listed, the cursor of a resend is not kept: it starts over */
void kd_part_put(kd_edge *e, const kd_part *p)
{
    kd_key_part(&e->key, 'p', p->id);
    kd_buf_clear(&e->value);
    /* clang-format off */
    const uint64_t fields[] = {
        p->epoch, p->version, p->floor_version, p->made_us, p->low_watermark_us, p->watermark_us,
        p->stale_made_us, p->stale_as_of_us, p->stale_floor, p->applied.incarnation, p->applied.seq,
        p->applied_digest, (uint64_t)(p->counts_offset + 1), p->held, p->resending, p->hold_us,
        p->hold_until.incarnation, p->hold_until.seq, p->rehoming, p->expired_us, p->doubted_us,
        p->retired, p->rival,
    };
    /* clang-format on */
    for (size_t i = 0; i < KD_COUNT(fields); i++) kd_buf_put_varint(&e->value, fields[i]);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

/* As this program writes it. */
static bool part_sane(const kd_part *p)
{
    const uint64_t numbers[] = {p->epoch,          p->version,
                                p->floor_version,  p->made_us,
                                p->watermark_us,   p->low_watermark_us,
                                p->stale_made_us,  p->stale_as_of_us,
                                p->stale_floor,    p->applied.incarnation,
                                p->applied.seq,    p->hold_us,
                                p->expired_us,     p->hold_until.incarnation,
                                p->hold_until.seq, p->rival};
    for (size_t i = 0; i < KD_COUNT(numbers); i++)
        if (numbers[i] >= KD_TIME_END_US) return false;
    return p->counts_offset >= -1 && p->counts_offset < INT64_MAX;
}

static int load_part(void *arg, kd_bytes key, kd_bytes value)
{
    kd_edge *e = arg;
    kd_reader k = kd_reader_of(key), r = kd_reader_of(value);
    kd_read_u8(&k);
    kd_part *p = kd_edge_part_by_id(e, kd_read_be16(&k));
    if (k.bad || !p) return KD_EMALFORMED;
    uint64_t *fields[] = {&p->epoch,         &p->version,          &p->floor_version,
                          &p->made_us,       &p->low_watermark_us, &p->watermark_us,
                          &p->stale_made_us, &p->stale_as_of_us,   &p->stale_floor};
    for (size_t i = 0; i < KD_COUNT(fields); i++) *fields[i] = kd_read_varint(&r);
    p->applied.incarnation = kd_read_varint(&r);
    p->applied.seq = kd_read_varint(&r);
    p->applied_digest = kd_read_varint(&r);
    p->counts_offset = (int64_t)kd_read_varint(&r) - 1;
    p->held = kd_read_varint(&r) != 0;
    p->resending = kd_read_varint(&r) != 0;
    p->hold_us = kd_read_varint(&r);
    p->hold_until.incarnation = kd_read_varint(&r);
    p->hold_until.seq = kd_read_varint(&r);
    p->rehoming = kd_read_varint(&r) != 0;
    if (kd_reader_left(&r) > 0) p->expired_us = kd_read_varint(&r); /* a store of before has none */
    if (kd_reader_left(&r) > 0) p->doubted_us = kd_read_varint(&r); /* nor this */
    if (kd_reader_left(&r) > 0) p->retired = kd_read_varint(&r) != 0;
    /* A store without this field was written by a program that moves all batches. */
    p->rival = kd_reader_left(&r) > 0 ? kd_read_varint(&r) : p->rehoming ? KD_TIME_END_US - 1 : 0;
    return r.bad || !part_sane(p) ? KD_EMALFORMED : 0;
}

int kd_part_load(kd_edge *e)
{
    return kd_keys_scan(e, 'p', UINT32_MAX, load_part, e);
}

const kd_applied *kd_snapshot_mine(const kd_edge *e, const kd_snapshot *s)
{
    for (uint32_t i = 0; i < s->edge_count; i++)
        if (kd_bytes_eq(s->edges[i].edge, kd_edge_name(e))) return &s->edges[i];
    return NULL;
}

/*
 * Rule 20, made stricter. In an incarnation of its own, only what this edge has sealed can have been applied. An
 * incarnation that it never minted is somebody else's: a copy's, or a later life's before a restore. Then what is
 * outstanding below it need not be merged, also when a restart has put the present incarnation above it meanwhile.
 */
static bool credible(const kd_edge *e, const kd_part *p, const kd_applied *mine)
{
    if (KD_PLANTED(e, KD_PLANT_ANY_APPLIED)) return true;
    if (mine->applied.incarnation > e->incarnation) return false;
    if (kd_position_cmp(mine->applied, p->applied) == 0) return mine->digest == p->applied_digest;
    if (mine->applied.incarnation == e->incarnation && kd_position_cmp(mine->applied, p->last_sealed) > 0)
        return false;
    for (const kd_outgoing *b = p->head; b; b = b->next)
        if (kd_position_cmp(b->at, mine->applied) == 0) return b->digest == mine->digest;
    const kd_outgoing *first = p->head ? p->head : p->open;
    bool drops_some = first && kd_position_cmp(first->at, mine->applied) < 0;
    return !drops_some || kd_identity_minted(e, mine->applied.incarnation);
}

kd_position kd_install_merged(const kd_edge *e, const kd_part *p, const kd_applied *mine)
{
    return mine && !p->rehoming && credible(e, p, mine) ? mine->applied : (kd_position){0};
}

/* Above the last numbers no incarnation is left for this edge to move to: whoever used one of them took the name for good. */
static bool beyond_belief(const kd_applied *mine)
{
    return mine->applied.incarnation >= KD_TIME_END_US - (1ull << 50);
}

/* Already rehoming: a higher foreign incarnation is progress of the same process, not a second alarm. Nothing of the present
 * incarnation was sent yet. */
static bool rival_went_on(const kd_edge *e, const kd_part *p, const kd_applied *mine)
{
    uint64_t theirs = mine->applied.incarnation;
    return theirs >= e->incarnation || (theirs > p->rival && !credible(e, p, mine));
}

void kd_install_applied(kd_edge *e, kd_part *p, const kd_applied *mine, bool undone, uint64_t now_us)
{
    kd_applied none = {0};
    if (!mine) mine = &none;
    if (beyond_belief(mine)) {
        e->stats.identity_alarms++;
        e->refusing = true;
        return;
    }
    if (!p->rehoming && !credible(e, p, mine)) {
        kd_rehome_begin(e, p, mine, now_us);
        return;
    }
    if (p->rehoming && rival_went_on(e, p, mine)) kd_rehome_above(e, p, mine->applied.incarnation, now_us);
    p->watermark_us = mine->watermark_us;
    if (undone || kd_position_cmp(mine->applied, p->applied) > 0) {
        p->applied = mine->applied;
        p->applied_digest = mine->digest;
        if (!p->rehoming) kd_outbox_drop(e, p, p->applied); /* what moves is dropped under its new position */
        if (!p->rehoming) kd_resend_settle(e, p);
    }
    kd_resend_doubt(e, p);
}

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
        if (undone) kd_entry_end_kept(e, entry);
        if (entry->known && entry->version > last) kd_entry_forget_counts(e, entry);
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

/*
 * Rule 23. A batch of a retired edge was refused as often as it came and is due again after a back-off: taken back, the edge sends at once.
 * Where central was put back to before either command, its snapshot says so, and is followed as any other.
 */
void kd_install_retired(kd_edge *e, kd_part *p, const kd_applied *mine)
{
    bool retired = mine && mine->retired;
    if (p->retired == retired) return;
    p->retired = retired;
    kd_part_put(e, p);
    if (retired) return;
    kd_outbox_again(e, p);
    p->attempts = 0;
}

/* Time goes from this snapshot on. */
void kd_part_adopt(kd_part *p, const kd_snapshot *s)
{
    p->epoch = s->epoch;
    p->version = s->version;
    p->made_us = s->made_us;
    p->low_watermark_us = s->low_watermark_us;
    p->stable_us = s->stable_us;
}

static void install_listed(kd_edge *e, const kd_snapshot *s, kd_position applied)
{
    for (uint32_t i = 0; i < s->item_count; i++) {
        kd_entry *entry = kd_table_find(&e->items, s->items[i].item);
        if (!entry) continue; /* nobody asked for it here */
        entry = kd_entry_set(e, entry, &s->items[i], s->version);
        kd_entry_confirm(e, entry, applied);
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
        kd_install_retired(e, p, kd_snapshot_mine(e, s));
        return verdict;
    }
    bool undone = verdict == KD_SNAPSHOT_UNDONE;
    bool stays = KD_PLANTED(e, KD_PLANT_NO_CHAIN) || (!undone && KD_PLANTED(e, KD_PLANT_READ_AHEAD_STAYS));
    if (s->epoch != p->epoch && !stays) drop_not_admitted(e, p, last_admitted(p, s), undone);
    if (undone || verdict == KD_SNAPSHOT_GAP) go_stale(e, p, s);
    const kd_applied *mine = kd_snapshot_mine(e, s);
    kd_part_adopt(p, s);
    p->counts_offset = offset;
    install_numbers(e, p, s, kd_install_merged(e, p, mine));
    kd_install_applied(e, p, mine, undone, now_us);
    kd_install_retired(e, p, mine);
    if (undone) {
        kd_outbox_again(e, p);
        p->attempts = 0;
        kd_resend_start(e, p);
    }
    kd_part_put(e, p);
    return verdict;
}

void kd_assembly_clear(kd_edge *e, kd_assembly *a)
{
    for (uint32_t i = 0; i < a->parts; i++) {
        e->assembly_bytes -= a->records[i].len;
        kd_buf_finish(&a->records[i]);
    }
    free(a->records);
    *a = (kd_assembly){0};
}

static int compare_versions(const kd_assembly *a, const kd_snapshot *s)
{
    if (a->epoch != s->epoch) return a->epoch < s->epoch ? -1 : 1;
    return a->version < s->version ? -1 : a->version > s->version;
}

/* True when the record completed the set. A set that is too large is given up: the snapshot counts as missed. */
static bool install_assemble(kd_edge *e, kd_assembly *a, const kd_snapshot *s, kd_bytes record)
{
    if (compare_versions(a, s) < 0) {
        kd_assembly_clear(e, a);
        *a = (kd_assembly){.epoch = s->epoch, .version = s->version, .parts = s->parts};
        a->records = kd_alloc(s->parts * sizeof(a->records[0]));
    }
    bool ours = s->epoch == a->epoch && s->version == a->version && s->parts == a->parts;
    if (!ours || a->records[s->part].len > 0) return false;
    if (e->assembly_bytes + record.len > KD_ASSEMBLY_BYTES_MAX) {
        kd_assembly_clear(e, a);
        *a = (kd_assembly){.epoch = s->epoch, .version = s->version}; /* its other parts do not begin it */
        return false;
    }
    kd_buf_put(&a->records[s->part], record.data, record.len);
    e->assembly_bytes += record.len;
    return ++a->have == a->parts;
}

static int take_in(kd_edge *e, kd_part *p, const kd_snapshot *s, kd_bytes record, int64_t offset,
                   uint64_t now_us)
{
    kd_assembly *a = &p->assembly;
    int verdict = install_judge(e, p, s);
    bool news = verdict != KD_SNAPSHOT_OLD && verdict != KD_HEARTBEAT;
    if (news && s->parts > 1 && !install_assemble(e, a, s, record)) return KD_PART;
    verdict = install(e, p, s, offset, now_us);
    if (news && compare_versions(a, s) <= 0) kd_assembly_clear(e, a); /* installed, or it came to nothing */
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

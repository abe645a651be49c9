/*
 * check_install.c - "install" (I9, rules 14, 15): an edge takes up a snapshot only if it follows the version that the edge has, and its epoch never
 * falls. "retired" (rule 23): an edge takes operations of a partition exactly while the last snapshot that it took up does not call it retired.
 *
 * The version that the edge had is remembered from after the call before; while a partition is open only snapshots and answers change it.
 */
#include "sim/check/checking.h"
#include "sim/check/words.h"

static sim_check_known known_now(const sim_checks *c, uint32_t slot, uint32_t partition)
{
    kd_edge *e = c->view.edge(c->view.world, slot, partition % c->view.scenario->shards);
    kd_edge_partition p = {0};
    if (e) kd_edge_partition_get(e, partition, &p);
    return (sim_check_known){p.epoch, p.version, c->slots[slot].known[partition].marked};
}

/* At a start the edge holds what its disk holds: what an earlier snapshot said. */
static bool retired_now(const sim_checks *c, uint32_t slot, uint32_t partition)
{
    kd_edge *e = c->view.edge(c->view.world, slot, partition % c->view.scenario->shards);
    kd_edge_partition p = {0};
    if (e) kd_edge_partition_get(e, partition, &p);
    return p.retired;
}

void sim_check_install_opened(sim_checks *c, uint32_t slot, uint32_t shard)
{
    for (uint32_t p = shard; p < c->view.scenario->partitions; p += c->view.scenario->shards) {
        c->slots[slot].known[p].marked = 0;
        c->slots[slot].known[p] = known_now(c, slot, p);
        c->slots[slot].retired[p] = retired_now(c, slot, p);
    }
}

static bool says_retired(const sim_checks *c, uint32_t slot, const kd_snapshot *s)
{
    kd_bytes name = kd_bytes_str(c->view.scenario->edges[sim_check_edge(slot)]);
    for (uint32_t i = 0; i < s->edge_count; i++)
        if (kd_bytes_eq(s->edges[i].edge, name)) return s->edges[i].retired;
    return false;
}

void sim_check_install_taken(sim_checks *c, uint32_t slot, uint32_t partition)
{
    c->made++;
    if (c->slots[slot].retired[partition])
        sim_check_fail(c, "retired",
                       "%s takes an operation although central's snapshot told it that it is retired: nobody "
                       "will count it [partition %u]",
                       sim_check_slot_name(c, slot), partition);
}

void sim_check_install_refused(sim_checks *c, uint32_t slot, uint32_t partition)
{
    c->made++;
    if (!c->slots[slot].retired[partition])
        sim_check_fail(c, "retired",
                       "%s refuses an operation as if it were retired, but no snapshot of central says so "
                       "[partition %u]",
                       sim_check_slot_name(c, slot), partition);
}

static const char *check_install_name(int verdict)
{
    switch (verdict) {
    case KD_INSTALLED:
        return "the next one";
    case KD_HEARTBEAT:
        return "the one that it has";
    case KD_PART:
        return "a part of one";
    case KD_SNAPSHOT_OLD:
        return "an old one";
    case KD_SNAPSHOT_GAP:
        return "one behind a gap";
    case KD_SNAPSHOT_UNDONE:
        return "one that undoes its history";
    default:
        return kd_strerror(verdict);
    }
}

/* Whether the version that the edge had belongs to the history that the snapshot continues. */
static bool check_install_admitted(sim_check_known had, const kd_snapshot *s)
{
    if (had.epoch == s->epoch || had.epoch == 0) return true;
    for (uint32_t i = 0; i < s->chain_count; i++)
        if (s->chain[i].epoch == had.epoch) return had.version <= s->chain[i].last;
    return false;
}

static int install_expected(sim_check_known had, const kd_snapshot *s)
{
    if (s->epoch < had.epoch || s->epoch < had.marked) return KD_SNAPSHOT_OLD;
    if (!check_install_admitted(had, s)) return KD_SNAPSHOT_UNDONE;
    if (s->epoch == had.epoch && s->version < had.version) return KD_SNAPSHOT_OLD;
    if (s->epoch == had.epoch && s->version == had.version) return KD_HEARTBEAT;
    return had.epoch != 0 && s->previous <= had.version ? KD_INSTALLED : KD_SNAPSHOT_GAP;
}

void sim_check_install_snapshot(sim_checks *c, uint32_t slot, kd_bytes record, int verdict)
{
    kd_snapshot s;
    kd_marker m;
    c->made++;
    if (verdict == KD_MARKED && kd_marker_decode(record, &m) == KD_OK) {
        sim_check_known *marked = &c->slots[slot].known[m.partition];
        marked->marked = KD_MAX(marked->marked, m.epoch);
        return;
    }
    if (verdict < 0 || kd_snapshot_decode(record, &s) != KD_OK) {
        if (verdict != KD_EIO)
            sim_check_fail(c, "install", "%s cannot read a snapshot of central: %s",
                           sim_check_slot_name(c, slot), kd_strerror(verdict));
        return;
    }
    sim_check_number_heard(c, slot, &s);
    sim_check_known *known = &c->slots[slot].known[s.partition], had = *known;
    if (verdict == KD_INSTALLED || verdict == KD_SNAPSHOT_GAP || verdict == KD_SNAPSHOT_UNDONE)
        sim_check_closed_heard(c, slot, &s, verdict == KD_INSTALLED && had.epoch == s.epoch);
    *known = known_now(c, slot, s.partition);
    int right = install_expected(had, &s);
    if (had.epoch != 0) sim_check_members_noticed(c, slot, &s, verdict);
    if (verdict == KD_SNAPSHOT_UNDONE) c->slots[slot].undone_us[s.partition] = sim_check_now(c);
    if (verdict != KD_PART && verdict != KD_SNAPSHOT_OLD)
        c->slots[slot].retired[s.partition] = says_retired(c, slot, &s);
    bool moves = verdict == KD_INSTALLED || verdict == KD_SNAPSHOT_GAP || verdict == KD_SNAPSHOT_UNDONE;
    bool lands = moves ? known->epoch == s.epoch && known->version == s.version
                       : known->epoch == had.epoch && known->version == had.version;
    if ((verdict != KD_PART && verdict != right) || !lands)
        sim_check_fail(c, "install",
                       "%s treats a snapshot of central as %s, it is %s [partition %u: had version %llu of "
                       "epoch %llx, got %llu after %llu of epoch %llx]",
                       sim_check_slot_name(c, slot), check_install_name(verdict), check_install_name(right),
                       s.partition, (unsigned long long)had.version, (unsigned long long)had.epoch,
                       (unsigned long long)s.version, (unsigned long long)s.previous,
                       (unsigned long long)s.epoch);
    kd_snapshot_finish(&s);
}

/* An edge that knows no version of the partition takes up the version of its first answer (rule 19). No other answer changes its version. */
void sim_check_install_answer(sim_checks *c, uint32_t slot, uint32_t item, kd_bytes record)
{
    kd_snapshot s;
    bool first = c->slots[slot].known[c->partition[item]].epoch == 0;
    if (kd_snapshot_decode(record, &s) == KD_OK) {
        sim_check_number_heard(c, slot, &s);
        sim_check_closed_read(c, slot, &s);
        if (first) c->slots[slot].retired[s.partition] = says_retired(c, slot, &s);
        kd_snapshot_finish(&s);
    }
    uint32_t partition = c->partition[item];
    sim_check_known *known = &c->slots[slot].known[partition], had = *known;
    *known = known_now(c, slot, partition);
    c->made++;
    if (had.epoch != 0 && (known->epoch != had.epoch || known->version != had.version))
        sim_check_fail(c, "install",
                       "%s moves to another version of central's numbers by an answer about %s: only "
                       "snapshots may do that [partition %u, version %llu to %llu]",
                       sim_check_slot_name(c, slot), sim_check_item_name(c, item), partition,
                       (unsigned long long)had.version, (unsigned long long)known->version);
}

/*
 * check_position.c - what becomes of a batch. A batch has a position (incarnation, sequence) for good.
 *
 * - "body" (I6): a position has one body for good.
 * - "order" (I5): central merges each position once and in order, and never goes back within a history.
 * - "freed" (I7): an edge deletes a batch from its outbox only after some central had it on its disk.
 *
 * A commit that was under way when central died may have reached the disk. So the positions with which a central starts lie between the durable and
 * the begun ones.
 */
#include "sim/check/checking.h"
#include "sim/check/words.h"

/* Flags of a body, below its packed content: it is durably merged; it was sent; it was merged, and its commit may be durable. */
enum { MERGED = 1, SEEN = 2, GATHERED = 4, FLAG_BITS = 3 };

static uint64_t position_hash(uint32_t edge, uint32_t partition, kd_position at)
{
    uint64_t hash = sim_check_mix(sim_check_mix(edge * 4096ull + partition, at.incarnation), at.seq);
    return hash ? hash : 1;
}

static sim_check_cell *position_cell(sim_checks *c, uint32_t edge, uint32_t partition, kd_position at)
{
    return sim_check_map_obtain(&c->positions.bodies, position_hash(edge, partition, at));
}

static bool is_merged(const sim_checks *c, uint32_t edge, uint32_t partition, kd_position at)
{
    const sim_check_cell *cell = sim_check_map_find(&c->positions.bodies, position_hash(edge, partition, at));
    return cell && (cell->b & MERGED);
}

void sim_check_position_sent(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record)
{
    kd_batch b;
    uint32_t edge = sim_check_edge(slot);
    if (kd_batch_decode(record, &b) != KD_OK) {
        sim_check_fail(c, "body", "%s sends a batch that cannot be decoded [partition %u]",
                       sim_check_slot_name(c, slot), partition);
        return;
    }
    sim_check_cell *cell = position_cell(c, edge, partition, b.at);
    c->made++;
    if ((cell->b & SEEN) && cell->a != b.digest && b.at.incarnation > c->positions.exempt[edge])
        sim_check_fail(c, "body",
                       "%s sends %s where it had sent %s: central keeps whichever came first [batch "
                       "%llu/%llu, partition %u]",
                       sim_check_slot_name(c, slot), sim_check_body_name(c, b.body),
                       sim_check_body_packed_name(c, cell->b >> FLAG_BITS),
                       (unsigned long long)b.at.incarnation, (unsigned long long)b.at.seq, partition);
    if (!(cell->b & SEEN) || cell->a != b.digest)
        cell->b = (cell->b & (MERGED | GATHERED)) | sim_check_body_pack(c, b.body) << FLAG_BITS;
    cell->a = b.digest;
    cell->b |= SEEN;
}

static void position_merged(sim_checks *c, uint32_t slot, uint32_t partition, uint32_t edge,
                            const kd_batch *b)
{
    sim_check_tenure *t = &c->positions.tenures[slot][partition];
    kd_position applied = t->now.tentative[edge];
    if (kd_position_cmp(b->at, applied) <= 0)
        sim_check_fail(
            c, "order",
            "central merges %s of %.*s again: sums among them count twice [batch %llu/%llu, partition %u]",
            sim_check_body_name(c, b->body), (int)b->edge.len, b->edge.data,
            (unsigned long long)b->at.incarnation, (unsigned long long)b->at.seq, partition);
    else if (kd_position_cmp(b->after, applied) != 0)
        sim_check_fail(c, "order",
                       "central merges %s of %.*s over a gap: batches in between are lost [batch %llu/%llu "
                       "after %llu/%llu, merged up to %llu/%llu, partition %u]",
                       sim_check_body_name(c, b->body), (int)b->edge.len, b->edge.data,
                       (unsigned long long)b->at.incarnation, (unsigned long long)b->at.seq,
                       (unsigned long long)b->after.incarnation, (unsigned long long)b->after.seq,
                       (unsigned long long)applied.incarnation, (unsigned long long)applied.seq, partition);
    t->now.tentative[edge] = b->at;
    position_cell(c, edge, partition, b->at)->b |= GATHERED;
    t->open = kd_grow(t->open, t->open_count, &t->open_cap, sizeof(t->open[0]));
    t->open[t->open_count++] = (sim_check_merged){.edge = edge, .at = b->at};
}

void sim_check_position_fed(sim_checks *c, uint32_t slot, uint32_t partition, const kd_batch *b, kd_fed fed)
{
    uint32_t edge = sim_check_edge_named(c, b->edge);
    if (edge == CHECK_NOTHING) return;
    kd_position applied = c->positions.tenures[slot][partition].now.tentative[edge];
    c->made++;
    if (fed == KD_FED_MERGED) position_merged(c, slot, partition, edge, b);
    sim_check_forget_fed(c, slot, partition, edge, b, fed);
    bool next = kd_position_cmp(b->at, applied) > 0;
    if ((fed == KD_FED_DUPLICATE && next) ||
        (fed == KD_FED_GAP && next && kd_position_cmp(b->after, applied) == 0))
        sim_check_fail(
            c, "order",
            "central drops %s of %.*s, though this batch comes next [batch %llu/%llu, partition %u]",
            sim_check_body_name(c, b->body), (int)b->edge.len, b->edge.data,
            (unsigned long long)b->at.incarnation, (unsigned long long)b->at.seq, partition);
    /* A record of an earlier life may be delivered late: the alarm may come at any time after a copy or a disk that went back. */
    if (fed == KD_FED_IDENTITY && !c->doubled[edge] && !c->disk_changed[edge])
        sim_check_fail(c, "identity",
                       "central takes %.*s for two processes of one name, but nobody copied its disk or put "
                       "it back [partition %u]",
                       (int)b->edge.len, b->edge.data, partition);
    if (fed == KD_FED_QUARANTINED || fed == KD_FED_UNKNOWN_SCHEMA || fed == KD_FED_UNKNOWN_COUNTER)
        sim_check_fail(
            c, "order",
            "central puts %s of %.*s into quarantine: they are not counted [batch %llu/%llu, partition %u]",
            sim_check_body_name(c, b->body), (int)b->edge.len, b->edge.data,
            (unsigned long long)b->at.incarnation, (unsigned long long)b->at.seq, partition);
}

void sim_check_position_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version)
{
    sim_check_tenure *t = &c->positions.tenures[slot][partition];
    t->outstanding++;
    for (uint32_t i = t->open_count; i-- > 0 && t->open[i].version == 0;) t->open[i].version = version;
}

static void check_position_settle(sim_checks *c, sim_check_tenure *t, uint32_t partition, uint32_t edge,
                                  kd_position at)
{
    position_cell(c, edge, partition, at)->b |= MERGED;
    t->now.durable[edge] = at;
}

/* Notes what central's disk holds now: watermarks, version, and from which epoch a new one went on. */
static void note_durable(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_history *now = &c->positions.tenures[slot][partition].now;
    kd_central *core = c->view.central(c->view.world, slot, partition);
    kd_central_edge edges[SCENARIO_EDGES_MAX];
    uint32_t count = core ? kd_central_edges(core, edges, SCENARIO_EDGES_MAX) : 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t edge = sim_check_edge_named(c, edges[i].name);
        if (edge == CHECK_NOTHING) continue;
        uint64_t *best_us = &c->positions.best_us[partition][edge];
        now->watermark_us[edge] = edges[i].watermark_us;
        *best_us = KD_MAX(*best_us, edges[i].watermark_us);
    }
    if (!core) return;
    uint64_t epoch = kd_central_epoch(core);
    if (epoch != now->epoch && now->epoch != 0 && c->view.scenario->member_count == 0) {
        sim_check_cell *parent =
            sim_check_map_obtain(&c->positions.parents, sim_check_mix(partition + 1, epoch) | 1);
        parent->a = now->epoch;
        parent->b = now->version;
    }
    now->epoch = epoch;
    now->version = kd_central_version(core);
}

void sim_check_position_committed(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version,
                                  bool synced)
{
    sim_check_tenure *t = &c->positions.tenures[slot][partition];
    uint32_t kept = 0;
    if (t->outstanding > 0) t->outstanding--;
    for (uint32_t i = 0; i < t->open_count; i++) {
        if (t->open[i].version == 0 || t->open[i].version > version || !synced)
            t->open[kept++] = t->open[i];
        else
            check_position_settle(c, t, partition, t->open[i].edge, t->open[i].at);
    }
    t->open_count = kept;
    if (synced) note_durable(c, slot, partition);
}

void sim_check_position_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_tenure *t = &c->positions.tenures[slot][partition];
    kd_central *core = c->view.central(c->view.world, slot, partition);
    kd_central_edge edges[SCENARIO_EDGES_MAX];
    kd_position applied[SCENARIO_EDGES_MAX] = {{0}};
    uint32_t count = core ? kd_central_edges(core, edges, SCENARIO_EDGES_MAX) : 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t edge = sim_check_edge_named(c, edges[i].name);
        if (edge != CHECK_NOTHING) applied[edge] = edges[i].applied;
    }
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++) {
        c->made++;
        if (kd_position_cmp(applied[e], t->now.durable[e]) < 0)
            sim_check_fail(c, "order",
                           "central starts without batches of %s that it had merged and committed [partition "
                           "%u: starts with %llu/%llu, had %llu/%llu]",
                           c->view.scenario->edges[e], partition, (unsigned long long)applied[e].incarnation,
                           (unsigned long long)applied[e].seq,
                           (unsigned long long)t->now.durable[e].incarnation,
                           (unsigned long long)t->now.durable[e].seq);
        for (uint32_t i = 0; i < t->open_count; i++)
            if (t->open[i].edge == e && kd_position_cmp(t->open[i].at, applied[e]) <= 0)
                check_position_settle(c, t, partition, e, t->open[i].at);
        t->now.durable[e] = t->now.tentative[e] = applied[e];
        kd_position *furthest = &c->positions.on_disk[partition][e];
        if (kd_position_cmp(applied[e], *furthest) > 0) *furthest = applied[e];
    }
    t->open_count = t->outstanding = 0;
    if (core) t->now.version = kd_central_version(core);
}

/* A commit whose write failed may be on the disk all the same, and a central may have found it there after a crash or a restore. */
static bool found_applied(const sim_checks *c, uint32_t edge, uint32_t partition, kd_position at)
{
    const sim_check_cell *cell = sim_check_map_find(&c->positions.bodies, position_hash(edge, partition, at));
    return cell && (cell->b & GATHERED) && kd_position_cmp(at, c->positions.on_disk[partition][edge]) <= 0;
}

void sim_check_position_freed(sim_checks *c, uint32_t slot, uint32_t partition, kd_position at)
{
    c->made++;
    /* After an identity alarm, batches below the new incarnation are moved into it, so their old positions go (rule 20). */
    if (at.incarnation < c->slots[slot].moved_to || partition >= c->view.scenario->partitions ||
        is_merged(c, sim_check_edge(slot), partition, at) ||
        found_applied(c, sim_check_edge(slot), partition, at))
        return;
    const sim_check_cell *cell =
        sim_check_map_find(&c->positions.bodies, position_hash(sim_check_edge(slot), partition, at));
    bool sent = cell && (cell->b & SEEN);
    sim_check_fail(c, "freed",
                   "%s deletes %s from its outbox, which no central has on its disk: they may be lost [batch "
                   "%llu/%llu, partition %u]",
                   sim_check_slot_name(c, slot),
                   sent ? sim_check_body_packed_name(c, cell->b >> FLAG_BITS)
                        : "operations that it never sent",
                   (unsigned long long)at.incarnation, (unsigned long long)at.seq, partition);
}

/*
 * check_aside.c - "aside" (rule 20): an edge sets a sum aside only where another life of the edge, or a copy of it, may have sent the same sum; and
 * it tells the operator how much is set aside.
 *
 * Another process can have sent a batch only under an incarnation that is not below the batch's own, since whoever starts from a copy of the batch
 * mints a higher one. So the checker keeps, for each edge whose disk went back, the largest incarnation under which any earlier life sent a batch.
 * How often the edge was started since does not matter. Under a doubled name nothing is demanded, because the copy mints incarnations as it goes.
 *
 * A sum that is set aside is missing in the counts until an operator sends it. The journal is told of each batch once, and the verdict over the
 * sums (final.c) demands the rest.
 */
#include "edge/core/fragment.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

static uint64_t check_aside_told(const sim_checks *c, uint32_t slot, uint32_t shard)
{
    kd_edge_stats stats;
    const kd_edge *e = c->view.edge(c->view.world, slot, shard);
    if (!e) return UINT64_MAX; /* the process ended during this write; its next start reads the total again */
    kd_edge_get_stats(e, &stats);
    return stats.aside_kept_amount;
}

void sim_check_aside_opened(sim_checks *c, uint32_t slot, uint32_t shard)
{
    c->asides.to_tell[slot][shard] = check_aside_told(c, slot, shard);
}

void sim_check_aside_sent(sim_checks *c, uint32_t slot, kd_position at)
{
    uint64_t *sent_as = &c->asides.sent_as[sim_check_edge(slot)];
    *sent_as = KD_MAX(*sent_as, at.incarnation);
}

void sim_check_aside_disk(sim_checks *c, uint32_t edge)
{
    c->asides.rival[edge] = c->asides.sent_as[edge];
}

/* No other process can have sent the batch at this position. */
static bool ours_alone(const sim_checks *c, uint32_t slot, kd_position at)
{
    uint32_t edge = sim_check_edge(slot);
    return !c->doubled[edge] && at.incarnation > c->asides.rival[edge];
}

/* Whether this batch is set aside for the first time: another life that was put back to the same copy may have done it before. */
static bool aside_first(sim_checks *c, uint32_t slot, kd_bytes key)
{
    sim_check_cell *cell =
        sim_check_map_obtain(&c->asides.seen, sim_check_hash(sim_check_edge(slot) + 1, key));
    return cell->a++ == 0;
}

/* One sum of a batch that is set aside. */
static void aside_sum(sim_checks *c, uint32_t slot, uint32_t shard, bool first, const kd_entry_op *op)
{
    uint32_t item = sim_check_item(c, op->item),
             counter = (uint32_t)kd_counters_by_id(c->view.counters, op->counter_id);
    c->asides.to_tell[slot][shard] += op->amount;
    if (first && item != CHECK_NOTHING) sim_journal_set_aside(c->view.journal, counter, item, op->amount);
}

void sim_check_aside_put(sim_checks *c, uint32_t slot, kd_bytes key, kd_bytes value)
{
    kd_reader k = kd_reader_of(key), r = kd_reader_of(value);
    kd_entry_op op;
    kd_read_u8(&k);
    uint32_t partition = kd_read_be16(&k), shard = partition % c->view.scenario->shards;
    kd_position at = {.incarnation = kd_read_be64(&k)};
    at.seq = kd_read_be64(&k);
    c->made++;
    if (k.bad || partition >= c->view.scenario->partitions || ours_alone(c, slot, at))
        sim_check_fail(c, "aside",
                       "%s sets a batch of sums aside that no other process or earlier life can have sent: "
                       "its counts are missing now [batch %llu/%llu, partition %u]",
                       sim_check_slot_name(c, slot), (unsigned long long)at.incarnation,
                       (unsigned long long)at.seq, partition);
    bool first = aside_first(c, slot, key);
    while (kd_fragment_next(&r, &op)) aside_sum(c, slot, shard, first, &op);
    if (check_aside_told(c, slot, shard) < c->asides.to_tell[slot][shard])
        sim_check_fail(c, "aside",
                       "%s tells its operator of %llu counts that are set aside, there are %llu [shard %u]",
                       sim_check_slot_name(c, slot), (unsigned long long)check_aside_told(c, slot, shard),
                       (unsigned long long)c->asides.to_tell[slot][shard], shard);
}

/*
 * check_aside.c - "aside" (rule 20): a sum is set aside only where another life of the edge can have sent it: taken before the disk went back, or handed
 * to Kafka since. What nobody else can hold moves along.
 *
 * What was taken since and set aside all the same is missing in the counts until an operator sends it: the journal is told. What was taken before is
 * merged or excused already (check_excuse.c).
 */
#include "edge/core/internal.h"
#include "sim/check/checking.h"

static uint64_t handed_hash(const checks *c, uint32_t slot, uint32_t partition, kd_position at)
{
    uint64_t life = c->slots[slot].life[partition % c->view.scenario->shards];
    return check_mix(check_mix(check_mix(life, partition), at.incarnation), at.seq) | 1;
}

void check_aside_opened(checks *c, uint32_t slot, uint32_t shard)
{
    c->asides.opened_as[slot][shard] = kd_edge_incarnation(c->view.edge(c->view.world, slot, shard));
}

void check_aside_sent(checks *c, uint32_t slot, uint32_t partition, kd_position at)
{
    uint64_t *sent_as = &c->asides.sent_as[check_edge(slot)];
    *sent_as = KD_MAX(*sent_as, at.incarnation);
    check_map_obtain(&c->asides.handed, handed_hash(c, slot, partition, at))->a = 1;
}

void check_aside_disk(checks *c, uint32_t edge, bool wiped)
{
    c->asides.rival[edge] = c->asides.sent_as[edge];
    c->asides.copied[edge] = wiped ? 0 : c->positions.exempt[edge];
}

/* After central went back, or under a doubled name, others may hold what this process has. */
static bool ours_alone(const checks *c, uint32_t slot, uint32_t partition, kd_position at)
{
    uint32_t edge = check_edge(slot);
    uint64_t opened_as = c->asides.opened_as[slot][partition % c->view.scenario->shards];
    bool calm = !c->doubled[edge] && !c->central_undone && !c->central_copied;
    return calm && opened_as > c->asides.rival[edge] && at.incarnation >= opened_as &&
           !check_map_find(&c->asides.handed, handed_hash(c, slot, partition, at));
}

void check_aside_put(checks *c, uint32_t slot, kd_bytes key, kd_bytes value)
{
    kd_reader k = kd_reader_of(key), r = kd_reader_of(value);
    kd_entry_op op;
    kd_read_u8(&k);
    uint32_t partition = kd_read_be16(&k);
    kd_position at = {.incarnation = kd_read_be64(&k)};
    at.seq = kd_read_be64(&k);
    c->made++;
    if (k.bad || partition >= c->view.scenario->partitions || ours_alone(c, slot, partition, at))
        check_fail(c, "aside",
                   "%s sets the sums of %llu/%llu of partition %u aside, which nobody else can have sent",
                   check_slot_name(c, slot), (unsigned long long)at.incarnation, (unsigned long long)at.seq,
                   partition);
    if (at.incarnation <= c->asides.copied[check_edge(slot)]) return;
    while (kd_fragment_next(&r, &op)) {
        uint32_t item = check_item(c, op.item),
                 counter = (uint32_t)kd_counters_by_id(c->view.counters, op.counter_id);
        if (item != CHECK_NOTHING) journal_set_aside(c->view.journal, counter, item, op.amount);
    }
}

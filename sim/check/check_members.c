/*
 * check_members.c - "members" (rules 31 to 34): at the end each partition has a leader, and all members that run have what it has: the same records read, the same
 * counts. Before that no edge notices who leads: none that ran all the time misses a snapshot, or finds its history undone.
 *
 * An edge that has installed no snapshot yet is not judged: what it has is of an answer, and the leader may have died before it published as much. An edge is not judged once it was started again, or its disk was put back or copied; nobody is once a topic has lost records, or somebody read some twice.
 */
#include "kudos/follow.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

#include <stdio.h>

static uint64_t members_place(uint32_t partition, uint64_t epoch, uint64_t version)
{
    return sim_check_mix(sim_check_mix(partition + 1, epoch), version) | 1;
}

uint64_t sim_check_members_read(const sim_checks *c, uint32_t partition, uint64_t epoch, uint64_t version)
{
    const sim_check_cell *at =
        sim_check_map_find(&c->positions.reads, members_place(partition, epoch, version));
    return at ? at->a : 0;
}

void sim_check_members_published(sim_checks *c, uint32_t partition, const kd_snapshot *s)
{
    sim_check_map_obtain(&c->positions.reads, members_place(partition, s->epoch, s->version))->a =
        s->history.read;
}

void sim_check_members_emptied(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_tenure *t = &c->positions.tenures[slot][partition];
    t->now = (sim_check_history){.version = 0};
    t->open_count = 0;
    c->lows[slot][partition] = (sim_check_lows){0};
    c->passing[slot][partition].count = 0;
    c->deciding[slot][partition].merged.count = 0;
    c->closings[slot][partition].count = 0;
    memset(c->readmissions[slot][partition], 0, sizeof(c->readmissions[slot][partition]));
}

void sim_check_members_noticed(sim_checks *c, uint32_t slot, const kd_snapshot *s, int verdict)
{
    bool *installed = &c->slots[slot].installed[s->partition], judged = *installed;
    *installed |= verdict == KD_INSTALLED;
    bool ran =
        judged && slot < CHECKS_TWIN && c->starts[slot] == c->view.scenario->shards && !c->doubled[slot];
    if (c->view.scenario->member_count == 0 || !ran || c->likes_lost || c->counts_lost) return;
    c->made++;
    if (verdict == KD_SNAPSHOT_GAP || verdict == KD_SNAPSHOT_UNDONE)
        sim_check_fail(
            c, "members",
            "%s %s though no topic lost a record: whoever leads, edges do not notice [partition %u, "
            "version %llu after %llu of epoch %llx]",
            sim_check_slot_name(c, slot),
            verdict == KD_SNAPSHOT_GAP ? "misses a snapshot" : "finds its history undone", s->partition,
            (unsigned long long)s->version, (unsigned long long)s->previous, (unsigned long long)s->epoch);
}

static bool members_agree_about(sim_checks *c, uint32_t slot, uint32_t item, kd_central *leader,
                                kd_central *other, char *why, size_t size)
{
    kd_bytes key = kd_item_key(&c->view.items[item]);
    uint64_t totals[2][KD_COUNTERS_MAX] = {{0}};
    c->made++;
    kd_central_totals(leader, key, totals[0]);
    kd_central_totals(other, key, totals[1]);
    if (memcmp(totals[0], totals[1], sizeof(totals[0])) == 0) return true;
    snprintf(why, size, "%s counts %llu likes of %s, its leader %llu", c->view.scenario->members[slot],
             (unsigned long long)totals[1][SCENARIO_LIKE], sim_check_item_name(c, item),
             (unsigned long long)totals[0][SCENARIO_LIKE]);
    return false;
}

static bool members_agree_in(sim_checks *c, uint32_t slot, uint32_t partition, kd_central *leader, char *why,
                             size_t size)
{
    kd_central *other = c->view.central(c->view.world, slot, partition);
    kd_following f = {.state = KD_FOLLOWS_UNPROVEN};
    kd_history has = kd_central_history(leader);
    if (other) kd_central_get_following(other, &f);
    if (!other || f.state != KD_FOLLOWS_AGREED || f.ours.read != has.read || f.ours.digest != has.digest) {
        snprintf(why, size, "%s does not agree with the leader of partition %u: %s, %llu of %llu records",
                 c->view.scenario->members[slot], partition,
                 other ? kd_follows_name(f.state) : "it does not hold it", (unsigned long long)f.ours.read,
                 (unsigned long long)has.read);
        return false;
    }
    for (uint32_t i = 0; i < c->view.item_count; i++)
        if (c->partition[i] == partition && !members_agree_about(c, slot, i, leader, other, why, size))
            return false;
    return true;
}

bool sim_check_members_agree(sim_checks *c, char *why, size_t size)
{
    const sim_scenario *s = c->view.scenario;
    for (uint32_t p = 0; s->member_count > 0 && p < s->partitions; p++) {
        uint32_t lead = c->view.leader(c->view.world, p);
        kd_central *leader = sim_check_leading(c, p);
        snprintf(why, size, "nobody leads partition %u", p);
        if (!leader) return false;
        for (uint32_t slot = 0; slot < s->member_count; slot++)
            if (slot != lead && !members_agree_in(c, slot, p, leader, why, size)) return false;
    }
    return true;
}

/*
 * check_publish.c - what central publishes: "early" (rule 10): only versions that are on its disk; "fence" (rules 16, 32): nothing once it has read
 * another claim that is in force; "chain" (rule 15): the previous epoch ended with the version that the chain names. Of
 * members "members" judges what edges make of it (rule 32).
 */
#include "sim/check/checking.h"
#include "sim/check/words.h"

void sim_check_publish_claimed(sim_check_force *force, const kd_claim *claim)
{
    bool newer = claim->author == 0 || claim->supersedes >= force->epoch;
    bool same = force->author != 0 && claim->author == force->author;
    if (claim->epoch > force->epoch && (newer || same))
        *force = (sim_check_force){.epoch = claim->epoch, .author = claim->author};
}

void sim_check_publish_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record)
{
    kd_claim claim;
    if (kd_claim_decode(record, &claim) == KD_OK)
        sim_check_publish_claimed(&c->force[slot][partition], &claim);
}

/* An answer to a question tells no number of records. */
static void publish_members(sim_checks *c, uint32_t slot, const kd_snapshot *s)
{
    if (s->kind != KD_SNAPSHOT_DELTA) return;
    sim_check_members_published(c, s->partition, s);
    sim_check_number_published(c, slot, s);
}

/* Not judged where a crash left open which epoch came before. */
static void check_chain(sim_checks *c, uint32_t partition, const kd_snapshot *s)
{
    const sim_check_cell *before =
        sim_check_map_find(&c->positions.parents, sim_check_mix(partition + 1, s->epoch) | 1);
    const kd_chain_link *link = s->chain_count ? &s->chain[s->chain_count - 1] : NULL;
    if (!before || !link || link->epoch != before->a || link->last == before->b) return;
    sim_check_fail(c, "chain",
                   "central tells edges that a history ended with version %llu, it ended with %llu: edges "
                   "keep numbers that were undone [partition %u, epoch %llx]",
                   (unsigned long long)link->last, (unsigned long long)before->b, partition,
                   (unsigned long long)link->epoch);
}

void sim_check_publish_record(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record)
{
    kd_snapshot s;
    c->made++;
    if (kd_snapshot_decode(record, &s) != KD_OK) {
        sim_check_fail(c, "early", "central publishes a snapshot that cannot be decoded [partition %u]",
                       partition);
        return;
    }
    const sim_check_history *durable = &c->positions.tenures[slot][partition].now;
    if (s.version > durable->version || s.epoch != durable->epoch)
        sim_check_fail(c, "early",
                       "central publishes numbers that are not on its disk: a crash would take them back "
                       "[partition %u: version %llu of epoch %llx, on its disk %llu of %llx]",
                       partition, (unsigned long long)s.version, (unsigned long long)s.epoch,
                       (unsigned long long)durable->version, (unsigned long long)durable->epoch);
    if (s.epoch < c->force[slot][partition].epoch)
        sim_check_fail(c, "fence",
                       "a central that was replaced goes on publishing [partition %u: its epoch %llx, it has "
                       "read the claim of %llx]",
                       partition, (unsigned long long)s.epoch,
                       (unsigned long long)c->force[slot][partition].epoch);
    if (c->view.scenario->member_count > 0)
        publish_members(c, slot, &s);
    else
        check_chain(c, partition, &s);
    c->made_us[partition] = KD_MAX(c->made_us[partition], s.made_us);
    sim_check_forget_published(c, slot, partition, s.stable_us);
    c->stable_us[partition] = KD_MAX(c->stable_us[partition], s.stable_us);
    kd_snapshot_finish(&s);
}

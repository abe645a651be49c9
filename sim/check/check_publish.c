/*
 * check_publish.c - what leaves central: "early" (rule 10): nothing that is not on its disk; "fence" (rule 16): nothing after it read a higher claim.
 */
#include "sim/check/checking.h"

void check_publish_fed(checks *c, uint32_t slot, uint32_t partition, kd_bytes record)
{
    kd_claim claim;
    kd_central *core = c->view.central(c->view.world, slot, partition);
    if (!core || kd_claim_decode(record, &claim) != KD_OK || claim.epoch <= kd_central_epoch(core)) return;
    c->higher_claim[slot][partition] = claim.epoch;
}

void check_publish_record(checks *c, uint32_t slot, uint32_t partition, kd_bytes record)
{
    kd_snapshot s;
    c->made++;
    if (kd_snapshot_decode(record, &s) != KD_OK) {
        check_fail(c, "early", "central publishes a snapshot that does not decode");
        return;
    }
    const check_history *durable = &c->positions.tenures[slot][partition].now;
    if (s.version > durable->version || s.epoch != durable->epoch)
        check_fail(c, "early",
                   "central publishes version %llu of epoch %llx, partition %u: on its disk is %llu of %llx",
                   (unsigned long long)s.version, (unsigned long long)s.epoch, partition,
                   (unsigned long long)durable->version, (unsigned long long)durable->epoch);
    if (c->higher_claim[slot][partition])
        check_fail(
            c, "fence", "central of epoch %llx publishes after it read the claim of %llx, partition %u",
            (unsigned long long)s.epoch, (unsigned long long)c->higher_claim[slot][partition], partition);
    c->made_us[partition] = KD_MAX(c->made_us[partition], s.made_us);
    check_forget_published(c, slot, partition, s.stable_us);
    c->stable_us[partition] = KD_MAX(c->stable_us[partition], s.stable_us);
    kd_snapshot_finish(&s);
}

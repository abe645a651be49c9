/* merge.c - feeds records of the likes topic: batches to merge_batch.c, claims to epoch.c, decisions of operators to decide.c. */
#include "central/core/decide.h"
#include "central/core/epoch.h"
#include "central/core/follow.h"
#include "central/core/history.h"
#include "central/core/in_force.h"
#include "central/core/merge_batch.h"
#include "central/core/quarantine.h"
#include "central/core/state.h"
#include "common/wire/mac.h"
#include "common/wire/wire_msgpack.h"

static kd_fed merge_feed_claim(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_claim claim;
    int err = kd_claim_decode(record, &claim);
    if (err == KD_EVERSION) return KD_FED_UNKNOWN_SCHEMA;
    if (err != KD_OK || !kd_epoch_believed(c, claim.epoch)) return kd_quarantine_take(c, record, offset);
    c->stats.claims++;
    bool force = kd_claim_read(c, &claim);
    if (!kd_follows_now(c)) return kd_epoch_claimed(c, &claim, force);
    kd_follow_claimed(c, &claim, force);
    return kd_promote_claim_read(c, &claim, force);
}

static kd_fed merge_record(kd_central *c, kd_bytes record, int64_t offset)
{
    switch (kd_record_peek(record)) {
    case KD_RECORD_BATCH:
        return kd_merge_batch(c, record, offset);
    case KD_RECORD_CLAIM:
        return merge_feed_claim(c, record, offset);
    case KD_RECORD_DECISION:
        return kd_decide_feed(c, record, offset);
    case KD_EVERSION:
        return KD_FED_UNKNOWN_SCHEMA;
    default:
        return kd_quarantine_take(c, record, offset);
    }
}

/* A newer leader merges what this program would leave, and has another history from there on. A batch is left all the same: its edge sends it again. */
static bool merge_stops(kd_central *c, kd_bytes record)
{
    kd_bytes edge;
    kd_reader r = kd_reader_of(record);
    if (!c->genuine) return false;
    if (kd_mac_flow(record, &edge) == KD_FLOW_BATCH) return false;
    kd_msgpack_array(&r);
    c->waits = kd_msgpack_uint(&r, UINT64_MAX);
    return true;
}

kd_fed kd_central_feed(kd_central *c, kd_bytes record, int64_t offset, uint64_t now_us)
{
    if (c->poisoned) return KD_FED_POISONED;
    if (c->fenced) return KD_FED_FENCED;
    if (c->waits) return KD_FED_NEWER;
    c->fed_at_us = now_us;
    kd_fed fed = merge_record(c, record, offset);
    if (fed == KD_FED_FENCED) return fed;
    if (fed == KD_FED_UNKNOWN_SCHEMA && merge_stops(c, record)) return KD_FED_NEWER;
    uint64_t digest = kd_hash(record);
    /* The position moves on behind a record that was not merged, too: no record is waited for in the log. Behind one that asks for the log's beginning there is none. */
    if (!c->log_again)
        c->log_tentative = (kd_log_position){.known = true, .offset = offset, .digest = digest};
    kd_history_read(c, digest, fed);
    kd_follow_read(c);
    kd_commit_open(c)->fed = true;
    return fed;
}

void kd_central_trust(kd_central *c, bool genuine)
{
    c->genuine = genuine;
}

uint64_t kd_central_waits(const kd_central *c)
{
    return c->waits;
}

uint8_t kd_central_unknown_counter(const kd_central *c)
{
    return c->unknown_counter;
}

uint32_t kd_central_gathered(const kd_central *c)
{
    const kd_commit *k = &c->commits[kd_commit_place(c, c->outstanding)];
    return k->op_count + k->sum_count;
}

/* promote.c - see the header. */
#include "central/core/promote.h"

#include "central/core/claim.h"
#include "central/core/closed.h"
#include "central/core/commit.h"
#include "central/core/epoch.h"
#include "central/core/follow.h"
#include "central/core/state.h"

/* More versions than a leader begins between two snapshots: it may have told changes of so many above the last version that the counts topic told. */
enum { LABELS = 1 << 20 };

void kd_promote_open(kd_central *c, uint64_t hint)
{
    kd_promoter *p = &c->promoter;
    p->hint = hint;
    if (c->follower.noted && !c->config.follows) p->stage = KD_PROMOTION_READS;
}

/* ---- the promotion ---- */

kd_promotion kd_central_promotion(const kd_central *c)
{
    return c->promoter.stage;
}

void kd_central_read_to_end(kd_central *c)
{
    kd_promoter *p = &c->promoter;
    const kd_follower *f = &c->follower;
    if (p->stage != KD_PROMOTION_READS) return;
    uint64_t heard = KD_MAX(KD_MAX(f->heard_epoch, f->leader_epoch), c->decider.in_force);
    p->stage = KD_PROMOTION_CLAIMS;
    p->claimed = kd_epoch_above(c, p->hint, KD_MAX(heard, p->linked ? p->epoch : 0));
}

uint64_t kd_central_claims(const kd_central *c)
{
    return c->promoter.stage == KD_PROMOTION_LEADS ? c->epoch : c->promoter.claimed;
}

/* Above it this store tells its changes when it leads. */
static uint64_t promote_base(const kd_central *c)
{
    return KD_MAX(c->follower.heard_version + LABELS, c->begun);
}

/* Up to this version of ours the changes are told. */
static uint64_t promote_told(const kd_central *c)
{
    return KD_MIN(c->delivered, c->published);
}

/* Up to here it tells what the leader before did not tell. */
static uint64_t promote_end(const kd_central *c)
{
    return promote_base(c) + (c->begun - promote_told(c));
}

bool kd_central_marks(const kd_central *c)
{
    bool reads = c->config.in_group && c->decider.in_force == c->epoch && c->follower.marked_epoch < c->epoch;
    if (c->promoter.stage == KD_PROMOTION_LEADS) return !c->config.follows && c->epoch_durable && reads;
    return c->promoter.stage == KD_PROMOTION_MARKS;
}

void kd_central_marker(const kd_central *c, uint64_t now_us, kd_buf *record)
{
    bool leads = c->promoter.stage == KD_PROMOTION_LEADS;
    kd_marker marker = {.partition = c->config.partition, .epoch = kd_central_claims(c), .at_us = now_us};
    marker.central = c->config.name;
    marker.version = leads ? c->begun : promote_end(c);
    kd_marker_encode(&marker, record);
}

static kd_fed promote_lost(kd_central *c)
{
    c->fenced = true;
    return KD_FED_FENCED;
}

/* Another claim in force stands in front of ours, which then supersedes nothing, or behind it. */
kd_fed kd_promote_claim_read(kd_central *c, const kd_claim *claim, bool force)
{
    kd_promoter *p = &c->promoter;
    if (p->claimed == 0) return KD_FED_CLAIM;
    if (!kd_claim_is_ours(c, claim)) return force ? promote_lost(c) : KD_FED_CLAIM;
    if (claim->epoch != p->claimed) return KD_FED_CLAIM; /* of an earlier attempt */
    if (!force && p->claim_read == 0) return promote_lost(c);
    if (force) p->claim_read = c->history_tentative.read + 1;
    return KD_FED_CLAIM;
}

/* Between the marker and now the counts topic may have told of more: another store has written its marker in front of ours. Half of the room is left for what is begun
 * until the first snapshot. */
static bool promote_covers(const kd_central *c, uint64_t version)
{
    return version + LABELS / 2 >= promote_end(c);
}

bool kd_central_marker_again(kd_central *c)
{
    bool again = c->promoter.marker_again;
    c->promoter.marker_again = false;
    return again;
}

bool kd_central_superseded(const kd_central *c)
{
    return c->promoter.stage == KD_PROMOTION_LEADS && c->follower.marked_epoch > c->epoch;
}

void kd_promote_marked(kd_central *c, const kd_marker *marker, int64_t offset)
{
    kd_promoter *p = &c->promoter;
    kd_follow_told(c, marker->epoch);
    if (kd_epoch_believed(c, marker->epoch) && marker->epoch > c->follower.marked_epoch) {
        c->follower.marked_epoch = marker->epoch;
        c->follower.marked_at_us = marker->at_us;
    }
    bool ours = p->stage != KD_PROMOTION_LEADS && p->claimed != 0 && marker->epoch == p->claimed;
    if (ours) p->marked = marker->version;
    if (!ours) kd_follow_heard_version(c, marker->version);
    if (ours)
        p->counts_offset =
            offset; /* what it publishes it does not read: it hears that when it follows again */
    kd_promote_advance(c);
}

static int promote_hear_marker(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_marker m;
    int err = kd_marker_decode(record, &m);
    if (err == KD_OK && m.partition == c->config.partition) kd_promote_marked(c, &m, offset);
    return err;
}

static int promote_hear_own(kd_central *c, kd_bytes record)
{
    kd_snapshot head;
    int err = kd_snapshot_peek(record, &head);
    if (err == KD_OK && kd_follow_concerns(c, &head)) kd_link_read_back(c, &head);
    return err;
}

int kd_central_hear(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_snapshot s;
    if (kd_record_peek(record) == KD_RECORD_MARKER) return promote_hear_marker(c, record, offset);
    if (!kd_follows_now(c)) return promote_hear_own(c, record);
    int err = kd_snapshot_decode(record, &s);
    if (err != KD_OK) return err;
    kd_follow_hear(c, &s, offset);
    kd_snapshot_finish(&s);
    return KD_OK;
}

static void promote_take_chain(kd_central *c)
{
    const kd_promoter *p = &c->promoter;
    uint64_t end = kd_follow_end(c);
    if (!p->linked) {
        kd_epoch_link(c, c->epoch, end);
        return;
    }
    memcpy(c->chain, p->chain, sizeof p->chain);
    c->chain_count = p->chain_count;
    kd_epoch_link(c, p->epoch,
                  kd_planted(c, KD_PLANT_LINK_AT_CLAIM) ? c->follower.heard_version : p->version);
}

static void promote_lift(kd_central *c)
{
    kd_promoter *p = &c->promoter;
    p->own = c->published;
    if (!p->linked) p->version = p->own; /* the versions that edges have are of this store */
    p->told = promote_told(c);
    p->renamed = c->begun;
    p->base = promote_base(c);
    if (kd_planted(c, KD_PLANT_NO_LIFT)) p->base = p->told;
    c->begun = c->begun - p->told + p->base;
}

/* The pieces in which the rows of a deleted item go depend on commits: edges may have heard of more of them than we have put off, or of fewer. */
static void promote_settle(kd_central *c)
{
    kd_promoter *p = &c->promoter;
    promote_take_chain(c);
    kd_follow_over(c);
    promote_lift(c);
    kd_epoch_succeed(c, p->claimed);
    p->adopted = true;
    p->linked = false;
    p->read_back = 0;
    p->changed = true;
    p->stage = KD_PROMOTION_LEADS;
    kd_commit_open(c)->fed = true;
    if (kd_closed_tell_deleted(c) != KD_OK) kd_central_poison(c);
}

/* The log has lost our claim behind our back, and a leader of a higher epoch has published since: edges would pass over what we publish. True: the claim is made
 * again, above that epoch, and names it. */
static bool promote_claims_again(kd_central *c)
{
    kd_promoter *p = &c->promoter;
    uint64_t heard = KD_MAX(c->follower.marked_epoch, p->linked ? p->epoch : 0);
    if (heard <= p->claimed) return false;
    p->stage = KD_PROMOTION_CLAIMS;
    p->claimed = kd_epoch_above(c, p->hint, heard);
    p->claim_read = p->marked = 0;
    p->marker_again = false;
    return true;
}

void kd_promote_advance(kd_central *c)
{
    kd_promoter *p = &c->promoter;
    if (p->stage == KD_PROMOTION_LEADS || p->claim_read == 0) return;
    if (c->history_committed.read < p->claim_read || promote_claims_again(c)) return;
    if (p->stage == KD_PROMOTION_CLAIMS) p->stage = KD_PROMOTION_MARKS;
    bool covered = p->marked != 0 && promote_covers(c, p->marked);
    p->marker_again |= p->marked != 0 && !covered;
    p->marked = 0;
    if (covered || kd_planted(c, KD_PLANT_NO_MARKER)) promote_settle(c);
}

/* ---- a claim that the log has lost ---- */

static void promote_outbid_marker(kd_central *c, uint64_t mono_us)
{
    kd_promoter *p = &c->promoter;
    uint64_t marked = c->follower.marked_epoch;
    bool passed = marked > c->epoch && p->stage == KD_PROMOTION_LEADS;
    if (!passed || p->passed_epoch != marked) {
        p->passed_epoch = passed ? marked : 0;
        p->passed_us = mono_us;
    } else if (mono_us - p->passed_us >= KD_FOLLOW_PROOF_US) {
        kd_epoch_told(c, marked);
    }
}

void kd_central_at_end(kd_central *c, uint64_t mono_us)
{
    if (c->config.follows)
        kd_follow_at_end(c, mono_us);
    else
        promote_outbid_marker(c, mono_us);
}

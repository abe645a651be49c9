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

void kd_central_marker(const kd_central *c, uint64_t now_us, kd_buf *record)
{
    kd_marker marker = {.partition = c->config.partition, .epoch = c->promoter.claimed, .at_us = now_us};
    marker.central = c->config.name;
    marker.version = c->follower.heard_version + LABELS;
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

void kd_promote_marked(kd_central *c, const kd_marker *marker, int64_t offset)
{
    kd_promoter *p = &c->promoter;
    kd_follow_told(c, marker->epoch);
    if (kd_epoch_believed(c, marker->epoch))
        c->follower.marked_epoch = KD_MAX(c->follower.marked_epoch, marker->epoch);
    bool ours = p->stage != KD_PROMOTION_LEADS && p->claimed != 0 && marker->epoch == p->claimed;
    p->marker_read |= ours;
    if (!ours) kd_follow_heard_version(c, marker->version);
    if (ours)
        p->counts_offset =
            offset; /* what it publishes it does not read: it hears that when it follows again */
    kd_promote_advance(c);
}

int kd_central_hear(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_snapshot s;
    kd_marker m;
    if (kd_record_peek(record) == KD_RECORD_MARKER) {
        int err = kd_marker_decode(record, &m);
        if (err == KD_OK && m.partition == c->config.partition) kd_promote_marked(c, &m, offset);
        return err;
    }
    int err = kd_snapshot_decode(record, &s);
    if (err != KD_OK) return err;
    c->follower.offset = offset;
    if (s.kind == KD_SNAPSHOT_DELTA && s.partition == c->config.partition) kd_central_compare(c, &s);
    c->follower.offset = -1;
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
    p->told = KD_MIN(c->delivered, p->own);
    p->renamed = c->begun;
    p->base = KD_MAX(c->follower.heard_version + LABELS, c->begun);
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
    p->changed = true;
    p->stage = KD_PROMOTION_LEADS;
    kd_commit_open(c)->fed = true;
    if (kd_closed_tell_deleted(c) != KD_OK) kd_central_poison(c);
}

void kd_promote_advance(kd_central *c)
{
    kd_promoter *p = &c->promoter;
    if (p->stage == KD_PROMOTION_LEADS || p->claim_read == 0) return;
    if (c->history_committed.read < p->claim_read) return;
    if (p->stage == KD_PROMOTION_CLAIMS) p->stage = KD_PROMOTION_MARKS;
    if (p->marker_read || kd_planted(c, KD_PLANT_NO_MARKER)) promote_settle(c);
}

/* ---- who may ---- */

static const char *promote_forbids_empty(const kd_claim_view *v)
{
    if (v->with_state > 0) return "its store is empty, and a member that has the state lives";
    if (!v->counts_empty) return "its store is empty, and a member that is away may have the state";
    return NULL;
}

static const char *promote_forbids(const kd_claim_view *v)
{
    if (v->operator_says_so || v->members == 0) return NULL; /* it reads to the end before it claims */
    if (!v->log_at_end) return "the likes topic is not read to its end";
    if (!v->counts_at_end) return "the counts topic is not read to its end";
    if (v->state == KD_FOLLOWS_LOST) return "the log does not reach back to where its store has read";
    if (v->empty) return promote_forbids_empty(v);
    if (v->agreed == 0 || v->state == KD_FOLLOWS_AGREED) return NULL;
    return v->state == KD_FOLLOWS_DIFFERS
               ? "its history differs from the leader's, and a member that agrees lives"
               : "its history was not compared with the leader's, and a member that agrees lives";
}

bool kd_central_may_claim(const kd_claim_view *v, const char **why)
{
    *why = promote_forbids(v);
    return *why == NULL;
}

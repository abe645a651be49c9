/* epoch.c - see the header. */
#include "central/core/epoch.h"

#include "central/core/commit.h"
#include "central/core/state.h"

#define CHANCE_MASK ((1ull << KD_EPOCH_CHANCE_BITS) - 1)
/*
 * We mint above each epoch that we hear of and believe, and edges never follow a lower epoch again. So whoever names one must not be able to spend the
 * numbers that takeovers need, nor to lead the edges to an epoch that a central which begins anew, with nothing but its clock, would not believe.
 * The clock bounds both: what is believed today is believed by every later start. AHEAD is for clocks that are wrong by years, ours or that of the
 * history that was undone. NEAR is for an epoch that lies above the bound already: a thousand takeovers, each of which takes about 2^20. It counts
 * from the start of the tenure, since counted from the present epoch it would be there for each record anew.
 */
#define AHEAD (1ull << 58) /* some nine years */
#define NEAR (1ull << 30)
#define BELIEVED_END (KD_TIME_END_US - NEAR)
/*
 * Each epoch that we mint costs a link of the chain, and edges throw away answers of the epoch before. An edge that names a higher epoch with each batch made
 * us mint 460 a second: the history of every edge was undone. The first mint by an envelope is free; more of them within CALM_US wait for one another,
 * twice as long each time. Nothing has to be remembered meanwhile: an edge that follows a higher epoch names it with its next batch again.
 */
enum { PAUSE_MIN_US = 1000000, PAUSE_MAX_US = 32000000, CALM_US = 600000000 };

void kd_epoch_link(kd_central *c, uint64_t epoch, uint64_t last)
{
    if (c->chain_count == KD_CHAIN_MAX) {
        c->chain_count--;
        memmove(&c->chain[0], &c->chain[1], c->chain_count * sizeof c->chain[0]);
    }
    c->chain[c->chain_count++] = (kd_chain_link){.epoch = epoch, .last = last};
}

/* The epoch before ends with the last version begun. An epoch that no commit carries leaves no link: nobody has heard of it. */
static void epoch_begin(kd_central *c, uint64_t epoch)
{
    if (c->epoch_begun) kd_epoch_link(c, c->epoch, c->begun);
    c->epoch = epoch;
    c->epoch_begun = c->epoch_durable = false;
}

void kd_epoch_succeed(kd_central *c, uint64_t epoch)
{
    c->epoch = c->epoch_opened = epoch;
    c->epoch_begun = c->epoch_durable = false;
    c->claim_read = true;
}

/* The clock is not believed either where it lies that far above the store's epoch: an edge could not follow us back. */
static uint64_t epoch_mint(const kd_central *c, uint64_t hint)
{
    bool clock = hint > c->epoch && (c->epoch == 0 || hint - c->epoch <= AHEAD);
    return clock ? hint : c->epoch + 1 + (hint & CHANCE_MASK);
}

void kd_epoch_open(kd_central *c, uint64_t hint)
{
    c->epoch_stored = c->epoch;
    c->epoch_begun = c->epoch > 0;
    bool keeps = kd_follows_now(c) || kd_planted(c, KD_PLANT_KEEP_EPOCH);
    if (!(keeps && c->epoch > 0)) epoch_begin(c, epoch_mint(c, hint));
    c->epoch_opened = c->epoch_committed = c->epoch;
}

static bool epoch_within(uint64_t epoch, uint64_t from, uint64_t reach)
{
    return epoch <= from || epoch - from <= reach;
}

bool kd_epoch_believed(const kd_central *c, uint64_t epoch)
{
    uint64_t clock = (c->fed_at_us / 1000) << KD_EPOCH_CHANCE_BITS;
    if (epoch <= c->epoch || (kd_follows_now(c) && epoch <= c->decider.in_force)) return true;
    if (epoch >= BELIEVED_END) return false;
    if (c->releasing) return true;
    if (kd_planted(c, KD_PLANT_EPOCH_BY_NUMBER)) return epoch < KD_TIME_END_US - (1ull << 50);
    return epoch_within(epoch, clock, AHEAD) || epoch_within(epoch, c->epoch_opened, NEAR);
}

uint64_t kd_epoch_above(const kd_central *c, uint64_t hint, uint64_t heard)
{
    uint64_t above = KD_MAX(heard, c->epoch);
    return hint > above && hint - above <= AHEAD ? hint : above + 1 + (hint & CHANCE_MASK);
}

static uint64_t epoch_chance(const kd_central *c, uint64_t heard)
{
    const uint64_t from[] = {c->config.seed, heard, c->epoch};
    return kd_hash(kd_bytes_of(from, sizeof from)) & CHANCE_MASK;
}

static void epoch_outbid(kd_central *c, uint64_t heard)
{
    epoch_begin(c, heard + 1 + epoch_chance(c, heard));
    c->epoch_heard = KD_MAX(c->epoch_heard, heard);
    c->took_over = true;
    c->stats.outbid++;
    kd_commit_open(c)->fed = true;
}

/* A clock that was set back does not lengthen a pause. */
static bool epoch_pauses(const kd_epoch_pause *p, uint64_t now_us)
{
    return p->length_us > 0 && now_us >= p->since_us && now_us - p->since_us < p->length_us;
}

static void epoch_pause(kd_epoch_pause *p, uint64_t now_us)
{
    bool lately = p->length_us > 0 && now_us >= p->since_us && now_us - p->since_us < CALM_US;
    p->length_us = lately ? KD_MIN(2 * p->length_us, (uint64_t)PAUSE_MAX_US) : PAUSE_MIN_US;
    p->since_us = now_us;
}

void kd_epoch_named(kd_central *c, uint64_t epoch)
{
    bool links = !kd_follows_now(c) && epoch > c->epoch && c->epoch_begun;
    if (links && epoch_pauses(&c->epoch_pause, c->fed_at_us)) return;
    if (links) epoch_pause(&c->epoch_pause, c->fed_at_us);
    kd_epoch_told(c, epoch);
}

void kd_epoch_told(kd_central *c, uint64_t epoch)
{
    if (kd_follows_now(c))
        c->follower.heard_epoch = KD_MAX(c->follower.heard_epoch, epoch);
    else if (epoch > c->epoch)
        epoch_outbid(c, epoch);
}

static bool epoch_is_ours(const kd_central *c, uint64_t epoch)
{
    if (epoch < c->epoch_opened) return false;
    for (uint32_t i = 0; i < c->chain_count; i++)
        if (c->chain[i].epoch == epoch) return true;
    return epoch == c->epoch;
}

/* Our own claim came back. Where another one is in force it is only a record: it is made again, naming that one. */
static kd_fed epoch_own_claim(kd_central *c, const kd_claim *claim)
{
    bool stands = claim->author == 0 || c->decider.in_force == claim->epoch || claim->epoch < c->epoch;
    c->claim_read |= stands;
    c->claim_again |= !stands && !c->claim_read;
    return KD_FED_CLAIM;
}

bool kd_central_claim_again(kd_central *c)
{
    bool again = c->claim_again;
    c->claim_again = false;
    return again;
}

kd_fed kd_epoch_claimed(kd_central *c, const kd_claim *claim, bool force)
{
    if (kd_bytes_eq(claim->central, c->config.name) && epoch_is_ours(c, claim->epoch))
        return epoch_own_claim(c, claim);
    /* In front of our own claim: of an earlier start than ours, or of a history that a restore undid. */
    if (!c->claim_read && claim->epoch > c->epoch_stored) c->took_over = true;
    if (claim->epoch < c->epoch || (claim->epoch == c->epoch && kd_bytes_eq(claim->central, c->config.name)))
        return KD_FED_CLAIM;
    if (!c->claim_read) {
        epoch_outbid(c, claim->epoch);
        return KD_FED_CLAIM;
    }
    bool twin = claim->epoch == c->epoch;     /* of one copy of the store: they minted the same */
    if (!force && !twin) return KD_FED_CLAIM; /* it came late: what it would supersede is over */
    c->fenced = true;                         /* behind our own claim: of a later start */
    return KD_FED_FENCED;
}

bool kd_central_durable(const kd_central *c)
{
    return c->epoch_durable && c->promoter.stage == KD_PROMOTION_LEADS;
}

bool kd_central_took_over(const kd_central *c)
{
    return c->took_over;
}

uint64_t kd_central_epoch(const kd_central *c)
{
    return c->epoch_committed;
}

/* epoch.c - see the header. */
#include "central/core/epoch.h"

#include "central/core/commit.h"
#include "central/core/state.h"

#define CHANCE_MASK ((1ull << KD_EPOCH_CHANCE_BITS) - 1)
/*
 * An epoch near the end of the numbers, named by mistake or in malice, would leave no epoch to mint above it. So of the last 2^50 numbers only those
 * are believed that lie near our own: a takeover takes about 2^20. The clock is not asked, since it may be the clock that is wrong: ours now, or that
 * of the history that was undone.
 */
#define LAST_NUMBERS (1ull << 50)
#define NEAR (1ull << 30)

/* The epoch before ends with the last version begun. An epoch that no commit carries leaves no link: nobody has heard of it. */
static void epoch_begin(kd_central *c, uint64_t epoch)
{
    if (c->epoch_begun && c->chain_count == KD_CHAIN_MAX) {
        c->chain_count--;
        memmove(&c->chain[0], &c->chain[1], c->chain_count * sizeof c->chain[0]);
    }
    if (c->epoch_begun) c->chain[c->chain_count++] = (kd_chain_link){.epoch = c->epoch, .last = c->begun};
    c->epoch = epoch;
    c->epoch_begun = c->epoch_durable = false;
}

void kd_epoch_open(kd_central *c, uint64_t hint)
{
    c->epoch_stored = c->epoch;
    c->epoch_begun = c->epoch > 0;
    /* The hint is made of the clock. If the clock is behind the stored epoch, mint above the stored epoch, with the hint's random low bits. */
    if (!(kd_planted(c, KD_PLANT_KEEP_EPOCH) && c->epoch > 0))
        epoch_begin(c, hint > c->epoch ? hint : c->epoch + 1 + (hint & CHANCE_MASK));
    c->epoch_opened = c->epoch_committed = c->epoch;
}

bool kd_epoch_believed(const kd_central *c, uint64_t epoch)
{
    if (epoch <= c->epoch) return true;
    if (epoch < KD_TIME_END_US - LAST_NUMBERS) return true;
    return epoch - c->epoch <= NEAR && epoch < KD_TIME_END_US - NEAR;
}

static uint64_t epoch_chance(const kd_central *c, uint64_t heard)
{
    const uint64_t from[] = {c->config.seed, heard, c->epoch};
    return kd_hash(kd_bytes_of(from, sizeof from)) & CHANCE_MASK;
}

static void epoch_outbid(kd_central *c, uint64_t heard)
{
    epoch_begin(c, heard + 1 + epoch_chance(c, heard));
    c->took_over = true;
    c->stats.outbid++;
    kd_commit_open(c)->fed = true;
}

void kd_epoch_told(kd_central *c, uint64_t epoch)
{
    if (epoch > c->epoch) epoch_outbid(c, epoch);
}

static bool epoch_is_ours(const kd_central *c, uint64_t epoch)
{
    if (epoch < c->epoch_opened) return false;
    for (uint32_t i = 0; i < c->chain_count; i++)
        if (c->chain[i].epoch == epoch) return true;
    return epoch == c->epoch;
}

kd_fed kd_epoch_claimed(kd_central *c, const kd_claim *claim)
{
    bool ours = kd_bytes_eq(claim->central, c->config.name) && epoch_is_ours(c, claim->epoch);
    c->claim_read |= ours;
    if (ours) return KD_FED_CLAIM;
    /* In front of our own claim: of an earlier start than ours, or of a history that a restore undid. */
    if (!c->claim_read && claim->epoch > c->epoch_stored) c->took_over = true;
    if (claim->epoch < c->epoch || (claim->epoch == c->epoch && kd_bytes_eq(claim->central, c->config.name)))
        return KD_FED_CLAIM;
    if (c->claim_read) { /* behind our own claim: of a later start */
        c->fenced = true;
        return KD_FED_FENCED;
    }
    epoch_outbid(c, claim->epoch);
    return KD_FED_CLAIM;
}

bool kd_central_durable(const kd_central *c)
{
    return c->epoch_durable;
}

bool kd_central_took_over(const kd_central *c)
{
    return c->took_over;
}

uint64_t kd_central_epoch(const kd_central *c)
{
    return c->epoch_committed;
}

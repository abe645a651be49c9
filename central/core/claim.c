/* claim.c - see the header. */
#include "central/core/claim.h"

#include "central/core/commit.h"
#include "central/core/in_force.h"
#include "central/core/row.h"
#include "central/core/state.h"
#include "kudos/follow.h"

static const uint8_t claim_key[] = {KD_ROW_CLAIM};

void kd_claim_mint(kd_central *c, uint64_t hint)
{
    const uint64_t from[] = {c->config.seed, hint, c->fed_at_us, c->claimer.identity};
    uint64_t minted = kd_hash(kd_bytes_of(from, sizeof from));
    c->claimer.identity = minted ? minted : 1;
    c->claimer.changed = true;
}

int kd_claim_load(kd_central *c, uint64_t hint)
{
    kd_claimer *l = &c->claimer;
    int err = c->store.get(c->store.ctx, kd_bytes_of(claim_key, 1), &c->value);
    if (err == KD_ENOTFOUND) {
        kd_claim_mint(c, hint);
        return KD_OK;
    }
    if (err != KD_OK) return err;
    kd_reader r = kd_reader_of(kd_buf_view(&c->value));
    l->identity = kd_read_be64(&r);
    l->author = kd_read_be64(&r);
    l->epoch = kd_read_be64(&r);
    return r.bad || kd_reader_left(&r) != 0 || l->identity == 0 ? KD_EMALFORMED : KD_OK;
}

int kd_central_make_another(const kd_store *store, uint64_t random, kd_writes *writes)
{
    kd_buf old = {0}, row = {0};
    const uint64_t identity = random ? random : 1;
    int err = store->get(store->ctx, kd_bytes_of(claim_key, 1), &old);
    if (err == KD_OK && old.len <= sizeof identity) err = KD_EMALFORMED;
    if (err == KD_OK) {
        kd_buf_put_be64(&row, identity);
        kd_buf_put(&row, old.data + sizeof identity, old.len - sizeof identity);
        kd_writes_put(writes, kd_bytes_of(claim_key, 1), kd_buf_view(&row));
    }
    kd_buf_finish(&old);
    kd_buf_finish(&row);
    return err == KD_ENOTFOUND ? KD_OK : err;
}

void kd_claim_put(kd_central *c, kd_commit *k)
{
    kd_claimer *l = &c->claimer;
    if (!l->changed) return;
    l->changed = false;
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, l->identity);
    kd_buf_put_be64(&c->value, l->author);
    kd_buf_put_be64(&c->value, l->epoch);
    kd_writes_put(&k->writes, kd_bytes_of(claim_key, 1), kd_buf_view(&c->value));
}

uint64_t kd_claim_superseded(const kd_central *c)
{
    return KD_MAX(c->decider.in_force, KD_MAX(c->epoch_heard, c->follower.told.epoch));
}

uint64_t kd_claim_author(const kd_central *c)
{
    if (!c->config.in_group) return c->claimer.identity;
    kd_bytes name = c->config.name;
    const uint64_t from[] = {c->claimer.identity, kd_hash(name)};
    uint64_t author = kd_hash(kd_bytes_of(from, sizeof from));
    return author ? author : 1;
}

bool kd_claim_is_ours(const kd_central *c, const kd_claim *claim)
{
    return claim->author == kd_claim_author(c);
}

/*
 * A claim whose predecessor lies above the one in force was written behind a claim that the log has lost: its author has read that one, so it is believed. An author
 * supersedes himself whatever he names: he cannot have read his own last claim when he died behind writing it.
 */
static bool claim_supersedes(const kd_central *c, const kd_claim *claim)
{
    uint64_t in_force = c->decider.in_force;
    bool author_known = c->claimer.epoch == in_force && c->claimer.author != 0;
    if (claim->epoch <= in_force) return false;
    if (claim->author == 0 || in_force == 0 || kd_planted(c, KD_PLANT_CLAIM_HIGHEST)) return true;
    return claim->supersedes >= in_force || (author_known && claim->author == c->claimer.author);
}

bool kd_claim_read(kd_central *c, const kd_claim *claim)
{
    if (!claim_supersedes(c, claim)) return false;
    kd_in_force_claimed(c, claim->epoch);
    c->claimer.author = claim->author;
    c->claimer.epoch = claim->epoch;
    c->claimer.changed = true;
    return true;
}

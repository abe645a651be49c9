/* follow.c - see the headers. */
#include "central/core/follow.h"

#include "central/core/redo.h"
#include "central/core/row.h"
#include "central/core/state.h"

#include <stdlib.h>

static const uint8_t follow_key[] = {KD_ROW_FOLLOWS};

/* ---- the row ---- */

static void follow_put(kd_central *c)
{
    const kd_follower *f = &c->follower;
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, f->since);
    kd_buf_put_be64(&c->value, f->leader_epoch);
    kd_buf_put(&c->value, f->leader, f->leader_len);
    kd_writes_put(&kd_commit_open(c)->writes, kd_bytes_of(follow_key, 1), kd_buf_view(&c->value));
}

static void follow_set_leader(kd_follower *f, kd_bytes name)
{
    f->leader_len = (uint8_t)name.len;
    memcpy(f->leader, name.data, name.len);
}

static int follow_read_row(kd_central *c)
{
    kd_follower *f = &c->follower;
    kd_reader r = kd_reader_of(kd_buf_view(&c->value));
    f->noted = true;
    f->since = kd_read_be64(&r);
    f->leader_epoch = kd_read_be64(&r);
    kd_bytes name = kd_read_bytes(&r, kd_reader_left(&r));
    if (r.bad || f->since > c->version || (name.len > 0 && !kd_name_valid(name))) return KD_EMALFORMED;
    if (name.len > 0) follow_set_leader(f, name);
    return KD_OK;
}

static void follow_begin(kd_central *c)
{
    kd_follower *f = &c->follower;
    if (!f->noted) {
        f->noted = true;
        f->since = c->version;
        follow_put(c);
    }
    f->digests = kd_alloc(KD_FOLLOW_DIGESTS * sizeof *f->digests);
    f->from = c->history_tentative.read;
    f->digests[f->from % KD_FOLLOW_DIGESTS] = c->history_tentative.digest;
}

int kd_follow_load(kd_central *c)
{
    int err = c->store.get(c->store.ctx, kd_bytes_of(follow_key, 1), &c->value);
    if (err == KD_OK) err = follow_read_row(c);
    if (err != KD_OK && err != KD_ENOTFOUND) return err;
    if (c->config.follows) follow_begin(c);
    return KD_OK;
}

void kd_follow_claimed(kd_central *c, const kd_claim *claim)
{
    kd_follower *f = &c->follower;
    if (claim->epoch <= f->leader_epoch) return;
    f->leader_epoch = claim->epoch;
    follow_set_leader(f, claim->central);
    follow_put(c);
}

uint64_t kd_follow_end(kd_central *c)
{
    kd_follower *f = &c->follower;
    if (!f->noted) return c->begun;
    f->noted = false;
    kd_writes_delete(&kd_commit_open(c)->writes, kd_bytes_of(follow_key, 1));
    return f->since;
}

void kd_follow_finish(kd_follower *f)
{
    free(f->digests);
}

/* ---- comparing ---- */

static bool follow_knows(const kd_central *c, uint64_t read)
{
    uint64_t ours = c->history_tentative.read;
    return read <= ours && read >= c->follower.from && ours - read < KD_FOLLOW_DIGESTS;
}

static void follow_judge(kd_central *c, const kd_history *leader)
{
    kd_follower *f = &c->follower;
    if (!follow_knows(c, leader->read) || f->told.state >= KD_FOLLOWS_DIFFERS) return;
    bool agrees = f->digests[leader->read % KD_FOLLOW_DIGESTS] == leader->digest;
    f->told.compared++;
    f->told.state = agrees ? KD_FOLLOWS_AGREED : KD_FOLLOWS_DIFFERS;
    if (!agrees) f->told.differs = *leader;
}

/* What is ahead is kept until we are there, also when more is heard meanwhile: so who lags far behind compares as well. */
void kd_central_compare(kd_central *c, const kd_snapshot *s)
{
    kd_follower *f = &c->follower;
    if (!f->digests || s->history.read == 0 || s->epoch < f->told.epoch) return;
    f->told.epoch = s->epoch;
    f->told.version = s->version;
    f->told.heard = s->history;
    bool ahead = s->history.read > c->history_tentative.read;
    if (!ahead) follow_judge(c, &s->history);
    if (!ahead || (f->awaited.read > 0 && f->awaited_epoch == s->epoch)) return;
    f->awaited = s->history;
    f->awaited_epoch = s->epoch;
}

void kd_follow_read(kd_central *c)
{
    kd_follower *f = &c->follower;
    if (!f->digests) return;
    f->digests[c->history_tentative.read % KD_FOLLOW_DIGESTS] = c->history_tentative.digest;
    if (f->awaited.read != c->history_tentative.read) return;
    follow_judge(c, &f->awaited);
    f->awaited.read = 0;
}

void kd_central_get_following(const kd_central *c, kd_following *out)
{
    const kd_follower *f = &c->follower;
    *out = f->told;
    out->follows = c->config.follows;
    out->name = c->config.name;
    out->ours = c->history_tentative;
    if (out->follows) out->leader = kd_bytes_of(f->leader, f->leader_len);
    if (out->follows) out->leader_epoch = f->leader_epoch;
}

void kd_central_lose(kd_central *c)
{
    c->follower.told.state = KD_FOLLOWS_LOST;
}

const char *kd_follows_name(kd_follows state)
{
    static const char *const names[] = {"unproven", "agreed", "differs", "lost"};
    return (size_t)state < KD_COUNT(names) ? names[state] : "unknown";
}

/* ---- nothing is published ---- */

void kd_follow_committed(kd_central *c)
{
    if (!c->config.follows) return;
    c->published = c->snapshot_version = c->version;
    kd_counts_clear_unsent(&c->counts);
    kd_redo_settle(c);
}

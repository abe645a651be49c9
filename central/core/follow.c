/* follow.c - see the headers. */
#include "central/core/follow.h"

#include "central/core/epoch.h"
#include "central/core/milestones.h"
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

int kd_central_stored_follows(const kd_store *store, kd_buf *leader)
{
    kd_buf value = {0};
    kd_buf_clear(leader);
    int err = store->get(store->ctx, kd_bytes_of(follow_key, sizeof follow_key), &value);
    kd_reader r = kd_reader_of(kd_buf_view(&value));
    kd_read_be64(&r); /* since */
    kd_read_be64(&r); /* the epoch of its leader */
    kd_bytes name = kd_read_bytes(&r, kd_reader_left(&r));
    if (err == KD_OK && r.bad) err = KD_EMALFORMED;
    if (err == KD_OK) kd_buf_put(leader, name.data, name.len);
    kd_buf_finish(&value);
    return err;
}

/* ---- digests of records ---- */

static void follow_set_digest(kd_follower *f, uint64_t record, uint64_t digest)
{
    f->digests[record % KD_FOLLOW_DIGESTS] = digest;
}

static kd_follow_place *follow_place(const kd_follower *f, uint32_t i)
{
    return &f->places[(f->place_first + i) % KD_FOLLOW_PLACES];
}

static kd_bytes follow_digests_key(kd_central *c, uint64_t first)
{
    kd_buf_clear(&c->key);
    kd_buf_put_u8(&c->key, KD_ROW_FOLLOWS);
    kd_buf_put_u8(&c->key, 2);
    kd_buf_put_be64(&c->key, first);
    return kd_buf_view(&c->key);
}

static int follow_load_digests(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    kd_follower *f = &c->follower;
    kd_reader k = kd_reader_of(kd_bytes_of(key.data + 2, key.len - 2)), r = kd_reader_of(value);
    kd_follow_place place = {.first = kd_read_be64(&k), .version = kd_read_be64(&r)};
    if (k.bad || r.bad || kd_reader_left(&k) != 0 || f->place_count == KD_FOLLOW_PLACES) return KD_EMALFORMED;
    if (f->place_count == 0 || follow_place(f, f->place_count - 1)->last + 1 != place.first)
        f->from = place.first;
    for (place.last = place.first - 1; kd_reader_left(&r) > 0;)
        follow_set_digest(f, ++place.last, kd_read_be64(&r));
    if (r.bad || place.last < place.first || place.version > c->version) return KD_EMALFORMED;
    *follow_place(f, f->place_count++) = place;
    return 0;
}

static void follow_drop_place(kd_central *c, kd_writes *writes)
{
    kd_follower *f = &c->follower;
    kd_writes_delete(writes, follow_digests_key(c, follow_place(f, 0)->first));
    f->place_first = (f->place_first + 1) % KD_FOLLOW_PLACES;
    f->place_count--;
}

/* A history that goes on elsewhere than the digests end is another one: a program that did not follow has written since. */
static void follow_trust_digests(kd_central *c)
{
    kd_follower *f = &c->follower;
    uint64_t read = c->history_tentative.read;
    bool there = f->place_count > 0 && follow_place(f, f->place_count - 1)->last == read &&
                 f->digests[read % KD_FOLLOW_DIGESTS] == c->history_tentative.digest;
    while (!there && f->place_count > 0) follow_drop_place(c, &kd_commit_open(c)->writes);
    if (!there) f->from = read;
    follow_set_digest(f, read, c->history_tentative.digest);
    f->put = read;
}

static int follow_begin(kd_central *c, uint64_t hint)
{
    static const uint8_t from[] = {KD_ROW_FOLLOWS, 2}, to[] = {KD_ROW_FOLLOWS, 3};
    kd_follower *f = &c->follower;
    if (!f->noted) {
        f->noted = true;
        f->since = c->version;
        follow_put(c);
        kd_claim_mint(c, hint);
    }
    f->offset = -1;
    f->digests = kd_alloc(KD_FOLLOW_DIGESTS * sizeof *f->digests);
    f->places = kd_alloc(KD_FOLLOW_PLACES * sizeof *f->places);
    int err = c->store.scan(c->store.ctx, kd_bytes_of(from, 2), kd_bytes_of(to, 2), follow_load_digests, c);
    if (err != KD_OK) return err;
    follow_trust_digests(c);
    return KD_OK;
}

int kd_follow_load(kd_central *c, uint64_t hint)
{
    int err = c->store.get(c->store.ctx, kd_bytes_of(follow_key, 1), &c->value);
    if (err == KD_OK) err = follow_read_row(c);
    if (err != KD_OK && err != KD_ENOTFOUND) return err;
    return c->config.follows || c->follower.noted ? follow_begin(c, hint) : KD_OK;
}

void kd_follow_put(kd_central *c, kd_commit *k)
{
    kd_follower *f = &c->follower;
    if (!f->digests || k->history.read == f->put) return;
    kd_follow_place place = {.version = k->version, .first = f->put + 1, .last = k->history.read};
    if (place.last - f->put > KD_FOLLOW_DIGESTS) place.first = place.last - KD_FOLLOW_DIGESTS + 1;
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, k->version);
    for (uint64_t i = place.first; i <= place.last; i++)
        kd_buf_put_be64(&c->value, f->digests[i % KD_FOLLOW_DIGESTS]);
    while (f->place_count > 0 &&
           (f->place_count == KD_FOLLOW_PLACES || follow_place(f, 0)->last + KD_FOLLOW_DIGESTS <= place.last))
        follow_drop_place(c, &k->writes);
    kd_writes_put(&k->writes, follow_digests_key(c, place.first), kd_buf_view(&c->value));
    *follow_place(f, f->place_count++) = place;
    f->put = place.last;
}

/* Version of the newest durable commit that holds no record above `read`; 0: it is not known. */
static uint64_t follow_version_at(const kd_central *c, uint64_t read)
{
    const kd_follower *f = &c->follower;
    for (uint32_t i = f->place_count; i > 0; i--) {
        const kd_follow_place *p = follow_place(f, i - 1);
        if (p->last <= read && p->version <= c->version) return p->version;
    }
    return 0;
}

/* ---- the leader ---- */

void kd_follow_told(kd_central *c, uint64_t epoch)
{
    c->follower.heard_epoch = KD_MAX(c->follower.heard_epoch, epoch);
}

void kd_follow_heard_version(kd_central *c, uint64_t version)
{
    kd_follower *f = &c->follower;
    if (!f->digests || version <= f->heard_version) return;
    f->heard_version = version;
    c->promoter.changed = true;
}

void kd_follow_claimed(kd_central *c, const kd_claim *claim, bool force)
{
    kd_follower *f = &c->follower;
    kd_follow_told(c, claim->epoch);
    if (!force) return;
    if (claim->epoch <= f->leader_epoch) return;
    f->claim_epoch = f->leader_epoch = claim->epoch;
    f->claim_at = c->history_tentative.read + 1;
    follow_set_leader(f, claim->central);
    follow_put(c);
}

uint64_t kd_follow_end(kd_central *c)
{
    return c->follower.noted ? c->follower.since : c->begun;
}

void kd_follow_over(kd_central *c)
{
    kd_follower *f = &c->follower;
    kd_writes *writes = &kd_commit_open(c)->writes;
    kd_writes_delete(writes, kd_bytes_of(follow_key, 1));
    while (f->place_count > 0) follow_drop_place(c, writes);
    f->noted = false;
    kd_follow_finish(f);
}

void kd_follow_finish(kd_follower *f)
{
    free(f->digests);
    free(f->places);
    f->digests = NULL;
    f->places = NULL;
}

/* ---- comparing ---- */

static bool follow_knows(const kd_central *c, uint64_t read)
{
    const kd_follower *f = &c->follower;
    uint64_t ours = c->history_tentative.read;
    return f->digests && read <= ours && read >= f->from && ours - read < KD_FOLLOW_DIGESTS;
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

static bool follow_is_whole(const kd_follow_heard *h)
{
    return h->heard == h->parts;
}

/* A snapshot of which as many records are read here as it tells of. Edges can have installed it only where all its parts are there. */
static void follow_settle(kd_central *c, kd_follow_heard *h)
{
    uint64_t read = h->history.read;
    if (read == 0 || !follow_knows(c, read)) return;
    follow_judge(c, &h->history);
    bool agrees = c->follower.digests[read % KD_FOLLOW_DIGESTS] == h->history.digest;
    if (!agrees || !follow_is_whole(h)) return;
    kd_milestones_vouched(c, h->told);
    kd_link_agreed(c, h, follow_version_at(c, read), follow_version_at(c, h->told));
    h->history.read = 0;
}

static void follow_take(kd_follow_heard *h, const kd_snapshot *s)
{
    *h = (kd_follow_heard){.epoch = s->epoch, .version = s->version, .history = s->history};
    h->told = s->history.read - s->untold;
    h->parts = s->parts;
    h->chain_count = s->chain_count;
    if (s->chain_count > 0) memcpy(h->chain, s->chain, s->chain_count * sizeof h->chain[0]);
}

static void follow_take_part(kd_follow_heard *h, const kd_snapshot *s)
{
    uint8_t bit = (uint8_t)(1u << s->part % 8);
    if (h->epoch != s->epoch || h->version != s->version || h->parts != s->parts) return;
    h->heard += (h->part[s->part / 8] & bit) == 0;
    h->part[s->part / 8] |= bit;
}

/* A snapshot of the same version, of which the topics of changes and milestones have more. */
static void follow_told_more(kd_central *c, const kd_snapshot *s)
{
    kd_follow_heard *h = &c->follower.newest;
    h->told = s->history.read - s->untold;
    if (h->history.read > 0) return; /* else it was compared, and agreed */
    kd_milestones_vouched(c, h->told);
    kd_link_told(c, follow_version_at(c, h->told));
}

/* A leader has read its claim before it writes its marker, and this snapshot was made behind that. So it has read fewer records up to that claim than this store. */
static void follow_judge_ahead(kd_central *c, const kd_snapshot *s)
{
    kd_follower *f = &c->follower;
    bool marked = s->epoch == f->marked_epoch && s->epoch == f->claim_epoch && s->made_us >= f->marked_at_us;
    if (!marked || s->history.read >= f->claim_at || f->told.state >= KD_FOLLOWS_DIFFERS) return;
    f->told.state = KD_FOLLOWS_DIFFERS;
    f->told.differs = s->history;
}

/* What is ahead is kept until we are there, also when more is heard meanwhile: so who lags far behind compares as well. */
void kd_central_compare(kd_central *c, const kd_snapshot *s)
{
    kd_follower *f = &c->follower;
    if (!f->digests || !kd_epoch_believed(c, s->epoch)) return;
    kd_follow_heard_version(c, s->version);
    kd_follow_told(c, s->epoch);
    if (s->history.read == 0 || s->epoch < KD_MAX(f->told.epoch, f->marked_epoch)) return;
    if (s->epoch == f->told.epoch && s->version < f->told.version) return;
    bool again = f->newest.epoch == s->epoch && f->newest.version == s->version &&
                 f->told.heard.digest == s->history.digest;
    f->told.epoch = s->epoch;
    f->told.version = s->version;
    f->told.heard = s->history;
    follow_judge_ahead(c, s);
    if (again) {
        follow_told_more(c, s);
    } else {
        follow_take(&f->newest, s);
        f->newest.offset = f->offset;
    }
    follow_take_part(&f->newest, s);
    follow_take_part(&f->awaited, s);
    bool waits = f->awaited.history.read > 0 && f->awaited.epoch == s->epoch;
    if (s->history.read <= c->history_tentative.read)
        follow_settle(c, &f->newest);
    else if (!waits)
        f->awaited = f->newest;
}

void kd_follow_read(kd_central *c)
{
    kd_follower *f = &c->follower;
    uint64_t read = c->history_tentative.read;
    if (!f->digests) return;
    follow_set_digest(f, read, c->history_tentative.digest);
    bool one = f->awaited.epoch == f->newest.epoch && f->awaited.version == f->newest.version;
    if (f->newest.history.read == read) follow_settle(c, &f->newest);
    if (f->awaited.history.read != read) return;
    if (!one) follow_settle(c, &f->awaited);
    f->awaited.history.read = 0; /* the next one that is ahead is awaited */
}

bool kd_follow_concerns(const kd_central *c, const kd_snapshot *s)
{
    return s->kind == KD_SNAPSHOT_DELTA && s->partition == c->config.partition;
}

void kd_follow_hear(kd_central *c, const kd_snapshot *s, int64_t offset)
{
    c->follower.offset = offset;
    if (kd_follow_concerns(c, s)) kd_central_compare(c, s);
    c->follower.offset = -1;
}

/* ---- the end of the log ---- */

bool kd_central_lags(const kd_central *c)
{
    return c->follower.digests && c->follower.told.heard.read > c->history_tentative.read;
}

static void follow_note_short(kd_central *c, uint64_t mono_us)
{
    kd_follower *f = &c->follower;
    f->short_of = kd_central_lags(c) ? f->told.heard : (kd_history){0};
    f->short_epoch = f->told.epoch;
    f->short_us = mono_us;
}

void kd_follow_at_end(kd_central *c, uint64_t mono_us)
{
    kd_follower *f = &c->follower;
    if (f->told.state >= KD_FOLLOWS_DIFFERS) return;
    bool still = f->short_of.read > c->history_tentative.read && f->short_epoch == f->told.epoch;
    if (!still) {
        follow_note_short(c, mono_us);
        return;
    }
    if (mono_us - f->short_us < KD_FOLLOW_PROOF_US || kd_planted(c, KD_PLANT_SHORT_AGREES)) return;
    f->told.state = KD_FOLLOWS_DIFFERS;
    f->told.differs = f->short_of;
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
    if (!kd_follows_now(c)) return;
    if (c->config.follows) kd_counts_clear_unsent(&c->counts); /* the next open finds them in the redo */
    if (c->redo.owed_bytes > KD_FOLLOW_REDO_MAX) kd_link_break(c);
}

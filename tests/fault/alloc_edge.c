/* alloc_edge.c - an edge's shard at work: likes, unlikes, sums, retries, seals, snapshots, a read through, a restart. */
#include "tests/fault/alloc.h"
#include "tests/lib/edge_rig.h"

enum { OPS = 48, ITEMS = 6, USERS = 5 };

static kd_request operation(uint32_t n)
{
    kd_request rq = er_request(n % ITEMS, n / ITEMS % USERS);
    rq.verb = n % 11 == 10 ? KD_ADD : n % 7 == 6 ? KD_UNLIKE : KD_LIKE;
    if (rq.verb == KD_ADD) rq.counter = ER_VIEW, rq.amount = n;
    if (n % 3 == 0) rq.idempotency_key = rig_user(1000 + n);
    return rq;
}

typedef struct {
    edge_rig r;
    story *s;
    uint32_t acked, taken; /* operations */
} work;

static void commit(work *w)
{
    const kd_writes *writes;
    uint64_t group;
    while (kd_edge_commit_begin(w->r.e, w->r.now_us, &writes, &group) == KD_OK) {
        story_write(w->s, w->r.disk, writes);
        KD_ASSERT(kd_edge_commit_end(w->r.e, group, KD_OK) == KD_OK);
    }
    for (; w->acked < w->taken; w->acked++)
        story_tell(w->s, TOLD_ACK, kd_bytes_of(&w->acked, sizeof w->acked));
}

static void take(work *w, uint32_t to)
{
    for (; w->taken < to; w->taken++) {
        kd_request rq = operation(w->taken);
        KD_ASSERT(er_take(&w->r, &rq) == KD_OK);
        w->r.now_us += 1000;
    }
    commit(w);
}

static void ship(work *w)
{
    kd_edge_seal_all(w->r.e, w->r.now_us);
    commit(w);
    while (er_send(&w->r) == KD_OK) {
        story_tell(w->s, TOLD_RECORD, kd_buf_view(&w->r.record));
        kd_edge_delivered(w->r.e, 0, w->r.batch.at, true, w->r.now_us);
    }
}

static void hear(work *w, uint64_t version, uint32_t parts)
{
    for (uint32_t part = 0; part < parts; part++) {
        er_word word = {.epoch = 5,
                        .version = version,
                        .previous = version - 1,
                        .applied = w->r.batch.at,
                        .digest = w->r.batch.digest,
                        .watermark_us = w->r.now_us,
                        .low_us = w->r.now_us,
                        .stable_us = 1,
                        .item = part * 2,
                        .items = 2,
                        .likes = 3,
                        .part = part,
                        .parts = parts};
        er_snapshot(&w->r, &word);
    }
    commit(w);
}

/* er_init without its commit, which would not be told. */
static void begin(work *w)
{
    edge_rig *r = &w->r;
    er_init(r);
    kd_edge_close(r->e);
    r->e = NULL;
    sim_disk_wipe(r->disk);
    r->config.fresh_rows_max = 8;
    r->key_window.max = 8;
    r->config.row_ttl_us = ER_SECOND;
    KD_ASSERT(er_open(r) == KD_OK);
}

static void run(story *s)
{
    work w = {.s = s};
    begin(&w);
    commit(&w);
    take(&w, 16);
    ship(&w);
    hear(&w, 1, 1);
    take(&w, 32);
    er_word asked = {.epoch = 5,
                     .version = 1,
                     .previous = 1,
                     .applied = w.r.batch.at,
                     .digest = w.r.batch.digest,
                     .item = 5,
                     .likes = 9};
    er_read(&w.r, &asked);
    ship(&w);
    hear(&w, 2, 2);
    take(&w, 40);
    KD_ASSERT(er_open(&w.r) == KD_OK);
    commit(&w);
    take(&w, OPS);
    ship(&w);
    er_finish(&w.r);
}

/* The count that the users' last likes and unlikes give. */
static void expect_members(edge_rig *r)
{
    for (uint32_t item = 0; item < ITEMS; item++)
        for (uint32_t user = 0; user < USERS; user++) {
            int wanted = KD_ENOTFOUND;
            for (uint32_t n = 0; n < OPS; n++) {
                kd_request rq = operation(n);
                if (rq.verb != KD_ADD && n % ITEMS == item && n / ITEMS % USERS == user)
                    wanted = rq.verb == KD_LIKE;
            }
            KD_ASSERT(kd_edge_member(r->e, ER_LIKE, rig_item(item), rig_user(user)) == wanted);
        }
}

static uint32_t acked_of(const story *s)
{
    size_t at = 0;
    sim_told what;
    uint32_t acked = 0;
    for (kd_bytes bytes; story_next(s, &at, &what, &bytes);) acked += what == TOLD_ACK;
    return acked;
}

/* Nothing acknowledged is lost: going on from the stored state gives the same counts. */
static void go_on(const story *s)
{
    edge_rig r;
    er_init(&r);
    sim_disk_destroy(r.disk);
    r.disk = story_disk(s);
    r.now_us += 100 * ER_SECOND;
    KD_ASSERT(er_open(&r) == KD_OK);
    er_commit(&r);
    for (uint32_t n = acked_of(s); n < OPS; n++) {
        kd_request rq = operation(n);
        KD_ASSERT(er_take(&r, &rq) == KD_OK);
    }
    er_seal(&r);
    expect_members(&r);
    while (er_send(&r) == KD_OK) kd_edge_delivered(r.e, 0, r.batch.at, true, r.now_us);
    er_finish(&r);
}

const subject edge_subject = {"edge", run, go_on};

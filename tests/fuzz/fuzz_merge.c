/*
 * fuzz_merge.c - any bytes as records for central's core, and as bodies in an envelope with the right digest (which reach the code behind
 * that check), between commits, restarts, snapshots and an operator at the quarantine. Whatever was fed, an audit of the store says
 * exact, and every published record decodes.
 */
#include <stdlib.h>

#include "kudos/audit.h"
#include "kudos/decide.h"
#include "kudos/erase.h"
#include "kudos/quarantine.h"
#include "kudos/void.h"
#include "tests/fuzz/input.h"
#include "tests/lib/central_rig.h"

enum { STEPS_MAX = 64 };
#define NOW (1700000000ull * 1000000)

typedef struct {
    rig r;
    kd_position last[2]; /* of the two edges that seal */
    uint64_t last_digest[2];
} world;

static void reopen(world *w)
{
    KD_ASSERT(rig_reopen(&w->r) == KD_OK);
    rig_commit(&w->r);
    KD_ASSERT(kd_central_log_check(w->r.c, kd_bytes_of(NULL, 0)) >= -1);
}

/* A crash: merges that were not committed are gone, and the edges send these batches again. */
static void resync(world *w)
{
    kd_central_edge edges[8];
    uint32_t n = kd_central_edges(w->r.c, edges, KD_COUNT(edges));
    for (int e = 0; e < 2; e++) {
        w->last[e] = (kd_position){0};
        w->last_digest[e] = 0;
        for (uint32_t i = 0; i < KD_MIN(n, (uint32_t)KD_COUNT(edges)); i++) {
            if (!kd_bytes_eq(edges[i].name, kd_bytes_str(e ? "b" : "a"))) continue;
            w->last[e] = edges[i].applied;
            w->last_digest[e] = edges[i].digest;
        }
    }
}

static void feed(world *w, kd_bytes record)
{
    kd_fed fed = kd_central_feed(w->r.c, record, w->r.offset++, NOW);
    KD_ASSERT(fed != KD_FED_POISONED);
    if (fed != KD_FED_FENCED) return;
    reopen(w);
    resync(w);
}

static void feed_body(world *w, int e, bool damaged, kd_bytes body)
{
    kd_buf record = {0};
    kd_position at = {w->last[e].incarnation + (w->last[e].incarnation == 0), w->last[e].seq + 1};
    kd_batch b = {.edge = kd_bytes_str(e ? "b" : "a"),
                  .region = kd_bytes_str(e ? "west" : "east"),
                  .at = at,
                  .digest = kd_body_digest(body) + damaged,
                  .sent_us = NOW,
                  .after = w->last[e],
                  .after_digest = w->last_digest[e],
                  .complete_to_us = NOW,
                  .body = body};
    kd_batch_encode(&b, &record);
    kd_fed fed = kd_central_feed(w->r.c, kd_buf_view(&record), w->r.offset++, NOW);
    KD_ASSERT(fed == KD_FED_MERGED || fed == KD_FED_QUARANTINED || fed == KD_FED_UNKNOWN_SCHEMA ||
              fed == KD_FED_RETIRED || fed == KD_FED_GAP || fed == KD_FED_DUPLICATE ||
              fed == KD_FED_IDENTITY || fed == KD_FED_UNKNOWN_COUNTER);
    if (fed == KD_FED_MERGED) {
        w->last[e] = at;
        w->last_digest[e] = b.digest;
    }
    kd_buf_finish(&record);
}

/* Any bytes as the body of a decision of this tenure, of a sort that their number says; those that it would write are merged, each seq once. */
static void decide(world *w, kd_bytes body)
{
    kd_bytes job = kd_bytes_str("j");
    kd_buf record = {0};
    kd_decision d = {.job = job, .what = (kd_decided)(KD_DECIDED_OPERATIONS + body.len % 3), .body = body};
    if (body.len <= KD_ID_MAX && kd_id_valid(body)) d.what = KD_DECIDED_ERASE;
    rig_commit(&w->r);
    d.seq = kd_central_decided(w->r.c, job).seq + 1;
    if (d.what == KD_DECIDED_OPERATIONS) d.region = kd_bytes_str("west");
    if (d.what != KD_DECIDED_OPERATIONS) d.stamp_us = NOW + (d.what == KD_DECIDED_PUT_BACK);
    if (d.what == KD_DECIDED_ERASE) d.stamp_us += d.seq;
    d.author = kd_bytes_str(d.what == KD_DECIDED_OPERATIONS ? "_fuzz"
                            : d.what == KD_DECIDED_ERASE    ? KD_ERASE_AUTHOR
                                                            : KD_VOID_AUTHOR);
    if (body.len > 0 && kd_central_decide(w->r.c, &d, NOW, &record) == KD_OK) {
        kd_fed first = kd_central_feed(w->r.c, kd_buf_view(&record), w->r.offset++, NOW),
               second = kd_central_feed(w->r.c, kd_buf_view(&record), w->r.offset++, NOW);
        KD_ASSERT(second == (first == KD_FED_DECIDED ? KD_FED_DUPLICATE : KD_FED_VOID));
    }
    kd_buf_finish(&record);
}

static void wrong(void *arg, const kd_audit_mismatch *m)
{
    (void)arg, (void)m;
}

static bool go_on(void *arg, uint64_t rows)
{
    (void)arg, (void)rows;
    return true;
}

static void audit(world *w)
{
    kd_audit_result result;
    kd_audit_config config = {.counters = &w->r.counters,
                              .shown = kd_central_counts_copy(w->r.c, 1000),
                              .mismatch = wrong,
                              .progress = go_on};
    KD_ASSERT(kd_audit_run(&w->r.store, &config, &result) == KD_OK && result.mismatches == 0);
    kd_counts_copy_destroy(config.shown);
}

static void check_part(void *arg, kd_bytes record)
{
    kd_snapshot s;
    (void)arg;
    KD_ASSERT(kd_snapshot_decode(record, &s) == KD_OK);
    kd_snapshot_finish(&s);
}

static void publish(world *w)
{
    kd_buf record = {0};
    uint64_t version;
    kd_changes changes;
    rig_commit(&w->r);
    KD_ASSERT(kd_central_snapshot(w->r.c, NOW, check_part, NULL) == KD_OK);
    while (kd_central_milestones_next(w->r.c, &record, &version) == KD_OK) {
        kd_milestones milestones;
        KD_ASSERT(kd_milestones_decode(kd_buf_view(&record), &milestones) == KD_OK);
        kd_milestones_finish(&milestones);
        kd_central_milestones_delivered(w->r.c);
    }
    while (kd_central_changes_next(w->r.c, &record, &version) == KD_OK) {
        KD_ASSERT(kd_changes_decode(kd_buf_view(&record), &changes) == KD_OK);
        kd_changes_finish(&changes);
        kd_central_changes_delivered(w->r.c, version);
    }
    kd_buf_finish(&record);
}

static int first_one(void *arg, const kd_quarantined *q)
{
    *(uint64_t *)arg = q->id;
    KD_ASSERT(kd_poison_name(q->poison) != NULL && q->bytes.len <= q->length);
    return 1;
}

static void operate(world *w, bool drop)
{
    uint64_t id;
    kd_buf body = {0};
    rig_commit(&w->r);
    if (kd_central_quarantine_each(w->r.c, first_one, &id) != 1) return;
    kd_decided_id_put(&body, id);
    int err = rig_decide(&w->r, drop ? KD_DECIDED_DROP : KD_DECIDED_RELEASE, kd_buf_view(&body), NULL);
    KD_ASSERT(err != KD_EIO && err != KD_ENOTFOUND);
    kd_buf_finish(&body);
    kd_central_log_again(w->r.c);
    rig_commit(&w->r);
    resync(w);
}

static void step(world *w, uint8_t verb, kd_bytes bytes)
{
    switch (verb % 8) {
    case 0:
        feed(w, bytes);
        break;
    case 1:
    case 2:
        feed_body(w, verb % 8 - 1, false, bytes);
        break;
    case 3:
        feed_body(w, 0, true, bytes);
        break;
    case 4:
        rig_commit(&w->r);
        audit(w);
        break;
    case 5:
        publish(w);
        break;
    case 6:
        reopen(w);
        resync(w);
        break;
    default:
        if (verb & 16)
            decide(w, bytes);
        else
            operate(w, verb & 8);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_reader in = kd_reader_of(kd_bytes_of(data, size));
    world w = {.last = {{0}}};
    uint8_t verb;
    kd_bytes bytes;
    rig_init(&w.r);
    KD_ASSERT(kd_central_log_check(w.r.c, kd_bytes_of(NULL, 0)) >= -1);
    for (int i = 0; i < STEPS_MAX && fuzz_step(&in, &verb, &bytes); i++) step(&w, verb, bytes);
    publish(&w);
    audit(&w);
    rig_finish(&w.r);
    return 0;
}

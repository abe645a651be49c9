/* alloc_central.c - a partition of central at work: batches of three edges, a poisoned one, commits, publishing, reads, a backup, a
 * restart. */
#include "kudos/audit.h"
#include "kudos/forget.h"
#include "kudos/quarantine.h"
#include "tests/fault/alloc.h"
#include "tests/lib/central_rig.h"

enum { BATCHES = 12, ITEMS = 4 };

static kd_buf records[BATCHES]; /* sealed once, before anything fails */
static uint64_t wanted[ITEMS];

static void seal_all(void)
{
    static rig_edge edges[] = {{.name = "lima", .region = "andes"},
                               {.name = "mumbai", .region = "asia"},
                               {.name = "oslo", .region = "europe"}};
    for (uint32_t b = 0; b < BATCHES && records[b].len == 0; b++) {
        rig_op ops[5];
        for (uint32_t i = 0; i < KD_COUNT(ops); i++)
            ops[i] = (rig_op){i % ITEMS, b + i / ITEMS * 100, 1000000 + b * 1000 + i, RIG_LIKE, b % 5 != 4};
        kd_sum sum = {.item = rig_item(b % ITEMS), .amount = b + 1, .counter = RIG_VIEW};
        rig_seal(&edges[b % 3], ops, KD_COUNT(ops), &sum, 1, 2000000, &records[b]);
    }
}

typedef struct {
    rig r;
    story *s;
} work;

static void commit(work *w)
{
    const kd_writes *writes;
    uint64_t version;
    while (kd_central_commit_begin(w->r.c, &writes, &version) == KD_OK) {
        story_write(w->s, w->r.disk, writes);
        KD_ASSERT(kd_central_commit_end(w->r.c, version, KD_OK) == KD_OK);
    }
}

static void tell_part(void *arg, kd_bytes record)
{
    story_tell(arg, TOLD_RECORD, record);
}

static void publish(work *w)
{
    kd_buf record = {0};
    uint64_t version;
    KD_ASSERT(kd_central_snapshot(w->r.c, 3000000, tell_part, w->s) == KD_OK);
    while (kd_central_changes_next(w->r.c, &record, &version) == KD_OK) {
        story_tell(w->s, TOLD_RECORD, kd_buf_view(&record));
        kd_central_changes_delivered(w->r.c, version);
    }
    kd_bytes item = rig_item(1);
    KD_ASSERT(kd_central_read(w->r.c, &item, 1, kd_bytes_str("oslo"), 3000000, &record) == KD_OK);
    story_tell(w->s, TOLD_RECORD, kd_buf_view(&record));
    kd_buf_finish(&record);
}

static void feed(work *w, uint32_t from, uint32_t to)
{
    for (uint32_t b = from; b < to; b++) {
        kd_fed fed = kd_central_feed(w->r.c, kd_buf_view(&records[b]), b, 3000000);
        KD_ASSERT(fed == KD_FED_MERGED);
    }
    commit(w);
    publish(w);
}

static void begin(work *w, sim_disk *disk)
{
    rig *r = &w->r;
    rig_init(r);
    kd_central_close(r->c);
    r->c = NULL;
    sim_disk_destroy(r->disk);
    r->disk = disk;
    r->config.redo_bytes_max = 64; /* counts are written back early */
    r->config.counts_cached_max = 2;
    r->hint = 2000;
    KD_ASSERT(rig_reopen(r) == KD_OK);
}

static void run(story *s)
{
    static const uint8_t damaged[40] = {0x9e, 1, 1, 0xa4, 'l', 'i', 'm', 'a'};
    work w = {.s = s};
    uint64_t version;
    seal_all();
    begin(&w, sim_disk_create());
    commit(&w);
    kd_central_log_check(w.r.c, kd_bytes_of(NULL, 0));
    feed(&w, 0, 4);
    KD_ASSERT(kd_central_feed(w.r.c, kd_bytes_of(damaged, sizeof damaged), 4, 3000000) == KD_FED_QUARANTINED);
    KD_ASSERT(kd_central_backup_begin(w.r.c, kd_bytes_str("nightly"), &version) == KD_OK);
    feed(&w, 4, 8);
    KD_ASSERT(kd_central_backup_complete(w.r.c, kd_bytes_str("nightly"), &version) == KD_OK);
    commit(&w);
    KD_ASSERT(rig_reopen(&w.r) == KD_OK);
    commit(&w);
    kd_central_log_check(w.r.c, kd_bytes_of(NULL, 0));
    feed(&w, 8, BATCHES);
    for (uint32_t i = 0; i < ITEMS; i++) wanted[i] = rig_total(&w.r, i, 0) * 1000 + rig_total(&w.r, i, 2);
    rig_finish(&w.r);
}

static void mismatch(void *arg, const kd_audit_mismatch *m)
{
    (void)arg, (void)m;
}

static bool go_further(void *arg, uint64_t rows)
{
    (void)arg, (void)rows;
    return true;
}

/* The log is read again from its beginning: what was merged is dropped, and the counts are those of the whole run. */
static void go_on(const story *s)
{
    work w = {0};
    kd_audit_result result;
    kd_audit_config audit = {.counters = &w.r.counters, .mismatch = mismatch, .progress = go_further};
    begin(&w, story_disk(s));
    rig_commit(&w.r);
    kd_central_log_check(w.r.c, kd_bytes_of(NULL, 0));
    for (uint32_t b = 0; b < BATCHES; b++) {
        kd_fed fed = kd_central_feed(w.r.c, kd_buf_view(&records[b]), b, 3000000);
        KD_ASSERT(fed == KD_FED_MERGED || fed == KD_FED_DUPLICATE);
    }
    rig_commit(&w.r);
    for (uint32_t i = 0; i < ITEMS; i++)
        KD_ASSERT(rig_total(&w.r, i, 0) * 1000 + rig_total(&w.r, i, 2) == wanted[i] &&
                  rig_sums_agree(&w.r, i));
    KD_ASSERT(kd_audit_run(&w.r.store, &audit, &result) == KD_OK && result.mismatches == 0);
    rig_finish(&w.r);
}

const subject central_subject = {"central", run, go_on};

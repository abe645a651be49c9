/*
 * fuzz_rows.c - the stores of an edge and of central with rows that were changed, cut, removed or added, as on a disk that another
 * program wrote to. The core opens or refuses with an error; when it opens, work goes on or stops with an error. It
 * never aborts and never reads beyond a row.
 */
#include "kudos/decide.h"
#include "kudos/audit.h"
#include "kudos/compare.h"
#include "kudos/edge_compare.h"
#include "kudos/forget.h"
#include "kudos/index.h"
#include "kudos/quarantine.h"
#include "tests/fuzz/input.h"
#include "tests/lib/edge_rig.h"

/* ---- stores with a row of every kind ---- */

static edge_rig edge;
static rig central;

static void fill_edge(void)
{
    er_init(&edge);
    edge.config.row_ttl_us = ER_SECOND;
    edge.config.fresh_rows_max = 4;
    KD_ASSERT(er_open(&edge) == KD_OK);
    er_commit(&edge);
    for (uint32_t i = 0; i < 6; i++) {
        kd_request rq = er_request(i % 3, i);
        rq.idempotency_key = rig_user(i);
        KD_ASSERT(er_take(&edge, &rq) == KD_OK);
    }
    er_view_add(&edge, 1, 5);
    er_seal(&edge);
    er_ship(&edge);
    er_unlike(&edge, 1, 1);
    er_commit(&edge);
    er_word w = {.epoch = 5,
                 .version = 3,
                 .applied = edge.batch.at,
                 .digest = edge.batch.digest,
                 .watermark_us = edge.now_us,
                 .low_us = edge.now_us,
                 .stable_us = 1,
                 .items = 3,
                 .likes = 7,
                 .chain = {{4, 2}},
                 .chain_count = 1};
    er_snapshot(&edge, &w);
    er_like(&edge, 2, 2);
    er_commit(&edge);
}

static void fill_central(void)
{
    rig_edge sealer = {.name = "mumbai", .region = "asia"};
    uint64_t version;
    uint8_t damaged[64] = {0x9e, 1, 1};
    rig_init(&central);
    central.config.indices = KD_INDEX_BIT(KD_INDEX_NEWEST) | KD_INDEX_BIT(KD_INDEX_LIKED);
    central.config.index_rows = 2;
    KD_ASSERT(rig_reopen(&central) == KD_OK);
    kd_central_log_check(central.c, kd_bytes_of(NULL, 0));
    for (uint32_t i = 0; i < 6; i++)
        rig_one(&central, &sealer, (rig_op){i % 3, i, ER_START + i, i % 2 ? RIG_LIKE : RIG_SAVE, i != 4});
    rig_feed(&central, kd_bytes_of(damaged, sizeof damaged));
    kd_central_backup_begin(central.c, kd_bytes_str("nightly"), &version);
    rig_commit(&central);
    rig_one(&central, &sealer, (rig_op){1, 9, ER_START + 9, RIG_LIKE, true});
    rig_commit(&central);
}

/* ---- what is changed about them ---- */

typedef struct {
    uint32_t wanted, seen;
    kd_buf key, value;
} picked;

static int pick(void *arg, kd_bytes key, kd_bytes value)
{
    picked *p = arg;
    if (p->seen++ != p->wanted) return 0;
    kd_buf_put(&p->key, key.data, key.len);
    kd_buf_put(&p->value, value.data, value.len);
    return 1;
}

/* A row of the store is put again under its key or another one, longer, shorter or otherwise. */
static void change(sim_disk *disk, uint8_t verb, kd_bytes bytes)
{
    kd_reader in = kd_reader_of(bytes);
    kd_store store = sim_disk_view(disk);
    picked p = {.wanted = kd_read_u8(&in) % (uint32_t)(sim_disk_rows(disk) + 1)};
    store.scan(store.ctx, kd_bytes_of(NULL, 0), kd_bytes_of(NULL, 0), pick, &p);
    kd_buf *what = verb & 8 ? &p.key : &p.value;
    size_t at = what->len ? kd_read_u8(&in) % what->len : 0;
    kd_bytes rest = fuzz_bytes(&in, SIZE_MAX);
    if (verb & 16 && p.key.len > 0) sim_disk_delete(disk, kd_buf_view(&p.key));
    switch (verb % 6) {
    case 0:
        for (size_t i = 0; i < rest.len && at + i < what->len; i++) what->data[at + i] ^= rest.data[i];
        break;
    case 1:
        what->len = at;
        break;
    case 2:
        kd_buf_put(what, rest.data, rest.len);
        break;
    case 3:
        what->len = at;
        kd_buf_put(what, rest.data, rest.len);
        break;
    case 4:
        kd_buf_clear(what);
        kd_buf_put(what, rest.data, rest.len);
        break;
    default:
        sim_disk_delete(disk, kd_buf_view(&p.key));
        p.key.len = 0;
        break;
    }
    if (p.key.len > 0) sim_disk_put(disk, kd_buf_view(&p.key), kd_buf_view(&p.value));
    kd_buf_finish(&p.key);
    kd_buf_finish(&p.value);
}

/* ---- what goes on with them ---- */

static bool commit_edge(kd_edge *e, sim_disk *disk, uint64_t now_us)
{
    const kd_writes *writes;
    uint64_t group;
    int err;
    while ((err = kd_edge_commit_begin(e, now_us, &writes, &group)) == KD_OK) {
        sim_disk_apply(disk, writes);
        kd_edge_commit_end(e, group, KD_OK);
    }
    KD_ASSERT(err == KD_EAGAIN || err == KD_EIO);
    return err == KD_EAGAIN;
}

static void run_edge(kd_edge *e, sim_disk *disk)
{
    kd_outcome out;
    kd_view view;
    kd_buf record = {0}, next = {0};
    uint32_t partition;
    kd_position at;
    uint64_t now_us = ER_START + 10 * ER_SECOND;
    kd_compare_window window = {0, now_us};
    kd_range_digest digest;
    commit_edge(e, disk, now_us);
    for (uint32_t i = 0; i < 4; i++) {
        kd_request rq = er_request(i, 1);
        rq.idempotency_key = rig_user(i);
        kd_edge_view(e, rq.item, &view);
        kd_edge_member(e, ER_LIKE, rq.item, rq.user);
        kd_edge_take(e, &rq, now_us, &out);
    }
    kd_edge_seal_all(e, now_us);
    commit_edge(e, disk, now_us);
    for (int i = 0; i < 8 && kd_edge_send_next(e, now_us, &record, &partition, &at) == KD_OK; i++)
        kd_edge_delivered(e, partition, at, true, now_us);
    kd_edge_compare_digest(e, 0, kd_bytes_of(NULL, 0), kd_bytes_of(NULL, 0), window, 64, &digest, &next);
    for (int i = 0; i < 4; i++) kd_edge_tick(e, now_us + (uint64_t)i * 10 * ER_SECOND);
    commit_edge(e, disk, now_us + 40 * ER_SECOND);
    kd_buf_finish(&record);
    kd_buf_finish(&next);
}

static void try_edge(kd_reader *in)
{
    sim_disk *disk = sim_disk_clone(edge.disk);
    kd_store store = sim_disk_view(disk);
    kd_edge *e = NULL;
    kd_edge_stored stored;
    uint8_t verb;
    kd_bytes bytes;
    for (int i = 0; i < 4 && fuzz_step(in, &verb, &bytes); i++) change(disk, verb, bytes);
    kd_edge_stored_as(&store, &stored);
    int err = kd_edge_open(&edge.config, &store, edge.now_us, &e);
    KD_ASSERT(err == KD_OK || err == KD_EMALFORMED || err == KD_EMISMATCH || err == KD_EIO);
    if (err == KD_OK) run_edge(e, disk);
    if (err == KD_OK) kd_edge_close(e);
    sim_disk_destroy(disk);
}

static int one_member(void *arg, const kd_member *m)
{
    *(size_t *)arg += m->user.len;
    return 0;
}

static int one_quarantined(void *arg, const kd_quarantined *q)
{
    *(uint64_t *)arg = q->id;
    return 0;
}

static void one_count(void *arg, kd_bytes name, uint32_t day, uint64_t count)
{
    *(uint64_t *)arg += name.len + day + count;
}

static bool commit_central(kd_central *c, sim_disk *disk)
{
    const kd_writes *writes;
    uint64_t version;
    int err;
    while ((err = kd_central_commit_begin(c, &writes, &version)) == KD_OK) {
        sim_disk_apply(disk, writes);
        kd_central_commit_end(c, version, KD_OK);
    }
    return err == KD_EAGAIN;
}

static void ignore(void *arg, kd_bytes record)
{
    (void)arg, (void)record;
}

static void release(kd_central *c, uint64_t id)
{
    kd_buf body = {0};
    kd_fed fed;
    uint64_t version;
    kd_decided_id_put(&body, id);
    const kd_decision d = {.job = kd_bytes_str("release"),
                           .seq = 1,
                           .last = true,
                           .what = KD_DECIDED_RELEASE,
                           .body = kd_buf_view(&body)};
    kd_central_decide_here(c, &d, ER_START, &fed, &version);
    kd_buf_finish(&body);
}

static void run_central(kd_central *c, sim_disk *disk)
{
    kd_buf record = {0};
    uint64_t totals[KD_COUNTERS_MAX], sum = 0, id = 0, version;
    size_t len = 0;
    kd_fed fed;
    commit_central(c, disk);
    kd_central_log_check(c, kd_bytes_of(NULL, 0));
    for (uint32_t i = 0; i < 4; i++) {
        kd_central_totals(c, rig_item(i), totals);
        kd_central_by_region(c, rig_item(i), 0, one_count, &sum);
        kd_central_by_day(c, rig_item(i), 0, one_count, &sum);
    }
    kd_central_members(c, 0, kd_bytes_of(NULL, 0), kd_bytes_of(NULL, 0), 100, one_member, &len, &record);
    kd_central_newest(c, 0, rig_item(1), kd_bytes_of(NULL, 0), 100, one_member, &len, &record);
    kd_central_liked(c, 0, rig_user(1), kd_bytes_of(NULL, 0), 100, one_member, &len, &record);
    kd_central_quarantine_each(c, one_quarantined, &id);
    if (id) kd_central_quarantine_try(c, id, &fed);
    if (id) release(c, id);
    rig_edge sealer = {.name = "lima", .region = "andes"};
    rig_seal(&sealer, &(rig_op){1, 2, ER_START + 99, RIG_LIKE, false}, 1, NULL, 0, ER_START, &record);
    kd_central_feed(c, kd_buf_view(&record), 1000, ER_START);
    if (commit_central(c, disk)) kd_central_snapshot(c, ER_START, ignore, NULL);
    while (kd_central_changes_next(c, &record, &version) == KD_OK) kd_central_changes_delivered(c, version);
    kd_buf_finish(&record);
}

static void mismatch(void *arg, const kd_audit_mismatch *m)
{
    (void)arg, (void)m;
}

static bool go_on(void *arg, uint64_t rows)
{
    (void)arg, (void)rows;
    return true;
}

static void try_central(kd_reader *in)
{
    sim_disk *disk = sim_disk_clone(central.disk);
    kd_store store = sim_disk_view(disk);
    kd_central *c = NULL;
    kd_writes mend = {0};
    kd_audit_result result;
    kd_audit_config audit = {
        .counters = &central.counters, .mismatch = mismatch, .progress = go_on, .mend = &mend};
    uint8_t verb;
    kd_bytes bytes;
    for (int i = 0; i < 4 && fuzz_step(in, &verb, &bytes); i++) change(disk, verb, bytes);
    kd_audit_run(&store, &audit, &result);
    kd_writes_finish(&mend);
    int err = kd_central_open(&central.config, &store, central.hint + 10, 0, &c);
    KD_ASSERT(err == KD_OK || err == KD_EMALFORMED || err == KD_EMISMATCH || err == KD_EIO);
    if (err == KD_OK) run_central(c, disk);
    if (err == KD_OK) kd_central_close(c);
    sim_disk_destroy(disk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool filled;
    if (!filled) fill_edge(), fill_central();
    filled = true;
    kd_reader in = kd_reader_of(kd_bytes_of(data, size));
    if (kd_read_u8(&in) & 1)
        try_central(&in);
    else
        try_edge(&in);
    return 0;
}

/* An edge's stores for another number of shards: which row goes where, and what the cores on the new stores know. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "kudos/reshard.h"
#include "tests/lib/edge_rig.h"

enum { PARTITIONS = 5, ITEMS = 20, SHARDS = 4, KEYS_MAX = 8 };

/* The process of an edge: a store and a core for each shard. */
typedef struct {
    edge_rig rig; /* its configuration, clock and key window; its own store is not used */
    uint32_t shards;
    sim_disk *disks[SHARDS];
    kd_edge *cores[SHARDS];
} process;

static kd_edge *open_core(process *p, uint32_t k, const kd_store *store)
{
    kd_edge_config config = p->rig.config;
    kd_edge *core;
    config.partitions = PARTITIONS;
    config.shards = p->shards;
    config.shard = k;
    cr_assert_eq(kd_edge_open(&config, store, p->rig.now_us, &core), KD_OK);
    return core;
}

static void commit(process *p)
{
    const kd_writes *writes;
    uint64_t group;
    for (uint32_t k = 0; k < p->shards; k++)
        while (kd_edge_commit_begin(p->cores[k], p->rig.now_us, &writes, &group) == KD_OK) {
            sim_disk_apply(p->disks[k], writes);
            cr_assert_eq(kd_edge_commit_end(p->cores[k], group, KD_OK), KD_OK);
        }
}

static void stop(process *p)
{
    for (uint32_t k = 0; k < p->shards; k++) {
        kd_edge_close(p->cores[k]);
        p->cores[k] = NULL;
    }
}

static void start(process *p)
{
    p->rig.config.life++;
    p->rig.config.counters = &p->rig.counters;
    p->rig.key_window.next = 0;
    p->rig.now_us += ER_SECOND;
    for (uint32_t k = 0; k < p->shards; k++) {
        kd_store store = sim_disk_view(p->disks[k]);
        p->cores[k] = open_core(p, k, &store);
    }
    for (uint32_t k = 1; k < p->shards; k++) kd_edge_lives_join(p->cores[0], kd_edge_lives(p->cores[k]));
    for (uint32_t k = 1; k < p->shards; k++) kd_edge_lives_join(p->cores[k], kd_edge_lives(p->cores[0]));
    commit(p);
}

static void begin(process *p, uint32_t shards)
{
    *p = (process){.shards = shards};
    er_init(&p->rig);
    p->rig.config.key_window = &p->rig.key_window;
    for (uint32_t k = 0; k < shards; k++) p->disks[k] = sim_disk_create();
    start(p);
}

static void end(process *p)
{
    stop(p);
    for (uint32_t k = 0; k < p->shards; k++) sim_disk_destroy(p->disks[k]);
    er_finish(&p->rig);
}

static kd_edge *core_of(const process *p, uint32_t item)
{
    return p->cores[kd_partition(rig_item(item), PARTITIONS) % p->shards];
}

static int like(process *p, uint32_t item, uint32_t user, const char *key)
{
    kd_request rq = er_request(item, user);
    if (key) rq.idempotency_key = kd_bytes_str(key);
    return kd_edge_take(core_of(p, item), &rq, p->rig.now_us, &p->rig.out);
}

/* Likes of all items, each with a key of its own, and views; the first of two batches of each partition is sent. */
static void fill(process *p)
{
    char key[16];
    for (uint32_t i = 0; i < ITEMS; i++) {
        snprintf(key, sizeof key, "key-%u", i);
        cr_assert_eq(like(p, i, 1, key), KD_OK);
        kd_request view = er_request(i, 0);
        view.verb = KD_ADD;
        view.counter = ER_VIEW;
        view.amount = 3;
        cr_assert_eq(kd_edge_take(core_of(p, i), &view, p->rig.now_us, &p->rig.out), KD_OK);
        if (i == ITEMS / 2)
            for (uint32_t k = 0; k < p->shards; k++) kd_edge_seal_all(p->cores[k], p->rig.now_us);
        commit(p);
    }
}

/* ---- the change ---- */

static int put(void *arg, kd_bytes key, kd_bytes value)
{
    sim_disk_put(arg, key, value);
    return KD_OK;
}

static int change_to(process *p, uint32_t to, sim_disk *fresh[SHARDS])
{
    kd_store stores[SHARDS];
    kd_reshard *r;
    kd_reshard_fault fault = {.shard = 0};
    for (uint32_t k = 0; k < p->shards; k++) stores[k] = sim_disk_view(p->disks[k]);
    int err = kd_reshard_open(&r, stores, p->shards, 77, 0, &fault);
    for (uint32_t k = 0; err == KD_OK && k < to; k++) err = kd_reshard_write(r, to, k, put, fresh[k], &fault);
    if (err == KD_OK) cr_assert(kd_reshard_complete(r, to));
    kd_reshard_close(r);
    return err;
}

/* Stops the process and goes on with `to` shards, stopped. */
static void change(process *p, uint32_t to)
{
    sim_disk *fresh[SHARDS];
    stop(p);
    for (uint32_t k = 0; k < to; k++) fresh[k] = sim_disk_create();
    cr_assert_eq(change_to(p, to, fresh), KD_OK);
    for (uint32_t k = 0; k < p->shards; k++) sim_disk_destroy(p->disks[k]);
    memcpy(p->disks, fresh, to * sizeof fresh[0]);
    p->shards = to;
}

/* ---- rows ---- */

typedef struct {
    uint32_t shard, shards;
    sim_disk *all; /* rows of partitions are put here */
    uint32_t rows;
} gathering;

static int gather_row(void *arg, kd_bytes key, kd_bytes value)
{
    gathering *g = arg;
    kd_buf found = {0};
    if (!strchr("pnmfx", key.data[0])) return KD_OK;
    uint32_t part = (uint32_t)key.data[1] << 8 | key.data[2];
    cr_assert_eq(part % g->shards, g->shard, "a row %c of partition %u is at shard %u of %u", key.data[0],
                 part, g->shard, g->shards);
    kd_store store = sim_disk_view(g->all);
    cr_assert_eq(store.get(store.ctx, key, &found), KD_ENOTFOUND, "a row twice");
    kd_buf_finish(&found);
    sim_disk_put(g->all, key, value);
    g->rows++;
    return KD_OK;
}

/* All rows of partitions, each of which is at its shard and only there. */
static sim_disk *gather(const process *p)
{
    gathering g = {.shards = p->shards, .all = sim_disk_create()};
    for (g.shard = 0; g.shard < p->shards; g.shard++) {
        kd_store store = sim_disk_view(p->disks[g.shard]);
        cr_assert_eq(store.scan(store.ctx, (kd_bytes){0}, (kd_bytes){0}, gather_row, &g), KD_OK);
    }
    cr_assert_gt(g.rows, 3 * PARTITIONS);
    return g.all;
}

Test(reshard, each_row_of_a_partition_goes_to_its_shard_as_it_is)
{
    process p;
    begin(&p, 1);
    fill(&p);
    stop(&p);
    sim_disk *was = gather(&p);
    for (uint32_t i = 0; i < 4; i++) {
        change(&p, (uint32_t[]){3, 2, 4, 1}[i]);
        sim_disk *is = gather(&p);
        cr_assert(sim_disk_equal(was, is), "after the change to %u", p.shards);
        sim_disk_destroy(is);
    }
    sim_disk_destroy(was);
    end(&p);
}

/* By partition, three numbers each. */
static void read_places(const process *p, uint64_t places[PARTITIONS][3])
{
    kd_buf row = {0};
    for (uint32_t k = 0; k < p->shards; k++) {
        kd_store store = sim_disk_view(p->disks[k]);
        cr_assert_eq(store.get(store.ctx, kd_bytes_str("r"), &row), KD_OK);
        kd_reader r = kd_reader_of(kd_buf_view(&row));
        for (uint32_t part = k; part < PARTITIONS; part += p->shards)
            for (int i = 0; i < 3; i++) places[part][i] = kd_read_varint(&r);
        cr_assert(!r.bad && kd_reader_left(&r) == 0);
    }
    kd_buf_finish(&row);
}

/* In front of the place in a partition's journal its rows are stored: with another partition's place rows would be missing. */
Test(reshard, a_partition_keeps_its_place_in_the_journal)
{
    process p;
    uint64_t was[PARTITIONS][3], is[PARTITIONS][3];
    begin(&p, 2);
    stop(&p);
    for (uint32_t k = 0; k < p.shards; k++) {
        kd_buf row = {0};
        for (uint32_t part = k; part < PARTITIONS; part += p.shards)
            for (uint64_t i = 0; i < 3; i++) kd_buf_put_varint(&row, 1000 * part + i);
        sim_disk_put(p.disks[k], kd_bytes_str("r"), kd_buf_view(&row));
        kd_buf_finish(&row);
    }
    read_places(&p, was);
    change(&p, 3);
    read_places(&p, is);
    cr_assert_arr_eq(was, is, sizeof was);
    end(&p);
}

/* ---- batches ---- */

typedef struct {
    kd_position at;
    uint64_t digest;
} sent_batch;

/* The next batches that each partition sends, by partition: of lives before this one. */
static void send_all(process *p, sent_batch first[PARTITIONS], uint32_t *count)
{
    kd_buf record = {0};
    uint32_t part;
    kd_position at;
    *count = 0;
    for (uint32_t k = 0; k < p->shards; k++)
        while (kd_edge_send_next(p->cores[k], p->rig.now_us, &record, &part, &at) == KD_OK) {
            kd_batch batch;
            cr_assert_eq(kd_batch_decode(kd_buf_view(&record), &batch), KD_OK);
            if (first[part].at.seq == 0) first[part] = (sent_batch){at, kd_body_digest(batch.body)};
            ++*count;
        }
    kd_buf_finish(&record);
}

Test(reshard, outstanding_batches_keep_their_positions_and_their_bytes)
{
    process p;
    sent_batch was[PARTITIONS] = {0}, is[PARTITIONS] = {0};
    uint32_t before, after;
    begin(&p, 2);
    fill(&p);
    stop(&p);
    start(&p);
    send_all(&p, was, &before);
    change(&p, 3);
    start(&p);
    send_all(&p, is, &after);
    cr_assert_gt(before, PARTITIONS);
    cr_assert_eq(after, before);
    cr_assert_arr_eq(was, is, sizeof was);
    for (uint32_t k = 0; k < p.shards; k++)
        for (uint32_t i = 0; i < PARTITIONS; i++)
            cr_assert_gt(kd_edge_incarnation(p.cores[k]), is[i].at.incarnation);
    end(&p);
}

Test(reshard, what_is_shown_is_the_same)
{
    process p;
    begin(&p, 3);
    fill(&p);
    change(&p, 2);
    start(&p);
    for (uint32_t i = 0; i < ITEMS; i++) {
        kd_view view;
        kd_edge_view(core_of(&p, i), rig_item(i), &view);
        cr_assert_eq(view.pending[ER_LIKE], 1);
        cr_assert_eq(view.pending[ER_VIEW], 1);
        cr_assert_eq(kd_edge_member(core_of(&p, i), ER_LIKE, rig_item(i), rig_user(1)), 1);
        cr_assert_eq(kd_edge_member(core_of(&p, i), ER_LIKE, rig_item(i), rig_user(2)), KD_ENOTFOUND);
    }
    end(&p);
}

/* ---- idempotency keys ---- */

static uint32_t rows_of(const process *p, char kind)
{
    uint32_t rows = 0;
    for (uint32_t k = 0; k < p->shards; k++) {
        edge_rig r = {.disk = p->disks[k]};
        rows += er_rows(&r, kind);
    }
    return rows;
}

Test(reshard, a_retry_is_recognised_at_the_new_shard)
{
    process p;
    char key[16];
    begin(&p, 1);
    fill(&p);
    for (uint32_t i = 0; i < 3; i++) {
        change(&p, (uint32_t[]){3, 2, 4}[i]);
        cr_assert_eq(rows_of(&p, 'i'), ITEMS, "each at one shard");
    }
    start(&p);
    for (uint32_t i = 0; i < ITEMS; i++) {
        snprintf(key, sizeof key, "key-%u", i);
        cr_assert_eq(like(&p, i, 1, key), KD_OK);
        cr_assert(p.rig.out.replayed, "key %u", i);
        cr_assert_eq(p.rig.out.changed, KD_CHANGED_YES);
    }
    end(&p);
}

/* Cuts the partition off the values of all rows i, as an older program stored them. */
typedef struct {
    sim_disk *disk;
    kd_buf keys[KEYS_MAX], values[KEYS_MAX];
    uint32_t count;
} aging;

static int aging_row(void *arg, kd_bytes key, kd_bytes value)
{
    aging *a = arg;
    kd_buf_put(&a->keys[a->count], key.data, key.len);
    kd_buf_put(&a->values[a->count++], value.data, value.len - 2);
    return KD_OK;
}

static void age_keys(sim_disk *disk)
{
    aging a = {.disk = disk};
    kd_store store = sim_disk_view(disk);
    cr_assert_eq(store.scan(store.ctx, kd_bytes_str("i"), kd_bytes_str("j"), aging_row, &a), KD_OK);
    for (uint32_t i = 0; i < a.count; i++) {
        sim_disk_put(disk, kd_buf_view(&a.keys[i]), kd_buf_view(&a.values[i]));
        kd_buf_finish(&a.keys[i]);
        kd_buf_finish(&a.values[i]);
    }
}

Test(reshard, a_key_that_an_older_program_stored_goes_to_all_shards_and_is_one_again)
{
    process p;
    begin(&p, 1);
    cr_assert_eq(like(&p, 1, 1, "a"), KD_OK);
    cr_assert_eq(like(&p, 2, 1, "b"), KD_OK);
    commit(&p);
    stop(&p);
    age_keys(p.disks[0]);
    change(&p, 3);
    cr_assert_eq(rows_of(&p, 'i'), 6);
    start(&p);
    cr_assert_eq(like(&p, 1, 1, "a"), KD_OK);
    cr_assert(p.rig.out.replayed);
    cr_assert_eq(like(&p, 2, 1, "a"), KD_EREUSED);
    change(&p, 2);
    cr_assert_eq(rows_of(&p, 'i'), 4);
    change(&p, 1);
    cr_assert_eq(rows_of(&p, 'i'), 2);
    end(&p);
}

/* Operation `n` of the bulk request "bulk", which came at the present moment. */
static int bulk_like(process *p, uint32_t item, uint32_t n)
{
    char key[16];
    snprintf(key, sizeof key, "part-%u", n);
    kd_request rq = er_request(item, 1);
    rq.idempotency_key = kd_bytes_str(key);
    rq.batch_key = kd_bytes_str("bulk");
    rq.batch = 4711;
    return kd_edge_take(core_of(p, item), &rq, p->rig.now_us, &p->rig.out);
}

/* Two items of different shards of two. */
static void two_items(const process *p, uint32_t *a, uint32_t *b)
{
    *a = *b = 0;
    while (core_of(p, *b) == core_of(p, *a)) ++*b;
}

Test(reshard, the_operations_that_a_shard_took_of_a_bulk_request_are_still_forgotten_together)
{
    process p;
    uint32_t a, b;
    begin(&p, 2);
    two_items(&p, &a, &b);
    for (uint32_t n = 0; n < 4; n++) {
        cr_assert_eq(bulk_like(&p, n % 2 ? b : a, n), KD_OK); /* their numbers alternate between the shards */
        cr_assert_eq(like(&p, b, 5 + n, "own"), KD_OK);       /* and with keys of others */
    }
    commit(&p);
    change(&p, 1);
    p.rig.key_window.max = 6; /* of eight keys: the first group leaves, of which each shard had two */
    start(&p);
    cr_assert_eq(bulk_like(&p, a, 0), KD_OK);
    cr_assert_not(p.rig.out.replayed);
    cr_assert_eq(bulk_like(&p, a, 2), KD_OK);
    cr_assert_not(p.rig.out.replayed, "the first was taken anew, and the second one answered from memory");
    end(&p);
}

/* ---- what a store keeps as a whole ---- */

Test(reshard, no_stamp_is_below_what_any_shard_has_taken_from_the_clock)
{
    process p;
    uint32_t a, b;
    begin(&p, 2);
    two_items(&p, &a, &b);
    p.rig.now_us += 100 * ER_SECOND; /* a clock that is ahead until the end of the process */
    cr_assert_eq(like(&p, a, 1, NULL), KD_OK);
    uint64_t ahead_us = p.rig.out.stamp_us;
    commit(&p);
    p.rig.now_us -= 100 * ER_SECOND;
    change(&p, 1);
    start(&p);
    cr_assert_eq(like(&p, b, 1, NULL), KD_OK);
    cr_assert_gt(p.rig.out.stamp_us, ahead_us);
    end(&p);
}

Test(reshard, operations_of_earlier_lives_are_still_this_disks_own)
{
    process p;
    kd_seen seen = {0};
    uint32_t a, b;
    begin(&p, 2);
    two_items(&p, &a, &b);
    cr_assert_eq(like(&p, a, 1, NULL), KD_OK);
    kd_seen_add(&seen, kd_edge_lives(p.cores[0]), p.rig.out.stamp_us);
    commit(&p);
    change(&p, 4);
    start(&p);
    for (uint32_t k = 0; k < p.shards; k++)
        cr_assert_eq(kd_seen_elsewhere_us(&seen, kd_edge_lives(p.cores[k])), 0, "shard %u", k);
    seen.at[0].time_us += ER_SECOND; /* above what that life has stored */
    cr_assert_neq(kd_seen_elsewhere_us(&seen, kd_edge_lives(p.cores[0])), 0);
    end(&p);
}

static void put_minted(sim_disk *disk, const uint64_t *at, uint32_t count)
{
    kd_buf row = {0};
    for (uint32_t i = 0; i < count; i++) kd_buf_put_be64(&row, at[i]);
    sim_disk_put(disk, kd_bytes_str("V"), kd_buf_view(&row));
    kd_buf_finish(&row);
}

static void expect_minted(sim_disk *disk, const uint64_t *at, uint32_t count)
{
    kd_buf row = {0};
    kd_store store = sim_disk_view(disk);
    cr_assert_eq(store.get(store.ctx, kd_bytes_str("V"), &row), KD_OK);
    kd_reader r = kd_reader_of(kd_buf_view(&row));
    for (uint32_t i = 0; i < count; i++) cr_assert_eq(kd_read_be64(&r), at[i], "entry %u", i);
    cr_assert(!r.bad && kd_reader_left(&r) == 0);
    kd_buf_finish(&row);
}

Test(reshard, incarnations_are_those_of_all_shards_but_for_what_one_has_disowned)
{
    process p;
    begin(&p, 2);
    stop(&p);
    put_minted(p.disks[0], (uint64_t[]){10, 20, 30}, 3);
    put_minted(p.disks[1], (uint64_t[]){10, 21, 31}, 3);
    sim_disk *fresh[SHARDS] = {sim_disk_create(), sim_disk_create(), sim_disk_create(), sim_disk_create()};
    cr_assert_eq(change_to(&p, 1, fresh), KD_OK);
    expect_minted(fresh[0], (uint64_t[]){10, 20, 21, 30, 31}, 5);
    put_minted(p.disks[1], (uint64_t[]){25, 31}, 2); /* it has disowned 10 and 21, minted 25 */
    cr_assert_eq(change_to(&p, 1, fresh), KD_OK);
    expect_minted(fresh[0], (uint64_t[]){20, 25, 30, 31}, 4);
    uint64_t many[2][256];
    for (uint32_t i = 0; i < 512; i++) many[i % 2][i / 2] = 100 + i;
    for (uint32_t k = 0; k < 2; k++) put_minted(p.disks[k], many[k], 256);
    cr_assert_eq(change_to(&p, 1, fresh), KD_OK);
    uint64_t newest[256];
    for (uint32_t i = 0; i < 256; i++) newest[i] = 100 + 256 + i;
    expect_minted(fresh[0], newest, 256);
    for (uint32_t k = 0; k < SHARDS; k++) sim_disk_destroy(fresh[k]);
    end(&p);
}

/* ---- what is refused ---- */

#define REFUSED(err, why)                                                                                    \
    do {                                                                                                     \
        sim_disk *fresh[SHARDS] = {sim_disk_create(), sim_disk_create(), sim_disk_create(),                  \
                                   sim_disk_create()};                                                       \
        cr_assert_eq(change_to(&p, 3, fresh), err, "%s", why);                                               \
        for (uint32_t k = 0; k < SHARDS; k++) sim_disk_destroy(fresh[k]);                                    \
    } while (0)

Test(reshard, stores_that_are_not_those_of_one_edge_are_refused)
{
    process p;
    begin(&p, 2);
    stop(&p);
    sim_disk *mine = p.disks[0];
    p.disks[0] = p.disks[1];
    REFUSED(KD_EMISMATCH, "the second one twice");
    p.disks[0] = mine;
    p.shards = 1;
    REFUSED(KD_EMISMATCH, "one is missing");
    p.shards = 2;
    sim_disk_wipe(p.disks[1]);
    REFUSED(KD_ENOTFOUND, "an empty one");
    end(&p);
}

Test(reshard, a_row_that_has_no_place_is_an_error)
{
    static const char *const rows[] = {
        "q", "", "LL", "p", "p\x00", "p\x00\x01", "m\x00\x01zzzz", "f\x00\x00short", "i1", "p\xff\xff"};
    static const size_t lens[] = {1, 0, 2, 1, 2, 3, 7, 8, 2, 3};
    process p;
    begin(&p, 2);
    stop(&p);
    for (size_t i = 0; i < KD_COUNT(rows); i++) {
        if (lens[i] == 0) continue;
        kd_bytes key = kd_bytes_of((const uint8_t *)rows[i], lens[i]);
        sim_disk_put(p.disks[0], key, kd_bytes_str("value"));
        REFUSED(KD_EMALFORMED, rows[i]);
        sim_disk_delete(p.disks[0], key);
    }
    sim_disk_delete(p.disks[0], kd_bytes_str("V"));
    REFUSED(KD_EMALFORMED, "no incarnations");
    end(&p);
}

Test(reshard, a_read_that_fails_is_an_error_and_never_a_missing_row)
{
    process p;
    uint64_t reads = 0;
    begin(&p, 2);
    fill(&p);
    stop(&p);
    sim_disk *fresh[SHARDS] = {sim_disk_create(), sim_disk_create(), sim_disk_create(), sim_disk_create()};
    for (;; reads++) {
        sim_disk_fail_after(p.disks[1], reads);
        int err = change_to(&p, 3, fresh);
        if (err == KD_OK) break;
        cr_assert_eq(err, KD_EIO, "after %llu reads", (unsigned long long)reads);
    }
    cr_assert_gt(reads, 10);
    for (uint32_t k = 0; k < SHARDS; k++) sim_disk_destroy(fresh[k]);
    sim_disk_fail_after(p.disks[1], UINT64_MAX);
    end(&p);
}

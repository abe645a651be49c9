/*
 * Stores that a program did not leave alone: rows that are gone, cut, or say what nobody writes. They are refused by name at the start;
 * what came of them before was an abort in the middle of work, or a position used twice.
 */
#include <criterion/criterion.h>

#include "edge/core/fragment.h"
#include "edge/core/keys.h"
#include "tests/lib/edge_rig.h"

static kd_bytes key_of(char kind)
{
    static uint8_t key;
    key = (uint8_t)kind;
    return kd_bytes_of(&key, 1);
}

static void expect_edge(edge_rig *r, sim_disk *changed, int wanted, const char *what)
{
    kd_edge *e = NULL;
    kd_store store = sim_disk_view(changed);
    int err = kd_edge_open(&r->config, &store, r->now_us, &e);
    cr_expect_eq(err, wanted, "%s: %s", what, kd_strerror(err));
    kd_edge_close(err == KD_OK ? e : NULL);
    sim_disk_destroy(changed);
}

static sim_disk *with_row(const edge_rig *r, kd_bytes key, const void *value, size_t len)
{
    sim_disk *disk = sim_disk_clone(r->disk);
    sim_disk_put(disk, key, kd_bytes_of(value, len));
    return disk;
}

Test(found_rows, an_edge_without_its_incarnations_is_refused)
{
    static const uint8_t fallen[16] = {[7] = 2, [15] = 1}, beyond[8] = {0x40};
    edge_rig r;
    er_init(&r);
    sim_disk *gone = sim_disk_clone(r.disk);
    sim_disk_delete(gone, key_of('V'));
    expect_edge(&r, gone, KD_EMALFORMED, "none");
    expect_edge(&r, with_row(&r, key_of('V'), fallen, 16), KD_EMALFORMED, "descending");
    expect_edge(&r, with_row(&r, key_of('V'), beyond, 8), KD_EMALFORMED, "beyond the end of numbers");
    expect_edge(&r, with_row(&r, key_of('L'), beyond, 8), KD_EMALFORMED, "a stamp beyond the end of time");
    expect_edge(&r, sim_disk_clone(r.disk), KD_OK, "as it is");
    er_finish(&r);
}

Test(found_rows, the_lives_of_an_edge_are_whole_or_refused)
{
    static const uint8_t cut[11] = {1}, endless[12] = {[4] = 0x40}, one[12] = {1, [11] = 1};
    static const uint8_t many[12 * (KD_LIVES_MAX + 1)];
    edge_rig r;
    er_init(&r);
    expect_edge(&r, with_row(&r, key_of('E'), cut, sizeof cut), KD_EMALFORMED, "cut off");
    expect_edge(&r, with_row(&r, key_of('E'), endless, sizeof endless), KD_EMALFORMED,
                "beyond the end of time");
    expect_edge(&r, with_row(&r, key_of('E'), many, sizeof many), KD_EMALFORMED, "more than are kept");
    expect_edge(&r, with_row(&r, key_of('E'), one, sizeof one), KD_OK, "one that is over");
    sim_disk *before = sim_disk_clone(r.disk);
    sim_disk_delete(before, key_of('E'));
    expect_edge(&r, before, KD_OK, "a store of before");
    er_finish(&r);
}

typedef struct {
    const char *what;
    kd_entry_op op;
} wrong_op;

static sim_disk *with_fragment(const edge_rig *r, uint64_t incarnation, uint64_t seq, const kd_entry_op *op)
{
    kd_buf key = {0}, value = {0};
    kd_key_fragment(&key, 0, (kd_position){incarnation, seq}, 0);
    kd_fragment_put(&value, op);
    sim_disk *disk = with_row(r, kd_buf_view(&key), value.data, value.len);
    kd_buf_finish(&key);
    kd_buf_finish(&value);
    return disk;
}

Test(found_rows, a_journal_of_what_no_edge_writes_is_refused)
{
    edge_rig r;
    er_init(&r);
    kd_bytes bad_item = kd_bytes_str("\x01P\x01x");
    uint64_t before = r.now_us - 1;
    kd_entry_op good = {.verb = KD_LIKE,
                        .counter_id = ER_LIKE_ID,
                        .item = rig_item(1),
                        .user = rig_user(1),
                        .time_us = before,
                        .delta = 1};
    kd_entry_op no_item = good, no_user = good, no_counter = good, far = good, wild = good, no_sum = good;
    no_item.item = bad_item;
    no_user.user = kd_bytes_str("");
    no_counter.counter_id = KD_COUNTER_ID_MAX + 1;
    far.time_us = KD_TIME_END_US;
    wild.delta = INT64_MAX;
    no_sum.verb = KD_ADD, no_sum.amount = 0;
    const wrong_op wrong[] = {{"item", no_item}, {"user", no_user}, {"counter", no_counter},
                              {"time", far},     {"delta", wild},   {"amount", no_sum}};
    expect_edge(&r, with_fragment(&r, before, 1, &good), KD_OK, "one that it can have written");
    for (size_t i = 0; i < KD_COUNT(wrong); i++)
        expect_edge(&r, with_fragment(&r, before, 1, &wrong[i].op), KD_EMALFORMED, wrong[i].what);
    expect_edge(&r, with_fragment(&r, before, 0, &good), KD_EMALFORMED, "seq 0");
    expect_edge(&r, with_fragment(&r, KD_TIME_END_US - 5, 1, &good), KD_EMALFORMED, "an incarnation to come");
    er_finish(&r);
}

Test(found_rows, what_central_said_is_bounded)
{
    edge_rig r;
    er_init(&r);
    kd_buf key = {0}, value = {0};
    kd_key_part(&key, 'p', 0);
    for (int i = 0; i < 20; i++) kd_buf_put_varint(&value, i == 9 ? KD_TIME_END_US : 0);
    expect_edge(&r, with_row(&r, kd_buf_view(&key), value.data, value.len), KD_EMALFORMED, "applied");
    er_like(&r, 1, 1);
    er_seal(&r);
    const uint64_t applied[] = {kd_edge_incarnation(r.e), 1};
    kd_buf_clear(&value);
    for (int i = 0; i < 20; i++) kd_buf_put_varint(&value, i == 9 || i == 10 ? applied[i - 9] : 0);
    r.now_us += ER_SECOND;
    expect_edge(&r, with_row(&r, kd_buf_view(&key), value.data, value.len), KD_EMALFORMED,
                "and still outstanding");
    expect_edge(&r, sim_disk_clone(r.disk), KD_OK, "as it is");
    kd_buf_finish(&key);
    kd_buf_finish(&value);
    er_finish(&r);
}

/* ---- central ---- */

/* The row `M`, with this epoch, version and published, and a chain of one. */
static void put_meta(rig *r, uint64_t epoch, uint64_t version, uint64_t published, uint64_t link)
{
    kd_buf v = {0};
    kd_buf_put_u8(&v, KD_STORAGE_SCHEMA);
    kd_buf_put_be32(&v, 0);
    kd_buf_put_be32(&v, 1);
    const uint64_t numbers[] = {epoch, version, 0, published, published};
    for (size_t i = 0; i < KD_COUNT(numbers); i++) kd_buf_put_be64(&v, numbers[i]);
    for (int i = 0; i < 17; i++) kd_buf_put_u8(&v, 0);
    kd_buf_put_u8(&v, 1);
    kd_buf_put_be64(&v, link);
    kd_buf_put_be64(&v, 0);
    sim_disk_put(r->disk, key_of('M'), kd_buf_view(&v));
    kd_buf_finish(&v);
}

Test(found_rows, a_central_of_numbers_that_nobody_writes_is_refused)
{
    rig r;
    rig_init(&r);
    put_meta(&r, 100, 5, 5, 99);
    cr_expect_eq(rig_reopen(&r), KD_OK);
    const uint64_t wrong[][4] = {{0, 5, 5, 0},    {KD_TIME_END_US, 5, 5, 99}, {100, KD_TIME_END_US, 5, 99},
                                 {100, 5, 6, 99}, {100, 5, 5, 100},           {100, 5, 5, 0}};
    for (size_t i = 0; i < KD_COUNT(wrong); i++) {
        put_meta(&r, wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3]);
        cr_expect_eq(rig_reopen(&r), KD_EMALFORMED, "%zu", i);
    }
    rig_finish(&r);
}

/* A redo row of one effect: count, then flags, shared, rest, key, edge, region, amount, day. */
Test(found_rows, a_redo_row_that_names_no_counter_is_refused)
{
    rig r;
    rig_edge e = {.name = "mumbai", .region = "asia"};
    rig_init(&r);
    rig_one(&r, &e, (rig_op){1, 1, 1000, RIG_LIKE, true});
    rig_commit(&r);
    sim_disk *disk = r.disk;
    kd_store store = sim_disk_view(disk);
    kd_buf key = {0}, row = {0};
    kd_buf_put_u8(&key, 'r');
    kd_buf_put_be64(&key, kd_central_version(r.c));
    cr_assert_eq(store.get(store.ctx, kd_buf_view(&key), &row), KD_OK);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    uint8_t *counter = memchr(row.data, RIG_LIKE, row.len);
    for (size_t i = 0; i < row.len; i++)
        if (row.data[i] == 5 && memcmp(row.data + i + 1, "posts", 5) == 0) counter = row.data + i - 1;
    cr_assert_eq(*counter, RIG_LIKE);
    *counter = KD_COUNTER_ID_MAX + 1;
    sim_disk_put(disk, kd_buf_view(&key), kd_buf_view(&row));
    cr_expect_eq(rig_reopen(&r), KD_EMALFORMED);
    kd_buf_finish(&key);
    kd_buf_finish(&row);
    rig_finish(&r);
}

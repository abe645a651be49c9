/* The store that other tests stand on: order, overwriting, deletion, ranges, copies, failing reads. */
#include <criterion/criterion.h>

#include <stdio.h>

#include "sim/world/disk.h"

static kd_bytes text_of(char *out, size_t size, int i)
{
    return kd_bytes_of(out, (size_t)snprintf(out, size, "k%05d", i));
}

static void fill(sim_disk *m, int rows)
{
    char key[16];
    for (int i = 0; i < rows; i++) {
        int shuffled = (int)((unsigned)i * 7919u % (unsigned)rows);
        sim_disk_put(m, text_of(key, sizeof(key), shuffled), kd_bytes_of(&shuffled, sizeof(int)));
    }
}

typedef struct {
    int next, step, seen;
} walk;

static int in_order(void *arg, kd_bytes key, kd_bytes value)
{
    walk *w = arg;
    char expected[16];
    cr_assert(kd_bytes_eq(key, text_of(expected, sizeof(expected), w->next)));
    cr_assert_eq(memcmp(value.data, &w->next, sizeof(int)), 0);
    w->next += w->step;
    w->seen++;
    return 0;
}

Test(sim_world_disk, keeps_rows_in_key_order)
{
    sim_disk *m = sim_disk_create();
    fill(m, 5003);
    kd_store s = sim_disk_view(m);
    walk w = {.next = 100, .step = 1};
    cr_assert_eq(s.scan(s.ctx, kd_bytes_str("k00100"), kd_bytes_str("k04000"), in_order, &w), KD_OK);
    cr_assert_eq(w.seen, 3900);
    w = (walk){.step = 1};
    cr_assert_eq(s.scan(s.ctx, (kd_bytes){0}, (kd_bytes){0}, in_order, &w), KD_OK);
    cr_assert_eq(w.seen, 5003);
    sim_disk_destroy(m);
}

Test(sim_world_disk, applies_groups_and_copies)
{
    sim_disk *m = sim_disk_create();
    fill(m, 1009);
    sim_disk *copy = sim_disk_clone(m);
    cr_assert(sim_disk_equal(m, copy));
    kd_writes w = {0};
    char key[16];
    for (int i = 0; i < 1009; i += 2) kd_writes_delete(&w, text_of(key, sizeof(key), i));
    kd_writes_put(&w, kd_bytes_str("k00001"), kd_bytes_str("a longer value than before"));
    sim_disk_apply(m, &w);
    kd_writes_finish(&w);
    cr_assert_eq(sim_disk_rows(m), 504u);
    cr_assert_eq(sim_disk_rows(copy), 1009u);
    cr_assert_neq(sim_disk_digest(m), sim_disk_digest(copy));
    kd_store s = sim_disk_view(m);
    kd_buf value = {0};
    cr_assert_eq(s.get(s.ctx, kd_bytes_str("k00000"), &value), KD_ENOTFOUND);
    cr_assert_eq(s.get(s.ctx, kd_bytes_str("k00001"), &value), KD_OK);
    cr_assert(kd_bytes_eq(kd_buf_view(&value), kd_bytes_str("a longer value than before")));
    walk x = {.next = 3, .step = 2};
    cr_assert_eq(s.scan(s.ctx, kd_bytes_str("k00002"), (kd_bytes){0}, in_order, &x), KD_OK);
    cr_assert_eq(x.seen, 503);
    kd_buf_finish(&value);
    sim_disk_destroy(m);
    sim_disk_destroy(copy);
}

Test(sim_world_disk, reads_fail_on_demand)
{
    sim_disk *m = sim_disk_create();
    fill(m, 3);
    kd_store s = sim_disk_view(m);
    kd_buf value = {0};
    sim_disk_fail_after(m, 1);
    cr_assert_eq(s.get(s.ctx, kd_bytes_str("k00001"), &value), KD_OK);
    cr_assert_eq(s.get(s.ctx, kd_bytes_str("k00001"), &value), KD_EIO);
    walk w = {.step = 1};
    cr_assert_eq(s.scan(s.ctx, (kd_bytes){0}, (kd_bytes){0}, in_order, &w), KD_EIO);
    sim_disk_fail_after(m, UINT64_MAX);
    cr_assert_eq(s.get(s.ctx, kd_bytes_str("k00001"), &value), KD_OK);
    kd_buf_finish(&value);
    sim_disk_destroy(m);
}

/* ---- groups ---- */

static void submit(sim_disk *m, const char *key, const char *value)
{
    kd_writes w = {0};
    kd_writes_put(&w, kd_bytes_str(key), kd_bytes_str(value));
    sim_disk_submit(m, &w);
    kd_writes_finish(&w);
}

static bool holds(sim_disk *m, const char *key, const char *value)
{
    kd_buf out = {0};
    kd_store store = sim_disk_view(m);
    int err = store.get(store.ctx, kd_bytes_str(key), &out);
    bool same =
        value ? err == KD_OK && kd_bytes_eq(kd_buf_view(&out), kd_bytes_str(value)) : err == KD_ENOTFOUND;
    kd_buf_finish(&out);
    return same;
}

Test(sim_world_disk, a_group_can_be_read_when_it_is_synced)
{
    sim_disk *m = sim_disk_create();
    bool synced;
    submit(m, "a", "1");
    cr_assert(holds(m, "a", NULL));
    cr_assert_eq(sim_disk_unsynced(m), 1);
    cr_assert_eq(sim_disk_sync(m, &synced), KD_OK);
    cr_assert(synced);
    cr_assert(holds(m, "a", "1"));
    sim_disk_crash(m, 0);
    cr_assert(holds(m, "a", "1"));
    sim_disk_destroy(m);
}

Test(sim_world_disk, a_crash_keeps_a_prefix_of_what_was_not_synced)
{
    for (uint32_t survive = 0; survive <= 2; survive++) {
        sim_disk *m = sim_disk_create();
        submit(m, "a", "1");
        submit(m, "a", "2");
        sim_disk_crash(m, survive);
        cr_assert(holds(m, "a", survive == 0 ? NULL : survive == 1 ? "1" : "2"));
        cr_assert_eq(sim_disk_unsynced(m), 0);
        sim_disk_destroy(m);
    }
}

Test(sim_world_disk, after_a_failed_sync_nothing_is_written_until_it_is_opened_again)
{
    sim_disk *m = sim_disk_create();
    bool synced;
    sim_disk_fail_sync(m);
    submit(m, "a", "1");
    cr_assert_eq(sim_disk_sync(m, &synced), KD_EIO);
    cr_assert_not(synced);
    submit(m, "b", "1");
    cr_assert_eq(sim_disk_sync(m, &synced), KD_EIO);
    sim_disk_crash(m, 0);
    submit(m, "c", "1");
    cr_assert_eq(sim_disk_sync(m, &synced), KD_OK);
    cr_assert(holds(m, "a", NULL) && holds(m, "b", NULL) && holds(m, "c", "1"));
    sim_disk_destroy(m);
}

Test(sim_world_disk, a_full_one_fails_until_there_is_room)
{
    sim_disk *m = sim_disk_create();
    bool synced;
    sim_disk_fill(m, true);
    submit(m, "a", "1");
    cr_assert_eq(sim_disk_sync(m, &synced), KD_EIO);
    sim_disk_fill(m, false);
    sim_disk_crash(m, 0);
    submit(m, "a", "2");
    cr_assert_eq(sim_disk_sync(m, &synced), KD_OK);
    cr_assert(holds(m, "a", "2"));
    sim_disk_destroy(m);
}

/* What stood there before comes back: a value, or nothing. */
Test(sim_world_disk, one_that_lies_forgets_what_it_said_it_had)
{
    sim_disk *m = sim_disk_create();
    bool synced;
    sim_disk_put(m, kd_bytes_str("old"), kd_bytes_str("0"));
    sim_disk_lie(m);
    submit(m, "old", "1");
    submit(m, "new", "1");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(sim_disk_sync(m, &synced), KD_OK);
        cr_assert_not(synced);
    }
    cr_assert(holds(m, "old", "1") && holds(m, "new", "1"));
    sim_disk *copy = sim_disk_copy_crashed(m, 1);
    cr_assert(holds(copy, "old", "1") && holds(copy, "new", NULL));
    sim_disk_crash(m, 0);
    cr_assert(holds(m, "old", "0") && holds(m, "new", NULL));
    sim_disk_destroy(copy);
    sim_disk_destroy(m);
}

Test(sim_world_disk, errors_ignored_look_well_until_it_is_opened_again)
{
    sim_disk *m = sim_disk_create();
    bool synced;
    sim_disk_ignore_errors(m);
    sim_disk_fail_sync(m);
    for (int i = 0; i < 2; i++) {
        submit(m, i ? "b" : "a", "1");
        cr_assert_eq(sim_disk_sync(m, &synced), KD_OK);
        cr_assert_not(synced);
    }
    cr_assert(holds(m, "a", "1") && holds(m, "b", "1"));
    sim_disk_crash(m, 0);
    cr_assert(holds(m, "a", NULL) && holds(m, "b", NULL));
    sim_disk_destroy(m);
}

Test(sim_world_disk, a_wiped_one_is_empty_and_works)
{
    sim_disk *m = sim_disk_create();
    bool synced;
    fill(m, 100);
    submit(m, "a", "1");
    sim_disk_wipe(m);
    cr_assert_eq(sim_disk_rows(m), 0);
    cr_assert_eq(sim_disk_unsynced(m), 0);
    submit(m, "b", "1");
    cr_assert_eq(sim_disk_sync(m, &synced), KD_OK);
    cr_assert(holds(m, "b", "1"));
    sim_disk_destroy(m);
}

/* Rows come and go; one by one and in order both must tell the same. */
Test(sim_world_disk, finds_each_row_whatever_went)
{
    enum { KEYS = 300 };
    sim_disk *m = sim_disk_create();
    kd_store s = sim_disk_view(m);
    uint64_t random = 7;
    uint32_t stands[KEYS] = {0}; /* 0: not there */
    kd_buf value = {0};
    char key[16];
    for (uint32_t n = 1; n < 20000; n++) {
        uint32_t k = (uint32_t)(kd_random_next(&random) % KEYS);
        kd_bytes name = text_of(key, sizeof(key), (int)k);
        bool goes = kd_random_next(&random) % 100 < (n / 1000 % 2 ? 70 : 30);
        if (goes)
            sim_disk_delete(m, name);
        else
            sim_disk_put(m, name, kd_bytes_of(&n, sizeof(n)));
        stands[k] = goes ? 0 : n;
        uint32_t other = (uint32_t)(kd_random_next(&random) % KEYS);
        int found = s.get(s.ctx, text_of(key, sizeof(key), (int)other), &value);
        cr_assert_eq(found, stands[other] ? KD_OK : KD_ENOTFOUND);
        cr_assert(found != KD_OK || memcmp(value.data, &stands[other], sizeof(n)) == 0);
    }
    size_t rows = 0;
    for (uint32_t k = 0; k < KEYS; k++) rows += stands[k] != 0;
    cr_assert_eq(sim_disk_rows(m), rows);
    kd_buf_finish(&value);
    sim_disk_destroy(m);
}

enum { KINDS = 5, NUMBERS = 40 };

static kd_bytes kind_key(uint8_t out[3], uint32_t k)
{
    out[0] = (uint8_t)(k / NUMBERS * 63);
    out[1] = (uint8_t)(k % NUMBERS);
    return kd_bytes_of(out, k == 0        ? 0
                            : k % NUMBERS ? 2
                                          : 1); /* one key is empty, and one of a kind is its byte alone */
}

typedef struct {
    const uint32_t *stands;
    uint32_t next, end;
} kinds;

static int stands_next(void *arg, kd_bytes key, kd_bytes value)
{
    kinds *k = arg;
    uint8_t expected[3];
    while (k->next < k->end && !k->stands[k->next]) k->next++;
    cr_assert_lt(k->next, k->end);
    cr_assert(kd_bytes_eq(key, kind_key(expected, k->next)));
    cr_assert_eq(memcmp(value.data, &k->stands[k->next++], sizeof(uint32_t)), 0);
    return 0;
}

/* Between walks rows of every kind come and go, also such as no walk has met. */
Test(sim_world_disk, walks_in_order_whatever_came_and_went)
{
    sim_disk *m = sim_disk_create();
    kd_store s = sim_disk_view(m);
    uint64_t random = 11;
    uint32_t stands[KINDS * NUMBERS] = {0};
    uint8_t key[3], first[3], last[3];
    for (uint32_t n = 1; n < 30000; n++) {
        uint32_t k = (uint32_t)(kd_random_next(&random) % KD_COUNT(stands));
        stands[k] = kd_random_next(&random) % 2 ? n : 0;
        if (stands[k])
            sim_disk_put(m, kind_key(key, k), kd_bytes_of(&n, sizeof(n)));
        else
            sim_disk_delete(m, kind_key(key, k));
        if (kd_random_next(&random) % 16) continue;
        kinds w = {stands, (uint32_t)(kd_random_next(&random) % KD_COUNT(stands)), KD_COUNT(stands)};
        uint32_t length = (uint32_t)(kd_random_next(&random) % KD_COUNT(stands));
        w.end = KD_MIN(w.next + length, w.end);
        kd_bytes to = w.end < KD_COUNT(stands) ? kind_key(last, w.end) : (kd_bytes){0};
        if (w.end == 0) continue;
        cr_assert_eq(s.scan(s.ctx, kind_key(first, w.next), to, stands_next, &w), KD_OK);
        while (w.next < w.end && !stands[w.next]) w.next++;
        cr_assert_eq(w.next, w.end);
    }
    sim_disk_destroy(m);
}

/* test_seed_chunk.c - a copy made chunk by chunk, over whatever was there, is the source, and what was the same was not sent. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "common/backup/backup_cut.h"
#include "common/backup/seed_chunk.h"
#include "kudos/id.h"
#include "sim/world/disk.h"

enum { CLEARED = 100 };

typedef struct {
    sim_disk *disk;
    kd_store store;
} place;

/* What one pass took. */
typedef struct {
    uint32_t chunks, sent;
    size_t sent_bytes;
} pass;

static place place_of(void)
{
    sim_disk *disk = sim_disk_create();
    return (place){disk, sim_disk_view(disk)};
}

static void put(place *p, const char *key, const char *value)
{
    kd_writes w = {.count = 0};
    if (value)
        kd_writes_put(&w, kd_bytes_str(key), kd_bytes_str(value));
    else
        kd_writes_delete(&w, kd_bytes_str(key));
    sim_disk_apply(p->disk, &w);
    kd_writes_finish(&w);
}

/* Rows of `kinds` first bytes, 1 in `every` of them, some 100 bytes long. */
static void fill(place *p, const char *kinds, int rows, int every, const char *word)
{
    kd_writes w = {.count = 0};
    for (const char *k = kinds; *k; k++)
        for (int i = 0; i < rows; i += every) {
            char key[32], value[128];
            snprintf(key, sizeof key, "%c%06d", *k, i);
            snprintf(value, sizeof value, "%s%090d", word, i);
            kd_writes_put(&w, kd_bytes_str(key), kd_bytes_str(value));
        }
    sim_disk_apply(p->disk, &w);
    kd_writes_finish(&w);
}

static bool same(const kd_buf *a, const kd_buf *b)
{
    return kd_bytes_eq(kd_buf_view(a), kd_buf_view(b));
}

/* One chunk behind `after`, as source and asker do it together. Returns whether it was the last one. */
static bool step(const place *from, place *to, kd_buf *after, pass *got)
{
    kd_buf theirs = {0}, end = {0}, ours = {0}, our_end = {0};
    kd_writes w = {.count = 0};
    bool last, ignored;
    cr_assert_eq(kd_seed_cut(&from->store, kd_buf_view(after), &theirs, &end, &last), KD_OK);
    cr_assert_eq(kd_seed_cut(&to->store, kd_buf_view(after), &ours, &our_end, &ignored), KD_OK);
    got->chunks++;
    if (!same(&ours, &theirs)) {
        got->sent++;
        got->sent_bytes += theirs.len;
    }
    for (int err = KD_EAGAIN; err == KD_EAGAIN; kd_writes_clear(&w)) {
        err = kd_seed_apply(&to->store, kd_buf_view(after), kd_buf_view(&end), last, kd_buf_view(&theirs),
                            CLEARED, &w);
        cr_assert(err == KD_OK || err == KD_EAGAIN, "%d", err);
        sim_disk_apply(to->disk, &w);
    }
    kd_buf_clear(after);
    kd_buf_put(after, end.data, end.len);
    kd_writes_finish(&w);
    kd_buf_finish(&theirs);
    kd_buf_finish(&end);
    kd_buf_finish(&ours);
    kd_buf_finish(&our_end);
    return last;
}

/* Until the end, or as many chunks; from the front. */
static pass copy(const place *from, place *to, uint32_t chunks_max)
{
    kd_buf after = {0};
    pass got = {0};
    while (got.chunks < chunks_max && !step(from, to, &after, &got)) continue;
    kd_buf_finish(&after);
    return got;
}

static void assert_same(const place *a, const place *b)
{
    cr_assert(sim_disk_rows(a->disk) > 0 && sim_disk_equal(a->disk, b->disk), "%zu and %zu rows",
              sim_disk_rows(a->disk), sim_disk_rows(b->disk));
}

static void finish(place *p)
{
    sim_disk_destroy(p->disk);
}

Test(seed_chunk, a_copy_over_nothing_is_the_source)
{
    place from = place_of(), to = place_of();
    fill(&from, "Mcmnu", 9000, 1, "a");
    pass got = copy(&from, &to, UINT32_MAX);
    assert_same(&from, &to);
    cr_assert(got.sent == got.chunks && got.chunks > 8, "%u chunks", got.chunks);
    finish(&from);
    finish(&to);
}

Test(seed_chunk, a_copy_that_was_broken_off_goes_on_where_it_was_though_its_source_went_on_meanwhile)
{
    place from = place_of(), to = place_of();
    fill(&from, "Mcmnu", 9000, 1, "a");
    const uint32_t all = copy(&from, &to, UINT32_MAX).chunks;
    finish(&to);
    to = place_of();
    pass first = copy(&from, &to, all / 2);
    put(&from, "m000007", "changed");
    put(&from, "m000009x", "new");
    put(&from, "m000011", NULL);
    pass second = copy(&from, &to, UINT32_MAX);
    assert_same(&from, &to);
    cr_assert(first.sent == all / 2 && second.sent <= all - first.sent + 2, "%u of %u were sent again",
              second.sent, all);
    finish(&from);
    finish(&to);
}

Test(seed_chunk, whatever_was_there_before_is_gone)
{
    const struct {
        const char *kinds;
        int rows, every;
        const char *word;
    } before[] = {{"Mcmnu", 9000, 1, "b"}, {"mz", 20000, 3, "a"}, {"Az", 5000, 1, "a"}, {"n", 9000, 7, "a"}};
    for (size_t i = 0; i < KD_COUNT(before); i++) {
        place from = place_of(), to = place_of();
        fill(&from, "Mcmnu", 9000, 2, "a");
        fill(&to, before[i].kinds, before[i].rows, before[i].every, before[i].word);
        copy(&from, &to, UINT32_MAX);
        assert_same(&from, &to);
        cr_assert_eq(copy(&from, &to, UINT32_MAX).sent, 0, "once more nothing is sent");
        finish(&from);
        finish(&to);
    }
}

Test(seed_chunk, by_chance_broken_off_again_and_again_it_ends_with_the_state_of_the_last_source)
{
    uint64_t random = 7;
    for (int run = 0; run < 30; run++) {
        place from = place_of(), to = place_of();
        fill(&from, "Mmnu", 3000, 1 + (int)(kd_random_next(&random) % 3), "a");
        for (int round = 0; round < 4; round++) {
            copy(&from, &to, 1 + (uint32_t)(kd_random_next(&random) % 6));
            for (int n = 0; n < 200; n++) {
                char key[32];
                snprintf(key, sizeof key, "%c%06d", "Mmnu"[kd_random_next(&random) % 4],
                         (int)(kd_random_next(&random) % 3500));
                put(&from, key, kd_random_next(&random) % 2 ? "new" : NULL);
            }
        }
        copy(&from, &to, UINT32_MAX);
        assert_same(&from, &to);
        finish(&from);
        finish(&to);
    }
}

Test(seed_chunk, rows_that_stand_elsewhere_are_not_taken)
{
    place to = place_of();
    kd_writes w = {.count = 0};
    kd_buf rows = {0};
    const kd_bytes b = kd_bytes_str("b"), d = kd_bytes_str("d"), none = {0};
    kd_backup_row_put(&rows, kd_bytes_str("c"), b);
    kd_backup_row_put(&rows, d, b);
    cr_assert_eq(kd_seed_apply(&to.store, b, d, false, kd_buf_view(&rows), CLEARED, &w), KD_OK);
    cr_assert_eq(kd_seed_apply(&to.store, b, kd_bytes_str("e"), false, kd_buf_view(&rows), CLEARED, &w),
                 KD_EMALFORMED, "its end is another row");
    cr_assert_eq(kd_seed_apply(&to.store, kd_bytes_str("c"), d, false, kd_buf_view(&rows), CLEARED, &w),
                 KD_EMALFORMED, "a row in front of it");
    cr_assert_eq(kd_seed_apply(&to.store, d, b, false, none, CLEARED, &w), KD_EMALFORMED, "it ends in front");
    cr_assert_eq(kd_seed_apply(&to.store, b, b, false, none, CLEARED, &w), KD_EMALFORMED,
                 "it does not get on, and would be asked for for ever");
    cr_assert_eq(kd_seed_apply(&to.store, b, b, true, none, CLEARED, &w), KD_OK);
    kd_backup_row_put(&rows, kd_bytes_str("c"), b);
    cr_assert_eq(kd_seed_apply(&to.store, b, kd_bytes_str("c"), true, kd_buf_view(&rows), CLEARED, &w),
                 KD_EMALFORMED, "out of order");
    kd_writes_finish(&w);
    kd_buf_finish(&rows);
    finish(&to);
}

Test(seed_chunk, what_is_written_is_read_and_what_is_cut_short_is_refused)
{
    kd_buf out = {0};
    kd_seed_chunk read, chunk = {.seed = 0x1122334455667788,
                                 .last = true,
                                 .done = 5,
                                 .whole = 9,
                                 .digest = {1, 2, 3},
                                 .end = kd_bytes_str("m/key"),
                                 .packed = kd_bytes_str("rows")};
    kd_seed_chunk_put(&out, &chunk);
    cr_assert_eq(kd_seed_chunk_read(kd_buf_view(&out), &read), KD_OK);
    cr_assert(read.seed == chunk.seed && read.last && !read.same && read.done == 5 && read.whole == 9);
    cr_assert(memcmp(read.digest, chunk.digest, sizeof read.digest) == 0);
    cr_assert(kd_bytes_eq(read.end, chunk.end) && kd_bytes_eq(read.packed, chunk.packed));
    for (size_t len = 0; len < out.len - chunk.packed.len; len++) {
        int err = kd_seed_chunk_read(kd_bytes_of(out.data, len), &read);
        cr_assert(err == KD_EMALFORMED || (err == KD_EVERSION && len < 4), "%zu bytes", len);
    }
    out.data[0] = 'X';
    cr_assert_eq(kd_seed_chunk_read(kd_buf_view(&out), &read), KD_EVERSION);
    kd_buf_clear(&out);
    chunk.same = true;
    kd_seed_chunk_put(&out, &chunk);
    cr_assert_eq(kd_seed_chunk_read(kd_buf_view(&out), &read), KD_EMALFORMED, "the same, and rows");
    kd_buf_finish(&out);
}

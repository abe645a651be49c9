/* test_backup_cut.c - chunks, lists, names and digests of a backup in an object store: what is cut where, and what is new. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/backup/backup_cut.h"
#include "common/backup/digests.h"
#include "common/backup/object_name.h"
#include "kudos/id.h"

enum { ROWS = 60000, CHUNKS_MAX = 256 };

/* Hashes of the chunks of rows `m/000000`... with the values 64 bytes long, but for one row that may be left out and one that may have another value. */
static size_t cut_all(uint64_t *chunks, int left_out, int changed)
{
    kd_buf chunk = {0};
    size_t count = 0;
    for (int i = 0; i < ROWS; i++) {
        char key[16], value[65];
        if (i == left_out) continue;
        kd_bytes k = kd_bytes_of(key, (size_t)snprintf(key, sizeof key, "m/%06d", i));
        kd_bytes v =
            kd_bytes_of(value, (size_t)snprintf(value, sizeof value, "%064d", i == changed ? -1 : i));
        kd_backup_row_put(&chunk, k, v);
        if (!kd_backup_cut_after(chunk.len, k)) continue;
        cr_assert(count < CHUNKS_MAX && chunk.len >= KD_BACKUP_CHUNK_MIN &&
                  chunk.len < KD_BACKUP_CHUNK_MAX + 256);
        chunks[count++] = kd_hash(kd_buf_view(&chunk));
        kd_buf_clear(&chunk);
    }
    chunks[count++] = kd_hash(kd_buf_view(&chunk));
    kd_buf_finish(&chunk);
    return count;
}

static size_t count_new(const uint64_t *old, size_t old_count, const uint64_t *now, size_t now_count)
{
    size_t fresh = 0;
    for (size_t i = 0; i < now_count; i++) {
        size_t k = 0;
        while (k < old_count && old[k] != now[i]) k++;
        fresh += k == old_count;
    }
    return fresh;
}

Test(backup_cut, a_row_more_or_less_changes_the_chunks_around_it_alone)
{
    uint64_t whole[CHUNKS_MAX], less[CHUNKS_MAX];
    size_t count = cut_all(whole, -1, -1), found;
    cr_assert(count >= 5, "%zu chunks", count);
    for (int row = 0; row < ROWS; row += 7919) {
        found = cut_all(less, row, -1);
        cr_expect(count_new(whole, count, less, found) <= 3, "row %d left out", row);
        found = cut_all(less, -1, row);
        cr_expect_eq(count_new(whole, count, less, found), 1, "row %d changed", row);
    }
}

Test(backup_cut, a_chunk_never_grows_beyond_its_bound)
{
    kd_bytes key = kd_bytes_str("no key cuts here");
    cr_expect_not(kd_backup_cut_after(KD_BACKUP_CHUNK_MIN - 1, key));
    cr_expect(kd_backup_cut_after(KD_BACKUP_CHUNK_MAX, key));
}

Test(backup_cut, rows_that_always_change_do_not_share_a_chunk_with_members_and_counts)
{
    cr_expect(kd_backup_cut_between('k', 'm'));
    cr_expect(kd_backup_cut_between('m', 'n'));
    cr_expect(kd_backup_cut_between('n', 'r'));
    cr_expect_not(kd_backup_cut_between('m', 'm'));
    cr_expect_not(kd_backup_cut_between('M', 'b'));
}

Test(backup_cut, rows_come_back_and_a_torn_chunk_is_told)
{
    kd_buf chunk = {0};
    kd_bytes key, value;
    kd_backup_row_put(&chunk, kd_bytes_str("k1"), kd_bytes_str("v"));
    kd_backup_row_put(&chunk, kd_bytes_str("k2"), kd_bytes_str(""));
    kd_reader r = kd_reader_of(kd_buf_view(&chunk));
    cr_assert(kd_backup_row_take(&r, &key, &value) && kd_bytes_eq(value, kd_bytes_str("v")));
    cr_assert(kd_backup_row_take(&r, &key, &value) && kd_bytes_eq(key, kd_bytes_str("k2")) && value.len == 0);
    cr_expect_eq(kd_reader_left(&r), 0);
    for (size_t len = 1; len < chunk.len; len++) {
        if (len == 11) continue; /* the first row, whole */
        kd_reader torn = kd_reader_of(kd_bytes_of(chunk.data, len));
        while (kd_reader_left(&torn) > 0 && kd_backup_row_take(&torn, &key, &value)) continue;
        cr_expect(torn.bad, "%zu", len);
    }
    kd_buf_finish(&chunk);
}

/* ---- lists ---- */

Test(backup_list, is_read_as_it_was_written_and_a_torn_or_forged_one_is_told)
{
    kd_buf list = {0};
    kd_reader r;
    kd_backup_chunk chunk = {.digest = {1, 2, 3}, .rows = 7, .bytes = 99}, found;
    cr_assert(kd_backup_list_put(&list, &chunk));
    chunk.digest[0] = 9;
    cr_assert(kd_backup_list_put(&list, &chunk));
    cr_assert(kd_backup_list_begin(kd_buf_view(&list), &r));
    cr_assert(kd_backup_list_next(&r, &found) && found.digest[0] == 1 && found.rows == 7 &&
              found.bytes == 99);
    cr_assert(kd_backup_list_next(&r, &found) && found.digest[0] == 9);
    cr_assert(!kd_backup_list_next(&r, &found) && !r.bad);
    cr_assert(kd_backup_list_begin(kd_bytes_of(list.data, list.len - 1), &r));
    while (kd_backup_list_next(&r, &found)) continue;
    cr_expect(r.bad, "torn");
    list.data[list.len - 4] = 0xff; /* bytes: 4 GiB */
    cr_assert(kd_backup_list_begin(kd_buf_view(&list), &r));
    while (kd_backup_list_next(&r, &found)) continue;
    cr_expect(r.bad, "a chunk beyond all bounds");
    cr_expect_not(kd_backup_list_begin(kd_bytes_str("KDL2"), &r));
    kd_buf_finish(&list);
}

Test(backup_list, of_an_empty_partition_is_a_list)
{
    kd_buf list = {0};
    kd_reader r;
    kd_backup_chunk found;
    kd_backup_list_end(&list);
    cr_expect(kd_backup_list_begin(kd_buf_view(&list), &r) && !kd_backup_list_next(&r, &found) && !r.bad);
    kd_buf_finish(&list);
}

/* ---- digests ---- */

Test(digests, holds_what_was_added_and_nothing_else)
{
    kd_digests set = {.cap = 0};
    uint8_t digest[KD_BACKUP_DIGEST] = {0};
    cr_expect(kd_digests_add(&set, digest) && !kd_digests_has(&set, digest), "zeros are in no set");
    for (uint32_t i = 1; i <= 5000; i++) {
        digest[0] = (uint8_t)(i % 5); /* who names objects may choose digests that collide */
        memcpy(digest + 8, &i, sizeof i);
        cr_assert(!kd_digests_has(&set, digest));
        cr_assert(kd_digests_add(&set, digest) && kd_digests_add(&set, digest));
    }
    cr_expect_eq(set.count, 5000);
    for (uint32_t i = 1; i <= 5000; i++) {
        digest[0] = (uint8_t)(i % 5);
        memcpy(digest + 8, &i, sizeof i);
        cr_assert(kd_digests_has(&set, digest));
    }
    kd_digests_finish(&set);
    cr_expect_not(kd_digests_has(&set, digest));
}

/* ---- names ---- */

Test(object_name, of_an_address)
{
    kd_object_place place;
    cr_assert_eq(kd_object_place_parse(&place, "s3://my-bucket.eu/a/B_1.x/"), KD_OK);
    cr_expect_str_eq(place.bucket, "my-bucket.eu");
    cr_expect_str_eq(place.prefix, "a/B_1.x/");
    cr_assert_eq(kd_object_place_parse(&place, "s3://abc/x"), KD_OK);
    cr_expect_str_eq(place.prefix, "x/");
    cr_assert_eq(kd_object_place_parse(&place, "s3://abc/"), KD_OK);
    cr_expect_str_eq(place.prefix, "");
    static const char *const wrong[] = {"s3://",        "s3://ab/x",        "s3://Abc/x",    "s3://-bc/x",
                                        "s3://abc//x",  "s3://abc/./x",     "s3://abc/a/..", "s3://abc/a b",
                                        "s3://abc/%41", "s3://abc/a?b",     "http://abc/x",  "/abc",
                                        "s3:/abc/x",    "s3://abc/\xc3\xa9"};
    for (size_t i = 0; i < KD_COUNT(wrong); i++)
        cr_expect_eq(kd_object_place_parse(&place, wrong[i]), KD_EINVAL, "%s", wrong[i]);
    cr_expect(kd_object_place_is("s3://x") && !kd_object_place_is("/s3://x") && !kd_object_place_is("s3:/x"));
}

Test(object_name, of_an_object_comes_back_and_strangers_do_not)
{
    uint8_t digest[KD_BACKUP_DIGEST], found[KD_BACKUP_DIGEST];
    char name[KD_OBJECT_NAME_MAX], folder[KD_OBJECT_NAME_MAX];
    kd_object_kind kind;
    for (size_t i = 0; i < sizeof digest; i++) digest[i] = (uint8_t)(i * 37);
    for (int of = KD_OBJECT_ROWS; of <= KD_OBJECT_LIST; of++) {
        kd_object_name(name, 4095, (kd_object_kind)of, digest);
        size_t begin = strlen(kd_object_folder(folder, 4095));
        cr_expect_eq(strncmp(name, folder, begin), 0);
        cr_assert(kd_object_name_parse(kd_bytes_str(name + begin), &kind, found));
        cr_expect(kind == (kd_object_kind)of && memcmp(found, digest, sizeof digest) == 0);
        cr_expect_not(kd_object_name_parse(kd_bytes_str(name + begin + 1), &kind, found));
        name[begin + 6] = 'A';
        cr_expect_not(kd_object_name_parse(kd_bytes_str(name + begin), &kind, found),
                      "upper case names another object");
    }
    cr_expect_not(kd_object_name_parse(kd_bytes_str(""), &kind, found));
    cr_expect_not(kd_object_name_parse(kd_bytes_str("readme.txt"), &kind, found));
}

/* What a backup says of itself, as text: of a directory, an object store, and directories of several members. */
#include <criterion/criterion.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/backup/backup_manifest.c"
#include "central/io/backup/backup_set.c"

enum { PARTITIONS = 3 };

static kd_backup_set made, seen;
static kd_buf text;

static void set_up(void)
{
    cr_assert_geq(sodium_init(), 0);
    kd_backup_set_begin(&made, PARTITIONS, "b1");
    for (uint32_t p = 0; p < PARTITIONS; p++)
        made.at[p] = (kd_backup_sums){.rows = p + 1, .bytes = 100 * p, .digest = {(uint8_t)(p + 7)}};
}

static void tear_down(void)
{
    kd_backup_set_finish(&made);
    kd_backup_set_finish(&seen);
    kd_buf_finish(&text);
}

TestSuite(backup_manifest, .init = set_up, .fini = tear_down);

static int read_back(void)
{
    kd_buf_clear(&text);
    kd_backup_manifest_put(&text, &made);
    return kd_backup_manifest_read(&text, &seen);
}

static void with_parts(void)
{
    made.parts = kd_alloc(sizeof(*made.parts) * PARTITIONS);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        snprintf(made.parts[p], sizeof(made.parts[p]), "central-%u", p % 2);
}

Test(backup_manifest, each_form_is_read_as_it_was_written)
{
    cr_assert_eq(read_back(), KD_OK);
    cr_assert(!seen.lists && !seen.parts && seen.partitions == PARTITIONS && seen.at[2].rows == 3);
    kd_backup_set_finish(&seen);
    made.lists = kd_alloc(sizeof(*made.lists) * PARTITIONS);
    made.lists[1][5] = 9;
    cr_assert_eq(read_back(), KD_OK);
    cr_assert(seen.lists && !seen.parts && seen.lists[1][5] == 9);
    kd_backup_set_finish(&seen);
    free(made.lists);
    made.lists = NULL;
    with_parts();
    cr_assert_eq(read_back(), KD_OK);
    cr_assert(!seen.lists && seen.parts);
    cr_assert_str_eq(seen.parts[1], "central-1");
    cr_assert_str_eq(seen.parts[2], "central-0");
}

Test(backup_manifest, a_partition_that_no_member_wrote_is_no_backup)
{
    with_parts();
    made.parts[1][0] = '\0';
    cr_assert_eq(read_back(), KD_EMALFORMED);
}

Test(backup_manifest, a_member_tells_one_line_and_the_set_is_put_together_of_them)
{
    uint32_t partition;
    kd_backup_set_begin(&seen, PARTITIONS, "b1");
    with_parts();
    for (uint32_t p = PARTITIONS; p-- > 0;) {
        kd_buf_clear(&text);
        kd_backup_manifest_put_partition(&text, &made, p);
        text.data[text.len - 1] = '\0';
        cr_assert(kd_backup_manifest_read_partition((const char *)text.data, &seen, &partition));
        cr_assert_eq(partition, p);
        cr_assert_eq(seen.at[p].rows, p + 1);
        cr_assert_str_eq(seen.parts[p], made.parts[p]);
    }
    cr_assert(!kd_backup_manifest_read_partition("partition 3 rows 1 bytes 1 digest 00", &seen, &partition));
    cr_assert(!kd_backup_manifest_read_partition("complete 1", &seen, &partition));
}

/* test_erase_gone.c - when an erased user's id is gone, or which place keeps it. */
#include <criterion/criterion.h>
#include <string.h>

#include "central/io/operator/erase_gone.c"

static const uint64_t second = 1000000, day = 86400000000ull;
#define NOW (20000 * day)

static kd_gone_config settings;
static kd_gone_partition partition;
static kd_erased told;
static kd_gone gone;

static void set_up(void)
{
    settings = (kd_gone_config){.likes_retention_us = 3 * day,
                                .changes_retention_us = 5 * day,
                                .publish_changes = true,
                                .edge_row_ttl_us = 8 * day};
    partition = (kd_gone_partition){.oldest_backup = UINT64_MAX, .lowest_us = NOW - second};
    told = (kd_erased){.stamp_us = NOW, .finished_us = NOW + second, .version = 100};
    gone = (kd_gone){0};
}

TestSuite(gone, .init = set_up);

static const char *reason(void)
{
    gone = (kd_gone){0};
    kd_gone_add(&gone, &settings, &partition, &told, NOW + 2 * second);
    return gone.reason;
}

Test(gone, it_is_the_latest_of_topics_and_edges)
{
    cr_expect_str_eq(reason(), "");
    cr_expect_eq(gone.at_us, NOW + second + (5 + 7) * day, "the changes topic, with a segment's life");
    settings.publish_changes = false;
    reason();
    cr_expect_eq(gone.at_us, NOW + second + (3 + 7) * day);
    settings.edge_row_ttl_us = 16 * day;
    reason();
    cr_expect_eq(gone.at_us, NOW + (16 + 2) * day, "edges sweep when an eighth has passed");
}

Test(gone, a_place_of_which_nothing_is_known_is_named)
{
    partition.lowest_us = NOW - 61 * second;
    strcpy(partition.edge, "oslo");
    cr_expect_str_eq(reason(), "edge:oslo");
    settings.backups_kept = true;
    cr_expect_str_eq(reason(), "edges-wait-for-a-backup");
    partition.newest_backup = 101;
    cr_expect_str_eq(reason(), "edge:oslo");
    settings.edge_row_ttl_us = 0;
    cr_expect_str_eq(reason(), "edges");
    partition.oldest_backup = 99;
    strcpy(partition.backup, "b1");
    cr_expect_str_eq(reason(), "backup:b1");
    partition.oldest_backup = 100;
    cr_expect_str_eq(reason(), "edges", "that backup holds the erasure");
    partition.quarantined = 1;
    cr_expect_str_eq(reason(), "quarantine");
    told.finished_us = 0;
    cr_expect_str_eq(reason(), "unfinished");
}

Test(gone, an_edge_that_has_told_of_the_erasure_holds_nothing_back)
{
    partition.lowest_us = NOW;
    gone = (kd_gone){0};
    kd_gone_add(&gone, &settings, &partition, &told, NOW + 1000 * second);
    cr_expect_str_eq(gone.reason, "");
}

Test(gone, of_several_partitions_the_latest_time_is_told_or_the_first_place)
{
    kd_buf text = {0};
    reason();
    told.finished_us += 10 * second;
    kd_gone_add(&gone, &settings, &partition, &told, NOW + 2 * second);
    cr_expect_eq(gone.at_us, NOW + 11 * second + 12 * day);
    kd_gone_put(&gone, &text);
    cr_expect_eq(text.len, strlen("gone_at=2024-10-16T00:00:12Z"));
    cr_expect_eq(memcmp(text.data, "gone_at=2024-10-16T00:00:12Z", text.len), 0);
    partition.quarantined = 1;
    kd_gone_add(&gone, &settings, &partition, &told, NOW + 2 * second);
    partition.quarantined = 0;
    kd_gone_add(&gone, &settings, &partition, &told, NOW + 2 * second);
    kd_buf_clear(&text);
    kd_gone_put(&gone, &text);
    cr_expect_eq(memcmp(text.data, "gone_at=unknown reason=quarantine", text.len), 0);
    kd_buf_finish(&text);
}

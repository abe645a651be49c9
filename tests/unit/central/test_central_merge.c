/* Which batch is merged, whose stamp wins, where it counts, and what is set aside. */
#include <criterion/criterion.h>

#include <stdio.h>

#include "tests/lib/central_rig.h"

enum { LIKE = 0, SAVE = 1, VIEW = 2 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2;

static rig r;
static rig_edge a, b;

static void set_up(void)
{
    rig_init(&r);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(central_merge, .init = set_up, .fini = tear_down);

static rig_op like(uint32_t user, uint64_t time_us)
{
    return (rig_op){1, user, time_us, RIG_LIKE, true};
}

static rig_op unlike(uint32_t user, uint64_t time_us)
{
    return (rig_op){1, user, time_us, RIG_LIKE, false};
}

static kd_central_stats stats(void)
{
    kd_central_stats s;
    kd_central_get_stats(r.c, &s);
    return s;
}

static kd_buf seal_one(rig_edge *e, rig_op op)
{
    kd_buf record = {0};
    rig_seal(e, &op, 1, NULL, 0, op.time_us, &record);
    return record;
}

Test(central_merge, drops_a_duplicate_and_leaves_a_gap)
{
    kd_buf first = seal_one(&a, like(1, noon)), second = seal_one(&a, like(2, noon + 1)),
           third = seal_one(&a, like(3, noon + 2));
    cr_assert_eq(rig_feed(&r, kd_buf_view(&second)), KD_FED_GAP);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&first)), KD_FED_MERGED);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&first)), KD_FED_DUPLICATE, "in the same commit");
    cr_assert_eq(rig_feed(&r, kd_buf_view(&third)), KD_FED_GAP);
    rig_commit(&r);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&first)), KD_FED_DUPLICATE, "in a later one");
    cr_assert_eq(rig_feed(&r, kd_buf_view(&second)), KD_FED_MERGED);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&third)), KD_FED_MERGED);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u, "only what is durable is shown");
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 3u);
    cr_assert_eq(stats().duplicates, 2u);
    cr_assert_eq(stats().gaps, 2u);
    kd_buf_finish(&first);
    kd_buf_finish(&second);
    kd_buf_finish(&third);
}

static uint64_t passed_over(void)
{
    kd_bytes edge;
    uint64_t n = kd_central_passed_over(r.c, &edge);
    cr_assert(kd_bytes_eq(edge, n > 0 ? kd_bytes_str("edge-a") : (kd_bytes){0}));
    return n;
}

Test(central_merge, counts_a_batch_that_was_left_and_is_sent_no_more)
{
    rig_one(&r, &a, like(1, noon));
    rig_edge first = a;
    kd_buf second = seal_one(&a, like(2, noon + 1)), third = seal_one(&a, like(3, noon + 2)),
           fourth = seal_one(&a, like(4, noon + 3));
    cr_assert_eq(rig_feed(&r, kd_buf_view(&third)), KD_FED_GAP);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&fourth)), KD_FED_GAP);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&second)), KD_FED_MERGED);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&third)), KD_FED_MERGED);
    cr_assert_eq(passed_over(), 0u, "it is sent again, in order");
    rig_edge three = a;
    three.last = (kd_position){first.last.incarnation, first.last.seq + 2};
    kd_batch batch;
    cr_assert_eq(kd_batch_decode(kd_buf_view(&third), &batch), KD_OK);
    three.last_digest = batch.digest;
    three.incarnation++;
    three.restarted = true;
    cr_assert_eq(rig_one(&r, &three, like(5, noon + 4)), KD_FED_MERGED);
    cr_assert_eq(passed_over(), 1u, "the fourth is below applied and was never merged");
    cr_assert_eq(rig_feed(&r, kd_buf_view(&fourth)), KD_FED_DUPLICATE);
    cr_assert_eq(rig_one(&r, &three, like(6, noon + 5)), KD_FED_MERGED);
    cr_assert_eq(passed_over(), 1u, "told once");
    rig_commit(&r);
    kd_buf_finish(&second);
    kd_buf_finish(&third);
    kd_buf_finish(&fourth);
}

Test(central_merge, alarms_when_digests_disagree)
{
    rig_one(&r, &a, like(1, noon));
    rig_edge twin = a;
    rig_one(&r, &a, like(2, noon + 1));
    rig_edge at_two = a;
    cr_assert_eq(rig_one(&r, &twin, like(3, noon + 1)), KD_FED_IDENTITY,
                 "the position of applied with another body");
    cr_assert_eq(rig_one(&r, &twin, like(4, noon + 2)), KD_FED_IDENTITY,
                 "after applied, with another digest");
    cr_assert_eq(rig_one(&r, &at_two, like(5, noon + 2)), KD_FED_MERGED);
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 3u);
    cr_assert_eq(stats().identity_alarms, 2u);
}

Test(central_merge, a_batch_follows_applied_itself)
{
    /* An edge restored from an old copy: a new incarnation whose `after` lies below what is applied, until it hears. */
    rig_one(&r, &a, like(1, noon));
    rig_edge old = a;
    rig_one(&r, &a, like(2, noon + 1));
    old.incarnation += 5;
    old.restarted = true;
    cr_assert_eq(rig_one(&r, &old, like(3, noon + 2)), KD_FED_GAP);
    old.last = a.last;
    old.last_digest = a.last_digest;
    cr_assert_eq(rig_one(&r, &old, like(3, noon + 2)), KD_FED_MERGED);
    cr_assert_eq(rig_one(&r, &a, like(4, noon + 3)), KD_FED_DUPLICATE);
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 3u);
}

Test(central_merge, the_larger_stamp_wins_in_any_order)
{
    rig_one(&r, &b, unlike(1, noon + 10));
    rig_commit(&r);
    rig_one(&r, &a, like(1, noon + 5)); /* late: the tombstone of a pair never liked stands */
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 0u);
    rig_one(&r, &a, like(1, noon + 11));
    rig_one(&r, &b, unlike(1, noon + 12));
    rig_one(&r, &a, like(1, noon + 13));
    rig_commit(&r); /* three of one row in one commit */
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    cr_assert_eq(rig_region(&r, 1, LIKE, "eu"), 1u);
}

Test(central_merge, equal_times_are_decided_by_the_edges_names)
{
    rig_one(&r, &b, unlike(1, noon)); /* registered first, so its index is the smaller one */
    rig_one(&r, &a, like(1, noon));
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 0u, "edge-b is larger than edge-a");
    rig_one(&r, &a, unlike(2, noon));
    rig_commit(&r);
    rig_one(&r, &b, like(2, noon));
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    rig_one(&r, &a, unlike(2, noon));
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
}

Test(central_merge, an_unlike_takes_back_where_its_like_was_counted)
{
    rig_one(&r, &a, like(1, noon));
    rig_one(&r, &b, like(2, noon));
    rig_commit(&r);
    rig_one(&r, &b, unlike(1, noon + 3 * RIG_DAY));
    rig_commit(&r);
    cr_assert_eq(rig_region(&r, 1, LIKE, "eu"), 0u);
    cr_assert_eq(rig_region(&r, 1, LIKE, "us"), 1u);
    cr_assert_eq(rig_day(&r, 1, LIKE, 20000), 1u);
    cr_assert_eq(rig_day(&r, 1, LIKE, 20003), 0u);
    cr_assert(rig_sums_agree(&r, 1));
}

Test(central_merge, a_like_again_moves_to_its_last_region_and_day)
{
    rig_one(&r, &a, like(1, noon));
    rig_commit(&r);
    rig_one(&r, &b, like(1, noon + RIG_DAY));
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    cr_assert_eq(rig_region(&r, 1, LIKE, "us"), 1u);
    cr_assert_eq(rig_day(&r, 1, LIKE, 20001), 1u);
    cr_assert(rig_sums_agree(&r, 1));
    cr_assert_eq(stats().changes, 1u, "nobody is told of a move");
}

Test(central_merge, repeats_in_two_outstanding_commits_count_once)
{
    const kd_writes *first, *second;
    uint64_t v1, v2;
    rig_one(&r, &a, like(1, noon));
    cr_assert_eq(kd_central_commit_begin(r.c, &first, &v1), KD_OK);
    rig_one(&r, &b, like(1, noon + 1));
    rig_one(&r, &b, like(2, noon + 1));
    cr_assert_eq(kd_central_commit_begin(r.c, &second, &v2), KD_OK);
    rig_one(&r, &b, like(3, noon + 1));
    const kd_writes *third;
    uint64_t v3;
    cr_assert_eq(kd_central_commit_begin(r.c, &third, &v3), KD_EAGAIN);
    cr_assert_eq(rig_total(&r, 1, LIKE), 0u);
    sim_disk_apply(r.disk, first);
    cr_assert_eq(kd_central_commit_end(r.c, v1, KD_OK), KD_OK);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    sim_disk_apply(r.disk, second);
    cr_assert_eq(kd_central_commit_end(r.c, v2, KD_OK), KD_OK);
    cr_assert_eq(rig_total(&r, 1, LIKE), 2u);
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 3u);
    cr_assert(rig_sums_agree(&r, 1));
}

Test(central_merge, a_sum_counts_once_per_position)
{
    kd_sum sums[] = {{rig_item(1), 5, 20000, RIG_VIEW}, {rig_item(1), 7, 20001, RIG_VIEW}};
    kd_buf one = {0}, two = {0};
    rig_seal(&a, NULL, 0, sums, 2, noon, &one);
    rig_seal(&b, NULL, 0, sums, 1, noon, &two);
    rig_feed(&r, kd_buf_view(&one));
    rig_feed(&r, kd_buf_view(&one));
    rig_feed(&r, kd_buf_view(&two));
    rig_commit(&r);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_feed(&r, kd_buf_view(&one));
    rig_feed(&r, kd_buf_view(&two));
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, VIEW), 17u);
    cr_assert_eq(rig_region(&r, 1, VIEW, "eu"), 12u);
    cr_assert_eq(rig_region(&r, 1, VIEW, "us"), 5u);
    cr_assert_eq(rig_day(&r, 1, VIEW, 20000), 10u);
    cr_assert_eq(rig_day(&r, 1, VIEW, 20001), 7u);
    kd_buf_finish(&one);
    kd_buf_finish(&two);
}

Test(central_merge, sets_aside_what_breaks_a_limit_and_stalls_its_edge)
{
    kd_sum huge = {rig_item(1), (1ull << 32) + 1, 20000, RIG_VIEW},
           not_a_sum = {rig_item(1), 1, 20000, RIG_LIKE};
    rig_op not_a_set = {1, 1, noon, RIG_VIEW, true}, unknown = {1, 1, noon, 33, true};
    kd_buf record = {0};
    for (int i = 0; i < 4; i++) {
        rig_edge e = {.name = "edge-p", .region = "eu"};
        if (i == 0) rig_seal(&e, NULL, 0, &huge, 1, noon, &record);
        if (i == 1) rig_seal(&e, NULL, 0, &not_a_sum, 1, noon, &record);
        if (i == 2) rig_seal(&e, &not_a_set, 1, NULL, 0, noon, &record);
        if (i == 3) rig_seal(&e, &unknown, 1, NULL, 0, noon, &record);
        cr_assert_eq(rig_feed(&r, kd_buf_view(&record)),
                     i == 0 ? KD_FED_QUARANTINED : KD_FED_UNKNOWN_COUNTER);
        cr_assert_eq(rig_one(&r, &e, like(2, noon)), KD_FED_GAP);
    }
    rig_commit(&r);
    cr_assert_eq(stats().quarantined, 4u);
    cr_assert_eq(stats().batches, 0u);
    cr_assert_eq(rig_total(&r, 1, LIKE), 0u);
    kd_buf_finish(&record);
}

Test(central_merge, sets_aside_rubbish_within_a_bound)
{
    rig_commit(&r);
    char text[32];
    for (uint32_t i = 0; i < 300; i++) {
        int n = snprintf(text, sizeof text, "rubbish %u", i);
        cr_assert_eq(rig_feed(&r, kd_bytes_of(text, (size_t)n)), KD_FED_QUARANTINED);
    }
    size_t before = sim_disk_rows(r.disk);
    rig_commit(&r);
    size_t kept = sim_disk_rows(r.disk) - before;
    cr_assert(kept > 10 && kept < 100, "%zu", kept);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    rig_feed(&r, kd_bytes_str("more rubbish"));
    rig_commit(&r);
    cr_assert_eq(sim_disk_rows(r.disk), before + kept, "the bound holds over a restart");
}

static kd_fed like_of(uint32_t edge, uint32_t region)
{
    static char names[2][KD_EDGES_MAX + 2][24];
    rig_edge e = {.name = names[0][edge], .region = names[1][region]};
    snprintf(names[0][edge], sizeof names[0][edge], "edge-%u", edge);
    snprintf(names[1][region], sizeof names[1][region], "region-%u", region);
    return rig_one(&r, &e, (rig_op){1, edge, noon, RIG_LIKE, true});
}

Test(central_merge, edges_beyond_those_that_a_partition_knows_are_set_aside)
{
    for (uint32_t i = 0; i < KD_EDGES_MAX; i++) cr_assert_eq(like_of(i, 0), KD_FED_MERGED);
    cr_assert_eq(like_of(KD_EDGES_MAX, 0), KD_FED_QUARANTINED);
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), (uint64_t)KD_EDGES_MAX);
}

Test(central_merge, an_edge_is_in_the_region_of_its_last_batch)
{
    kd_central_edge edge;
    rig_one(&r, &a, like(1, noon));
    a.region = "asia";
    rig_one(&r, &a, like(2, noon + 1));
    rig_commit(&r);
    for (int restarted = 0; restarted < 2; restarted++) {
        cr_assert_eq(kd_central_edges(r.c, &edge, 1), 1u);
        cr_assert(kd_bytes_eq(edge.region, kd_bytes_str("asia")), "%.*s", (int)edge.region.len,
                  edge.region.data);
        cr_assert_eq(rig_region(&r, 1, LIKE, "eu"), 1u);
        cr_assert_eq(rig_region(&r, 1, LIKE, "asia"), 1u);
        cr_assert_eq(rig_reopen(&r), KD_OK);
    }
}

Test(central_merge, regions_beyond_those_that_a_partition_knows_are_set_aside)
{
    for (uint32_t i = 0; i < KD_REGIONS_MAX; i++) cr_assert_eq(like_of(i, i), KD_FED_MERGED);
    cr_assert_eq(like_of(KD_REGIONS_MAX, KD_REGIONS_MAX), KD_FED_QUARANTINED);
    cr_assert_eq(like_of(KD_REGIONS_MAX, 7), KD_FED_MERGED, "the edge is not at fault");
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), (uint64_t)KD_REGIONS_MAX + 1);
}

Test(central_merge, one_edge_cannot_use_up_the_regions)
{
    static char region[24];
    const uint32_t most = 8;
    a.region = region;
    for (uint32_t i = 0; i < KD_REGIONS_MAX + 4; i++) {
        snprintf(region, sizeof region, "moved-%u", i);
        kd_fed expected = i < most ? KD_FED_MERGED : KD_FED_QUARANTINED;
        cr_assert_eq(rig_one(&r, &a, like(1, noon + i)), expected, "%u", i);
        rig_commit(&r);
        if (i == 50) cr_assert_eq(rig_reopen(&r), KD_OK);
    }
    cr_assert_eq(like_of(1, 1), KD_FED_MERGED, "another edge has room");
}

Test(central_merge, sets_aside_an_item_of_another_partition)
{
    sim_disk_destroy(r.disk);
    r.disk = sim_disk_create();
    r.config.partitions = 2;
    r.config.partition = 1 - kd_partition(rig_item(1), 2);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_eq(rig_one(&r, &a, like(1, noon)), KD_FED_QUARANTINED);
}

Test(central_merge, leaves_a_newer_schema_alone)
{
    kd_buf record = seal_one(&a, like(1, noon));
    record.data[1] = KD_WIRE_SCHEMA + 1;
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_UNKNOWN_SCHEMA);
    record.data[1] = KD_WIRE_SCHEMA;
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    kd_buf_finish(&record);
}

/* Epochs and their chain, claims, the log position, what a store must fit, and failing storage. */
#include <criterion/criterion.h>

#include "tests/lib/central_rig.h"

static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2;
static rig r;
static rig_edge a;

static void set_up(void)
{
    rig_init(&r);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(central_tenure, .init = set_up, .fini = tear_down);

static rig_op like(uint32_t user)
{
    return (rig_op){1, user, noon + user, RIG_LIKE, true};
}

static void expect_chain(const kd_chain_link *links, uint32_t n)
{
    rig_snapshot s;
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    cr_assert_eq(s.parts[0].chain_count, n);
    for (uint32_t i = 0; i < n; i++) {
        cr_assert_eq(s.parts[0].chain[i].epoch, links[i].epoch);
        cr_assert_eq(s.parts[0].chain[i].last, links[i].last);
    }
    rig_snapshot_finish(&s);
}

Test(central_tenure, chains_epochs_and_goes_on_counting_versions)
{
    uint64_t first = kd_central_epoch(r.c);
    cr_assert_eq(first, r.hint);
    expect_chain(NULL, 0);
    rig_one(&r, &a, like(1));
    rig_commit(&r);
    cr_assert_eq(kd_central_version(r.c), 2u);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    uint64_t second = kd_central_epoch(r.c);
    cr_assert_gt(second, first);
    rig_commit(&r);
    cr_assert_eq(kd_central_version(r.c), 3u, "the new epoch is written without any data");
    expect_chain((kd_chain_link[]){{first, 2}}, 1);
    r.hint = 0;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_eq(kd_central_epoch(r.c), second + 1, "a hint from a clock set back does no harm");
    rig_commit(&r);
    expect_chain((kd_chain_link[]){{first, 2}, {second, 3}}, 2);
}

Test(central_tenure, a_tenure_that_wrote_nothing_leaves_no_link)
{
    uint64_t first = kd_central_epoch(r.c);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    expect_chain((kd_chain_link[]){{first, 1}}, 1);
}

Test(central_tenure, the_chain_is_bounded)
{
    uint64_t last = 0;
    for (int i = 0; i < KD_CHAIN_MAX + 5; i++) {
        last = kd_central_epoch(r.c);
        cr_assert_eq(rig_reopen(&r), KD_OK);
        rig_commit(&r);
    }
    rig_snapshot s;
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    cr_assert_eq(s.parts[0].chain_count, (uint32_t)KD_CHAIN_MAX);
    cr_assert_eq(s.parts[0].chain[KD_CHAIN_MAX - 1].epoch, last);
    rig_snapshot_finish(&s);
}

Test(central_tenure, says_nothing_before_its_epoch_is_durable)
{
    rig_snapshot s;
    kd_buf record = {0};
    kd_bytes item = rig_item(1);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_EAGAIN);
    cr_assert_eq(kd_central_read(r.c, &item, 1, (kd_bytes){0}, 1, &record), KD_EAGAIN);
    rig_commit(&r);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    cr_assert_eq(kd_central_read(r.c, &item, 1, (kd_bytes){0}, 1, &record), KD_OK);
    rig_snapshot_finish(&s);
    kd_buf_finish(&record);
}

static kd_fed feed_claim(uint64_t epoch, const char *name)
{
    kd_buf record = {0};
    kd_claim_encode(&(kd_claim){epoch, kd_bytes_str(name), 1}, &record);
    kd_fed fed = rig_feed(&r, kd_buf_view(&record));
    kd_buf_finish(&record);
    return fed;
}

Test(central_tenure, stops_at_a_higher_claim)
{
    kd_buf own = {0};
    kd_central_claim(r.c, 1, &own);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&own)), KD_FED_CLAIM);
    cr_assert_eq(feed_claim(kd_central_epoch(r.c) - 1, "central-2"), KD_FED_CLAIM);
    cr_assert_eq(feed_claim(kd_central_epoch(r.c) + 1, "central-2"), KD_FED_FENCED);
    const kd_writes *w;
    uint64_t version;
    rig_snapshot s;
    cr_assert_eq(kd_central_commit_begin(r.c, 0, &w, &version), KD_EFENCED);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_EFENCED);
    cr_assert_eq(rig_one(&r, &a, like(1)), KD_FED_FENCED);
    kd_buf_finish(&own);
}

Test(central_tenure, a_twin_with_the_same_epoch_is_a_higher_claim)
{
    cr_assert_eq(feed_claim(kd_central_epoch(r.c), "central-2"), KD_FED_FENCED);
}

Test(central_tenure, knows_the_last_record_it_took_in)
{
    int64_t offset;
    cr_assert_not(kd_central_log_position(r.c, &offset));
    cr_assert_eq(kd_central_log_check(r.c, (kd_bytes){0}), -1);
    kd_buf one = {0}, two = {0};
    rig_op op = like(1);
    rig_seal(&a, &op, 1, NULL, 0, noon, &one);
    op = like(2);
    rig_seal(&a, &op, 1, NULL, 0, noon, &two);
    r.offset = 40;
    rig_feed(&r, kd_buf_view(&one));
    rig_commit(&r);
    rig_feed(&r, kd_buf_view(&one)); /* merges nothing, and moves on */
    rig_commit(&r);
    rig_feed(&r, kd_buf_view(&two)); /* not committed */
    cr_assert(kd_central_log_position(r.c, &offset));
    cr_assert_eq(offset, 41);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert(kd_central_log_position(r.c, &offset));
    cr_assert_eq(offset, 41);
    cr_assert_eq(kd_central_log_check(r.c, kd_buf_view(&one)), 42);
    cr_assert_eq(kd_central_log_check(r.c, kd_buf_view(&two)), -1, "another record stands there");
    cr_assert_eq(kd_central_log_check(r.c, (kd_bytes){0}), -1, "nothing stands there");
    kd_buf_finish(&one);
    kd_buf_finish(&two);
}

Test(central_tenure, refuses_a_store_of_something_else)
{
    r.config.partitions = 2;
    cr_assert_eq(rig_reopen(&r), KD_EMISMATCH);
    r.config.partition = 1;
    cr_assert_eq(rig_reopen(&r), KD_EMISMATCH);
    r.config.partitions = 1;
    cr_assert_eq(rig_reopen(&r), KD_EINVAL);
    r.config.partition = 0;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    sim_disk_put(r.disk, kd_bytes_str("M"), kd_bytes_str("\x02 a later schema"));
    cr_assert_eq(rig_reopen(&r), KD_EMISMATCH);
    sim_disk_put(r.disk, kd_bytes_str("M"), kd_bytes_str("\x01"));
    cr_assert_eq(rig_reopen(&r), KD_EMALFORMED);
}

static void expect_poisoned(void)
{
    const kd_writes *w;
    uint64_t version, totals[KD_COUNTERS_MAX];
    bool liked;
    rig_snapshot s;
    kd_buf buf = {0};
    kd_bytes item = rig_item(1);
    cr_assert_eq(rig_one(&r, &a, like(9)), KD_FED_POISONED);
    cr_assert_eq(kd_central_commit_begin(r.c, 0, &w, &version), KD_EIO);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_EIO);
    cr_assert_eq(kd_central_changes_next(r.c, &buf, &version), KD_EIO);
    cr_assert_eq(kd_central_read(r.c, &item, 1, (kd_bytes){0}, 1, &buf), KD_EIO);
    cr_assert_eq(kd_central_totals(r.c, item, totals), KD_EIO);
    cr_assert_eq(kd_central_member(r.c, 0, item, rig_user(1), &liked), KD_EIO);
    kd_buf_finish(&buf);
}

Test(central_tenure, a_failed_write_poisons)
{
    const kd_writes *w;
    uint64_t version;
    rig_one(&r, &a, like(1));
    cr_assert_eq(kd_central_commit_begin(r.c, 0, &w, &version), KD_OK);
    cr_assert_eq(kd_central_commit_end(r.c, version, KD_EIO), KD_EIO);
    expect_poisoned();
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_eq(rig_total(&r, 1, 0), 0u);
}

Test(central_tenure, a_failed_read_of_a_row_poisons_and_counts_nothing)
{
    rig_one(&r, &a, like(1));
    rig_commit(&r);
    rig_one(&r, &a, like(1)); /* known to the filter: it must be read */
    sim_disk_fail_after(r.disk, 0);
    const kd_writes *w;
    uint64_t version;
    cr_assert_eq(kd_central_commit_begin(r.c, 0, &w, &version), KD_EIO);
    expect_poisoned();
}

Test(central_tenure, open_passes_on_every_failed_read)
{
    rig_one(&r, &a, like(1));
    rig_commit(&r);
    int err = KD_EIO;
    uint64_t reads = 0;
    for (; err == KD_EIO; reads++) {
        sim_disk_fail_after(r.disk, reads);
        err = rig_reopen(&r);
    }
    cr_assert_eq(err, KD_OK);
    cr_assert_gt(reads, 5u);
    sim_disk_fail_after(r.disk, UINT64_MAX);
    cr_assert_eq(rig_total(&r, 1, 0), 1u);
}

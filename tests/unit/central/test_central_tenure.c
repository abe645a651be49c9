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
    cr_assert_eq(kd_central_epoch(r.c), second + 1 + r.hint, "a hint from a clock set back does no harm");
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
    kd_claim_encode(&(kd_claim){.epoch = epoch, .central = kd_bytes_str(name), .at_us = 1}, &record);
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
    cr_assert_eq(kd_central_commit_begin(r.c, &w, &version), KD_EFENCED);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_EFENCED);
    cr_assert_eq(rig_one(&r, &a, like(1)), KD_FED_FENCED);
    kd_buf_finish(&own);
}

static void read_own_claim(void)
{
    kd_buf own = {0};
    kd_central_claim(r.c, 1, &own);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&own)), KD_FED_CLAIM);
    kd_buf_finish(&own);
}

Test(central_tenure, a_twin_with_the_same_epoch_is_a_higher_claim)
{
    read_own_claim();
    cr_assert_not(kd_central_took_over(r.c));
    cr_assert_eq(feed_claim(kd_central_epoch(r.c), "central-2"), KD_FED_FENCED);
}

/* ---- what is heard of other histories ---- */

static kd_fed feed_envelope(uint64_t epoch)
{
    kd_buf sealed = {0}, record = {0};
    kd_batch b;
    rig_op op = like(1);
    rig_seal(&a, &op, 1, NULL, 0, noon, &sealed);
    cr_assert_eq(kd_batch_decode(kd_buf_view(&sealed), &b), KD_OK);
    b.epoch = epoch;
    kd_batch_encode(&b, &record);
    kd_fed fed = rig_feed(&r, kd_buf_view(&record));
    kd_buf_finish(&sealed);
    kd_buf_finish(&record);
    return fed;
}

Test(central_tenure, two_starts_from_one_epoch_part_by_chance)
{
    uint64_t stored = kd_central_epoch(r.c);
    r.hint = 5;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_eq(kd_central_epoch(r.c), stored + 1 + 15);
    r.hint = 6; /* central wrote nothing in between: the same store is opened again */
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_eq(kd_central_epoch(r.c), stored + 1 + 16, "a hint that lies below still tells them apart");
}

Test(central_tenure, a_claim_that_was_there_before_our_own_is_outbid)
{
    rig_snapshot s;
    uint64_t first = kd_central_epoch(r.c), other = first + 5000000;
    cr_assert_eq(feed_claim(other, "central-1"), KD_FED_CLAIM);
    cr_assert_not(kd_central_durable(r.c));
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_EAGAIN, "nothing of the epoch below it is told any more");
    cr_assert_eq(kd_central_epoch(r.c), first, "what is committed is of the epoch before");
    rig_commit(&r);
    cr_assert(kd_central_durable(r.c));
    cr_assert_gt(kd_central_epoch(r.c), other);
    cr_assert(kd_central_took_over(r.c));
    expect_chain((kd_chain_link[]){{first, 1}}, 1);
    uint64_t second = kd_central_epoch(r.c);
    r.hint = 0;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_gt(kd_central_epoch(r.c), second, "it was written");
}

Test(central_tenure, who_claims_after_us_began_after_us)
{
    uint64_t other = kd_central_epoch(r.c) + 7;
    kd_buf own = {0};
    kd_central_claim(r.c, 1, &own); /* our claim is on its way to the log when the other one's is read */
    cr_assert_eq(feed_claim(other, "central-2"), KD_FED_CLAIM);
    rig_commit(&r);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&own)), KD_FED_CLAIM);
    cr_assert_eq(feed_claim(kd_central_epoch(r.c) + 1, "central-2"), KD_FED_FENCED);
    cr_assert(kd_central_took_over(r.c), "two are running, and take over in turn");
    kd_buf_finish(&own);
}

Test(central_tenure, a_lower_claim_before_our_own_that_is_not_of_our_history_is_taken_over_from)
{
    uint64_t stored = kd_central_epoch(r.c);
    r.hint = stored + 100;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_assert_eq(feed_claim(stored, "central-1"), KD_FED_CLAIM);
    cr_assert_not(kd_central_took_over(r.c), "it is our own, of before");
    cr_assert_eq(feed_claim(stored + 1, "central-2"), KD_FED_CLAIM);
    cr_assert(kd_central_took_over(r.c));
    cr_assert_eq(kd_central_epoch(r.c), stored + 110, "and needs no new epoch");
}

Test(central_tenure, an_envelope_of_a_history_above_raises_the_epoch_in_place)
{
    uint64_t first = kd_central_epoch(r.c), undone = first + 5000000;
    read_own_claim();
    cr_assert_eq(feed_envelope(first), KD_FED_MERGED);
    cr_assert(kd_central_durable(r.c));
    cr_assert_eq(feed_envelope(undone), KD_FED_MERGED);
    cr_assert_not(kd_central_durable(r.c));
    rig_commit(&r);
    uint64_t second = kd_central_epoch(r.c);
    cr_assert_gt(second, undone);
    expect_chain((kd_chain_link[]){{first, 1}}, 1);
    cr_assert_eq(feed_envelope(undone), KD_FED_MERGED);
    rig_commit(&r);
    cr_assert_eq(kd_central_epoch(r.c), second, "once");
}

Test(central_tenure, a_commit_under_way_keeps_its_epoch)
{
    const kd_writes *one, *two;
    uint64_t v1, v2, first = kd_central_epoch(r.c), undone = first + 5000000;
    rig_one(&r, &a, like(1));
    cr_assert_eq(kd_central_commit_begin(r.c, &one, &v1), KD_OK);
    feed_envelope(undone);
    feed_envelope(undone + 5000000); /* no commit has carried the epoch above `undone` yet */
    cr_assert_eq(kd_central_commit_begin(r.c, &two, &v2), KD_OK);
    sim_disk_apply(r.disk, one);
    cr_assert_eq(kd_central_commit_end(r.c, v1, KD_OK), KD_OK);
    cr_assert_eq(kd_central_epoch(r.c), first);
    cr_assert_not(kd_central_durable(r.c));
    sim_disk_apply(r.disk, two);
    cr_assert_eq(kd_central_commit_end(r.c, v2, KD_OK), KD_OK);
    cr_assert(kd_central_durable(r.c));
    cr_assert_gt(kd_central_epoch(r.c), undone + 5000000);
    expect_chain((kd_chain_link[]){{first, v1}}, 1);
}

/* The highest epoch that is believed at this time of central's clock. */
static uint64_t believed_at(uint64_t now_us)
{
    return ((now_us / 1000) << KD_EPOCH_CHANCE_BITS) + (1ull << 58);
}

Test(central_tenure, an_epoch_years_above_the_clock_is_set_aside)
{
    r.now_us = noon;
    uint64_t first = kd_central_epoch(r.c), last = believed_at(noon);
    cr_assert_eq(feed_claim(last + 1, "central-2"), KD_FED_QUARANTINED);
    cr_assert_eq(feed_envelope(last + 1), KD_FED_QUARANTINED);
    rig_commit(&r);
    cr_assert_eq(kd_central_epoch(r.c), first);
    cr_assert_eq(feed_claim(last, "central-2"), KD_FED_CLAIM, "any clock may be wrong by years");
    rig_commit(&r);
    cr_assert_gt(kd_central_epoch(r.c), last);
}

Test(central_tenure, many_epochs_named_in_turn_lift_ours_no_further_than_one)
{
    r.now_us = noon;
    uint64_t last = believed_at(noon);
    for (uint64_t step = 0; step < 2000; step++) {
        feed_envelope(kd_central_epoch(r.c) + (1ull << 30));
        feed_claim(last + (step << 20), "central-2");
        rig_commit(&r);
    }
    cr_assert_lt(kd_central_epoch(r.c), last + (1ull << 31));
}

Test(central_tenure, what_an_edge_follows_after_a_forgery_is_believed_by_a_central_that_begins_anew)
{
    r.now_us = noon;
    feed_envelope(believed_at(noon));
    rig_commit(&r);
    uint64_t followed = kd_central_epoch(r.c);
    cr_assert_gt(followed, believed_at(noon));
    rig_finish(&r);
    rig_init(&r); /* disk and log are lost */
    r.now_us = noon + 1000000;
    cr_assert_eq(feed_envelope(followed), KD_FED_GAP, "it is not the edge's first batch");
    rig_commit(&r);
    cr_assert_gt(kd_central_epoch(r.c), followed);
}

Test(central_tenure, epochs_above_the_bound_are_outbid_near_the_one_it_opened_with)
{
    r.now_us = noon;
    uint64_t high = believed_at(noon) + (1ull << 40);
    r.now_us = 2 * noon;
    feed_claim(high, "central-2");
    rig_commit(&r);
    r.now_us = noon; /* the clock was wrong */
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    uint64_t ours = kd_central_epoch(r.c);
    cr_assert_gt(ours, high);
    cr_assert_eq(feed_claim(ours + (1ull << 31), "central-2"), KD_FED_QUARANTINED);
    cr_assert_eq(feed_claim(ours + (1ull << 29), "central-2"), KD_FED_CLAIM, "a restore undid it, up there");
    rig_commit(&r);
    cr_assert_gt(kd_central_epoch(r.c), ours + (1ull << 29));
}

Test(central_tenure, an_edge_that_names_higher_epochs_again_and_again_moves_central_seldom)
{
    rig_commit(&r);
    uint64_t taken[8] = {kd_central_epoch(r.c)}, first_us = r.now_us;
    uint32_t count = 0;
    for (uint32_t i = 0; i < 1200; i++, r.now_us += 50000) {
        feed_envelope(kd_central_epoch(r.c) + (1ull << 24));
        rig_commit(&r);
        if (kd_central_epoch(r.c) == taken[count]) continue;
        cr_assert_lt(count, 7u, "a minute of them");
        taken[++count] = kd_central_epoch(r.c);
        cr_assert_geq(r.now_us - first_us, ((1u << (count - 1)) - 1) * 1000000ull, "%u", count);
    }
    cr_assert_eq(count, 6u, "at once, then after 1, 2, 4, 8 and 16 seconds");
    r.now_us -= 1000000000; /* a clock that is set back does not keep a restored central from its edges */
    feed_envelope(kd_central_epoch(r.c) + (1ull << 24));
    rig_commit(&r);
    cr_assert_gt(kd_central_epoch(r.c), taken[6]);
}

Test(central_tenure, a_clock_years_above_the_stored_epoch_mints_none)
{
    rig_commit(&r);
    uint64_t stored = kd_central_epoch(r.c);
    r.hint = stored + (1ull << 59);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_lt(kd_central_epoch(r.c), stored + (1ull << 21));
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
    cr_assert_eq(kd_central_commit_begin(r.c, &w, &version), KD_EIO);
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
    cr_assert_eq(kd_central_commit_begin(r.c, &w, &version), KD_OK);
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
    cr_assert_eq(kd_central_commit_begin(r.c, &w, &version), KD_EIO);
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

/* What is kept of poisoned records, that it goes when the batch is merged after all, and both ends of it. */
#include <criterion/criterion.h>

#include <stdio.h>

#include "kudos/forget.h"
#include "kudos/quarantine.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2;

static rig r;
static rig_edge a, b;
static kd_buf record;

static void set_up(void)
{
    rig_init(&r);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
    record = (kd_buf){0};
}

static void tear_down(void)
{
    kd_buf_finish(&record);
    rig_finish(&r);
}

TestSuite(quarantine, .init = set_up, .fini = tear_down);

static rig_op like(uint32_t item, uint32_t user, uint64_t time_us, uint8_t counter)
{
    return (rig_op){item, user, time_us, counter, true};
}

/* The next batch of the edge, into `record`. */
static void seal(rig_edge *e, rig_op op)
{
    rig_seal(e, &op, 1, NULL, 0, op.time_us, &record);
}

static kd_fed feed(void)
{
    kd_fed fed = rig_feed(&r, kd_buf_view(&record));
    rig_commit(&r);
    return fed;
}

/* The same batch in a later envelope, as a resend is. */
static void again(uint64_t sent_us)
{
    kd_batch batch;
    kd_buf copy = {0};
    cr_assert_eq(kd_batch_decode(kd_buf_view(&record), &batch), KD_OK);
    batch.sent_us = sent_us;
    kd_batch_encode(&batch, &copy);
    kd_buf_finish(&record);
    record = copy;
}

static kd_quarantined found[64];
static uint32_t found_count;

static int note(void *arg, const kd_quarantined *q)
{
    (void)arg;
    cr_assert_lt(found_count, KD_COUNT(found));
    found[found_count++] = *q;
    return 0;
}

static uint32_t kept(void)
{
    found_count = 0;
    cr_assert_eq(kd_central_quarantine_each(r.c, note, NULL), KD_OK);
    kd_central_stats s;
    kd_central_get_stats(r.c, &s);
    cr_assert_eq(s.quarantine_kept, found_count);
    return found_count;
}

static kd_position applied(const char *edge)
{
    kd_central_edge edges[8];
    uint32_t n = kd_central_edges(r.c, edges, 8);
    for (uint32_t i = 0; i < n; i++)
        if (kd_bytes_eq(edges[i].name, kd_bytes_str(edge))) return edges[i].applied;
    return (kd_position){0};
}

/* Batch 2 of edge a has a counter that is not configured and is kept in quarantine; batch 1 of that edge is merged. Returns its id. */
static uint64_t poison(void)
{
    seal(&a, like(1, 1, noon, RIG_LIKE));
    cr_assert_eq(feed(), KD_FED_MERGED);
    seal(&a, like(1, 2, noon + 1, 33));
    cr_assert_eq(feed(), KD_FED_UNKNOWN_COUNTER);
    cr_assert_eq(kd_central_unknown_counter(r.c), 33);
    cr_assert_eq(kept(), 1u);
    return found[0].id;
}

Test(quarantine, keeps_a_batch_once_and_stalls_its_edge_alone)
{
    poison();
    cr_assert_eq(found[0].poison, KD_POISON_COUNTER);
    cr_assert(found[0].named);
    cr_assert_eq(found[0].at.seq, 2u);
    cr_assert_eq(found[0].length, record.len);
    again(99);
    cr_assert_eq(feed(), KD_FED_UNKNOWN_COUNTER);
    cr_assert_eq(kept(), 1u, "a resend is the same");
    seal(&a, like(1, 3, noon + 2, RIG_LIKE));
    cr_assert_eq(feed(), KD_FED_GAP, "nothing of that edge passes it");
    seal(&b, like(1, 4, noon + 3, RIG_LIKE));
    cr_assert_eq(feed(), KD_FED_MERGED);
    cr_assert_eq(applied("edge-a").seq, 1u);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_assert_eq(kept(), 1u, "after a restart too");
}

/* By decisions, as an operator does it who has asked before what would become of the record. */
static int decide(kd_decided what, uint64_t id)
{
    kd_buf body = {0};
    kd_decided_id_put(&body, id);
    int err = rig_decide(&r, what, kd_buf_view(&body), NULL);
    kd_buf_finish(&body);
    return err;
}

static int release(uint64_t id, kd_fed *fed)
{
    int err = kd_central_quarantine_try(r.c, id, fed);
    return err == KD_OK ? decide(KD_DECIDED_RELEASE, id) : err;
}

static int drop(uint64_t id, bool *passed)
{
    int err = kd_central_quarantine_passes(r.c, id, passed);
    return err == KD_OK ? decide(KD_DECIDED_DROP, id) : err;
}

/* What the hand of central releases by itself. */
static uint32_t retry(void)
{
    kd_central_quarantine_look(r.c);
    return rig_hand(&r);
}

Test(quarantine, a_resend_that_decodes_takes_it_away)
{
    poison();
    cr_assert_eq(feed(), KD_FED_UNKNOWN_COUNTER);
    r.counters.at[r.counters.count++] = (kd_counter){"clap", 33, KD_SET}; /* an upgrade, say */
    again(98);
    cr_assert_eq(feed(), KD_FED_MERGED);
    cr_assert_eq(kept(), 0u);
    cr_assert_eq(applied("edge-a").seq, 2u);
    cr_assert_eq(rig_total(&r, 1, 3), 1u);
}

Test(quarantine, release_feeds_it_again)
{
    uint64_t id = poison();
    kd_fed fed;
    cr_assert_eq(release(id, &fed), KD_OK);
    cr_assert_eq(fed, KD_FED_UNKNOWN_COUNTER, "nothing has changed");
    rig_commit(&r);
    cr_assert_eq(kept(), 1u);
    r.counters.at[r.counters.count++] = (kd_counter){"clap", 33, KD_SET};
    cr_assert_eq(release(id, &fed), KD_OK);
    cr_assert_eq(fed, KD_FED_MERGED);
    rig_commit(&r);
    cr_assert_eq(kept(), 0u);
    cr_assert_eq(rig_total(&r, 1, 3), 1u);
    cr_assert_eq(release(id, &fed), KD_ENOTFOUND);
}

Test(quarantine, drop_lets_the_edge_go_on)
{
    uint64_t id = poison();
    bool passed;
    cr_assert_eq(drop(id, &passed), KD_OK);
    cr_assert(passed);
    cr_assert_eq(applied("edge-a").seq, 1u, "not before it is durable");
    rig_commit(&r);
    cr_assert_eq(applied("edge-a").seq, 2u);
    cr_assert_eq(kept(), 0u);
    cr_assert_eq(feed(), KD_FED_DUPLICATE, "its resends are old");
    seal(&a, like(1, 3, noon + 2, RIG_LIKE));
    cr_assert_eq(feed(), KD_FED_MERGED, "the digest of what was dropped fits the next one's after");
    cr_assert_eq(rig_total(&r, 1, LIKE), 2u);
}

Test(quarantine, what_waits_for_a_counter_is_merged_when_it_is_added)
{
    poison();
    seal(&b, like(1, 4, noon + 3, 34));
    cr_assert_eq(feed(), KD_FED_UNKNOWN_COUNTER);
    rig_commit(&r);
    cr_assert_eq(retry(), 0u, "nothing has changed");
    r.counters.at[r.counters.count++] = (kd_counter){.name = "clap", .id = 33, .kind = KD_SET};
    cr_assert_eq(retry(), 1u, "the other one still waits");
    rig_commit(&r);
    cr_assert_eq(kept(), 1u);
    cr_assert(kd_bytes_eq(found[0].edge, kd_bytes_str("edge-b")));
    cr_assert_eq(applied("edge-a").seq, 2u);
    cr_assert_eq(rig_total(&r, 1, 3), 1u);
    seal(&a, like(1, 3, noon + 2, RIG_LIKE));
    cr_assert_eq(feed(), KD_FED_MERGED, "its edge goes on");
}

/* Central reads the log again from its beginning: at once, and after a restart. */
static void expect_log_again(void)
{
    int64_t offset;
    cr_assert(kd_central_log_again(r.c));
    cr_assert(!kd_central_log_again(r.c), "told once");
    rig_commit(&r);
    cr_assert(!kd_central_log_position(r.c, &offset));
}

Test(quarantine, the_log_is_read_again_for_what_came_behind_a_batch_that_waited)
{
    int64_t offset;
    uint64_t id = poison();
    bool passed;
    cr_assert(!kd_central_log_again(r.c));
    cr_assert(kd_central_log_position(r.c, &offset));
    r.counters.at[r.counters.count++] = (kd_counter){.name = "clap", .id = 33, .kind = KD_SET};
    cr_assert_eq(retry(), 1u);
    expect_log_again();
    seal(&a, like(1, 3, noon + 2, 34));
    cr_assert_eq(feed(), KD_FED_UNKNOWN_COUNTER);
    cr_assert(kd_central_log_position(r.c, &offset));
    cr_assert_eq(kept(), 1u);
    cr_assert_neq(found[0].id, id);
    cr_assert_eq(drop(found[0].id, &passed), KD_OK);
    cr_assert(passed);
    expect_log_again();
}

/* Edge a once heard, of a history that a restore has undone, that all is applied. It has freed the batch that waits here, and seals its next batch
 * behind `applied`. */
static kd_buf seal_over(void)
{
    kd_central_edge edges[8];
    kd_buf over = {0};
    rig_edge gone_on = a;
    rig_op op = like(1, 7, noon + 3, RIG_LIKE);
    cr_assert_geq(kd_central_edges(r.c, edges, 8), 1u);
    gone_on.last = edges[0].applied;
    gone_on.last_digest = edges[0].digest;
    gone_on.incarnation++;
    gone_on.restarted = true;
    rig_seal(&gone_on, &op, 1, NULL, 0, op.time_us, &over);
    return over;
}

Test(quarantine, nothing_is_merged_over_a_batch_that_waits_for_a_counter)
{
    uint64_t id = poison();
    bool passed;
    kd_buf over = seal_over();
    cr_assert_eq(rig_feed(&r, kd_buf_view(&over)), KD_FED_GAP);
    rig_commit(&r);
    rig_reopen(&r);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&over)), KD_FED_GAP, "a start knows it, too");
    cr_assert_eq(feed(), KD_FED_UNKNOWN_COUNTER);
    cr_assert_eq(drop(id, &passed), KD_OK);
    cr_assert(passed);
    seal(&a, like(1, 3, noon + 2, RIG_LIKE));
    cr_assert_eq(feed(), KD_FED_MERGED, "what the log has behind it");
    kd_bytes edge;
    cr_assert_eq(kd_central_passed_over(r.c, &edge), 0u);
    kd_buf_finish(&over);
}

/* Its counter has come, and it cannot be merged yet: nothing is merged over it either, when the edge is taken back. */
Test(quarantine, nothing_is_merged_over_a_batch_of_an_edge_that_is_retired)
{
    int64_t offset;
    poison();
    cr_assert_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-a"), NULL), KD_OK);
    rig_commit(&r);
    r.counters.at[r.counters.count++] = (kd_counter){.name = "clap", .id = 33, .kind = KD_SET};
    rig_reopen(&r);
    rig_commit(&r);
    cr_assert_eq(kept(), 1u);
    cr_assert_eq(found[0].poison, KD_POISON_NONE);
    cr_assert_eq(feed(), KD_FED_RETIRED);
    cr_assert_eq(rig_decide(&r, KD_DECIDED_READMIT, kd_bytes_str("edge-a"), NULL), KD_OK);
    cr_assert(kd_central_log_again(r.c), "for what was refused");
    rig_commit(&r);
    cr_assert(!kd_central_log_position(r.c, &offset));
    kd_buf over = seal_over();
    cr_assert_eq(rig_feed(&r, kd_buf_view(&over)), KD_FED_GAP);
    cr_assert_eq(feed(), KD_FED_MERGED, "it comes again from the log");
    cr_assert_eq(kept(), 0u);
    kd_buf_finish(&over);
}

Test(quarantine, names_a_batch_by_what_can_be_read)
{
    bool passed;
    seal(&a, like(1, 1, noon, RIG_LIKE));
    kd_buf good = {0};
    kd_buf_put(&good, record.data, record.len);
    record.data[record.len - 1] ^= 1; /* of the body */
    cr_assert_eq(feed(), KD_FED_QUARANTINED);
    cr_assert_eq(kept(), 1u);
    cr_assert_eq(found[0].poison, KD_POISON_DAMAGED);
    cr_assert(found[0].named);
    kd_buf_put_u8(&record, 0); /* one byte too many: the envelope is not one any more */
    cr_assert_eq(feed(), KD_FED_QUARANTINED);
    cr_assert_eq(kept(), 1u, "the same batch");
    cr_assert_eq(drop(found[0].id, &passed), KD_OK);
    cr_assert(!passed, "central knows no such edge, so nothing is passed");
    rig_commit(&r);
    cr_assert_eq(kept(), 0u);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&good)), KD_FED_MERGED);
    rig_commit(&r);
    cr_assert_eq(rig_total(&r, 1, LIKE), 1u);
    kd_buf_finish(&good);
}

Test(quarantine, what_nobody_can_be_named_for_passes_nothing)
{
    bool passed;
    kd_fed fed;
    kd_buf_put(&record, "\xdd\xff\xff\xff\xff", 5);
    cr_assert_eq(feed(), KD_FED_QUARANTINED);
    cr_assert_eq(kept(), 1u);
    cr_assert(!found[0].named);
    cr_assert_eq(found[0].poison, KD_POISON_RECORD);
    cr_assert_eq(release(found[0].id, &fed), KD_EINVAL);
    cr_assert_eq(drop(found[0].id, &passed), KD_OK);
    cr_assert(!passed);
    rig_commit(&r);
    cr_assert_eq(kept(), 0u);
}

Test(quarantine, drop_waits_for_what_is_before)
{
    bool passed;
    poison();
    seal(&a, like(1, 9, noon + 5, RIG_LIKE));
    record.data[record.len - 1] ^= 1;
    cr_assert_eq(feed(), KD_FED_QUARANTINED); /* batch 3, damaged */
    cr_assert_eq(kept(), 2u);
    uint32_t third = found[0].at.seq == 3 ? 0 : 1;
    uint64_t ids[2] = {found[third].id, found[1 - third].id};
    cr_assert_eq(drop(ids[0], &passed), KD_EAGAIN);
    cr_assert_eq(drop(ids[1], &passed), KD_OK);
    cr_assert_eq(drop(ids[0], &passed), KD_OK);
    cr_assert(passed);
    rig_commit(&r);
    cr_assert_eq(applied("edge-a").seq, 3u);
}

Test(quarantine, a_newer_schema_is_not_kept)
{
    seal(&a, like(1, 1, noon, RIG_LIKE));
    record.data[1] = 2; /* schema */
    cr_assert_eq(feed(), KD_FED_UNKNOWN_SCHEMA);
    cr_assert_eq(kept(), 0u);
}

Test(quarantine, rubbish_of_one_edge_leaves_room_for_the_others)
{
    for (uint32_t i = 0; i < 100; i++) {
        seal(&a, like(1, 1, noon, 33));
        record.data[record.len - 1] ^= 0xff; /* the body is not the one that was sealed */
        cr_assert_eq(feed(), KD_FED_QUARANTINED);
        char text[24];
        snprintf(text, sizeof text, "rubbish %u", i);
        cr_assert_eq(rig_feed(&r, kd_bytes_str(text)), KD_FED_QUARANTINED);
        if (i == 10) cr_assert_eq(rig_reopen(&r), KD_OK);
    }
    rig_commit(&r);
    cr_assert_eq(kept(), 32u);
    seal(&b, like(1, 2, noon, 33));
    cr_assert_eq(feed(), KD_FED_UNKNOWN_COUNTER);
    cr_assert_eq(kept(), 33u);
}

Test(quarantine, release_vouches_for_the_epoch_of_an_edge)
{
    kd_batch batch;
    kd_buf high = {0};
    const uint64_t epoch = ((r.now_us / 1000) << KD_EPOCH_CHANCE_BITS) + (1ull << 59);
    kd_fed fed;
    seal(&a, like(1, 1, noon, RIG_LIKE));
    cr_assert_eq(kd_batch_decode(kd_buf_view(&record), &batch), KD_OK);
    batch.epoch = epoch;
    kd_batch_encode(&batch, &high);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&high)), KD_FED_QUARANTINED);
    rig_commit(&r);
    cr_assert_eq(kept(), 1u);
    cr_assert_eq(found[0].poison, KD_POISON_EPOCH);
    cr_assert_lt(kd_central_epoch(r.c), epoch);
    cr_assert_eq(release(found[0].id, &fed), KD_OK);
    cr_assert_eq(fed, KD_FED_MERGED);
    rig_commit(&r);
    cr_assert_eq(kept(), 0u);
    cr_assert_gt(kd_central_epoch(r.c), epoch);
    kd_buf_finish(&high);
}

static const uint64_t two_days = 2 * RIG_DAY;

/* Feeds the next batch of edge a, with that stamp and that complete_to. */
static kd_fed feed_at(uint64_t stamp_us, uint64_t complete_to_us)
{
    rig_op op = like(1, 1, stamp_us, RIG_LIKE);
    rig_seal(&a, &op, 1, NULL, 0, complete_to_us, &record);
    return feed();
}

Test(quarantine, a_batch_days_ahead_of_the_clock_waits_until_the_clock_has_passed_it)
{
    r.now_us = noon;
    cr_assert_eq(feed_at(noon + two_days, noon), KD_FED_MERGED, "a clock may be wrong by a day");
    cr_assert_eq(feed_at(noon + two_days + 1, noon), KD_FED_QUARANTINED);
    cr_assert_eq(kept(), 1u);
    cr_assert_eq(found[0].poison, KD_POISON_AHEAD);
    kd_buf ahead = record;
    record = (kd_buf){0};
    for (int restarted = 0; restarted < 2; restarted++) {
        cr_assert_eq(feed_at(noon + 2, noon + 2), KD_FED_GAP, "nothing of its edge passes it");
        cr_assert_eq(rig_reopen(&r), KD_OK);
        rig_commit(&r);
    }
    seal(&b, like(2, 2, noon + 3, RIG_LIKE));
    cr_assert_eq(feed(), KD_FED_MERGED, "other edges go on");
    r.now_us = noon + 1;
    cr_assert_eq(rig_feed(&r, kd_buf_view(&ahead)), KD_FED_MERGED, "its edge sends it again");
    rig_commit(&r);
    cr_assert_eq(kept(), 0u);
    kd_buf_finish(&ahead);
}

Test(quarantine, a_forged_batch_ahead_of_the_clock_holds_up_nobody)
{
    r.now_us = noon;
    cr_assert_eq(feed_at(noon, noon), KD_FED_MERGED);
    rig_edge honest = a;
    cr_assert_eq(feed_at(noon + two_days + 1, noon), KD_FED_QUARANTINED);
    for (int restarted = 0; restarted < 2; restarted++) {
        honest.restarted = true; /* its positions lie above the forged one */
        cr_assert_eq(rig_one(&r, &honest, like(1, 2, noon + 1 + (uint64_t)restarted, RIG_LIKE)),
                     KD_FED_MERGED);
        rig_commit(&r);
        cr_assert_eq(rig_reopen(&r), KD_OK);
        rig_commit(&r);
    }
}

Test(quarantine, nobody_is_complete_days_ahead_of_the_clock)
{
    r.now_us = noon;
    cr_assert_eq(feed_at(noon, noon + two_days + 1), KD_FED_QUARANTINED);
    rig_commit(&r);
    kd_central_edge edge;
    cr_assert_eq(kd_central_edges(r.c, &edge, 1), 1u);
    cr_assert_eq(edge.watermark_us, 0u);
}

Test(quarantine, a_sum_of_a_day_that_is_far_is_set_aside)
{
    const uint32_t last = kd_day_of(noon + two_days);
    r.now_us = noon;
    for (uint32_t day = last; day <= last + 1; day++) {
        kd_sum sum = {.item = rig_item(1), .counter = RIG_VIEW, .amount = 5, .day = day};
        rig_seal(&a, NULL, 0, &sum, 1, noon, &record);
        cr_assert_eq(feed(), day == last ? KD_FED_MERGED : KD_FED_QUARANTINED);
    }
}

Test(quarantine, sums_that_are_absurd_together_are_set_aside)
{
    kd_sum sums[2] = {{.item = rig_item(1), .counter = RIG_VIEW, .amount = 1ull << 31},
                      {.item = rig_item(2), .counter = RIG_VIEW, .amount = 1ull << 31}};
    rig_seal(&a, NULL, 0, sums, 2, noon, &record);
    cr_assert_eq(feed(), KD_FED_MERGED);
    sums[1].amount++;
    rig_seal(&a, NULL, 0, sums, 2, noon, &record);
    cr_assert_eq(feed(), KD_FED_QUARANTINED);
    cr_assert_eq(kept(), 1u);
    cr_assert_eq(found[0].poison, KD_POISON_CONTENT);
}

/* The store as it is when merged batches of the edge have added that much to sums: the last field of its row. */
static void have_added(const char *edge, uint64_t amount)
{
    kd_buf key = {0}, row = {0};
    kd_buf_put(&key, "e", 1);
    kd_buf_put(&key, edge, strlen(edge));
    cr_assert_eq(r.store.get(r.store.ctx, kd_buf_view(&key), &row), KD_OK);
    row.len -= sizeof amount;
    kd_buf_put_be64(&row, amount);
    sim_disk_put(r.disk, kd_buf_view(&key), kd_buf_view(&row));
    kd_buf_finish(&key);
    kd_buf_finish(&row);
}

static kd_fed add_views(rig_edge *e, uint64_t amount)
{
    kd_sum sum = {.item = rig_item(1), .counter = RIG_VIEW, .amount = amount};
    rig_seal(e, NULL, 0, &sum, 1, noon, &record);
    return feed();
}

Test(quarantine, no_edge_adds_up_to_a_number_that_no_count_can_be)
{
    const uint64_t most = 1ull << 51; /* KD_EDGE_AMOUNT_MAX (central/core/content.h) */
    cr_assert_eq(add_views(&a, 1), KD_FED_MERGED);
    have_added("edge-a", most - 10);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_assert_eq(add_views(&a, 4), KD_FED_MERGED);
    cr_assert_eq(add_views(&a, 6), KD_FED_MERGED);
    cr_assert_eq(rig_reopen(&r), KD_OK, "the amount is stored with the batch");
    rig_commit(&r);
    cr_assert_eq(add_views(&b, 1ull << 32), KD_FED_MERGED, "other edges go on");
    cr_assert_eq(add_views(&a, 1), KD_FED_QUARANTINED);
    cr_assert_eq(kept(), 1u);
    cr_assert_eq(found[0].poison, KD_POISON_SPENT);
    cr_assert_eq(rig_total(&r, 1, 2), 11 + (1ull << 32));
}

Test(quarantine, what_waits_for_the_store_counts_for_what_an_edge_may_add)
{
    const uint64_t most = 1ull << 51;
    kd_sum sum = {.item = rig_item(1), .counter = RIG_VIEW, .amount = 6};
    cr_assert_eq(add_views(&a, 1), KD_FED_MERGED);
    have_added("edge-a", most - 10);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    for (int i = 0; i < 2; i++) {
        rig_seal(&a, NULL, 0, &sum, 1, noon, &record);
        cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), i == 0 ? KD_FED_MERGED : KD_FED_QUARANTINED);
    }
    rig_commit(&r);
}

Test(quarantine, a_store_with_a_number_that_no_count_can_be_is_refused_by_name)
{
    kd_buf key = {0}, row = {0};
    cr_assert_eq(add_views(&a, 1), KD_FED_MERGED);
    have_added("edge-a", UINT64_MAX);
    cr_assert_eq(rig_reopen(&r), KD_EMALFORMED, "an edge that has added more than it may");
    have_added("edge-a", 1);
    kd_buf_put(&key, "n", 1);
    kd_buf_put(&key, rig_item(1).data, rig_item(1).len);
    kd_buf_put_be64(&row, 1);
    kd_buf_put_u8(&row, RIG_VIEW << 2);
    kd_buf_put_varint(&row, 0);
    kd_buf_put_varint(&row, 1ull << 62);
    sim_disk_put(r.disk, kd_buf_view(&key), kd_buf_view(&row));
    cr_assert_eq(rig_reopen(&r), KD_EMALFORMED, "a count row that a redo row changes");
    kd_buf_finish(&key);
    kd_buf_finish(&row);
}

Test(quarantine, release_vouches_for_times_that_lie_ahead)
{
    kd_fed fed;
    r.now_us = noon;
    cr_assert_eq(feed_at(noon + 9 * two_days, noon), KD_FED_QUARANTINED);
    cr_assert_eq(kept(), 1u);
    cr_assert_eq(release(found[0].id, &fed), KD_OK);
    cr_assert_eq(fed, KD_FED_MERGED);
    rig_commit(&r);
    cr_assert_eq(kept(), 0u);
}

/* What central hands to Kafka for a partition and when: commit gate, outbound queues, publisher. */
#include <criterion/criterion.h>

#include "kudos/commit_gate.h"
#include "kudos/follow.h"
#include "kudos/publisher.h"
#include "tests/lib/central_rig.h"

enum { INTERVAL_US = 1000000, VIRAL_US = 200000, SENT_MAX = 512 };

/* ---- the commit gate ---- */

Test(commit_gate, one_commit_is_written_while_the_next_gathers)
{
    kd_commit_gate g = {.ops_max = 10};
    cr_expect(!kd_commit_gate_opens(&g, 5), "nothing is pending");
    g.pending = true;
    cr_expect(kd_commit_gate_opens(&g, 0), "the disk is free");
    g.under_way = 1;
    cr_expect(!kd_commit_gate_opens(&g, 9), "the second commit waits until it is full");
    cr_expect(kd_commit_gate_opens(&g, 10));
    g.under_way = KD_COMMITS_UNDER_WAY_MAX;
    cr_expect(!kd_commit_gate_opens(&g, 100));
    cr_expect(kd_commit_gate_blocks(&g, 10), "reading waits for the disk");
    cr_expect(!kd_commit_gate_blocks(&g, 9), "the open commit has room");
    cr_expect(!kd_commit_gate_idle(&g));
}

/* ---- an outbound queue ---- */

static kd_outbound_record *sent[SENT_MAX];
static const kd_outbound *sent_by[SENT_MAX];
static uint32_t sent_count, taken_max;

static int produce(void *arg, const kd_outbound *out, kd_bytes bytes, kd_outbound_record *record)
{
    (void)arg, (void)bytes;
    if (sent_count == taken_max) return KD_EAGAIN;
    sent_by[sent_count] = out;
    sent[sent_count++] = record;
    return KD_OK;
}

static void push(kd_outbound *out, uint64_t tag)
{
    kd_buf bytes = {.data = NULL};
    kd_buf_put(&bytes, "x", 1);
    kd_outbound_push(out, &bytes, tag);
    cr_expect_null(bytes.data, "the queue owns the bytes");
}

static void expect_nothing_sent_at(kd_outbound *out, uint64_t mono_us)
{
    uint32_t before = sent_count;
    kd_outbound_pump(out, produce, NULL, mono_us);
    cr_expect_eq(sent_count, before);
}

static void set_up(void)
{
    sent_count = 0;
    taken_max = SENT_MAX;
}

TestSuite(outbound, .init = set_up);

Test(outbound, records_leave_from_the_front_when_they_are_delivered)
{
    kd_outbound out;
    kd_outbound_init(&out, NULL);
    cr_expect_eq(kd_outbound_oldest(&out), UINT64_MAX);
    for (uint64_t tag = 1; tag <= 3; tag++) push(&out, tag);
    kd_outbound_pump(&out, produce, NULL, 1);
    cr_assert_eq(sent_count, 3u);
    cr_expect(!kd_outbound_report(sent[1], true, 2, 0), "an older record may be missing in the topic");
    cr_expect_eq(kd_outbound_oldest(&out), 1u);
    cr_expect(kd_outbound_report(sent[0], true, 2, 0));
    cr_expect_eq(kd_outbound_oldest(&out), 3u);
    cr_expect_eq(out.count, 1u);
    kd_outbound_finish(&out);
}

Test(outbound, a_failed_record_is_sent_again_after_a_wait_that_grows)
{
    kd_outbound out;
    kd_outbound_init(&out, NULL);
    push(&out, 1);
    uint64_t now_us = 0, wait_us = 0;
    for (int failure = 0; failure < 12; failure++) {
        kd_outbound_pump(&out, produce, NULL, now_us);
        cr_expect(!kd_outbound_report(sent[sent_count - 1], false, now_us, 0));
        uint64_t longer_us = out.again_us - now_us;
        cr_expect_geq(longer_us, wait_us);
        cr_expect_leq(longer_us, (uint64_t)KD_OUTBOUND_WAIT_MAX_US);
        expect_nothing_sent_at(&out, out.again_us - 1);
        cr_expect_eq(kd_outbound_next_us(&out, UINT64_MAX), out.again_us);
        wait_us = longer_us;
        now_us = out.again_us;
    }
    cr_expect_eq(out.failures, 12u);
    cr_expect_geq(wait_us, (uint64_t)KD_OUTBOUND_WAIT_MAX_US / 2);
    kd_outbound_finish(&out);
}

Test(outbound, records_that_fail_together_lengthen_the_wait_once)
{
    kd_outbound out;
    kd_outbound_init(&out, NULL);
    for (uint64_t tag = 1; tag <= 8; tag++) push(&out, tag);
    kd_outbound_pump(&out, produce, NULL, 1);
    for (int i = 0; i < 8; i++) kd_outbound_report(sent[i], false, 5, 0);
    cr_expect_eq(out.backoff.current_us, (uint64_t)KD_OUTBOUND_WAIT_MIN_US);
    kd_outbound_retry_now(&out);
    kd_outbound_pump(&out, produce, NULL, 6);
    cr_expect_eq(sent_count, 16u, "a new producer need not wait");
    kd_outbound_finish(&out);
}

Test(outbound, a_full_producer_is_asked_again_a_little_later_in_the_same_order)
{
    kd_outbound out;
    kd_outbound_init(&out, NULL);
    taken_max = 1;
    for (uint64_t tag = 1; tag <= 3; tag++) push(&out, tag);
    kd_outbound_pump(&out, produce, NULL, 10);
    cr_expect_eq(sent_count, 1u);
    cr_expect_eq(out.waiting, 2u);
    taken_max = SENT_MAX;
    expect_nothing_sent_at(&out, 11);
    kd_outbound_pump(&out, produce, NULL, 10 + KD_OUTBOUND_FULL_US);
    cr_assert_eq(sent_count, 3u);
    cr_expect_eq(sent[1]->tag, 2u);
    cr_expect_eq(sent[2]->tag, 3u);
    cr_expect_eq(out.failures, 0u);
    kd_outbound_finish(&out);
}

/* ---- the publisher ---- */

static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2;
static rig r;
static rig_edge a;
static kd_publisher p;
static uint32_t parts;

static void count_part(void *arg, kd_bytes part)
{
    (void)arg, (void)part;
    parts++;
}

static void begin(uint64_t unpublished_max, uint64_t plant)
{
    const kd_publisher_config config = {.snapshot_interval_us = INTERVAL_US,
                                        .viral_interval_us = VIRAL_US,
                                        .unpublished_max = unpublished_max,
                                        .publish_changes = true,
                                        .plant = plant};
    const kd_publisher_shell shell = {NULL, produce, count_part};
    kd_publisher_init(&p, r.c, &config, &shell, 0, 0);
}

static void set_up_publisher(void)
{
    set_up();
    rig_init(&r);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    parts = 0;
    begin(1 << 20, 0);
}

static void tear_down(void)
{
    kd_publisher_finish(&p);
    rig_finish(&r);
}

TestSuite(publisher, .init = set_up_publisher, .fini = tear_down);

static void like(uint32_t user)
{
    rig_one(&r, &a, (rig_op){1, user, noon + user, RIG_LIKE, true});
    rig_commit(&r);
    kd_publisher_committed(&p);
}

static uint64_t run(uint64_t mono_us)
{
    uint64_t next_us;
    cr_assert_eq(kd_publisher_run(&p, noon, mono_us, &next_us), KD_OK);
    return next_us;
}

/* Delivers all that was sent to a queue and not reported. */
static void deliver(const kd_outbound *out, uint64_t mono_us)
{
    for (uint32_t i = 0; i < sent_count; i++)
        if (sent[i] && sent_by[i] == out) {
            kd_publisher_report(sent[i], true, mono_us, 0);
            sent[i] = NULL;
        }
}

static void deliver_all(uint64_t mono_us)
{
    deliver(&p.claims, mono_us);
    deliver(&p.counts, mono_us);
    deliver(&p.changes, mono_us);
    deliver(&p.milestones, mono_us);
}

Test(publisher, no_snapshot_before_the_claim_is_delivered)
{
    cr_expect(!kd_publisher_committed(&p), "the first epoch outbids nobody");
    cr_expect(!kd_publisher_claim_stands(&p));
    run(INTERVAL_US);
    cr_assert_eq(sent_count, 1u);
    cr_expect_eq(sent_by[0], &p.claims);
    cr_expect_eq(parts, 0u);
    deliver(&p.claims, INTERVAL_US);
    cr_expect(kd_publisher_claim_stands(&p));
    run(INTERVAL_US);
    cr_expect_eq(parts, 1u);
}

Test(publisher, one_snapshot_is_on_its_way_and_the_next_one_waits_for_the_interval)
{
    kd_publisher_committed(&p);
    run(0);
    deliver_all(0);
    run(0);
    cr_assert_eq(parts, 1u);
    run(10 * INTERVAL_US);
    cr_expect_eq(parts, 1u, "the first one is not delivered");
    deliver_all(10 * INTERVAL_US);
    uint64_t next_us = run(10 * INTERVAL_US);
    cr_expect_eq(parts, 2u);
    deliver_all(10 * INTERVAL_US);
    next_us = run(10 * INTERVAL_US + 1);
    cr_expect_eq(parts, 2u);
    cr_expect_eq(next_us, p.snapshot_due_us);
    run(next_us);
    cr_expect_eq(parts, 3u);
}

/* Publishes until nothing is owed: a snapshot counts as delivered when the next one is made. */
static uint64_t settle(uint64_t mono_us)
{
    for (int i = 0; i < 3; i++, mono_us += INTERVAL_US) {
        run(mono_us);
        deliver_all(mono_us);
    }
    return mono_us;
}

Test(publisher, reading_waits_while_the_topics_owe_too_much)
{
    begin(200, 0);
    kd_publisher_committed(&p);
    uint64_t now_us = settle(0);
    cr_expect(!kd_publisher_blocks(&p));
    for (uint32_t user = 1; user < 20; user++) like(user);
    run(now_us);
    cr_expect(kd_publisher_blocks(&p));
    deliver(&p.changes, now_us);
    cr_expect(kd_publisher_blocks(&p), "the counts topic has not taken them");
    settle(now_us);
    cr_expect(!kd_publisher_blocks(&p));
    begin(200, KD_PLANT_OWES_WITHOUT_BOUND);
    for (uint32_t user = 20; user < 40; user++) like(user);
    cr_expect(!kd_publisher_blocks(&p), "the planted bug");
}

/* What it owes nobody will install; and it learns of its successor by the log alone. */
Test(publisher, who_was_superseded_reads_on_whatever_is_owed)
{
    kd_buf record = {0};
    begin(200, 0);
    kd_publisher_committed(&p);
    for (uint32_t user = 1; user < 20; user++) like(user);
    cr_assert(kd_publisher_blocks(&p));
    kd_marker marker = {.partition = r.config.partition, .epoch = kd_central_epoch(r.c) + 1, .at_us = noon};
    marker.central = kd_bytes_str("another");
    kd_marker_encode(&marker, &record);
    cr_assert_eq(kd_central_hear(r.c, kd_buf_view(&record), 0), KD_OK);
    cr_expect(kd_central_superseded(r.c));
    cr_expect_not(kd_publisher_blocks(&p));
    kd_buf_finish(&record);
}

Test(publisher, changes_count_as_delivered_up_to_the_oldest_record_that_is_held)
{
    kd_publisher_committed(&p);
    uint64_t now_us = settle(0), owed[4];
    for (uint32_t user = 1; user <= 3; user++) like(user);
    uint32_t from = sent_count;
    run(now_us);
    now_us = settle(now_us + INTERVAL_US) - INTERVAL_US; /* delivers all */
    cr_expect_eq(kd_central_unpublished_bytes(r.c), 0u);
    for (uint32_t user = 11; user <= 13; user++) like(user);
    deliver(&p.counts, now_us);
    run(now_us += INTERVAL_US);
    deliver(&p.counts, now_us);
    run(now_us += INTERVAL_US);
    deliver(&p.counts, now_us);
    run(now_us += INTERVAL_US);
    owed[0] = kd_central_unpublished_bytes(r.c);
    uint32_t done = 0;
    for (uint32_t i = from; i < sent_count; i++)
        if (sent[i] && sent_by[i] == &p.changes) {
            kd_publisher_report(sent[i], true, now_us, 0);
            owed[++done] = kd_central_unpublished_bytes(r.c);
            cr_expect_lt(owed[done], owed[done - 1], "record %u", done);
        }
    cr_expect_eq(done, 3u);
    cr_expect_eq(owed[3], 0u);
}

Test(publisher, the_end_is_one_more_snapshot)
{
    kd_publisher_committed(&p);
    uint64_t now_us = settle(0) - INTERVAL_US;
    uint32_t before = parts;
    kd_publisher_end(&p);
    cr_expect(!kd_publisher_done(&p));
    run(now_us);
    cr_expect_eq(parts, before + 1, "without waiting for the interval");
    cr_expect(!kd_publisher_done(&p), "it is on its way");
    deliver_all(now_us);
    run(now_us + 10 * INTERVAL_US);
    cr_expect(kd_publisher_done(&p));
    cr_expect_eq(parts, before + 1, "and none after it");
}

/* ---- viral items ---- */

static void like_viral(uint32_t user)
{
    a.viral = true;
    like(user);
    a.viral = false;
}

/* At one moment: makes what is due, and delivers it. Returns when the next call is due. */
static uint64_t publish(uint64_t mono_us)
{
    run(mono_us);
    deliver_all(mono_us);
    return run(mono_us);
}

Test(publisher, operations_of_a_viral_item_are_published_sooner_and_others_are_not)
{
    kd_publisher_committed(&p);
    uint64_t made_us = settle(0) - INTERVAL_US;
    uint32_t before = parts;
    like(1);
    cr_expect_eq(publish(made_us + VIRAL_US), made_us + INTERVAL_US);
    cr_expect_eq(parts, before, "no item is viral");
    like_viral(2);
    cr_expect_eq(publish(made_us + VIRAL_US - 1), made_us + VIRAL_US);
    cr_expect_eq(parts, before, "not sooner than the viral interval");
    publish(made_us + VIRAL_US);
    cr_expect_eq(parts, before + 1);
    like(3);
    publish(made_us + 3 * VIRAL_US);
    cr_expect_eq(parts, before + 1, "a later batch without a viral item");
}

/* An early snapshot that put the next one off by an interval, again and again, would leave the time after the last one of them empty. */
Test(publisher, an_early_snapshot_does_not_put_the_next_one_off)
{
    kd_publisher_committed(&p);
    uint64_t now_us = settle(0) - INTERVAL_US;
    for (uint32_t user = 1; user <= 20; user++) {
        like_viral(user);
        publish(now_us += VIRAL_US);
    }
    uint32_t before = parts;
    like(30);
    cr_expect_eq(publish(now_us + 1), now_us + INTERVAL_US);
    publish(now_us + INTERVAL_US);
    cr_expect_eq(parts, before + 1);
}

Test(publisher, the_planted_bug_publishes_a_viral_item_as_all_others)
{
    begin(1 << 20, KD_PLANT_VIRAL_AS_OTHERS);
    kd_publisher_committed(&p);
    uint64_t now_us = settle(0) - INTERVAL_US;
    uint32_t before = parts;
    like_viral(1);
    publish(now_us + VIRAL_US);
    cr_expect_eq(parts, before);
}

/* What a batch says counts when its commit is durable, and until the next snapshot. */
Test(publisher, a_viral_batch_counts_once_it_is_merged_and_durable)
{
    a.viral = true;
    rig_one(&r, &a, (rig_op){1, 1, noon, RIG_LIKE, true});
    cr_expect(!kd_central_viral(r.c));
    rig_commit(&r);
    cr_expect(kd_central_viral(r.c));
    rig_snapshot s = {.parts = NULL};
    cr_assert_eq(rig_snapshot_take(&r, noon, &s), KD_OK);
    rig_snapshot_finish(&s);
    cr_expect(!kd_central_viral(r.c));
    a.last = (kd_position){a.incarnation, 5}; /* behind a gap: it is not merged */
    cr_assert_eq(rig_one(&r, &a, (rig_op){1, 2, noon + 1, RIG_LIKE, true}), KD_FED_GAP);
    rig_commit(&r);
    cr_expect(!kd_central_viral(r.c));
}

/* Orders about edges, records in quarantine and the floor are decisions, judged where they stand in the log (rules 22 to 24). */
#include <criterion/criterion.h>

#include "kudos/forget.h"
#include "kudos/quarantine.h"
#include "tests/lib/central_rig.h"

enum { LIKE = 0 };
static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000, margin = 1000000; /* 2 D */
static const char *const configured[] = {"edge-a", "edge-z"};

static rig r;
static rig_edge a, b;

static void reopen(void)
{
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
}

static void set_up(void)
{
    rig_init(&r);
    r.config.tombstone_ttl_us = 1;
    r.now_us = noon + 3600 * second;
    reopen();
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(orders, .init = set_up, .fini = tear_down);

static kd_fed tell(rig_edge *e, uint64_t complete_to_us)
{
    kd_buf record = {0};
    rig_seal(e, NULL, 0, NULL, 0, complete_to_us, &record);
    kd_fed fed = rig_feed(&r, kd_buf_view(&record));
    kd_buf_finish(&record);
    return fed;
}

static kd_fed order(kd_decided what, const char *edge)
{
    kd_fed fed;
    cr_assert_eq(rig_decide(&r, what, kd_bytes_str(edge), &fed), KD_OK);
    return fed;
}

static int expect(const char *edge, kd_fed *fed)
{
    kd_buf body = {0};
    kd_expected_put(&body, kd_bytes_str(edge), kd_bytes_str("eu"));
    int err = rig_decide(&r, KD_DECIDED_EXPECT, kd_buf_view(&body), fed);
    kd_buf_finish(&body);
    return err;
}

static uint64_t floor_us(void)
{
    kd_central_forgetting f;
    kd_central_get_forgetting(r.c, &f);
    return f.floor_us;
}

/* ---- the floor ---- */

/* Proposed, and on its way while another record comes in front of it. */
static kd_fed floor_behind(void (*between)(void))
{
    kd_decision d;
    kd_buf record = {0};
    cr_assert_eq(kd_central_propose(r.c, r.now_us, &d), KD_OK);
    cr_assert_eq(d.what, KD_DECIDED_FLOOR);
    cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK);
    between();
    kd_fed fed = rig_feed(&r, kd_buf_view(&record));
    rig_commit(&r);
    kd_buf_finish(&record);
    return fed;
}

static void take_b_back(void)
{
    cr_assert_eq(order(KD_DECIDED_READMIT, "edge-b"), KD_FED_DECIDED);
}

static void retire_b_behind(void)
{
    tell(&b, noon);
    tell(&a, noon + 60 * second);
    order(KD_DECIDED_RETIRE, "edge-b");
    rig_commit(&r);
}

Test(orders, the_floor_is_no_higher_than_the_edges_are_complete_where_its_decision_stands)
{
    retire_b_behind();
    cr_expect_eq(floor_behind(take_b_back), KD_FED_DECIDED);
    cr_expect_eq(floor_us(), noon - margin);
}

Test(orders, planted_it_is_what_was_proposed)
{
    r.config.plant = KD_PLANT_FLOOR_AS_PROPOSED;
    reopen();
    retire_b_behind();
    floor_behind(take_b_back);
    cr_expect_eq(floor_us(), noon + 60 * second - margin);
}

static void raise_alarm(void)
{
    rig_edge twin = a;
    twin.last_digest++;
    cr_assert_eq(tell(&twin, noon), KD_FED_IDENTITY);
}

Test(orders, behind_an_alarm_a_floor_is_void_until_the_halt_is_ended)
{
    tell(&a, noon + 60 * second);
    rig_commit(&r);
    cr_expect_eq(floor_behind(raise_alarm), KD_FED_VOID);
    cr_expect_eq(floor_us(), 0u);
    r.now_us += 2 * second;
    cr_expect_eq(rig_hand(&r), 0u, "none is proposed");
    cr_expect_eq(order(KD_DECIDED_COLLECT, ""), KD_FED_DECIDED);
    cr_expect_eq(order(KD_DECIDED_COLLECT, ""), KD_FED_IDLE);
    cr_expect_eq(rig_hand(&r), 1u);
    rig_commit(&r);
    cr_expect_eq(floor_us(), noon + 60 * second - margin);
}

/* A first like of a new edge, older than a tombstone below the floor that no sweep has reached. */
static uint64_t likes_over_a_tombstone(void)
{
    rig_edge late = {.name = "edge-c", .region = "asia"};
    rig_one(&r, &a, (rig_op){1, 1, noon, RIG_LIKE, false});
    rig_commit(&r);
    tell(&a, noon + 60 * second);
    rig_commit(&r);
    rig_hand(&r);
    rig_one(&r, &late,
            (rig_op){1, 1, noon - second, RIG_LIKE, true}); /* the same commit: nothing is swept yet */
    rig_commit(&r);
    return rig_total(&r, 1, LIKE);
}

Test(orders, a_tombstone_below_the_floor_counts_as_absent_before_it_is_swept)
{
    cr_expect_eq(likes_over_a_tombstone(), 1u);
}

Test(orders, planted_it_counts_until_it_is_swept)
{
    r.config.plant = KD_PLANT_FLOOR_UNSWEPT;
    reopen();
    cr_expect_eq(likes_over_a_tombstone(), 0u);
}

Test(orders, what_stands_in_front_of_the_floor_in_one_commit_is_judged_by_the_floor_before)
{
    rig_edge late = {.name = "edge-c", .region = "asia"};
    rig_one(&r, &a, (rig_op){1, 1, noon, RIG_LIKE, false});
    order(KD_DECIDED_RETIRE, "edge-a"); /* nobody holds the floor but the new one */
    rig_commit(&r);
    rig_one(&r, &late, (rig_op){1, 1, noon - second, RIG_LIKE, true});
    tell(&late, noon + 60 * second);
    const kd_decision d = {.job = kd_bytes_str("floor"),
                           .seq = 1,
                           .last = true,
                           .what = KD_DECIDED_FLOOR,
                           .stamp_us = noon + 30 * second};
    kd_buf record = {0};
    cr_assert_eq(kd_central_decide(r.c, &d, r.now_us, &record), KD_OK);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DECIDED);
    rig_commit(&r);
    cr_expect_eq(rig_total(&r, 1, LIKE), 0u, "the tombstone stood there");
    kd_buf_finish(&record);
}

/* ---- edges that are expected ---- */

Test(orders, the_configurations_edges_are_listed_once)
{
    r.config.expected_edges = configured;
    r.config.expected_edge_count = 2;
    reopen();
    kd_central_expected_edge listed[4];
    cr_assert_eq(rig_hand(&r), 1u);
    rig_commit(&r);
    cr_assert_eq(kd_central_expected(r.c, listed, 4), 2u);
    tell(&a, noon);
    rig_commit(&r);
    cr_expect_eq(kd_central_as_of_us(r.c), 0u, "edge-z was not heard of");
    cr_expect_eq(order(KD_DECIDED_RETIRE, "edge-z"), KD_FED_DECIDED);
    rig_commit(&r);
    cr_expect_eq(kd_central_as_of_us(r.c), noon - margin / 2);
    reopen();
    r.now_us += 60 * second;
    rig_hand(&r);
    rig_commit(&r);
    cr_expect_eq(kd_central_as_of_us(r.c), noon - margin / 2, "its name in the file lists it no more");
    rig_edge z = {.name = "edge-z", .region = "eu"};
    cr_expect_eq(tell(&z, noon), KD_FED_RETIRED, "it was retired before it was heard of");
}

Test(orders, an_edge_is_listed_by_an_operator_before_it_starts)
{
    kd_fed fed;
    tell(&a, noon);
    rig_commit(&r);
    cr_assert_eq(expect("edge-b", &fed), KD_OK);
    cr_expect_eq(fed, KD_FED_DECIDED);
    rig_commit(&r);
    cr_expect_eq(kd_central_as_of_us(r.c), 0u);
    reopen();
    cr_expect_eq(kd_central_as_of_us(r.c), 0u, "the list is stored");
    tell(&b, noon + second);
    rig_commit(&r);
    cr_expect_eq(kd_central_as_of_us(r.c), noon - margin / 2);
    cr_assert_eq(expect("edge-b", &fed), KD_OK);
    cr_expect_eq(fed, KD_FED_IDLE);
    order(KD_DECIDED_RETIRE, "edge-b");
    cr_expect_eq(expect("edge-b", &fed), KD_ERETIRED);
    cr_expect_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("nobody"), NULL), KD_ENOTFOUND);
}

/* ---- quarantine ---- */

Test(orders, a_drop_finds_a_record_that_the_same_commit_took_into_quarantine)
{
    static const uint8_t rubbish[] = {0xdd, 0xff, 0xff};
    uint64_t id = kd_hash(kd_bytes_of(rubbish, sizeof rubbish));
    kd_buf body = {0}, record = {0};
    kd_decided_id_put(&body, id);
    cr_assert_eq(rig_feed(&r, kd_bytes_of(rubbish, sizeof rubbish)), KD_FED_QUARANTINED);
    cr_expect_eq(rig_decide(&r, KD_DECIDED_DROP, kd_buf_view(&body), NULL), KD_ENOTFOUND,
                 "its author asks the store");
    kd_decision d = {.job = kd_bytes_str("drop"),
                     .seq = 1,
                     .last = true,
                     .what = KD_DECIDED_DROP,
                     .epoch = kd_central_epoch(r.c),
                     .central = r.config.name,
                     .at_us = r.now_us,
                     .body = kd_buf_view(&body)};
    kd_decision_encode(&d, &record);
    cr_expect_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DECIDED);
    cr_expect_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_DUPLICATE);
    rig_commit(&r);
    kd_quarantined q;
    cr_expect_eq(kd_central_quarantine_get(r.c, id, &q), KD_ENOTFOUND);
    kd_buf_finish(&record);
    kd_buf_finish(&body);
}

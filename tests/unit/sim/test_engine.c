/*
 * The client engine: what an answer means, and what becomes of a lane whose server does not answer.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "sim/client/engine.h"

/* ---- answers --------------------------------------------------------------------------------------------------- */

Test(client_answer, a_body_says_liked_only_by_the_member_and_its_word)
{
    static const struct {
        const char *body;
        bool told, liked;
    } cases[] = {{"{\"liked\":true}", true, true},
                 {"{\"item\":\"posts/1\",\"liked\": \t\r\n false,\"count\":3}", true, false},
                 {"{\"liked\":", false, false},
                 {"{\"liked\":tru", false, false},
                 {"{\"liked\":null}", false, false},
                 {"{\"count\":1}", false, false},
                 {"", false, false}};
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        bool liked = false;
        cr_expect_eq(sim_answer_liked(kd_bytes_str(cases[i].body), &liked), cases[i].told, "case %zu", i);
        if (cases[i].told) cr_expect_eq(liked, cases[i].liked, "case %zu", i);
    }
}

Test(client_answer, a_status_acknowledges_or_may_get_better_or_neither)
{
    for (int status = 100; status < 600; status++) {
        bool later = status == 408 || status == 409 || status == 429 || status >= 500;
        cr_expect_eq(sim_answer_acks(status), status / 100 == 2);
        cr_expect_eq(sim_answer_worth_retrying(status), later, "%d", status);
    }
}

Test(client_answer, only_named_refusals_promise_that_nothing_was_taken)
{
    cr_expect(
        sim_answer_took_nothing(kd_bytes_str("{\"type\":\"https://kudos.example/problems/outbox-full\"}")));
    cr_expect(sim_answer_took_nothing(kd_bytes_str("{\"type\":\"rate-limited\"}")));
    cr_expect(!sim_answer_took_nothing(kd_bytes_str("{\"type\":\"unavailable\"}")));
    cr_expect(!sim_answer_took_nothing(kd_bytes_of(NULL, 0)));
}

/* ---- lanes ----------------------------------------------------------------------------------------------------- */

enum { LANES = 3, OPERATIONS = 5, TRIES = 3 };

typedef struct {
    sim_lane lane;
    uint32_t operation;
} slot;

typedef struct {
    sim_engine *engine;
    slot slots[LANES];
    uint32_t begun, ended, open, open_max, described, answered;
    uint32_t tries[OPERATIONS];
    char key[16];
} rig;

static bool describe(void *arg, sim_lane *lane, sim_lane_request *q)
{
    rig *r = arg;
    const slot *s = (const slot *)lane;
    cr_assert_eq(lane->attempts, r->tries[s->operation]);
    r->described++;
    r->tries[s->operation]++;
    snprintf(r->key, sizeof r->key, "%u", s->operation);
    *q = (sim_lane_request){.method = "POST", .path = kd_bytes_str("/"), .key = kd_bytes_str(r->key)};
    return true;
}

/* An operation is given up after TRIES; every second one rests before its lane is idle. */
static void answered(void *arg, sim_lane *lane, const sim_lane_answer *a)
{
    rig *r = arg;
    const slot *s = (const slot *)lane;
    cr_assert(a->sent && a->result != KD_OK && a->response == NULL && a->status == 0);
    cr_assert_geq(a->at_us - lane->began_us, a->latency_us);
    r->answered++;
    if (lane->attempts < TRIES) {
        sim_lane_retry(lane, 0);
        return;
    }
    r->ended++;
    r->open--;
    if (s->operation % 2)
        sim_lane_free(lane);
    else
        sim_lane_rest(lane, 1);
}

static void fill(void *arg, uint64_t now_us)
{
    rig *r = arg;
    sim_lane *lane;
    while (r->begun < OPERATIONS && (lane = sim_engine_take(r->engine)) != NULL) {
        ((slot *)lane)->operation = r->begun++;
        r->open++;
        r->open_max = KD_MAX(r->open_max, r->open);
        sim_lane_send(lane, now_us);
    }
}

static bool over(void *arg)
{
    return ((const rig *)arg)->ended == OPERATIONS;
}

static void set_up(rig *r, struct event_base *base)
{
    const kd_http_client_options options = {.deadline_ms = 20, .backoff_min_ms = 1, .backoff_max_ms = 2};
    r->engine = sim_engine_create(base);
    cr_assert_eq(sim_engine_connect(r->engine, 0, "http://127.0.0.1:1", &options), KD_OK);
    sim_engine_use(r->engine, &(sim_engine_plan){.arg = r,
                                                 .describe = describe,
                                                 .answered = answered,
                                                 .fill = fill,
                                                 .over = over,
                                                 .backoff_min_us = 1000,
                                                 .backoff_max_us = 3000});
    for (uint32_t i = 0; i < LANES; i++) {
        r->slots[i].lane.engine = r->engine;
        sim_lane_free(&r->slots[i].lane);
    }
}

Test(client_engine, each_operation_is_tried_again_within_the_window_until_it_is_given_up)
{
    struct event_base *base = event_base_new();
    rig r = {0};
    set_up(&r, base);
    sim_engine_run(r.engine, 1000);
    cr_expect_eq(r.open_max, LANES);
    cr_expect_eq(r.begun, OPERATIONS);
    cr_expect_eq(r.ended, OPERATIONS);
    cr_expect_eq(r.described, OPERATIONS * TRIES);
    cr_expect_eq(r.answered, r.described);
    for (uint32_t i = 0; i < OPERATIONS; i++) cr_expect_eq(r.tries[i], TRIES);
    cr_expect_eq(sim_engine_retrying(r.engine), 0);
    sim_engine_destroy(r.engine);
    event_base_free(base);
}

Test(client_engine, who_ends_early_gets_the_waiting_lanes_back)
{
    struct event_base *base = event_base_new();
    rig r = {0};
    set_up(&r, base);
    for (uint32_t i = 0; i < LANES; i++) {
        sim_lane *lane = sim_engine_take(r.engine);
        if (i == 0)
            sim_lane_rest(lane, 1000000);
        else
            sim_lane_retry(lane, 1000000);
    }
    cr_expect_null(sim_engine_take(r.engine));
    cr_expect_eq(sim_engine_retrying(r.engine), LANES - 1);
    sim_engine_tick(r.engine);
    cr_expect_eq(r.described, 0, "nobody is due");
    for (uint32_t i = 0; i < LANES; i++) cr_expect_not_null(sim_engine_drop_waiting(r.engine));
    cr_expect_null(sim_engine_drop_waiting(r.engine));
    cr_expect_eq(sim_engine_retrying(r.engine), 0);
    sim_engine_destroy(r.engine);
    event_base_free(base);
}

/* test_http_share.c - what a turn of the loop gives, and to whom, while requests are with the handler. */
#include "common/io/http/server/http_share.h"

#include <criterion/criterion.h>

#include "common/io/http/server/http_conns.h"
#include "common/io/http/server/http_h1.h"
#include "common/io/http/server/http_request.h"
#include "tests/unit/io/http_fixture.h"

static kd_http_server *server;
static http_conn *heavy, *light;

static void setup(void)
{
    kd_http_config config;
    kd_http_config_init(&config);
    server = http_fixture_open(&config);
    heavy = http_fixture_come(1);
    light = http_fixture_come(2);
    http_share_begin(server);
}

static void leave(http_conn *conn)
{
    http_share_forget(conn);
    http_request_detach_all(conn);
    http_conns_remove(conn);
}

static void teardown(void)
{
    leave(heavy);
    leave(light);
    http_fixture_close();
}

TestSuite(http_share, .init = setup, .fini = teardown);

/* A turn that costs so much and wants another one. */
static void serve(http_conn *conn, uint64_t units)
{
    http_share_wait(conn);
    cr_assert_eq(http_share_next(server), conn);
    conn->spent = 0;
    http_share_charge(conn, units);
    http_share_wait(conn);
}

Test(http_share, a_turn_ends_when_its_units_are_spent)
{
    http_share_charge(heavy, HTTP_TURN_UNITS - 1);
    cr_expect(!http_share_over(heavy));
    http_share_charge(heavy, 1);
    cr_expect(http_share_over(heavy));
}

Test(http_share, output_outside_of_a_turn_begins_no_request)
{
    light->answers_only = true;
    cr_expect(http_share_over(light));
}

Test(http_share, the_loop_looks_for_others_after_a_slice)
{
    serve(heavy, HTTP_SLICE_UNITS);
    cr_expect_null(http_share_next(server));
    http_share_begin(server);
    cr_expect_eq(http_share_next(server), heavy);
}

Test(http_share, who_has_asked_for_little_is_served_beyond_the_slice)
{
    light->address->flow.credit = HTTP_TURN_UNITS;
    serve(heavy, HTTP_SLICE_UNITS);
    http_share_wait(light);
    cr_expect_eq(http_share_next(server), light);
    cr_expect_null(http_share_next(server));
}

/* Connections of one address, as behind a gateway. */
Test(http_share, a_connection_that_has_cost_little_comes_before_the_heavy_ones_of_its_address)
{
    http_conn *heavy_too = http_fixture_come(1), *phone = http_fixture_come(1);
    http_share_charge(heavy_too, HTTP_LIGHT_UNITS + 1);
    http_share_charge(phone, HTTP_LIGHT_UNITS);
    serve(heavy, HTTP_LIGHT_UNITS + 1);
    serve(heavy, 1); /* heavy now: the next turn is a light one's */
    http_share_wait(heavy_too);
    http_share_wait(phone);
    http_share_begin(server);
    cr_expect_eq(http_share_next(server), phone);
    cr_expect_eq(http_share_next(server), heavy);
    cr_expect_eq(http_share_next(server), heavy_too);
    leave(heavy_too);
    leave(phone);
}

Test(http_share, what_a_connection_has_cost_is_forgotten)
{
    http_conn *phone = http_fixture_come(1);
    http_share_charge(heavy, 1000);
    server->now_ms += 2 * HTTP_WORK_MS;
    http_share_begin(server);
    http_share_wait(heavy);
    http_share_wait(phone);
    cr_expect(!heavy->turn.heavy && !phone->turn.heavy);
    cr_expect_eq(http_share_next(server), heavy);
    leave(phone);
}

Test(http_share, work_with_the_handler_bars_those_who_owe_until_it_is_answered)
{
    http_request *req = http_request_create(heavy);
    serve(heavy, 1);
    http_share_begin(server);
    kd_http_charge(&req->pub, HTTP_WORK_UNITS, true);
    http_share_begin(server);
    cr_expect_null(http_share_next(server));
    light->address->flow.credit = HTTP_TURN_UNITS;
    http_share_wait(light);
    http_share_begin(server);
    cr_expect_eq(http_share_next(server), light);
    http_share_answered(req);
    http_share_begin(server);
    cr_expect_eq(http_share_next(server), heavy);
}

Test(http_share, work_that_waits_for_long_bars_nobody)
{
    http_request *req = http_request_create(heavy);
    kd_http_charge(&req->pub, HTTP_WORK_UNITS, true);
    http_share_wait(heavy);
    server->now_ms += HTTP_WORK_MS;
    http_share_begin(server);
    cr_expect_eq(http_share_next(server), heavy);
    http_share_answered(req);
    cr_expect_eq(server->share.work, 0);
}

Test(http_share, operations_that_wait_for_a_disk_bar_nobody)
{
    http_request *req = http_request_create(heavy);
    kd_http_charge(&req->pub, HTTP_WORK_UNITS, false);
    http_share_wait(heavy);
    http_share_begin(server);
    cr_expect_eq(http_share_next(server), heavy);
}

static int asked;

static void answer_nothing(kd_http_request *req, void *arg)
{
    (void)arg;
    asked++;
    kd_http_respond(req, 204, NULL, 0, kd_bytes_of(NULL, 0));
}

Test(http_share, requests_of_one_read_go_on_in_the_next_turns)
{
    enum { REQUESTS = 100, PER_TURN = HTTP_TURN_UNITS / HTTP_REQUEST_UNITS };
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    kd_buf all = {0};
    asked = 0;
    for (int i = 0; i < REQUESTS; i++) kd_buf_put(&all, text, sizeof text - 1);
    server->handler = answer_nothing;
    heavy->state = HTTP_OPEN;
    heavy->driver = &http_h1_driver;
    heavy->in_turn = true;
    heavy->driver->start(heavy);
    heavy->driver->feed(heavy, kd_buf_view(&all));
    cr_expect_eq(asked, PER_TURN);
    for (int turns = 1; heavy->paused && turns < REQUESTS; turns++) {
        cr_expect_eq(asked, turns * PER_TURN);
        heavy->spent = 0;
        heavy->driver->feed(heavy, kd_bytes_of(NULL, 0));
    }
    cr_expect_eq(asked, REQUESTS);
    heavy->driver->finish(heavy);
    kd_buf_finish(&heavy->in);
    kd_buf_finish(&all);
}

/* test_http_turn.c - whose answers are written first. */
#include "common/io/http/server/http_turn.h"

#include <criterion/criterion.h>

#include "common/io/http/server/http_conns.h"
#include "common/io/http/server/http_share.h"
#include "tests/unit/io/http_fixture.h"

enum { HEAVY = 3 };

static kd_http_server *server;
static http_conn *heavy[HEAVY], *light;

static void setup(void)
{
    kd_http_config config;
    kd_http_config_init(&config);
    server = http_fixture_open(&config);
    light = http_fixture_come(1);
    for (int i = 0; i < HEAVY; i++) {
        heavy[i] = http_fixture_come(1);
        http_share_charge(heavy[i], HTTP_LIGHT_UNITS + 1);
    }
}

static void teardown(void)
{
    http_turn_forget(light);
    http_conns_remove(light);
    for (int i = 0; i < HEAVY; i++) {
        http_turn_forget(heavy[i]);
        http_conns_remove(heavy[i]);
    }
    http_fixture_close();
}

TestSuite(http_turn, .init = setup, .fini = teardown);

Test(http_turn, who_has_cost_little_is_answered_first)
{
    http_turn_touch(heavy[0]);
    http_turn_touch(light);
    cr_expect_eq(http_turn_next(server, true), light);
    cr_expect_eq(http_turn_next(server, true), heavy[0]);
    cr_expect_null(http_turn_next(server, true));
}

Test(http_turn, heavy_ones_are_written_in_their_order)
{
    for (int i = 0; i < HEAVY; i++) http_turn_touch(heavy[i]);
    for (int i = 0; i < HEAVY; i++) {
        http_turn_touch(light); /* comes meanwhile */
        cr_expect_eq(http_turn_next(server, false), light);
        cr_expect_null(http_turn_next(server, false));
        cr_expect_eq(http_turn_next(server, true), heavy[i]);
    }
    cr_expect_null(http_turn_next(server, true));
}

Test(http_turn, what_is_left_comes_after_a_look_for_input)
{
    http_turn_touch(heavy[0]);
    cr_expect(!event_pending(server->turn_due, EV_TIMEOUT, NULL));
    cr_expect_null(http_turn_next(server, false));
    cr_expect(event_pending(server->turn_due, EV_TIMEOUT, NULL));
}

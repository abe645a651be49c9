/* test_http_turn.c - whose answers are written first. */
#include "common/io/http/server/http_turn.h"

#include <criterion/criterion.h>

#include "common/io/http/server/http_conns.h"
#include "common/io/http/server/http_share.h"
#include "tests/unit/io/http_fixture.h"

enum { HEAVY = 2 * HTTP_TURN_WRITES };

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
    uint32_t left = 1;
    http_turn_touch(heavy[0]);
    http_turn_touch(light);
    cr_expect_eq(http_turn_next(server, &left), light);
    cr_expect_eq(http_turn_next(server, &left), heavy[0]);
    cr_expect_null(http_turn_next(server, &left));
}

Test(http_turn, heavy_ones_are_written_in_pieces_in_their_order)
{
    for (int i = 0; i < HEAVY; i++) http_turn_touch(heavy[i]);
    for (int piece = 0; piece < HEAVY; piece += HTTP_TURN_WRITES) {
        uint32_t left = HTTP_TURN_WRITES;
        if (piece > 0) { /* came meanwhile */
            http_turn_touch(light);
            cr_expect_eq(http_turn_next(server, &left), light);
        }
        for (int i = 0; i < HTTP_TURN_WRITES; i++)
            cr_expect_eq(http_turn_next(server, &left), heavy[piece + i]);
        cr_expect_null(http_turn_next(server, &left));
    }
    cr_expect(TAILQ_EMPTY(&server->dirty));
}

Test(http_turn, what_is_left_comes_after_a_look_for_input)
{
    uint32_t none = 0;
    http_turn_touch(heavy[0]);
    event_del(server->turn_event);
    cr_expect_null(http_turn_next(server, &none));
    cr_expect(event_pending(server->turn_event, EV_TIMEOUT, NULL));
}

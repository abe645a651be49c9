/* test_http_admission.c - connections and held bytes count for the address that a proxy tells, once it is known. */
#include "common/io/http/server/http_admission.h"

#include <criterion/criterion.h>

#include "common/io/http/server/http_conns.h"
#include "common/io/http/server/http_door.h"
#include "common/io/http/server/http_h1.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_turn.h"
#include "tests/unit/io/http_fixture.h"

enum { ALICE = 2, BOB = 3 }; /* keys of addresses; the proxy's is 0 */

static kd_http_server *server;

static void setup(void)
{
    kd_http_config config;
    kd_http_config_init(&config);
    config.max_connections = 3;
    config.max_connections_per_address = 2;
    config.max_requests_per_address = 1;
    server = http_fixture_open(&config);
}

static void teardown(void)
{
    http_fixture_close();
}

TestSuite(http_admission, .init = setup, .fini = teardown);

static void leave(http_conn *conn)
{
    http_turn_forget(conn);
    http_conns_remove(conn);
}

static uint64_t held_for(uint64_t address)
{
    const http_address *a = http_address_find(&server->addresses, address);
    return a ? a->held : 0;
}

Test(http_admission, a_connection_counts_for_the_client_that_the_proxy_names)
{
    http_conn *a = http_fixture_come(0), *b = http_fixture_come(0);
    cr_expect(!http_admit_connection(server, 0), "the proxy has its two");
    cr_assert(http_admission_readdress(a, ALICE));
    cr_expect(http_admit_connection(server, 0), "there is room for the proxy again");
    http_door_leave(server->door, 0);
    cr_assert(http_admission_readdress(b, ALICE));
    http_conn *c = http_fixture_come(0);
    cr_expect(!http_admission_readdress(c, ALICE), "Alice has her two");
    cr_expect_eq(c->address->key, 0);
    leave(a);
    cr_expect(http_admission_readdress(c, ALICE));
    leave(b);
    leave(c);
}

Test(http_admission, what_is_held_moves_with_the_connection)
{
    http_conn *conn = http_fixture_come(0);
    http_admission_buffers(conn, 1000);
    cr_assert(http_admission_readdress(conn, ALICE));
    cr_expect_eq(held_for(ALICE), 1000);
    cr_expect_eq(held_for(0), 0);
    leave(conn);
    cr_expect_eq(server->held, 0);
}

Test(http_admission, requests_of_two_clients_on_one_connection_have_limits_of_their_own)
{
    http_conn *conn = http_fixture_come(0);
    http_request *of_alice = http_request_create(conn), *again = http_request_create(conn);
    http_request *of_bob = http_request_create(conn);
    http_admission_readdress_request(of_alice, ALICE);
    http_admission_readdress_request(again, ALICE);
    http_admission_readdress_request(of_bob, BOB);
    cr_expect_eq(held_for(ALICE), 2 * sizeof(http_request));
    cr_expect_eq(held_for(0), 0);
    cr_assert(http_admit_request(of_alice));
    cr_expect(!http_admit_request(again));
    cr_expect(http_admit_request(of_bob));
    http_admission_answered(of_alice);
    http_admission_answered(of_bob);
    http_request_detach_all(conn);
    leave(conn);
    cr_expect_eq(server->held, 0);
}

static void answer_much(kd_http_request *req, void *arg)
{
    static const uint8_t much[100000];
    (void)arg;
    kd_http_respond(req, 200, NULL, 0, kd_bytes_of(much, sizeof much));
}

Test(http_admission, an_answer_of_http_1_is_held_from_its_beginning)
{
    http_conn *conn = http_fixture_come(0);
    server->handler = answer_much;
    conn->state = HTTP_OPEN;
    conn->driver = &http_h1_driver;
    conn->driver->start(conn);
    conn->driver->feed(conn, kd_bytes_str("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    cr_expect_geq(server->held, 100000, "before the turn that writes it");
    cr_expect_eq(held_for(0), server->held);
    conn->driver->finish(conn);
    kd_buf_finish(&conn->in);
    leave(conn);
    cr_expect_eq(server->held, 0);
    cr_expect_eq(server->counters.buffered_bytes, 0);
}

Test(http_admission, the_largest_holder_goes_and_the_small_ones_stay)
{
    http_conn *small = http_fixture_come(0), *large = http_fixture_come(0);
    server->config.max_held_per_address = 1000000;
    server->config.max_held_per_connection = 1000000;
    http_admission_buffers(small, 1000);
    http_admission_buffers(large, 900000);
    cr_expect(!large->doomed);
    http_admission_buffers(small, 200000);
    cr_expect(large->doomed && !small->doomed);
    cr_expect_eq(server->counters.hoarders, 1);
    cr_expect_eq(server->held, 200000, "what goes in this turn is not counted");
    leave(large);
    leave(small);
    cr_expect_eq(server->held, 0);
    cr_expect_eq(server->counters.buffered_bytes, 0);
}

Test(http_admission, what_the_handler_keeps_of_a_closed_connection_counts_again)
{
    http_conn *conn = http_fixture_come(0);
    server->config.max_held_per_address = 100000;
    http_request *req = http_request_create(conn);
    cr_assert(http_admit_request(req));
    req->stage = HTTP_HANDLED;
    kd_http_request_alloc(&req->pub, 200000);
    cr_expect(conn->doomed);
    cr_expect_eq(server->held, 0);
    http_request_detach_all(conn);
    leave(conn);
    cr_expect_eq(server->held, 200000 + sizeof(http_request));
    http_admission_answered(req);
    http_request_free(req);
    cr_expect_eq(server->held, 0);
    cr_expect_eq(server->conns_held, 0);
}

Test(http_admission, an_address_that_hoards_again_and_again_is_barred_for_longer)
{
    int64_t now_ms = 1000;
    cr_expect_eq(http_door_bar(server->door, ALICE, now_ms), HTTP_BAR_MIN_MS);
    cr_expect_not(http_door_enter(server->door, ALICE, now_ms + HTTP_BAR_MIN_MS - 1));
    cr_expect(http_door_enter(server->door, BOB, now_ms), "nobody else is");
    http_door_leave(server->door, BOB);
    cr_expect_eq(http_door_bar(server->door, ALICE, now_ms + 400), HTTP_BAR_MIN_MS - 400, "the same burst");
    now_ms += HTTP_BAR_MIN_MS;
    cr_expect(http_door_enter(server->door, ALICE, now_ms));
    http_door_leave(server->door, ALICE);
    for (int64_t ms = 2 * HTTP_BAR_MIN_MS; ms <= HTTP_BAR_MAX_MS; ms *= 2) {
        cr_expect_eq(http_door_bar(server->door, ALICE, now_ms), ms);
        now_ms += ms;
    }
    cr_expect_eq(http_door_bar(server->door, ALICE, now_ms), HTTP_BAR_MAX_MS);
    now_ms += HTTP_BAR_MAX_MS + HTTP_BAR_FORGET_MS;
    cr_expect_eq(http_door_bar(server->door, ALICE, now_ms), HTTP_BAR_MIN_MS, "it is forgotten");
}

/* How many of `n` new connections are taken at one moment. */
static uint32_t knocks(kd_http_door *door, uint64_t address, uint32_t n, int64_t now_ms)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < n; i++) taken += http_door_knock(door, address, now_ms);
    return taken;
}

Test(http_admission, an_address_opens_so_many_connections_in_a_second)
{
    kd_http_door *door = kd_http_door_create(10, 10, 100);
    cr_expect_eq(knocks(door, ALICE, 1000, 5000), 200, "two seconds' worth at once");
    cr_expect_eq(knocks(door, BOB, 50, 5000), 50, "nobody else waits for that");
    cr_expect_eq(knocks(door, ALICE, 1000, 5009), 0);
    cr_expect_eq(knocks(door, ALICE, 1000, 5010), 1);
    cr_expect_eq(knocks(door, ALICE, 1000, 5510), 50);
    cr_expect_eq(knocks(door, ALICE, 1000, 900000), 200, "no more is saved up");
    kd_http_door_destroy(door);
    door = kd_http_door_create(10, 10, 0);
    cr_expect_eq(knocks(door, ALICE, 100000, 5000), 100000, "0 is no limit");
    kd_http_door_destroy(door);
}

Test(http_admission, a_crowd_of_addresses_frees_nobody_of_a_limit)
{
    kd_http_door *door = kd_http_door_create(10, 10, 100);
    cr_expect_eq(knocks(door, ALICE, 1000, 5000), 200);
    for (uint64_t other = 100; other < 20000; other++) cr_expect(http_door_knock(door, other, 5000));
    cr_expect_eq(knocks(door, ALICE, 1000, 5000), 0);
    kd_http_door_destroy(door);
}

Test(http_admission, a_connection_cannot_become_that_of_a_barred_address)
{
    http_conn *a = http_fixture_come(0);
    http_door_bar(server->door, ALICE, server->now_ms);
    cr_expect_not(http_admission_readdress(a, ALICE));
    leave(a);
}

Test(http_admission, a_small_connection_stays_although_its_address_holds_most)
{
    http_conn *large = http_fixture_come(0), *small = http_fixture_come(0);
    server->config.max_buffered_bytes = 100000;
    http_request *req = http_request_create(large);
    cr_assert(http_admit_request(req));
    req->stage = HTTP_HANDLED;
    http_admission_buffers(small, 500);
    kd_http_request_alloc(&req->pub, 200000);
    cr_expect(large->doomed);
    http_request_detach_all(large);
    leave(large);
    http_admission_buffers(small, 1000);
    cr_expect(!small->doomed, "what the handler still holds is not this connection's");
    http_admission_answered(req);
    http_request_free(req);
    leave(small);
    cr_expect_eq(server->held, 0);
}

enum { CROWD = 40, SMALL = 16 * 1024 }; /* too small to be closed for the sake of their own address */

static http_conn *crowd[CROWD];

/* A server that is full of a crowd of Alice's. */
static void come_in_a_crowd(void)
{
    kd_http_config config;
    kd_http_config_init(&config);
    config.max_buffered_bytes = CROWD * SMALL;
    http_fixture_close();
    server = http_fixture_open(&config);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = http_fixture_come(ALICE);
        http_admission_buffers(crowd[i], SMALL);
    }
}

static int doomed_of_crowd(void)
{
    int doomed = 0;
    for (int i = 0; i < CROWD; i++) doomed += crowd[i]->doomed;
    return doomed;
}

Test(http_admission, many_small_connections_of_an_address_give_way_to_one_who_asks_for_more)
{
    come_in_a_crowd();
    http_conn *conn = http_fixture_come(BOB);
    http_request *req = http_request_create(conn);
    cr_expect_eq(doomed_of_crowd(), 0, "all are small");
    cr_expect_eq(http_admit_body(req, 20000), 0, "a crowd of small ones refuses nobody who has little");
    cr_expect_eq(doomed_of_crowd(), 2);
    cr_expect_eq(http_admit_body(req, CROWD * SMALL / 4), 503,
                 "whoever wants a large part is not their victim");
    cr_expect_eq(doomed_of_crowd(), 2);
    cr_expect(http_door_enter(server->door, ALICE, server->now_ms),
              "no single one of them hoards: none is barred");
    http_door_leave(server->door, crowd[0]->address->key);
    http_request_detach_all(conn);
    leave(conn);
    for (int i = 0; i < CROWD; i++) leave(crowd[i]);
    cr_expect_eq(server->held, 0);
}

/* All that a client left with the handler when its connections were closed. */
static http_request *leave_with_handler(uint32_t address, size_t bytes)
{
    http_conn *conn = http_fixture_come(address);
    http_request *req = http_request_create(conn);
    cr_assert(http_admit_request(req));
    req->stage = HTTP_HANDLED;
    kd_http_request_alloc(&req->pub, bytes);
    http_request_detach_all(conn);
    leave(conn);
    return req;
}

Test(http_admission, what_is_left_with_the_handler_refuses_nobody_who_holds_little)
{
    server->config.max_buffered_bytes = 1000000;
    server->config.max_held_per_address = server->config.max_held_per_connection = 1000000;
    http_request *left = leave_with_handler(ALICE, 990000);
    http_conn *conn = http_fixture_come(BOB);
    http_request *req = http_request_create(conn);
    cr_expect_eq(http_admit_body(req, 20000), 0);
    cr_expect_eq(http_admit_body(req, 150000), 503, "the spare part has a bound");
    cr_expect(!conn->doomed);
    http_request_detach_all(conn);
    leave(conn);
    http_admission_answered(left);
    http_request_free(left);
    cr_expect_eq(server->held, 0);
}

Test(http_door, whoever_asks_one_server_is_known_to_all_of_the_process)
{
    kd_http_door *door = kd_http_door_create(10, 10, 0);
    cr_expect_eq(http_door_asked_ms(door), 0);
    http_door_asked(door, 5000);
    http_door_asked(door, 4996); /* of a thread whose clock was read before */
    cr_expect_eq(http_door_asked_ms(door), 5000);
    kd_http_door_destroy(door);
}

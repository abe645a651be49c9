/* test_http_note.c - what a handler keeps about a value of a connection's requests: found by the same bytes alone, counted, gone with the connection. */
#include "common/io/http/server/http_note.h"

#include <criterion/criterion.h>

#include "common/io/http/server/http_conns.h"
#include "common/io/http/server/http_h1.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_turn.h"
#include "tests/unit/io/http_fixture.h"

static kd_http_server *server;

static void setup(void)
{
    kd_http_config config;
    kd_http_config_init(&config);
    server = http_fixture_open(&config);
}

static void teardown(void)
{
    http_fixture_close();
}

TestSuite(http_note, .init = setup, .fini = teardown);

static void leave(http_conn *conn)
{
    http_turn_forget(conn);
    http_note_finish(conn);
    http_request_detach_all(conn);
    http_conns_remove(conn);
}

static bool is_new(const char *note)
{
    static const char zeros[KD_HTTP_NOTE];
    return memcmp(note, zeros, sizeof zeros) == 0;
}

static char *note(http_request *req, const char *value)
{
    return kd_http_request_note(&req->pub, kd_bytes_str(value));
}

Test(http_note, it_is_found_by_the_same_bytes_wherever_they_are)
{
    char first[] = "token", again[] = "token";
    http_conn *conn = http_fixture_come(0);
    http_request *a = http_request_create(conn), *b = http_request_create(conn);
    cr_assert(is_new(note(a, first)));
    note(a, first)[15] = 'x';
    memset(first, 0, sizeof first); /* the value was copied */
    cr_expect_eq(note(b, again)[15], 'x', "another request of the connection");
    leave(conn);
}

Test(http_note, other_bytes_begin_anew)
{
    static const char *const others[] = {"Token", "toke", "tokens", "token ", ""};
    http_conn *conn = http_fixture_come(0), *other = http_fixture_come(0);
    http_request *req = http_request_create(conn), *elsewhere = http_request_create(other);
    for (size_t i = 0; i < KD_COUNT(others); i++) {
        cr_assert(is_new(note(req, "token")));
        note(req, "token")[0] = 'x';
        cr_expect(is_new(note(elsewhere, "token")), "on another connection");
        cr_expect(is_new(note(req, others[i])), "%s", others[i]);
    }
    leave(conn);
    leave(other);
}

Test(http_note, a_request_of_a_closed_connection_has_one_of_its_own)
{
    http_conn *conn = http_fixture_come(0);
    http_request *req = http_request_create(conn);
    req->stage = HTTP_HANDLED;
    note(req, "token")[0] = 'x';
    leave(conn);
    cr_expect(is_new(note(req, "token")));
    note(req, "token")[0] = 'y';
    cr_expect(is_new(note(req, "token")));
    cr_expect_eq(http_note_held(conn), 0);
    http_request_free(req); /* and the connection with it */
}

static void note_much(kd_http_request *req, void *arg)
{
    static const uint8_t much[4000];
    (void)arg;
    kd_http_request_note(req, kd_bytes_of(much, sizeof much));
    kd_http_respond(req, 204, NULL, 0, kd_bytes_of(NULL, 0));
}

Test(http_note, the_value_is_held_for_the_connection)
{
    http_conn *conn = http_fixture_come(0);
    server->handler = note_much;
    conn->state = HTTP_OPEN;
    conn->driver = &http_h1_driver;
    conn->driver->start(conn);
    conn->driver->feed(conn, kd_bytes_str("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    kd_buf out = {0};
    conn->driver->produce(conn, &out);
    cr_expect_geq(conn->held, 4000);
    cr_expect_lt(conn->held, 16000);
    kd_buf_finish(&out);
    conn->driver->finish(conn);
    kd_buf_finish(&conn->in);
    leave(conn);
    cr_expect_eq(server->held, 0);
}

/* ---- the host ---- */

/* A request of this host whose headers are whole. */
static http_request *asks_under(http_conn *conn, const char *field, const char *host)
{
    http_request *req = http_request_create(conn);
    req->pub.path = kd_bytes_str("/");
    http_request_add_header(req, kd_bytes_str(field), kd_bytes_str(host));
    http_request_headers_done(req);
    return req;
}

Test(http_note, of_the_host_it_stays_while_requests_of_the_connection_have_the_same)
{
    http_conn *conn = http_fixture_come(0), *other = http_fixture_come(0);
    uint8_t *kept = kd_http_request_host_note(&asks_under(conn, "host", "localhost:80")->pub);
    cr_assert(kept && *kept == 0);
    *kept = 7;
    kept = kd_http_request_host_note(&asks_under(conn, ":authority", "localhost:80")->pub);
    cr_expect(kept && *kept == 7);
    kept = kd_http_request_host_note(&asks_under(other, "host", "localhost:80")->pub);
    cr_expect(kept && *kept == 0, "on another connection");
    static const char *const others[] = {"localhost:8", "localhost:800", "Localhost:80", "evil.example"};
    for (size_t i = 0; i < KD_COUNT(others); i++) {
        kept = kd_http_request_host_note(&asks_under(conn, "host", others[i])->pub);
        cr_expect(kept && *kept == 0, "%s", others[i]);
        *kept = 7;
        kept = kd_http_request_host_note(&asks_under(conn, "host", "localhost:80")->pub);
        cr_expect(kept && *kept == 0, "after %s", others[i]);
    }
    leave(conn);
    leave(other);
}

Test(http_note, a_host_that_is_not_valid_or_too_long_is_not_kept)
{
    char longest[HTTP_HOST_NOTED + 2];
    http_conn *conn = http_fixture_come(0);
    http_request *req = asks_under(conn, "host", "local host");
    cr_expect_eq(req->refusal, 400);
    cr_expect_null(kd_http_request_host_note(&req->pub));
    cr_expect_eq(asks_under(conn, "host", "local host")->refusal, 400, "again");
    memset(longest, 'a', sizeof longest);
    longest[HTTP_HOST_NOTED + 1] = 0;
    req = asks_under(conn, "host", longest);
    cr_expect_eq(req->refusal, 0);
    cr_expect_null(kd_http_request_host_note(&req->pub));
    req = asks_under(conn, "host", longest + 1);
    cr_expect_not_null(kd_http_request_host_note(&req->pub));
    leave(conn);
}

/* http_request.c looks for a name only where one of its bit has come: names that share it are told apart, and one that stands twice is found. */
Test(http_note, a_name_is_found_among_those_that_look_alike)
{
    http_conn *conn = http_fixture_come(0);
    http_request *req = http_request_create(conn);
    kd_bytes value;
    for (char c = 'a'; c <= 'z'; c++) {
        char name[] = "?-name";
        name[0] = c;
        http_request_add_header(req, kd_bytes_str(name), kd_bytes_of(&c, 1));
    }
    for (char c = 'a'; c <= 'z'; c++) {
        char name[] = "?-name", absent[] = "?-nane";
        name[0] = absent[0] = c;
        cr_expect(kd_http_request_find(&req->pub, kd_bytes_str(name), &value) && value.data[0] == (uint8_t)c);
        cr_expect_not(kd_http_request_find(&req->pub, kd_bytes_str(absent), &value));
    }
    req->pub.path = kd_bytes_str("/");
    http_request_add_header(req, kd_bytes_str("x-user-id"), kd_bytes_str("ann"));
    http_request_add_header(req, kd_bytes_str("x-user-id"), kd_bytes_str("bob"));
    http_request_headers_done(req);
    cr_expect_eq(req->refusal, 400);
    cr_expect_str_eq(req->refusal_field, "X-User-Id");
    leave(conn);
}

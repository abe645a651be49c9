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

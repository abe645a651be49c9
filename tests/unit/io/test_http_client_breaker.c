/*
 * The client's circuit breaker against a real socket: closed, open, one probe at a time, closed again.
 *
 * The port is bound and nobody listens, so that a connection is refused at once and nobody else gets the
 * port; the server comes to the same port later. The loop waits for answers and never for a time, and a
 * watchdog ends a test that hangs.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/event.h>
#include <unistd.h>

#include "common/io/http/client/http_client.h"
#include "common/io/http/server/http_server.h"

/* Long enough for a machine that is busy with something else not to miss what happens within. */
enum { FAILURES = 3, LONG_MS = 100, SHORT_MS = 8, WATCHDOG_S = 10 };

static struct event_base *base;
static kd_http_client *client;
static kd_http_server *server;
static int reserved = -1;
static uint16_t port;
static int last_result, last_status, answers;

static void on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    (void)arg, (void)r;
    last_result = result;
    last_status = status;
    answers++;
    event_base_loopbreak(base);
}

static int ask(uint32_t deadline_ms)
{
    return kd_http_client_request(client, "GET", kd_bytes_str("/"), NULL, 0, kd_bytes_of(NULL, 0), on_answer,
                                  NULL, deadline_ms);
}

static void await(int wanted)
{
    while (answers < wanted) cr_assert_eq(event_base_dispatch(base), 0, "nothing left to wait for");
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    cr_assert_fail("took too long");
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    event_base_loopbreak(base);
}

/* Asks again every millisecond until the breaker lets one through; tells how often it refused. */
static int ask_until_taken(void)
{
    int refused = 0;
    while (ask(2000) != KD_OK) {
        cr_assert(!kd_http_client_up(client));
        cr_assert_eq(event_base_once(base, -1, EV_TIMEOUT, on_tick, NULL, &(struct timeval){.tv_usec = 1000}),
                     0);
        event_base_dispatch(base);
        refused++;
    }
    return refused;
}

static void handle(kd_http_request *req, void *arg)
{
    (void)arg;
    kd_http_respond(req, 200, NULL, 0, kd_bytes_str("here"));
}

static void serve(void)
{
    kd_http_config config;
    char error[256];
    kd_http_config_init(&config);
    cr_assert_eq(kd_http_server_create(&server, base, &config, handle, NULL), KD_OK);
    cr_assert_eq(kd_http_server_listen(server, "127.0.0.1", port, true, error, sizeof error), KD_OK, "%s",
                 error);
}

static bool fail_fast;

static void start(uint32_t breaker_failures, uint32_t backoff_ms)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    char url[64];
    base = event_base_new();
    reserved = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(setsockopt(reserved, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)), 0);
    cr_assert_eq(bind(reserved, (struct sockaddr *)&at, len), 0);
    cr_assert_eq(getsockname(reserved, (struct sockaddr *)&at, &len), 0);
    port = ntohs(at.sin_port);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    kd_http_client_options o = {.breaker_failures = breaker_failures,
                                .backoff_min_ms = backoff_ms,
                                .backoff_max_ms = 2 * backoff_ms,
                                .fail_fast = fail_fast,
                                .seed = 1};
    cr_assert_eq(kd_http_client_create(&client, base, url, &o), KD_OK);
    event_base_once(base, -1, EV_TIMEOUT, on_watchdog, NULL, &(struct timeval){.tv_sec = WATCHDOG_S});
}

static void stop(void)
{
    kd_http_client_destroy(client);
    kd_http_server_destroy(server);
    event_base_free(base);
    close(reserved);
}

/* Until a run of failures has opened it. */
static void open_breaker(void)
{
    cr_assert(kd_http_client_up(client));
    cr_assert_eq(ask(5000), KD_OK);
    await(1);
    cr_assert_eq(last_result, KD_EUNAVAILABLE);
    cr_assert(!kd_http_client_up(client));
}

Test(http_client_breaker, a_run_of_failures_opens_it_and_then_nothing_waits)
{
    start(FAILURES, LONG_MS);
    open_breaker();
    cr_assert_eq(kd_http_client_get_stats(client).connects_failed, FAILURES);
    for (int i = 0; i < 5; i++) cr_assert_eq(ask(5000), KD_EUNAVAILABLE);
    cr_assert_eq(kd_http_client_open(client), 0);
    cr_assert_eq(kd_http_client_get_stats(client).requests, 1, "what was refused was not taken");
    stop();
}

Test(http_client_breaker, one_probe_per_back_off_and_a_failed_one_keeps_it_open)
{
    start(FAILURES, LONG_MS);
    open_breaker();
    for (int probes = 1; probes <= 3; probes++) {
        cr_assert_gt(ask_until_taken(), 0, "a probe needs its back-off");
        cr_assert_eq(ask(5000), KD_EUNAVAILABLE, "a second one beside the probe");
        await(1 + probes);
        cr_assert_eq(last_result, KD_EUNAVAILABLE);
        cr_assert(!kd_http_client_up(client));
    }
    stop();
}

Test(http_client_breaker, an_answer_closes_it)
{
    start(FAILURES, LONG_MS);
    open_breaker();
    serve();
    ask_until_taken();
    cr_assert(!kd_http_client_up(client), "open until an answer comes through");
    await(2);
    cr_assert_eq(last_result, KD_OK);
    cr_assert_eq(last_status, 200);
    cr_assert(kd_http_client_up(client));
    for (int i = 0; i < 5; i++) cr_assert_eq(ask(2000), KD_OK);
    await(7);
    cr_assert_eq(kd_http_client_get_stats(client).answers, 6);
    stop();
}

Test(http_client_breaker, without_one_a_request_waits_for_its_deadline_and_for_a_server)
{
    start(0, SHORT_MS);
    cr_assert_eq(ask(300), KD_OK);
    await(1);
    cr_assert_eq(last_result, KD_ETIMEOUT);
    cr_assert_geq(kd_http_client_get_stats(client).connects_failed, FAILURES);
    cr_assert(kd_http_client_up(client));
    cr_assert_eq(ask(5000), KD_OK);
    serve();
    await(2);
    cr_assert_eq(last_result, KD_OK);
    stop();
}

Test(http_client_breaker, one_that_fails_fast_waits_for_no_second_connection)
{
    fail_fast = true;
    start(0, LONG_MS);
    cr_assert_eq(ask(5000), KD_OK);
    await(1);
    cr_assert_eq(last_result, KD_EUNAVAILABLE);
    cr_assert_eq(kd_http_client_get_stats(client).connects_failed, 1);
    cr_assert_eq(ask(5000), KD_EUNAVAILABLE, "refused until the back-off is over");
    serve();
    while (ask(2000) != KD_OK) {
        event_base_once(base, -1, EV_TIMEOUT, on_tick, NULL, &(struct timeval){.tv_usec = 1000});
        event_base_dispatch(base);
    }
    await(2);
    cr_assert_eq(last_result, KD_OK);
    stop();
}

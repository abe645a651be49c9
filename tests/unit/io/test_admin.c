/* test_admin.c - what the admin port answers, and that neither many requests nor idle connections crowd it out. */
#include "common/io/admin/admin.c"

#include <criterion/criterion.h>

#include "common/io/loop/clock.h"

static bool is_ready(void *arg, kd_buf *why)
{
    kd_buf_put(why, "outbox full", 11);
    return *(bool *)arg;
}

static void put_metrics(void *arg, kd_buf *out)
{
    (void)arg;
    kd_buf_put(out, "up 1\n", 5);
}

static int put_debug(void *arg, const char *name, const char *query, kd_buf *out)
{
    (void)arg;
    if (strcmp(name, "partitions") != 0 || strcmp(query, "p=3") != 0) return KD_ENOTFOUND;
    kd_buf_put(out, "[]", 2);
    return KD_OK;
}

static int act_on(void *arg, const kd_admin_request *asked, kd_buf *out)
{
    (void)arg;
    kd_buf_put(out, asked->post ? "done" : "seen", 4);
    if (asked->body.len > 0) kd_buf_put(out, asked->body.data, asked->body.len);
    return strcmp(asked->name, "thing") == 0 && strcmp(asked->query, "x=1") == 0 ? 202 : 404;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* The whole answer; the server closes behind it. */
static const char *ask(int fd, const char *request)
{
    static char answer[4096];
    size_t len = 0;
    ssize_t got;
    cr_assert_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    while ((got = read(fd, answer + len, sizeof answer - 1 - len)) > 0) len += (size_t)got;
    cr_assert_eq(got, 0, "the server closes");
    answer[len] = 0;
    close(fd);
    return answer;
}

static void expect_answer(uint16_t port, const char *path, const char *status, const char *tail)
{
    char request[128];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    const char *answer = ask(connect_to(port), request);
    cr_expect_eq(strncmp(answer, status, strlen(status)), 0, "%s: %s", path, answer);
    cr_expect(strlen(answer) > strlen(tail) && strcmp(answer + strlen(answer) - strlen(tail), tail) == 0,
              "%s: %s", path, answer);
}

static kd_admin *admin_on(kd_loop **loop, bool *ready)
{
    static char error[KD_OPTIONS_ERROR_MAX];
    kd_admin_hooks hooks = {.arg = ready, .ready = is_ready, .metrics = put_metrics, .debug = put_debug};
    kd_admin_config config = {.address = {.host = "127.0.0.1", .port = 0}};
    kd_admin *admin, *other;
    cr_assert_eq(kd_loop_create(loop, "admin"), KD_OK);
    cr_assert_eq(kd_admin_create(&admin, *loop, &config, &hooks, error), KD_OK, "%s", error);
    config.address.port = kd_admin_port(admin);
    cr_assert_neq(config.address.port, 0);
    cr_expect_eq(kd_admin_create(&other, *loop, &config, &hooks, error), KD_EUNAVAILABLE);
    cr_expect_not_null(strstr(error, "127.0.0.1"), "%s", error);
    cr_expect_not_null(strstr(error, "in use"), "%s", error);
    return admin;
}

static void admin_off(kd_loop *loop, kd_admin *admin)
{
    kd_loop_stop(loop);
    kd_loop_join(loop);
    kd_admin_destroy(admin);
    kd_loop_destroy(loop);
}

Test(admin, answers_what_operators_ask)
{
    static bool ready;
    kd_loop *loop;
    kd_admin *admin = admin_on(&loop, &ready);
    uint16_t port = kd_admin_port(admin);
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    expect_answer(port, "/healthz", "HTTP/1.1 200", "\r\n\r\nok\n");
    expect_answer(port, "/readyz", "HTTP/1.1 503", "\r\n\r\noutbox full\n");
    __atomic_store_n(&ready, true, __ATOMIC_RELAXED);
    expect_answer(port, "/readyz", "HTTP/1.1 200", "\r\n\r\noutbox full\n");
    expect_answer(port, "/metrics", "HTTP/1.1 200", "\r\n\r\nup 1\n");
    expect_answer(port, "/debug/partitions?p=3", "HTTP/1.1 200", "\r\n\r\n[]");
    expect_answer(port, "/debug/other", "HTTP/1.1 404", "not found\n");
    expect_answer(port, "/", "HTTP/1.1 404", "not found\n");
    const char *answer =
        ask(connect_to(port), "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    cr_expect_eq(strncmp(answer, "HTTP/1.1 501", 12), 0, "%s", answer);
    admin_off(loop, admin);
}

Test(admin, answers_head_without_a_body)
{
    static bool ready;
    kd_loop *loop;
    kd_admin *admin = admin_on(&loop, &ready);
    const char *const asked[][3] = {{"/healthz", "HTTP/1.1 200", "\r\nContent-Length: 3\r\n"},
                                    {"/readyz", "HTTP/1.1 503", "\r\nContent-Length: 12\r\n"},
                                    {"/metrics", "HTTP/1.1 200", "\r\nContent-Length: 5\r\n"},
                                    {"/debug/partitions?p=3", "HTTP/1.1 200", "\r\nContent-Length: 2\r\n"},
                                    {"/", "HTTP/1.1 404", "\r\nContent-Length: 10\r\n"}};
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    for (size_t i = 0; i < KD_COUNT(asked); i++) {
        char request[128];
        snprintf(request, sizeof request, "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\n", asked[i][0]);
        const char *answer = ask(connect_to(kd_admin_port(admin)), request);
        const char *end = strstr(answer, "\r\n\r\n");
        cr_expect_eq(strncmp(answer, asked[i][1], strlen(asked[i][1])), 0, "%s", answer);
        cr_expect_not_null(strstr(answer, asked[i][2]), "%s", answer);
        cr_expect(end && end[4] == '\0', "%s", answer);
    }
    admin_off(loop, admin);
}

/* An admin port without its periodic sweep of connections, so that no answer is owed to the sweep. */
static kd_admin *admin_unswept(kd_loop **loop)
{
    static bool ready = true;
    kd_admin *admin = admin_on(loop, &ready);
    cr_assert_eq(event_del(admin->sweep_timer), 0);
    return admin;
}

static const char readyz[] = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";

static void expect_ready(int fd)
{
    const char *answer = ask(fd, readyz);
    cr_expect_eq(strncmp(answer, "HTTP/1.1 200", 12), 0, "%s", answer);
}

Test(admin, a_slot_is_free_when_its_request_is_answered)
{
    kd_loop *loop;
    kd_admin *admin = admin_unswept(&loop);
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    for (int i = 0; i < 200; i++) expect_ready(connect_to(kd_admin_port(admin)));
    admin_off(loop, admin);
}

/* How many of them the server has not closed. */
static size_t still_open(const int *fd, size_t n)
{
    size_t open = 0;
    uint8_t byte;
    for (size_t i = 0; i < n; i++)
        open += recv(fd[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0 && errno == EAGAIN;
    return open;
}

/* They come faster than the loop turns, and none of them is served: those beyond the limit were neither counted nor closed. */
Test(admin, no_more_connections_stay_than_it_may_hold)
{
    int idle[2 * CONNECTIONS_MAX - 8]; /* the kernel's queue is of 128 */
    kd_loop *loop;
    kd_admin *admin = admin_unswept(&loop);
    uint64_t until_us = kd_clock_mono_us() + 5000000;
    for (size_t i = 0; i < KD_COUNT(idle); i++) idle[i] = connect_to(kd_admin_port(admin));
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    expect_ready(connect_to(kd_admin_port(admin)));
    while (still_open(idle, KD_COUNT(idle)) >= CONNECTIONS_MAX && kd_clock_mono_us() < until_us) continue;
    cr_expect_lt(still_open(idle, KD_COUNT(idle)), CONNECTIONS_MAX);
    for (size_t i = 0; i < KD_COUNT(idle); i++) close(idle[i]);
    admin_off(loop, admin);
}

/* All of them stay open, and some have begun a request. */
Test(admin, connections_that_ask_nothing_do_not_shut_it)
{
    int idle[3 * CONNECTIONS_MAX];
    kd_loop *loop;
    kd_admin *admin = admin_unswept(&loop);
    uint16_t port = kd_admin_port(admin);
    for (size_t i = 0; i < KD_COUNT(idle) / 2; i++) idle[i] = connect_to(port);
    cr_assert_eq(kd_loop_start(loop), KD_OK); /* the loop finds all waiting connections in one turn */
    expect_ready(connect_to(port));
    for (size_t i = KD_COUNT(idle) / 2; i < KD_COUNT(idle); i++) {
        idle[i] = connect_to(port);
        if (i % 2) cr_assert_eq(write(idle[i], readyz, 8), 8);
    }
    for (int i = 0; i < 20; i++) expect_ready(connect_to(port));
    for (size_t i = 0; i < KD_COUNT(idle); i++) close(idle[i]);
    expect_ready(connect_to(port));
    admin_off(loop, admin);
}

/* More connections than the port holds at once. None is closed in favour of another, since each has a request; the kernel's queue, of 128, holds
 * the rest. */
Test(admin, a_burst_of_requests_is_answered)
{
    int asking[2 * CONNECTIONS_MAX - 8];
    kd_loop *loop;
    kd_admin *admin = admin_unswept(&loop);
    uint16_t port = kd_admin_port(admin);
    char answer[12];
    for (size_t i = 0; i < KD_COUNT(asking); i++) {
        asking[i] = connect_to(port);
        cr_assert_eq(write(asking[i], readyz, sizeof readyz - 1), (ssize_t)sizeof readyz - 1);
    }
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    for (size_t i = 0; i < KD_COUNT(asking); i++) {
        cr_assert_eq(recv(asking[i], answer, sizeof answer, MSG_WAITALL), (ssize_t)sizeof answer,
                     "connection %zu", i);
        cr_expect_eq(strncmp(answer, "HTTP/1.1 200", sizeof answer), 0);
        close(asking[i]);
    }
    admin_off(loop, admin);
}

Test(admin, lets_an_operator_act_but_not_a_page_in_a_browser)
{
    kd_loop *loop;
    kd_admin *admin;
    char error[KD_OPTIONS_ERROR_MAX];
    kd_admin_hooks hooks = {.act = act_on};
    kd_admin_config config = {.address = {.host = "127.0.0.1"}};
    cr_assert_eq(kd_loop_create(&loop, "admin"), KD_OK);
    cr_assert_eq(kd_admin_create(&admin, loop, &config, &hooks, error), KD_OK);
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    uint16_t port = kd_admin_port(admin);
    expect_answer(port, "/admin/thing?x=1", "HTTP/1.1 202", "seen");
    expect_answer(port, "/admin/other", "HTTP/1.1 404", "seen");
    const char *answer =
        ask(connect_to(port), "POST /admin/thing?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    cr_expect_eq(strncmp(answer, "HTTP/1.1 403", 12), 0, "%s", answer);
    answer =
        ask(connect_to(port),
            "POST /admin/thing?x=1 HTTP/1.1\r\nHost: a\r\nX-Kudos-Admin: 1\r\nContent-Length: 0\r\n\r\n");
    cr_expect_eq(strncmp(answer, "HTTP/1.1 202", 12), 0, "%s", answer);
    cr_expect_neq(strstr(answer, "done"), NULL);
    answer = ask(
        connect_to(port),
        "POST /admin/thing?x=1 HTTP/1.1\r\nHost: a\r\nX-Kudos-Admin: 1\r\nContent-Length: 6\r\n\r\na body");
    cr_expect_neq(strstr(answer, "donea body"), NULL);
    admin_off(loop, admin);
}

static void expect_host(uint16_t port, const char *path, const char *host, const char *more,
                        const char *status)
{
    char request[512];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%s%s\r\n", path, host, more);
    const char *answer = ask(connect_to(port), request);
    cr_expect_eq(strncmp(answer, status, strlen(status)), 0, "%s %s%s: %s", path, host, more, answer);
}

/* A name of somebody's domain that was made to point at this machine, and a page of that name that reads. */
Test(admin, tells_a_page_in_a_browser_nothing)
{
    static bool ready = true;
    kd_loop *loop;
    kd_admin *admin;
    char error[KD_OPTIONS_ERROR_MAX], own[200] = "Host: ";
    kd_admin_hooks hooks = {.arg = &ready, .act = act_on, .debug = put_debug, .metrics = put_metrics};
    kd_admin_config config = {.address = {.host = "127.0.0.1"}};
    cr_assert_eq(kd_loop_create(&loop, "admin"), KD_OK);
    cr_assert_eq(kd_admin_create(&admin, loop, &config, &hooks, error), KD_OK);
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    uint16_t port = kd_admin_port(admin);
    cr_assert_eq(gethostname(own + 6, sizeof own - 10), 0);
    strcat(own, "\r\n");
    const char *meant[] = {own, "Host: 127.0.0.1:9440\r\n", "Host: localhost:9440\r\n",
                           "Host: [::1]:9440\r\n", "Host: central-1\r\n"};
    const char *others[] = {"Host: rebound.example\r\n", "Host: rebound.example:9440\r\n",
                            "Host: 127.0.0.1.rebound.example\r\n"};
    for (size_t i = 0; i < KD_COUNT(meant); i++) {
        expect_host(port, "/admin/thing?x=1", meant[i], "", "HTTP/1.1 202");
        expect_host(port, "/debug/partitions?p=3", meant[i], "", "HTTP/1.1 200");
        expect_host(port, "/admin/thing?x=1", meant[i], "Origin: http://a\r\n", "HTTP/1.1 403");
    }
    cr_expect_eq(strncmp(ask(connect_to(port), "GET /admin/thing?x=1 HTTP/1.0\r\n\r\n"), "HTTP/1.0 403", 12),
                 0);
    cr_expect_eq(
        strncmp(ask(connect_to(port), "GET /debug/partitions?p=3 HTTP/1.0\r\n\r\n"), "HTTP/1.0 403", 12), 0);
    cr_expect_eq(strncmp(ask(connect_to(port), "GET /metrics HTTP/1.0\r\n\r\n"), "HTTP/1.0 200", 12), 0);
    cr_expect_eq(strncmp(ask(connect_to(port), "GET /healthz HTTP/1.0\r\n\r\n"), "HTTP/1.0 200", 12), 0);
    for (size_t i = 0; i < KD_COUNT(others); i++) {
        expect_host(port, "/admin/thing?x=1", others[i], "", "HTTP/1.1 403");
        expect_host(port, "/debug/partitions?p=3", others[i], "", "HTTP/1.1 403");
        expect_host(port, "/metrics", others[i], "", "HTTP/1.1 200");
        expect_host(port, "/healthz", others[i], "", "HTTP/1.1 200");
    }
    admin_off(loop, admin);
}

/* Who listens on more than the loopback address is asked by whatever name that machine has. */
Test(admin, answers_to_any_name_elsewhere)
{
    kd_loop *loop;
    kd_admin *admin;
    char error[KD_OPTIONS_ERROR_MAX];
    kd_admin_hooks hooks = {.act = act_on};
    kd_admin_config config = {.address = {.host = "0.0.0.0"}};
    cr_assert_eq(kd_loop_create(&loop, "admin"), KD_OK);
    cr_assert_eq(kd_admin_create(&admin, loop, &config, &hooks, error), KD_OK);
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    expect_host(kd_admin_port(admin), "/admin/thing?x=1", "Host: central.example:9440\r\n", "",
                "HTTP/1.1 202");
    admin_off(loop, admin);
}

static const struct {
    const char *text, *status;
} readings[] = {
    {"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200"},
    {"GET /metrics HTTP/1.0\r\n\r\n", "HTTP/1.0 200"},
    {"GET /admin/thing?x=1 HTTP/1.1\r\nHost: a:1\r\nAccept: b\r\nAccept: c\r\n\r\n", "HTTP/1.1 202"},
    {"GET /metrics HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400"},
    {"GET /metrics HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "HTTP/1.1 400"},
    {"GET /metrics HTTP/1.1\r\nHost: a\n\nX: y\r\n\r\n", "HTTP/1.1 400"},
    {"GET /healthz HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400"},
    {"GET /readyz HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400"},
    {"GET /admin/thing?x=1 HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400"},
    {"GET /debug/partitions?p=3 HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400"},
    {"GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
    {"GET /metrics HTTP/1.1\r\nHost: a b\r\n\r\n", "HTTP/1.1 400"},
    {"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400"},
    {"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
    {"GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
     "HTTP/1.1 400"},
    {"GET /metrics HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", "HTTP/1.1 400"},
    {"GET /metrics HTTP/1.1\r\nHost : a\r\n\r\n", "HTTP/1.1 400"},
    {"GET http://b/metrics HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
    {"POST /admin/thing?x=1 HTTP/1.1\r\nHost: a\r\nX-Kudos-Admin: 1\r\nContent-Length: 0\r\nContent-Length: "
     "0\r\n\r\n",
     "HTTP/1.1 400"},
    {"POST /admin/thing?x=1 HTTP/1.1\r\nHost: a\r\nX-Kudos-Admin: 1\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     "HTTP/1.1 400"},
    {"GET /admin/thing?x=1&x=1 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
    {"GET /admin/thing?x= HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
    {"GET /debug/partitions?p=3&p HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
};

Test(admin, a_request_that_can_be_read_in_two_ways_is_refused)
{
    static bool ready = true;
    kd_loop *loop;
    kd_admin *admin;
    char error[KD_OPTIONS_ERROR_MAX];
    kd_admin_hooks hooks = {
        .arg = &ready, .ready = is_ready, .act = act_on, .debug = put_debug, .metrics = put_metrics};
    kd_admin_config config = {.address = {.host = "127.0.0.1"}};
    cr_assert_eq(kd_loop_create(&loop, "admin"), KD_OK);
    cr_assert_eq(kd_admin_create(&admin, loop, &config, &hooks, error), KD_OK);
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    for (size_t i = 0; i < KD_COUNT(readings); i++) {
        const char *answer = ask(connect_to(kd_admin_port(admin)), readings[i].text);
        cr_expect_eq(strncmp(answer, readings[i].status, strlen(readings[i].status)), 0, "%s: %s",
                     readings[i].text, answer);
    }
    admin_off(loop, admin);
}

/* test_loop.c - inbox, timers, stop; and the admin port, signals and the log, which live on a loop. */
#include "common/io/admin.h"
#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/io/loop.h"
#include "common/io/signals.h"

#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
    kd_post post;
    kd_loop *loop;
    uint32_t sender, number;
} note;

enum { SENDERS = 4, NOTES = 20000 };

static uint32_t seen[SENDERS];
static uint32_t out_of_order, elsewhere;

static void on_note(kd_post *post)
{
    note *n = KD_CONTAINER(post, note, post);
    if (n->number != seen[n->sender]++) out_of_order++;
    if (!kd_loop_here(n->loop) || kd_loop_current() != n->loop) elsewhere++;
    free(n);
}

typedef struct {
    kd_loop *loop;
    uint32_t number;
} sender;

static void *send_notes(void *arg)
{
    const sender *s = arg;
    for (uint32_t i = 0; i < NOTES; i++) {
        note *n = kd_alloc(sizeof *n);
        *n = (note){.post.fn = on_note, .loop = s->loop, .sender = s->number, .number = i};
        kd_loop_post(s->loop, &n->post);
    }
    return NULL;
}

Test(loop, posts_of_many_threads_all_run_once_and_in_order)
{
    kd_loop *loop;
    pthread_t threads[SENDERS];
    sender senders[SENDERS];
    cr_assert_eq(kd_loop_create(&loop, "a-name-that-is-too-long"), KD_OK);
    cr_expect_str_eq(kd_loop_name(loop), "a-name-that-is-");
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    for (uint32_t i = 0; i < SENDERS; i++) {
        senders[i] = (sender){loop, i};
        pthread_create(&threads[i], NULL, send_notes, &senders[i]);
    }
    for (uint32_t i = 0; i < SENDERS; i++) pthread_join(threads[i], NULL);
    kd_loop_stop(loop);
    kd_loop_stop(loop);
    kd_loop_join(loop);
    kd_loop_destroy(loop);
    for (uint32_t i = 0; i < SENDERS; i++) cr_expect_eq(seen[i], NOTES);
    cr_expect_eq(out_of_order, 0);
    cr_expect_eq(elsewhere, 0);
    cr_expect_null(kd_loop_current());
}

static char order[16];
static kd_loop *main_loop;
static kd_timer first, second, cancelled;

static void on_timer(void *arg)
{
    strcat(order, arg);
    if (strcmp(arg, "a") == 0)
        kd_timer_set(&second, 1000);
    else
        kd_loop_stop(main_loop);
}

Test(loop, timers_fire_once_and_can_be_moved_and_cancelled)
{
    cr_assert_eq(kd_loop_create(&main_loop, "main"), KD_OK);
    kd_timer_init(&first, main_loop, on_timer, "a");
    kd_timer_init(&second, main_loop, on_timer, "b");
    kd_timer_init(&cancelled, main_loop, on_timer, "x");
    kd_timer_set(&first, 3600000000u);
    kd_timer_set(&first, 2000);
    kd_timer_set(&cancelled, 1);
    cr_expect(kd_timer_armed(&cancelled));
    kd_timer_cancel(&cancelled);
    cr_expect_not(kd_timer_armed(&cancelled));
    kd_loop_run(main_loop);
    cr_expect_str_eq(order, "ab");
    cr_expect_not(kd_timer_armed(&first));
    kd_timer_finish(&first), kd_timer_finish(&second), kd_timer_finish(&cancelled),
        kd_timer_finish(&cancelled);
    kd_loop_destroy(main_loop);
}

Test(loop, posts_that_never_ran_are_run_by_destroy)
{
    kd_loop *loop;
    cr_assert_eq(kd_loop_create(&loop, "idle"), KD_OK);
    note *n = kd_alloc(sizeof *n);
    *n = (note){.post.fn = on_note, .loop = loop};
    kd_loop_post(loop, &n->post);
    kd_loop_destroy(loop);
    cr_expect_eq(seen[0], 1);
}

Test(clock, carried_time_runs_with_the_wall_clock)
{
    kd_clock c;
    kd_clock_init(&c, 500000);
    cr_expect_eq(kd_clock_check(&c), KD_CLOCK_UNMEASURED);
    uint64_t before = kd_clock_wall_us(), now = kd_clock_now_us(&c);
    cr_expect(now + 1000000 > before && now < before + 1000000);
    cr_expect_eq(kd_clock_measure(&c, kd_clock_mono_us(), kd_clock_wall_us()), KD_OK);
    cr_expect_eq(kd_clock_check(&c), KD_CLOCK_IN_BOUNDS);
    cr_expect_eq(kd_clock_measure(&c, kd_clock_mono_us(), kd_clock_wall_us() + 3000000), KD_OK);
    cr_expect_eq(kd_clock_check(&c), KD_CLOCK_OUT_OF_BOUNDS);
    cr_expect(kd_clock_drift(&c).measured);
    kd_clock_finish(&c);
}

/* ---- the admin port
 * ----------------------------------------------------------------------------------------- */

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
    kd_address address = {.host = "127.0.0.1", .port = 0};
    kd_admin *admin, *other;
    cr_assert_eq(kd_loop_create(loop, "admin"), KD_OK);
    cr_assert_eq(kd_admin_create(&admin, *loop, &address, &hooks, error), KD_OK, "%s", error);
    address.port = kd_admin_port(admin);
    cr_assert_neq(address.port, 0);
    cr_expect_eq(kd_admin_create(&other, *loop, &address, &hooks, error), KD_EUNAVAILABLE);
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

/* More connections than it takes at once: the rest wait until some have gone, and are answered then. */
Test(admin, idle_connections_do_not_crowd_it_out_for_good)
{
    static bool ready;
    int idle[64];
    kd_loop *loop;
    kd_admin *admin = admin_on(&loop, &ready);
    uint16_t port = kd_admin_port(admin);
    for (size_t i = 0; i < KD_COUNT(idle); i++) idle[i] = connect_to(port);
    int waiting = connect_to(port);
    cr_assert_eq(kd_loop_start(loop), KD_OK); /* finds all of them at once */
    for (size_t i = 0; i < KD_COUNT(idle); i++) close(idle[i]);
    const char *answer = ask(waiting, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_expect_eq(strncmp(answer, "HTTP/1.1 200", 12), 0, "%s", answer);
    admin_off(loop, admin);
}

/* ---- signals and systemd
 * ------------------------------------------------------------------------------------- */

static void on_reload(void *arg)
{
    strcat(order, "r");
    kill(getpid(), SIGTERM);
    (void)arg;
}

static void on_drain(void *arg)
{
    strcat(order, "d");
    kd_loop_stop(arg);
}

Test(signals, hangup_reloads_and_terminate_drains)
{
    kd_loop *loop;
    kd_signals *signals;
    cr_assert_eq(kd_loop_create(&loop, "main"), KD_OK);
    kd_signal_hooks hooks = {.arg = loop, .drain = on_drain, .reload = on_reload};
    cr_assert_eq(kd_signals_create(&signals, loop, &hooks), KD_OK);
    raise(SIGPIPE);
    raise(SIGHUP);
    kd_loop_run(loop);
    cr_expect_str_eq(order, "rd");
    kd_signals_destroy(signals);
    kd_loop_destroy(loop);
}

Test(signals, systemd_is_told)
{
    char dir[] = "/tmp/kudos-notify-XXXXXX", path[64], got[128] = "";
    cr_assert_not_null(mkdtemp(dir));
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(path, sizeof path, "%s/s", dir);
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    unsetenv("NOTIFY_SOCKET");
    cr_expect_eq(kd_notify("READY=1"), KD_OK);
    setenv("NOTIFY_SOCKET", path, 1);
    cr_expect_eq(kd_notify("READY=1"), KD_OK);
    cr_expect_eq(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), 7);
    cr_expect_str_eq(got, "READY=1");
    cr_expect_eq(kd_notify_reloading(), KD_OK);
    cr_expect(recv(fd, got, sizeof got - 1, MSG_DONTWAIT) > 0);
    cr_expect_eq(strncmp(got, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    close(fd);
    unlink(path);
    cr_expect_eq(kd_notify("READY=1"), KD_EIO);
    rmdir(dir);
}

/* An answer that goes on: it is asked for what its client can take, over HTTP/1.1 and HTTP/2, and its source hears of its end once. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/io/http/server/http_server.h"

enum { DEADLINE_S = 20 };

typedef struct {
    struct event_base *base;
    kd_http_server *server;
    kd_http_stream *stream;
    int fd;
    int pieces; /* that the source has still */
    int asked, over;
    size_t piece; /* bytes of each */
    bool ends;    /* behind them */
    kd_buf got;
} stream_rig;

static bool source_next(void *arg, kd_buf *out)
{
    stream_rig *r = arg;
    r->asked++;
    if (r->pieces == 0) return !r->ends;
    r->pieces--;
    for (size_t i = 0; i < r->piece; i++) kd_buf_put_u8(out, 'x');
    return true;
}

static void source_over(void *arg)
{
    stream_rig *r = arg;
    r->over++;
    r->stream = NULL;
}

static const kd_http_source source = {source_next, source_over};

static void on_asked(kd_http_request *req, void *arg)
{
    stream_rig *r = arg;
    r->stream = kd_http_respond_stream(req, NULL, 0, &source, r, 100);
}

static void rig_connect(stream_rig *r, const void *bytes, size_t len)
{
    char error[256];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(kd_http_server_listen(r->server, "127.0.0.1", 0, false, error, sizeof error), KD_OK);
    at.sin_port = htons(kd_http_server_port(r->server));
    r->fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(r->fd, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(send(r->fd, bytes, len, 0), (ssize_t)len);
    fcntl(r->fd, F_SETFL, O_NONBLOCK);
}

static void rig_turn(stream_rig *r)
{
    uint8_t bytes[4096];
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    ssize_t n = r->fd >= 0 ? recv(r->fd, bytes, sizeof bytes, 0) : 0;
    if (n > 0) kd_buf_put(&r->got, bytes, (size_t)n);
    usleep(100);
}

static bool rig_got(const stream_rig *r, const char *part)
{
    return r->got.len > 0 && memmem(r->got.data, r->got.len, part, strlen(part)) != NULL;
}

#define UNTIL(r, condition)                                                                                  \
    for (time_t end = time(NULL) + DEADLINE_S; !(condition); rig_turn(r)) cr_assert_leq(time(NULL), end)

static void rig_close(stream_rig *r)
{
    if (r->fd >= 0) close(r->fd);
    kd_http_server_destroy(r->server);
    event_base_free(r->base);
    kd_buf_finish(&r->got);
}

static void rig_hang_up(stream_rig *r)
{
    close(r->fd);
    r->fd = -1;
}

static stream_rig rig;

static void rig_begin(uint32_t stall_ms, const void *bytes, size_t len)
{
    kd_http_config config;
    kd_http_config_init(&config);
    config.write_stall_timeout_ms = stall_ms;
    rig = (stream_rig){.base = event_base_new(), .pieces = 1, .piece = 5};
    cr_assert_eq(kd_http_server_create(&rig.server, rig.base, &config, on_asked, &rig), KD_OK);
    rig_connect(&rig, bytes, len);
}

static const char h1[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/* Preface, SETTINGS with INITIAL_WINDOW_SIZE, HEADERS of stream 1 that ends: GET http://a/. */
#define H2_ASK(window)                                                                                       \
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"                                                                       \
    "\0\0\6\4\0\0\0\0\0\0\4\0\0" window "\0\0\6\1\5\0\0\0\1\x82\x84\x86\x41\1a"
static const char h2_open[] = H2_ASK("\x10\0"), h2_shut[] = H2_ASK("\0\0");

Test(http_stream, over_http1_pieces_are_chunks_and_the_end_ends_the_connection)
{
    rig_begin(20000, h1, sizeof h1 - 1);
    UNTIL(&rig, rig_got(&rig, "transfer-encoding: chunked\r\n") && rig_got(&rig, "\r\n\r\n5\r\nxxxxx\r\n"));
    cr_assert_not(rig_got(&rig, "content-length"));
    rig.pieces = 1;
    kd_http_stream_wake(rig.stream);
    UNTIL(&rig, rig_got(&rig, "5\r\nxxxxx\r\n5\r\nxxxxx\r\n"));
    rig.ends = true;
    kd_http_stream_wake(rig.stream);
    UNTIL(&rig, rig_got(&rig, "xxxxx\r\n0\r\n\r\n"));
    cr_assert_eq(rig.over, 1);
    rig_close(&rig);
}

Test(http_stream, a_client_that_disappears_is_noticed_while_nothing_is_sent)
{
    rig_begin(20000, h1, sizeof h1 - 1);
    UNTIL(&rig, rig_got(&rig, "xxxxx"));
    rig_hang_up(&rig);
    UNTIL(&rig, rig.over == 1);
    cr_assert_eq(kd_http_server_counters(rig.server)->buffered_bytes, 0);
    rig_close(&rig);
}

Test(http_stream, what_follows_on_the_connection_is_thrown_away)
{
    rig_begin(20000, h1, sizeof h1 - 1);
    UNTIL(&rig, rig_got(&rig, "xxxxx"));
    for (int i = 0; i < 100; i++) cr_assert_gt(send(rig.fd, h1, sizeof h1 - 1, 0), 0);
    rig.pieces = 1;
    kd_http_stream_wake(rig.stream);
    UNTIL(&rig, rig_got(&rig, "5\r\nxxxxx\r\n5\r\nxxxxx\r\n"));
    cr_assert_eq(kd_http_server_counters(rig.server)->requests, 1);
    rig_close(&rig);
}

Test(http_stream, over_http2_it_waits_for_its_source_and_holds_the_rest_of_a_piece)
{
    rig_begin(20000, h2_open, sizeof h2_open - 1); /* a window of 4096 bytes */
    UNTIL(&rig, rig_got(&rig, "xxxxx"));
    int asked = rig.asked;
    for (int i = 0; i < 50; i++) rig_turn(&rig);
    cr_assert_eq(rig.asked, asked, "it is not asked while it has nothing");
    rig.pieces = 3;
    rig.piece = 10000;
    kd_http_stream_wake(rig.stream);
    UNTIL(&rig, rig.pieces == 2);
    for (int i = 0; i < 50; i++) rig_turn(&rig);
    cr_assert_eq(rig.pieces, 2, "what its window does not take is not asked for");
    cr_assert_geq(kd_http_server_counters(rig.server)->buffered_bytes, 10000 - 4096);
    static const char window[] = "\0\0\4\x8\0\0\0\0\1\0\0\xff\xff";
    cr_assert_gt(send(rig.fd, window, sizeof window - 1, 0), 0);
    UNTIL(&rig, rig.pieces == 0);
    rig_hang_up(&rig);
    UNTIL(&rig, rig.over == 1);
    rig_close(&rig);
}

Test(http_stream, a_window_of_0_asks_for_nothing_and_ends_with_a_reset)
{
    rig_begin(200, h2_shut, sizeof h2_shut - 1);
    UNTIL(&rig, rig.over == 1);
    cr_assert_eq(rig.asked, 0);
    cr_assert_eq(kd_http_server_counters(rig.server)->timeouts, 1);
    cr_assert_eq(kd_http_server_counters(rig.server)->connections_open, 1, "its neighbours go on");
    rig_close(&rig);
}

Test(http_stream, a_client_may_reset_it_in_the_middle)
{
    static const char reset[] = "\0\0\4\3\0\0\0\0\1\0\0\0\x8";
    rig_begin(20000, h2_open, sizeof h2_open - 1);
    UNTIL(&rig, rig_got(&rig, "xxxxx"));
    rig.pieces = 1;
    rig.piece = 30000;
    kd_http_stream_wake(rig.stream);
    UNTIL(&rig, rig.pieces == 0);
    cr_assert_gt(send(rig.fd, reset, sizeof reset - 1, 0), 0);
    UNTIL(&rig, rig.over == 1);
    cr_assert_eq(kd_http_server_counters(rig.server)->connections_open, 1);
    rig_close(&rig);
}

Test(http_stream, it_stays_open_beyond_every_deadline_while_it_is_read)
{
    rig_begin(100, h2_open, sizeof h2_open - 1);
    UNTIL(&rig, rig_got(&rig, "xxxxx"));
    struct timespec begun, now;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    do {
        rig_turn(&rig);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 < 500);
    cr_assert_eq(rig.over, 0);
    rig_close(&rig);
}

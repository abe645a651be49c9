/*
 * fuzz_http2.c - a whole HTTP/2 session against the server, with its own callbacks: the input is a list of steps of the client, between which the
 * server's loop turns. Frames come whole, cut, by the thousand, with windows that are small, and while the server drains; the handler answers at
 * once, later, with the body, or with more than the windows take.
 *
 * What the server sends must be frames; it never holds more requests than max_streams; and when the client has gone nothing is left: no connection,
 * no request, no byte.
 */
#include "tests/fuzz/input.h"
#include "tests/fuzz/loopback.h"

enum { STREAMS_MAX = 8, SENT_MAX = 1 << 20, FRAME_MAX = 16384, HEAD = 9, BIG = 100000 };
enum { SMALL = 4096 }; /* the client's buffer, in bytes: the server meets a full one */
enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, CONTINUATION = 9, TYPES = 12 };

static struct event_base *base;
static kd_http_server *server;
static kd_http_request *held[STREAMS_MAX];
static size_t held_count, sent;
static int fd;
static kd_buf out, in;
static bool draining, gone;

/* ---- the handler ---- */

static void answer_big(kd_http_request *req)
{
    static uint8_t big[BIG];
    kd_http_respond(req, 200, NULL, 0, kd_bytes_of(big, sizeof(big)));
}

/* An answer that goes on, as that of /v1/live: of pieces with pauses between them, each until the stream is woken. */
typedef struct {
    kd_http_stream *stream; /* NULL: not open */
    uint32_t left;          /* pieces and pauses */
} fuzz_feed;
static fuzz_feed feeds[STREAMS_MAX];
enum { FEED_STEPS = 12, FEED_PIECE = 3000 };

static bool feed_next(void *arg, kd_buf *feed_out)
{
    static const uint8_t piece[FEED_PIECE];
    fuzz_feed *f = arg;
    if (f->left == 0) return false;
    if (--f->left % 3 != 0) kd_buf_put(feed_out, piece, sizeof piece);
    return true;
}

static void feed_over(void *arg)
{
    fuzz_feed *f = arg;
    KD_ASSERT(f->stream);
    f->stream = NULL;
}

static void answer_feed(kd_http_request *req)
{
    static const kd_http_source source = {feed_next, feed_over};
    static const kd_http_field fields[] = {{"content-type", {(const uint8_t *)"text/event-stream", 17}}};
    size_t i = 0;
    while (feeds[i].stream) i++;
    KD_ASSERT(i < STREAMS_MAX);
    feeds[i].left = FEED_STEPS;
    feeds[i].stream = kd_http_respond_stream(req, fields, 1, &source, &feeds[i], 100);
}

static void wake_feeds(void)
{
    for (size_t i = 0; i < STREAMS_MAX; i++)
        if (feeds[i].stream) kd_http_stream_wake(feeds[i].stream);
}

static void handle(kd_http_request *req, void *arg)
{
    static const kd_http_field fields[] = {{"content-type", {(const uint8_t *)"text/plain", 10}}};
    (void)arg;
    KD_ASSERT(req->http2 && !req->tls);
    switch (req->path.len > 1 ? req->path.data[1] : 0) {
    case 'h':
        KD_ASSERT(held_count < STREAMS_MAX);
        held[held_count++] = req;
        break;
    case 'b':
        answer_big(req);
        break;
    case 'e':
        kd_http_respond(req, 200, fields, 1, req->body);
        break;
    case 's':
        answer_feed(req);
        break;
    case 'p':
        kd_http_respond_problem(req, KD_PROBLEM_OVERLOADED, "as asked", "path", 3);
        break;
    default:
        kd_http_respond(req, 204, NULL, 0, kd_bytes_of(NULL, 0));
    }
}

static void release(void)
{
    size_t n = held_count;
    held_count = 0;
    for (size_t i = 0; i < n; i++) kd_http_respond(held[i], 200, NULL, 0, kd_bytes_str("{}"));
}

/* ---- the world ---- */

static void turn(int times)
{
    for (int i = 0; i < times; i++) event_base_loop(base, EVLOOP_NONBLOCK);
    KD_ASSERT(kd_http_server_counters(server)->requests_open <= STREAMS_MAX);
}

static void new_server(uint8_t how)
{
    kd_http_config config;
    kd_http_config_init(&config);
    config.max_streams = STREAMS_MAX;
    config.max_headers = 16;
    config.max_header_bytes = 1024;
    config.max_body_bytes = 4096;
    if (how & 1) config.max_control_per_s = config.max_resets_per_s = 4;
    if (how & 2) config.max_buffered_bytes = 8192;
    if (how & 4) config.max_requests = 2;
    server = fuzz_serve(base, &config, handle);
}

/* Bytes that the server does not take, since it waits for us to read, are left out. */
static void send_out(void)
{
    for (size_t done = 0; done < out.len && sent < SENT_MAX && !gone;) {
        ssize_t n = send(fd, out.data + done, out.len - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) gone = true;
        if (n < 0) break;
        done += (size_t)n;
        sent += (size_t)n;
        turn(1);
    }
    kd_buf_clear(&out);
}

/* Frames that the server has sent, as far as they are whole. */
static void check_frames(void)
{
    size_t at = 0;
    while (in.len - at >= HEAD) {
        const uint8_t *p = in.data + at;
        size_t len = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
        KD_ASSERT(len <= FRAME_MAX && p[3] <= CONTINUATION);
        if (in.len - at < HEAD + len) break;
        at += HEAD + len;
    }
    memmove(in.data, in.data + at, in.len - at);
    in.len -= at;
}

static void read_in(size_t most)
{
    uint8_t some[8192];
    for (size_t got = 0; got < most;) {
        ssize_t n = recv(fd, some, sizeof(some), MSG_DONTWAIT);
        if (n <= 0) break;
        got += (size_t)n;
        kd_buf_put(&in, some, (size_t)n);
        check_frames();
        turn(1);
    }
}

/* ---- the client ---- */

static void put_frame(uint8_t type, uint8_t flags, uint32_t stream, kd_bytes payload)
{
    const uint8_t head[HEAD] = {0, (uint8_t)(payload.len >> 8), (uint8_t)payload.len, type, flags, 0,
                                0, (uint8_t)(stream >> 8),      (uint8_t)stream};
    kd_buf_put(&out, head, HEAD);
    if (payload.len > 0) kd_buf_put(&out, payload.data, payload.len);
}

/* :method POST or GET, :scheme http, :path of three bytes, and what the fuzzer makes of more fields. */
static void put_request(uint32_t stream, uint8_t kind, kd_bytes more)
{
    static const char paths[] = "hbepx";
    const uint8_t fields[] = {(uint8_t)(kind & 0x80 ? 0x83 : 0x82),
                              0x86,
                              0x04,
                              2,
                              '/',
                              (uint8_t)(kind & 0x20 ? 's' : paths[kind % (sizeof(paths) - 1)])};
    kd_buf block = {0};
    kd_buf_put(&block, fields, sizeof(fields));
    if (more.len > 0) kd_buf_put(&block, more.data, more.len);
    put_frame(HEADERS, kind & 0x40 ? 0x4 : 0x5, stream, kd_buf_view(&block));
    kd_buf_finish(&block);
}

static void put_block(uint32_t stream, size_t piece, kd_bytes block)
{
    size_t n = KD_MIN(piece, block.len);
    put_frame(HEADERS, n == block.len ? 0x5 : 0x1, stream, kd_bytes_of(block.data, n));
    while (n < block.len) {
        size_t m = KD_MIN(piece + 1, block.len - n);
        put_frame(CONTINUATION, n + m == block.len ? 0x4 : 0, stream, kd_bytes_of(block.data + n, m));
        n += m;
    }
}

/* A step with its two bytes of argument and the bytes behind them; streams go up with the repetition. */
static void put_step(uint8_t what, uint8_t a, uint8_t b, uint32_t round, kd_bytes rest)
{
    uint32_t stream = a + 2 * round;
    switch (what) {
    case 0:
        kd_buf_put(&out, rest.data, rest.len);
        break;
    case 1:
        put_frame(a % TYPES, b, 0, rest);
        break;
    case 2:
        put_request(stream, b, rest);
        break;
    case 3:
        put_block(stream, b, rest);
        break;
    case 4:
        put_frame(DATA, b & 0x9, a, rest);
        break;
    default:
        put_frame(b % TYPES, b >> 4, stream, rest);
    }
}

static void step(uint8_t verb, kd_bytes bytes)
{
    static const uint16_t rounds[] = {1, 2, 10, 300};
    uint8_t a = bytes.len > 0 ? bytes.data[0] : 0, b = bytes.len > 1 ? bytes.data[1] : 0;
    kd_bytes rest = bytes.len > 2 ? kd_bytes_of(bytes.data + 2, bytes.len - 2) : kd_bytes_str("");
    switch (verb % 16) {
    case 8:
        turn(2);
        break;
    case 9:
        read_in(1u << (a % 20));
        break;
    case 10:
        release();
        break;
    case 11:
        if (!draining) kd_http_server_drain(server, NULL, NULL, 10000);
        draining = true;
        break;
    case 12:
        wake_feeds();
        turn(1);
        break;
    default:
        for (uint32_t i = 0; i < rounds[verb / 64]; i++) put_step(verb % 8, a, b, i, rest);
        if (verb & 16) send_out();
    }
}

/* ---- an input ---- */

static void begin(uint8_t how)
{
    if (!base) base = fuzz_loop();
    new_server(how);
    fd = fuzz_connect(base, server, SMALL);
    sent = held_count = 0;
    draining = gone = false;
    kd_buf_clear(&in);
    kd_buf_clear(&out);
    kd_buf_put(&out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    put_frame(SETTINGS, 0, 0, kd_bytes_of("\0\4\0\0\1\0", how & 8 ? 6 : 0)); /* windows of 256 bytes */
}

static void end(void)
{
    send_out();
    read_in(65536);
    turn(2);
    fuzz_hang_up(base, server, fd);
    release();
    turn(1);
    fuzz_nothing_left(server);
    for (size_t i = 0; i < STREAMS_MAX; i++) KD_ASSERT(!feeds[i].stream); /* each was told its end */
    kd_http_server_destroy(server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_reader r = kd_reader_of(kd_bytes_of(data, size));
    uint8_t verb;
    kd_bytes bytes;
    if (size == 0) return 0;
    begin(kd_read_u8(&r));
    while (fuzz_step(&r, &verb, &bytes)) step(verb, bytes);
    end();
    return 0;
}

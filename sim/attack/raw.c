/* raw.c - see the header. */
#include "sim/attack/raw.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RAW_READ = 16 * 1024, RAW_KEEP = 1024 * 1024 };

void sim_raw_init(sim_raw *raw, sim_raw_shared *shared, uint32_t number)
{
    *raw = (sim_raw){.shared = shared, .number = number, .fd = -1};
}

static void raw_close(sim_raw *raw)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (raw->fd < 0) return;
    if (raw->up) raw->shared->ended += raw->in.ended;
    event_free(raw->readable);
    event_free(raw->writable);
    setsockopt(raw->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(raw->fd);
    if (raw->out.cap > RAW_KEEP) kd_buf_finish(&raw->out);
    kd_buf_clear(&raw->out);
    raw->out_at = 0;
    raw->fd = -1;
    raw->up = false;
}

void sim_raw_finish(sim_raw *raw)
{
    raw_close(raw);
    kd_buf_finish(&raw->out);
}

static bool raw_passing(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* ---- sending ---- */

/* True while bytes are left that the socket does not take. */
static bool raw_flush(sim_raw *raw)
{
    while (raw->out_at < raw->out.len) {
        ssize_t n = send(raw->fd, raw->out.data + raw->out_at, raw->out.len - raw->out_at, MSG_NOSIGNAL);
        if (raw_passing(n)) return true;
        if (n <= 0) {
            raw_close(raw);
            return false;
        }
        raw->out_at += (size_t)n;
        raw->shared->sent += (uint64_t)n;
    }
    kd_buf_clear(&raw->out);
    raw->out_at = 0;
    return false;
}

/* Once a turn: a server that takes everything must not keep the loop from its other connections. */
static void raw_pump(sim_raw *raw)
{
    const sim_play *play = raw->shared->play;
    if (raw->out.len == 0 && play->more) play->more(raw);
    bool more = raw->out.len > 0;
    raw_flush(raw);
    if (raw->fd >= 0 && more) event_add(raw->writable, NULL);
}

static void raw_begin(sim_raw *raw)
{
    const sim_play *play = raw->shared->play;
    raw->up = true;
    raw->shared->ups++;
    raw->stream = raw->opened = raw->body = raw->ticks = 0;
    raw->used = 0;
    sim_frame_reader_init(&raw->in);
    if (play->reads) event_add(raw->readable, NULL);
    if (play->begin) play->begin(raw);
}

static void raw_on_writable(evutil_socket_t fd, short what, void *arg)
{
    sim_raw *raw = arg;
    int error = 0;
    socklen_t len = sizeof error;
    (void)what;
    if (!raw->up && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)) {
        raw_close(raw);
        return;
    }
    if (!raw->up) raw_begin(raw);
    raw_pump(raw);
}

/* ---- reading ---- */

/* False when there is nothing more to read now, or the connection was closed by the peer. */
static bool raw_take(sim_raw *raw, size_t most)
{
    uint8_t bytes[RAW_READ];
    ssize_t n = recv(raw->fd, bytes, KD_MIN(most, sizeof bytes), 0);
    if (raw_passing(n)) return false;
    if (n <= 0) {
        raw_close(raw);
        return false;
    }
    sim_frame_read(&raw->in, kd_bytes_of(bytes, (size_t)n));
    return true;
}

void sim_raw_sip(sim_raw *raw, size_t bytes)
{
    raw_take(raw, bytes);
}

static void raw_on_readable(evutil_socket_t fd, short what, void *arg)
{
    sim_raw *raw = arg;
    (void)fd, (void)what;
    if (!raw_take(raw, RAW_READ)) return;
    if (raw->in.goaway || raw->shared->play->leaves)
        raw_close(raw);
    else
        raw_pump(raw);
}

/* ---- the life of a connection ---- */

/* Of the addresses from shared->from on, the connection's; 127.0.0.0/8 is the machine's as a whole. False: it cannot be had. */
static bool raw_bind(const sim_raw *raw)
{
    const sim_raw_shared *s = raw->shared;
    struct sockaddr_storage from = s->from;
    struct sockaddr_in *four = (struct sockaddr_in *)&from;
    if (from.ss_family == 0) return true;
    if (s->play->addresses > 0 && from.ss_family == AF_INET && ntohl(four->sin_addr.s_addr) >> 24 == 127)
        four->sin_addr.s_addr = htonl(ntohl(four->sin_addr.s_addr) + raw->number % s->play->addresses);
    return bind(raw->fd, (const struct sockaddr *)&from, s->from_len) == 0;
}

static void raw_open(sim_raw *raw)
{
    const sim_raw_shared *s = raw->shared;
    raw->fd = socket(s->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (raw->fd < 0) return;
    raw->readable = event_new(s->base, raw->fd, EV_READ | EV_PERSIST, raw_on_readable, raw);
    raw->writable = event_new(s->base, raw->fd, EV_WRITE, raw_on_writable, raw);
    KD_ASSERT(raw->readable && raw->writable);
    int receive = s->play->receive;
    if (receive > 0) setsockopt(raw->fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
    bool bound = raw_bind(raw);
    int err = bound ? connect(raw->fd, (const struct sockaddr *)&s->to, s->to_len) : -1;
    if (err == 0 || (bound && errno == EINPROGRESS))
        event_add(raw->writable, NULL);
    else
        raw_close(raw);
}

void sim_raw_tick(sim_raw *raw)
{
    const sim_play *play = raw->shared->play;
    if (raw->fd < 0) {
        raw_open(raw);
        return;
    }
    if (!raw->up) return;
    raw->ticks++;
    if (play->tick) play->tick(raw);
    if (raw->fd >= 0) raw_pump(raw);
}

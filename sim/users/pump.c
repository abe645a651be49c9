/* pump.c - see the header. */
#include "sim/users/pump.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/client/frames.h"

enum {
    PUMP_READ = 128 * 1024,
    PUMP_STREAM_LAST = 0x7ffffffd,
    PUMP_WINDOW_STEP =
        64 * 1024 * 1024, /* our window of the connection is opened again by so much at a time */
};

/* ---- requests in flight ---- */

static sim_pump_slot *pump_at_place(sim_pump *p, uint32_t stream)
{
    return &p->slots[p->places[stream / 2 % SIM_PUMP_PLACES]];
}

/* NULL: of no request in flight. */
static sim_pump_slot *pump_slot_of(sim_pump *p, uint32_t stream)
{
    sim_pump_slot *slot = pump_at_place(p, stream);
    return stream != 0 && slot->stream == stream ? slot : NULL;
}

/* Whether a late request still has the place of this stream. */
static bool pump_place_taken(sim_pump *p, uint32_t stream)
{
    uint32_t other = pump_at_place(p, stream)->stream;
    return other != 0 && other / 2 % SIM_PUMP_PLACES == stream / 2 % SIM_PUMP_PLACES;
}

/* Numbers that are left out count as closed (RFC 9113, 5.1.1). */
static sim_pump_slot *pump_take_slot(sim_pump *p)
{
    do p->stream = p->stream ? p->stream + 2 : 1;
    while (pump_place_taken(p, p->stream));
    uint16_t at = p->idle[--p->free_count];
    p->places[p->stream / 2 % SIM_PUMP_PLACES] = at;
    p->slots[at] = (sim_pump_slot){.stream = p->stream};
    return &p->slots[at];
}

static void pump_answered(sim_pump *p, sim_pump_slot *slot, int status)
{
    const sim_pump_slot was = *slot;
    slot->stream = 0;
    p->idle[p->free_count++] = (uint16_t)(slot - p->slots);
    p->hooks->answered(p->arg, &was, status);
}

static void pump_fail(sim_pump *p, int err)
{
    p->over = true;
    for (uint32_t i = 0; i < p->slot_count; i++)
        if (p->slots[i].stream) pump_answered(p, &p->slots[i], err);
}

/* ---- bytes out ---- */

static void pump_flush(sim_pump *p)
{
    while (p->out_at < p->out.len) {
        ssize_t n = send(p->fd, p->out.data + p->out_at, p->out.len - p->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            event_add(p->writable, NULL);
            return;
        }
        if (n < 0) {
            pump_fail(p, KD_EUNAVAILABLE);
            return;
        }
        p->out_at += (size_t)n;
    }
    kd_buf_clear(&p->out);
    p->out_at = 0;
}

static bool pump_may_send(const sim_pump *p)
{
    return p->ready && !p->over && p->free_count > 0 && p->slot_count - p->free_count < p->allowed &&
           p->window >= SIM_PUMP_BODY_MAX && p->stream < PUMP_STREAM_LAST && p->out_at == 0;
}

static bool pump_send_one(sim_pump *p)
{
    uint64_t began_us;
    const sim_load_request *r = p->hooks->next(p->arg, &began_us);
    if (!r) return false;
    KD_ASSERT(r->body.len <= SIM_PUMP_BODY_MAX);
    sim_pump_slot *slot = pump_take_slot(p);
    slot->item = r->item;
    slot->likes = r->likes;
    slot->began_us = began_us;
    p->window -= (int64_t)r->body.len;
    sim_pump_put_request(&p->out, &p->block, p->authority, slot->stream, !p->table_told, r);
    p->table_told = true;
    return true;
}

void sim_pump_fill(sim_pump *p)
{
    while (pump_may_send(p) && pump_send_one(p)) continue;
    if (p->out.len > 0 && !p->over) pump_flush(p);
}

/* ---- bytes in ---- */

static void pump_setting(sim_pump *p, uint16_t name, uint32_t value)
{
    if (name == SIM_SETTING_STREAMS) p->allowed = value;
    if (name == SIM_SETTING_WINDOW && value < SIM_PUMP_BODY_MAX) pump_fail(p, KD_ETOOBIG);
}

static void pump_settings(sim_pump *p, kd_bytes payload)
{
    kd_reader r = kd_reader_of(payload);
    while (kd_reader_left(&r) >= SIM_SETTING_BYTES) {
        uint16_t name = kd_read_be16(&r);
        pump_setting(p, name, kd_read_be32(&r));
    }
    p->ready = true;
    sim_frame_put(&p->out, SIM_FRAME_SETTINGS, SIM_FRAME_ACK, 0, kd_bytes_of(NULL, 0));
}

static void pump_of_stream(sim_pump *p, uint8_t type, uint8_t flags, sim_pump_slot *slot, kd_bytes payload)
{
    if (type == SIM_FRAME_HEADERS && !slot->status) slot->status = sim_pump_status(flags, payload);
    if (type == SIM_FRAME_RST_STREAM)
        pump_answered(p, slot, KD_EUNAVAILABLE);
    else if (flags & SIM_FRAME_END_STREAM)
        pump_answered(p, slot, slot->status);
}

static void pump_of_connection(sim_pump *p, uint8_t type, uint8_t flags, kd_bytes payload)
{
    kd_reader r = kd_reader_of(payload);
    bool ack = flags & SIM_FRAME_ACK;
    if (type == SIM_FRAME_SETTINGS && !ack) pump_settings(p, payload);
    if (type == SIM_FRAME_PING && !ack) sim_frame_put(&p->out, SIM_FRAME_PING, SIM_FRAME_ACK, 0, payload);
    if (type == SIM_FRAME_WINDOW_UPDATE) p->window += kd_read_be32(&r);
    if (type == SIM_FRAME_GOAWAY) pump_fail(p, KD_EUNAVAILABLE);
}

static void pump_consume(sim_pump *p, size_t bytes)
{
    p->consumed += bytes;
    if (p->consumed < PUMP_WINDOW_STEP) return;
    sim_frame_window(&p->out, 0, (uint32_t)p->consumed);
    p->consumed = 0;
}

/* The first whole frame of the input; its length, or 0: it has not come whole. */
static size_t pump_take_frame(sim_pump *p, kd_bytes in)
{
    kd_reader r = kd_reader_of(in);
    uint32_t head = kd_read_be32(&r);
    uint8_t type = (uint8_t)head, flags = kd_read_u8(&r);
    uint32_t stream = kd_read_be32(&r) & SIM_FRAME_WINDOW_MAX;
    kd_bytes payload = kd_read_bytes(&r, head >> 8);
    if (r.bad) return 0;
    if (type == SIM_FRAME_DATA) pump_consume(p, payload.len);
    sim_pump_slot *slot = pump_slot_of(p, stream);
    bool carries = type == SIM_FRAME_DATA || type == SIM_FRAME_HEADERS || type == SIM_FRAME_RST_STREAM;
    if (stream == 0)
        pump_of_connection(p, type, flags, payload);
    else if (slot && carries)
        pump_of_stream(p, type, flags, slot, payload);
    return SIM_FRAME_HEAD + payload.len;
}

static void pump_take(sim_pump *p)
{
    size_t at = 0;
    for (size_t n = 1; n > 0 && !p->over; at += n)
        n = pump_take_frame(p, kd_bytes_of(p->in.data + at, p->in.len - at));
    p->in.len -= at;
    memmove(p->in.data, p->in.data + at, p->in.len);
}

static void pump_on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    sim_pump *p = arg;
    kd_buf_reserve(&p->in, PUMP_READ);
    ssize_t n = recv(fd, p->in.data + p->in.len, PUMP_READ, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        event_del(p->readable);
        pump_fail(p, KD_EUNAVAILABLE);
        return;
    }
    p->in.len += (size_t)n;
    pump_take(p);
    sim_pump_fill(p);
}

static void pump_on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    sim_pump *p = arg;
    pump_flush(p);
    sim_pump_fill(p);
}

/* ---- begin and end ---- */

static int pump_connect(const struct sockaddr *to, socklen_t to_len)
{
    int on = 1, fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (connect(fd, to, to_len) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    evutil_make_socket_nonblocking(fd);
    return fd;
}

int sim_pump_open(sim_pump *p, struct event_base *base, const struct sockaddr *to, socklen_t to_len,
                  const char *authority, uint32_t streams, const sim_pump_hooks *hooks, void *arg)
{
    KD_ASSERT(streams <= SIM_PUMP_STREAMS_MAX);
    int fd = pump_connect(to, to_len);
    if (fd < 0) return KD_EUNAVAILABLE;
    *p = (sim_pump){.hooks = hooks,
                    .arg = arg,
                    .authority = authority,
                    .fd = fd,
                    .allowed = streams,
                    .window = SIM_FRAME_WINDOW};
    p->slots = kd_alloc(streams * sizeof *p->slots);
    p->slot_count = p->free_count = streams;
    for (uint32_t i = 0; i < streams; i++) p->idle[i] = (uint16_t)i;
    p->readable = event_new(base, fd, EV_READ | EV_PERSIST, pump_on_readable, p);
    p->writable = event_new(base, fd, EV_WRITE, pump_on_writable, p);
    KD_ASSERT(p->readable && p->writable);
    event_add(p->readable, NULL);
    sim_frame_preface(&p->out, SIM_FRAME_WINDOW_MAX);
    pump_flush(p);
    return KD_OK;
}

void sim_pump_close(sim_pump *p, int err)
{
    if (!p->readable) return;
    pump_fail(p, err);
    event_free(p->readable);
    event_free(p->writable);
    close(p->fd);
    free(p->slots);
    kd_buf_finish(&p->in);
    kd_buf_finish(&p->out);
    kd_buf_finish(&p->block);
}

/* proxy_kafka.c - see the header. */
#include "sim/drill/proxy_kafka.h"

enum { API_PRODUCE = 0, OUT_OF_ORDER = 45 };

static const char host[PROXY_KAFKA_HOST_LEN + 1] = "127.0.0.1";

/* Whether the byte may be at this place of a match. The port's upper half is always 0. */
static bool proxy_kafka_fits(uint32_t at, uint8_t byte)
{
    if (at < PROXY_KAFKA_HOST_LEN) return byte == (uint8_t)host[at];
    return at >= PROXY_KAFKA_HOST_LEN + 2 || byte == 0;
}

/* The held bytes are a whole match, host and port: appends them with the port of the table. */
static void proxy_kafka_exchange(sim_proxy_kafka_stream *s, kd_buf *out)
{
    uint16_t port = (uint16_t)(s->held[PROXY_KAFKA_MATCH - 2] << 8 | s->held[PROXY_KAFKA_MATCH - 1]);
    for (uint32_t i = 0; i < s->table->count; i++) {
        if (s->table->at[i].from != port) continue;
        port = s->table->at[i].to;
        break;
    }
    kd_buf_put(out, s->held, PROXY_KAFKA_MATCH - 2);
    kd_buf_put_be16(out, port);
    s->held_len = 0;
}

static void proxy_kafka_release(sim_proxy_kafka_stream *s, kd_buf *out)
{
    kd_buf_put(out, s->held, s->held_len);
    s->held_len = 0;
}

/* The held bytes do not continue as a match: releases them one by one until the rest is the beginning of a match, or nothing is left. */
static void mismatch(sim_proxy_kafka_stream *s, kd_buf *out)
{
    while (s->held_len > 0) {
        kd_buf_put_u8(out, s->held[0]);
        s->held_len--;
        memmove(s->held, s->held + 1, s->held_len);
        uint32_t i = 0;
        while (i < s->held_len && proxy_kafka_fits(i, s->held[i])) i++;
        if (i == s->held_len) return;
    }
}

static void pass_byte(sim_proxy_kafka_stream *s, uint8_t byte, kd_buf *out)
{
    while (s->held_len > 0 && !proxy_kafka_fits(s->held_len, byte)) mismatch(s, out);
    if (!proxy_kafka_fits(s->held_len, byte)) {
        kd_buf_put_u8(out, byte);
        return;
    }
    s->held[s->held_len++] = byte;
    if (s->held_len == PROXY_KAFKA_MATCH) proxy_kafka_exchange(s, out);
}

/* ---- what is asked --------------------------------------------------------------------------------------------- */

static uint32_t proxy_kafka_number(const uint8_t *at, uint32_t size)
{
    uint32_t n = 0;
    while (size-- > 0) n = n << 8 | *at++;
    return n;
}

/* A request begins with api, version and its id. */
static void note_request(sim_proxy_kafka_calls *c, const uint8_t *begin)
{
    if (proxy_kafka_number(begin, 2) != API_PRODUCE || c->count == PROXY_KAFKA_CALLS_MAX) return;
    c->id[c->count++] = proxy_kafka_number(begin + 4, 4);
}

static bool take_call(sim_proxy_kafka_calls *c, uint32_t id)
{
    uint32_t i = 0;
    while (i < c->count && c->id[i] != id) i++;
    if (i == c->count) return false;
    memmove(&c->id[i], &c->id[i + 1], (--c->count - i) * sizeof c->id[0]);
    return true;
}

/* An answer to Produce, up to version 8: its id, how many topics, the name of the first, how many partitions, which, its error. */
static void note_answer(sim_proxy_kafka_stream *s)
{
    bool produce = take_call(s->calls, proxy_kafka_number(s->begin, 4));
    s->fencing = produce && s->calls->fence && proxy_kafka_number(s->begin + 4, 4) > 0;
    s->error_at = PROXY_KAFKA_BEGIN + proxy_kafka_number(s->begin + 8, 2) + 8;
}

/* Where in the request or answer this byte stands, behind the size; s->left does not count it any more. */
static uint32_t proxy_kafka_place(const sim_proxy_kafka_stream *s)
{
    return s->size - (uint32_t)s->left - 1;
}

static uint8_t fence(sim_proxy_kafka_stream *s, uint32_t at, uint8_t byte)
{
    if (at < PROXY_KAFKA_BEGIN) s->begin[at] = byte;
    if (at == PROXY_KAFKA_BEGIN - 1) note_answer(s);
    if (!s->fencing || at < s->error_at || at > s->error_at + 1) return byte;
    bool last = at == s->error_at + 1;
    if (last) s->fencing = s->calls->fence = false;
    return last ? OUT_OF_ORDER : 0;
}

/* Keeps count of where an answer ends. True for the bytes of its size, which are no part of a match. */
static bool in_head(sim_proxy_kafka_stream *s, uint8_t byte)
{
    if (s->left > 0) {
        s->left--;
        return false;
    }
    s->head = s->head << 8 | byte;
    if (++s->head_len == 4) {
        s->left = s->size = s->head;
        s->head_len = s->head = 0;
    }
    return true;
}

void sim_proxy_kafka_asked(sim_proxy_kafka_stream *s, kd_bytes in)
{
    for (size_t i = 0; i < in.len && s->calls; i++) {
        if (in_head(s, in.data[i])) continue;
        uint32_t at = proxy_kafka_place(s);
        if (at < PROXY_KAFKA_BEGIN) s->begin[at] = in.data[i];
        if (at == PROXY_KAFKA_BEGIN - 1) note_request(s->calls, s->begin);
    }
}

void sim_proxy_kafka_pass(sim_proxy_kafka_stream *s, kd_bytes in, kd_buf *out)
{
    for (size_t i = 0; i < in.len; i++) {
        if (in_head(s, in.data[i])) {
            kd_buf_put_u8(out, in.data[i]);
            continue;
        }
        pass_byte(s, s->calls ? fence(s, proxy_kafka_place(s), in.data[i]) : in.data[i], out);
        if (s->left == 0) proxy_kafka_release(s, out);
    }
}

/*
 * http_h2_guard.c - see the header.
 *
 * Frames on streams that are gone (RFC 9113, 5.1): a client that has ended its side of a stream, by END_STREAM or by RST_STREAM, may send neither
 * DATA nor HEADERS on it: STREAM_CLOSED. Where we have ended it first, such frames may have been under way, and are dropped. To remember each stream
 * would let a client fill memory; one number suffices, since to be lenient with streams below one that we have ended is no harm: frames that are
 * pardoned count as control frames.
 *
 * A WINDOW_UPDATE has to be earned. An honest client sends one or two for some KiB of DATA; we grant two for each DATA frame, two for each request,
 * and one more for each H2_WINDOW_BYTES. Those beyond count as control frames.
 */
#include "common/io/http/server/http_h2_guard.h"

#include <nghttp2/nghttp2.h>

enum {
    HTTP_H2_EXCESS = 4, /* times max_headers or max_header_bytes: up to here a client is told 431 */
    /* Of one header block. Some builds of nghttp2 end the session at 9 by themselves, and then the client is not told. */
    H2_CONTINUATIONS_MAX = 6,
    H2_WINDOW_BYTES = 512,
    H2_WINDOWS_MAX = 16384,
    H2_SMALL_DATA = 256, /* DATA below this on a stream that is gone counts as a control frame */
    H2_SECOND_MS = 1000,
    H2_INFLATED = 2, /* a byte in Huffman's code (RFC 7541) is at most 1.6 of a field */
};

void http_h2_guard_init(http_h2_guard *g)
{
    *g = (http_h2_guard){.preface_left = NGHTTP2_CLIENT_MAGIC_LEN};
}

/* ---- heads of frames ---- */

static size_t guard_skip(size_t have, size_t *used, size_t most)
{
    size_t n = KD_MIN(have - *used, most);
    *used += n;
    return n;
}

static http_h2_head guard_parse(const uint8_t *p)
{
    return (http_h2_head){.length = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2],
                          .type = p[3],
                          .flags = p[4],
                          .stream = (int32_t)((uint32_t)(p[5] & 0x7f) << 24 | (uint32_t)p[6] << 16 |
                                              (uint32_t)p[7] << 8 | p[8])};
}

bool http_h2_guard_next(http_h2_guard *g, kd_bytes data, size_t *used, http_h2_head *head)
{
    g->preface_left -= (uint8_t)guard_skip(data.len, used, g->preface_left);
    g->payload_left -= (uint32_t)guard_skip(data.len, used, g->payload_left);
    if (g->preface_left > 0 || g->payload_left > 0) return false;
    const uint8_t *from = data.data + *used;
    size_t n = guard_skip(data.len, used, HTTP_H2_HEAD_BYTES - (size_t)g->head_len);
    if (n > 0) memcpy(g->head + g->head_len, from, n);
    g->head_len = (uint8_t)(g->head_len + n);
    if (g->head_len < HTTP_H2_HEAD_BYTES) return false;
    g->head_len = 0;
    *head = guard_parse(g->head);
    g->payload_left = head->length;
    return true;
}

bool http_h2_guard_whole(http_h2_guard *g, kd_bytes data, size_t *used)
{
    g->payload_left -= (uint32_t)guard_skip(data.len, used, g->payload_left);
    return g->payload_left == 0;
}

static void guard_note_block(http_h2_guard *g, const http_h2_head *head)
{
    bool goes_on = head->type == NGHTTP2_CONTINUATION;
    if (!goes_on) g->block_bytes = 0;
    if (goes_on || head->type == NGHTTP2_HEADERS) g->block_bytes += head->length;
    g->block_ends = (head->flags & NGHTTP2_FLAG_END_HEADERS) != 0;
}

size_t http_h2_guard_held(const http_h2_guard *g)
{
    if (g->block_bytes == 0 || (g->block_ends && g->payload_left == 0)) return 0;
    return H2_INFLATED * (g->block_bytes - g->payload_left);
}

/* ---- floods ---- */

static void guard_clock(http_h2_guard *g, int64_t now_ms)
{
    if (now_ms - g->second_ms < H2_SECOND_MS) return;
    g->second_ms = now_ms;
    g->resets = 0;
    g->controls = 0;
}

bool http_h2_guard_control(http_h2_guard *g, const kd_http_config *limits, int64_t now_ms)
{
    guard_clock(g, now_ms);
    return ++g->controls <= limits->max_control_per_s;
}

bool http_h2_guard_reset(http_h2_guard *g, const kd_http_config *limits, int64_t now_ms)
{
    guard_clock(g, now_ms);
    return ++g->resets <= limits->max_resets_per_s;
}

static void guard_earn(http_h2_guard *g, size_t windows)
{
    g->windows = (uint32_t)KD_MIN(g->windows + windows, (size_t)H2_WINDOWS_MAX);
}

void http_h2_guard_sent(http_h2_guard *g, size_t bytes)
{
    guard_earn(g, 2 + bytes / H2_WINDOW_BYTES);
}

void http_h2_guard_block(http_h2_guard *g)
{
    g->fields = 0;
    g->field_bytes = 0;
}

bool http_h2_guard_field(http_h2_guard *g, const kd_http_config *limits, size_t bytes)
{
    g->fields++;
    g->field_bytes += bytes;
    return g->fields <= (uint64_t)HTTP_H2_EXCESS * limits->max_headers &&
           g->field_bytes <= (size_t)HTTP_H2_EXCESS * limits->max_header_bytes;
}

/* ---- frames ---- */

void http_h2_guard_pardon(http_h2_guard *g, int32_t stream)
{
    if (stream > g->pardoned) g->pardoned = stream;
}

bool http_h2_guard_asks(const http_h2_guard *g, const http_h2_head *head)
{
    if (head->stream % 2 == 0) return false; /* none of a client's */
    return head->type == NGHTTP2_DATA || (head->type == NGHTTP2_HEADERS && head->stream <= g->top);
}

/* Whether this frame counts as a control frame: it moves no request along. */
static bool guard_is_control(http_h2_guard *g, const http_h2_head *head, bool gone)
{
    switch (head->type) {
    case NGHTTP2_DATA:
        if (gone) return head->length < H2_SMALL_DATA;
        return head->length == 0 && (head->flags & NGHTTP2_FLAG_END_STREAM) == 0;
    case NGHTTP2_HEADERS:
        return gone;
    case NGHTTP2_CONTINUATION: /* have a limit of their own */
    case NGHTTP2_RST_STREAM:   /* counts as a reset */
        return false;
    case NGHTTP2_WINDOW_UPDATE:
        if (g->windows == 0) return true;
        g->windows--;
        return false;
    default: /* PRIORITY, SETTINGS and PING with ACK or not, GOAWAY, types that nobody knows */
        return true;
    }
}

static void guard_note_headers(http_h2_guard *g, const http_h2_head *head)
{
    g->continuations = 0;
    if (head->stream <= g->top) return;
    g->top = head->stream;
    guard_earn(g, 2);
}

uint32_t http_h2_guard_frame(http_h2_guard *g, const kd_http_config *limits, int64_t now_ms,
                             const http_h2_head *head, bool gone)
{
    guard_note_block(g, head);
    if (head->type == NGHTTP2_HEADERS) guard_note_headers(g, head);
    if (head->type == NGHTTP2_CONTINUATION && ++g->continuations > H2_CONTINUATIONS_MAX)
        return NGHTTP2_ENHANCE_YOUR_CALM;
    /* nghttp2 looks into no PRIORITY while priorities are switched off, but this much is still asked (RFC 9113, 6.3). */
    if (head->type == NGHTTP2_PRIORITY && head->stream == 0) return NGHTTP2_PROTOCOL_ERROR;
    if (gone && head->stream > g->pardoned) return NGHTTP2_STREAM_CLOSED;
    if (guard_is_control(g, head, gone) && !http_h2_guard_control(g, limits, now_ms))
        return NGHTTP2_ENHANCE_YOUR_CALM;
    return NGHTTP2_NO_ERROR;
}

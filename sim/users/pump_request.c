/*
 * pump_request.c - a request as bytes: HPACK (RFC 7541) with the static table's numbers, and what of an answer's block is looked at.
 *
 * The shared fields of the first request enter the server's table in the order of pump_shared; from then on each is one byte or, where its value differs by
 * request, a name by number. They all enter anew with the first request of a user with whom the connection stays: tokens are long, and push out what is older.
 */
#include <stdio.h>

#include "sim/client/frames.h"
#include "sim/users/pump.h"

/* Fields of the dynamic table, in the order of their entry. */
typedef struct {
    bool token, user, key, body;
} pump_shared;

static pump_shared pump_shared_of(const sim_load_request *r)
{
    bool token = r->token.len > 0;
    return (pump_shared){.token = token && r->stays,
                         .user = !token && r->user_len > 0,
                         .key = r->key_len > 0,
                         .body = r->body.len > 0};
}

static uint32_t pump_shared_count(const pump_shared *s)
{
    return 1u + s->token + s->user + s->key + s->body;
}

/* Its number in the table: the newest comes first. */
static uint32_t pump_shared_at(const pump_shared *s, uint32_t entered)
{
    return SIM_HPACK_NEWEST + pump_shared_count(s) - 1 - entered;
}

static void pump_enter(kd_buf *b, const pump_shared *s, const char *authority, const sim_load_request *r)
{
    sim_hpack_insert_named(b, SIM_HPACK_AUTHORITY, kd_bytes_str(authority));
    if (s->token) sim_hpack_insert_named(b, SIM_HPACK_AUTHORIZATION, r->token);
    if (s->user) sim_hpack_insert(b, "x-user-id", kd_bytes_of(r->user, r->user_len));
    if (s->key) sim_hpack_insert(b, "idempotency-key", kd_bytes_of(r->key, r->key_len));
    if (s->body) sim_hpack_insert_named(b, SIM_HPACK_CONTENT_TYPE, kd_bytes_str("application/json"));
}

static void pump_refer(kd_buf *b, const pump_shared *s, const sim_load_request *r)
{
    uint32_t entered = 0;
    sim_hpack_indexed(b, pump_shared_at(s, entered++));
    if (s->token) sim_hpack_indexed(b, pump_shared_at(s, entered++));
    if (s->user && r->stays) sim_hpack_indexed(b, pump_shared_at(s, entered++));
    if (s->user && !r->stays)
        sim_hpack_named(b, pump_shared_at(s, entered++), kd_bytes_of(r->user, r->user_len));
    if (s->key) sim_hpack_named(b, pump_shared_at(s, entered++), kd_bytes_of(r->key, r->key_len));
    if (s->body) sim_hpack_indexed(b, pump_shared_at(s, entered));
}

static void pump_block(kd_buf *b, const char *authority, bool first, const sim_load_request *r)
{
    const pump_shared s = pump_shared_of(r);
    sim_hpack_indexed(b, *r->method == 'P' ? SIM_HPACK_POST : SIM_HPACK_GET);
    sim_hpack_indexed(b, SIM_HPACK_HTTP);
    sim_hpack_named(b, SIM_HPACK_PATH, kd_bytes_of(r->path, r->path_len));
    if (first || r->came)
        pump_enter(b, &s, authority, r);
    else
        pump_refer(b, &s, r);
    if (r->token.len > 0 && !s.token) sim_hpack_named(b, SIM_HPACK_AUTHORIZATION, r->token);
    if (s.body) {
        char digits[24];
        int n = snprintf(digits, sizeof digits, "%zu", r->body.len);
        sim_hpack_named(b, SIM_HPACK_CONTENT_LENGTH, kd_bytes_of(digits, (size_t)n));
    }
}

void sim_pump_put_request(kd_buf *out, kd_buf *block, const char *authority, uint32_t stream, bool first,
                          const sim_load_request *r)
{
    kd_bytes body = kd_buf_view(&r->body);
    kd_buf_clear(block);
    pump_block(block, authority, first, r);
    sim_frame_put(out, SIM_FRAME_HEADERS, SIM_FRAME_END_HEADERS | (body.len ? 0 : SIM_FRAME_END_STREAM),
                  stream, kd_buf_view(block));
    while (body.len > 0) {
        size_t n = KD_MIN(body.len, (size_t)SIM_FRAME_MAX);
        sim_frame_put(out, SIM_FRAME_DATA, n == body.len ? SIM_FRAME_END_STREAM : 0, stream,
                      kd_bytes_of(body.data, n));
        body = kd_bytes_of(body.data + n, body.len - n);
    }
}

/* The static table has them from SIM_HPACK_STATUS_200 on; others come as text, which is not read. */
static const int statuses[] = {200, 204, 206, 304, 400, 404, 500};

/* Servers that pad, or send priorities, are not understood here. A change of the table's size may come before the first field. */
int sim_pump_status(uint8_t flags, kd_bytes payload)
{
    const uint8_t padded = 0x8, priority = 0x20, size_update = 0x20, size_mask = 0xe0;
    kd_reader r = kd_reader_of(payload);
    if (flags & (padded | priority)) return 0;
    uint8_t first = kd_read_u8(&r);
    while (!r.bad && (first & size_mask) == size_update) {
        if ((first & 0x1f) == 0x1f)
            while (kd_read_u8(&r) & 0x80) continue;
        first = kd_read_u8(&r);
    }
    uint32_t entry = first - (0x80u | SIM_HPACK_STATUS_200);
    return !r.bad && entry < KD_COUNT(statuses) ? statuses[entry] : 0;
}

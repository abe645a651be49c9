/* plays.c - see the header. */
#include "sim/attack/plays.h"

#include "sim/attack/play_hooks.h"

/*
 * How far the memory of an edge may grow. The documents bound the bodies and answers that a shard holds by 64 MiB; two shards and what is around them
 * make HOLD_MB. A flood of frames has nothing to hold.
 */
enum { FLOOD_MB = 96, HOLD_MB = 160 };

/* What others keep beside an attack of requests that anybody may send: the server works on them whenever nobody else asks, which on a machine of two
 * processors takes them from the honest client. The polite client of the same CPU sends next to none. A client that is starved has less than 0.002. */
#define SHARED_RATIO 0.02

const sim_play sim_plays[] = {
    {.name = "rapid-reset",
     .what = "opens a stream with a read and resets it at once, as fast as the server takes it",
     .connections = 8,
     .growth_mb = FLOOD_MB,
     .reads = true,
     .begin = sim_play_open,
     .more = sim_flood_resets},
    {.name = "continuation",
     .what = "a header block that never ends: CONTINUATION after CONTINUATION",
     .connections = 8,
     .growth_mb = FLOOD_MB,
     .reads = true,
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
     .reads = true,
     .begin = sim_play_open,
     .more = sim_flood_empty_data},
    {.name = "window",
     .what = "WINDOW_UPDATE by one byte, without end",
     .connections = 8,
     .growth_mb = FLOOD_MB,
     .reads = true,
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
     .reads = true,
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
    {.name = "hot-bulk",
     .what = "bulk reads of items that the edge knows, some 60 bytes each, 100 under way on each of 200 "
             "connections",
     .connections = 200,
     .growth_mb = FLOOD_MB,
     .ratio_min = SHARED_RATIO,
     .reads = true,
     .begin = sim_play_open,
     .more = sim_flood_hot},
    {.name = "idle-connections",
     .what = "2000 connections from one address that say nothing, or no more than the preface",
     .connections = 2000,
     .growth_mb = HOLD_MB,
     .reads = true,
     .begin = sim_hold_idle_begin},
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

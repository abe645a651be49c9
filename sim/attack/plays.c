/* plays.c - see the header. */
#include "sim/attack/plays.h"

#include "sim/attack/play_hooks.h"

/*
 * How far the memory of an edge may grow. The documents bound the bodies and answers that a shard holds by 64 MiB; two shards and what is around them
 * make HOLD_MB. A flood of frames has nothing to hold.
 */
enum { FLOOD_MB = 96, HOLD_MB = 160 };

/*
 * Requests that anybody may send cost their sender next to nothing: a polite client of the attacker's CPU leaves the server idle. Whoever asks for all that he
 * can get has the same part of the server, polite or not. So the two attacks that ask for nothing else are compared with clients who come from as many
 * addresses and ask for all that they can get, too, by few requests at a time, none of them long.
 */
#define BULK_RATIO 0.5 /* docs/attacks.md: a request waits for the step that runs when it comes */

static const sim_play polite_pages = {.name = "polite-pages",
                                      .connections = 4,
                                      .reads = true,
                                      .begin = sim_play_open,
                                      .more = sim_polite_pages};
static const sim_play polite_gets = {.name = "polite-gets",
                                     .connections = 80,
                                     .addresses = 40,
                                     .reads = true,
                                     .begin = sim_play_open,
                                     .more = sim_polite_gets};

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
    {.name = "live-streams",
     .what = "30 connections that open live streams of 200 items without end, with windows of 0",
     .connections = 30,
     .growth_mb = HOLD_MB,
     .reads = true,
     .begin = sim_hold_answers_begin,
     .more = sim_hold_streams},
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
     .ratio_min = BULK_RATIO,
     .reads = true,
     .polite = &polite_pages,
     .begin = sim_play_open,
     .more = sim_flood_hot},
    {.name = "get-flood",
     .what = "reads of one item from 40 addresses, some 60 bytes each, 100 under way on each of 80 "
             "connections",
     .connections = 80,
     .addresses = 40,
     .growth_mb = FLOOD_MB,
     .reads = true,
     .polite = &polite_gets,
     .begin = sim_play_open,
     .more = sim_flood_gets},
    {.name = "forged-tokens",
     .what = "reads from 40 addresses, each with a token of its own that names a key of the edge and has a "
             "wrong signature",
     .connections = 80,
     .addresses = 40,
     .growth_mb = FLOOD_MB,
     .reads = true,
     .token = true,
     .begin = sim_play_open,
     .more = sim_token_forged},
    {.name = "tls-handshakes",
     .what = "handshakes of TLS from 6 addresses, each left at the server's first answer for the next one, "
             "beside "
             "newcomers who come over TLS",
     .connections = 120,
     .addresses = 6,
     .growth_mb = FLOOD_MB,
     .reads = true,
     .leaves = true,
     .newcomers = true,
     .begin = sim_tls_hello},
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

/*
 * live_hub.h - a shard's part in live streams (GET /v1/live). It has two roles:
 *
 *     owner    of items: tells the shards that watch them what has changed, at most four times a second, in one message for each
 *     host     of streams: hears of changes, and has the server ask each stream that shows such an item for what it is sent
 *
 * Hubs talk by messages between loops. What is decided is decided by pure objects: of the owner by kd_edge_watch of kudos/edge.h, of the host by
 * kudos/live.h.
 */
#ifndef KUDOS_EDGE_IO_LIVE_LIVE_HUB_H
#define KUDOS_EDGE_IO_LIVE_LIVE_HUB_H

#include "common/io/http/server/http_server.h"
#include "edge/io/live/live_quota.h"
#include "edge/io/shard/base.h"
#include "edge/io/upstream/ask.h"
#include "kudos/live.h"

typedef struct kd_live_hub kd_live_hub;

struct kd_live_hub {
    kd_shard_base *base;
    kd_live_set *live;
    kd_live_hub *const *hubs; /* of all shards, by index */
    kd_asker *asker;
    const kd_counters *counters; /* those that are offered */
    kd_live_quota *quota;
    const uint32_t *level; /* kd_level of the shard */
    uint64_t hosts;        /* bit set: shards whose streams ever watched items of this one */
    uint64_t told_us;      /* when changes were told last */
    uint64_t beat_us;      /* when all hosts were told something last */
    uint64_t at_us;        /* the last time that was given out: no two moments share one */
    kd_post fan;           /* goes on with the ready streams */
    uint64_t keys;         /* as kd_live_hub_keys was told last */
    bool fanning;
    bool drains;
};

typedef struct {
    kd_shard_base *base;
    kd_live_hub *const *hubs; /* filled before the loops run */
    kd_asker *asker;
    const kd_counters *counters;
    kd_live_quota *quota;
    const uint32_t *level;
    uint32_t life;
} kd_live_hub_options;
/* On the loop's thread, or before it runs. What the options name is borrowed until finish. */
void kd_live_hub_init(kd_live_hub *hub, const kd_live_hub_options *options);
/* After the server is destroyed, and before the loop is. A hub that was never initialised is fine. */
void kd_live_hub_finish(kd_live_hub *hub);

/* ---- streams: on the host ---- */

/* A stream and its connection. */
typedef struct kd_live_client kd_live_client;

/* Why there is no stream; counted. */
typedef enum {
    KD_LIVE_OPENED,
    KD_LIVE_OVERLOADED,
    KD_LIVE_DRAINS,
    KD_LIVE_PROCESS,
    KD_LIVE_ADDRESS
} kd_live_refusal;

/* Opens a stream for a client at `address`; `counter` is the index of the one that `liked` is of. */
kd_live_refusal kd_live_hub_open(kd_live_hub *hub, const kd_live_request *rq, uint32_t counter,
                                 uint64_t address, kd_live_client **client);
/* Nothing comes of it: its request was answered otherwise. */
void kd_live_hub_abandon(kd_live_client *client);
/* The stream; lives as long as the client. */
kd_live_stream *kd_live_client_stream(const kd_live_client *client);
/* Of the client's hub, for kd_live_put. */
kd_live_set *kd_live_client_live(const kd_live_client *client);
/* Everything was put (kd_live_put): answers the request by the stream, and the client is the server's. */
void kd_live_hub_begin(kd_live_client *client, kd_http_request *req);

/* ---- on any shard ---- */

/* The time now, above all times that this hub has given out. */
uint64_t kd_live_hub_now(kd_live_hub *hub);
/* As kd_edge_watch, of an item of this shard. */
void kd_live_hub_watch(kd_live_hub *hub, const kd_watch_request *rq);
/* In each turn of the loop: tells changes that are due. */
void kd_live_hub_work(kd_live_hub *hub);
/* At each tick of the shard: what time makes due. */
void kd_live_hub_tick(kd_live_hub *hub);
/* Which keys of tokens are in use, by a number of them. Where it is another one than last time, streams with a token take leave. */
void kd_live_hub_keys(kd_live_hub *hub, uint64_t number);
/* The shard stops: no stream is opened any more, and all take leave. Before the server is drained. */
void kd_live_hub_drain(kd_live_hub *hub);

#endif

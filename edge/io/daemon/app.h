/*
 * app.h - the process: its configuration, and what its threads share. Written by the main thread before the shards' threads start, and only read
 * afterwards, with these exceptions:
 *
 *     clock, central_up, kafka_up, reach,
 *     overload.level                        atomic
 *     failure, claims, limiter              used by any thread
 *     from `loop` on                        the main loop's alone
 *     settings.log_level, .collections,
 *     .counters, .cors_origins,
 *     .central_urls                         the main loop reads and changes them; a shard has its own copy (shard/served.h; its server's)
 */
#ifndef KUDOS_EDGE_IO_DAEMON_APP_H
#define KUDOS_EDGE_IO_DAEMON_APP_H

#include "common/base/cidr.h"
#include "common/base/descriptors.h"
#include "common/io/admin/admin_ports.h"
#include "common/io/loop/clock.h"
#include "common/io/http/endpoint.h"
#include "common/io/loop/loop.h"
#include "common/io/daemon/command.h"
#include "common/io/http/session.h"
#include "common/io/jwt/jwt_source.h"
#include "common/io/loop/signals.h"
#include "edge/io/daemon/drain.h"
#include "edge/io/daemon/failure.h"
#include "edge/io/upstream/drift.h"
#include "edge/io/daemon/metrics.h"
#include "edge/io/daemon/overload.h"
#include "edge/io/upstream/offer.h"
#include "edge/io/daemon/settings.h"
#include "edge/io/kafka/topics.h"
#include "edge/io/live/live_hub.h"
#include "edge/io/shard/claims.h"
#include "edge/io/shard/limiter.h"

typedef struct kd_shard kd_shard;

struct kd_edge_app {
    kd_settings settings;
    kd_command command;
    kd_clock clock;
    kd_session_key session_key;
    kd_paths paths; /* of the API (http/routes.c) */
    uint32_t life;  /* random number of this run of the process, never 0 (kudos/seen.h) */
    kd_cidrs trusted, balancers;
    kd_http_tls *tls;          /* NULL: none */
    kd_http_door *door;        /* of all shards' servers */
    kd_descriptors_share room; /* how many connections it takes */
    uint32_t shard_count;
    bool anew; /* no store holds anything yet: shards may create theirs */
    kd_shard *shards[KD_SHARDS_MAX];
    kd_claims *claims;                /* on idempotency keys, behind locks of its own (shard/claims.h) */
    kd_limiter *limiter;              /* what users have done lately, likewise (shard/limiter.h) */
    kd_live_quota *live_quota;        /* likewise (live/live_quota.h) */
    kd_live_hub *hubs[KD_SHARDS_MAX]; /* of the shards (live/live_hub.h) */
    kd_topics *topics;                /* set before a shard hears that the topics are there */
    kd_metric central_up;             /* 1 while central answers (upstream/drift.c) */
    kd_metric kafka_up;               /* 1 while a broker answers (kafka/topics.c) */
    kd_reach_metrics reach;           /* failures of these two questions */
    kd_failure failure;
    kd_overload_watch overload; /* the main loop's, but for the level */
    /* the main loop's */
    kd_loop *loop;
    kd_signals *signals;
    kd_admin_ports admin;
    kd_stale_metrics stale;
    kd_central_urls central_urls; /* each shard has a copy */
    kd_drift_probe *drift;
    kd_jwt_source *jwt;        /* keys of users' tokens; NULL: none are taken */
    kd_key_file *visitor_keys; /* of visitors' tokens, for any thread; NULL: likewise */
    kd_offer *offer;
    kd_drain drain;
    int exit_code;
    kd_key_window key_window; /* all shards write it: behind what only the main loop reads */
};
typedef struct kd_edge_app kd_edge_app;

#endif

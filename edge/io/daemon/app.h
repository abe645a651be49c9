/*
 * app.h - what the threads of kudos-edge share. Everything here is written before the shards start
 * and only read afterwards, but for the clock (atomic), what is said to belong to the main loop, and of the settings log_level, collections and
 * counters, which only the main loop reads and changes: a shard has its own (kd_served).
 */
#ifndef KUDOS_EDGE_IO_DAEMON_APP_H
#define KUDOS_EDGE_IO_DAEMON_APP_H

#include "common/base/cidr.h"
#include "common/io/admin/admin.h"
#include "common/io/loop/clock.h"
#include "common/io/http/server/http_server.h"
#include "common/io/loop/loop.h"
#include "common/io/daemon/options_file.h"
#include "common/io/http/session.h"
#include "common/io/loop/signals.h"
#include "edge/io/daemon/drain.h"
#include "edge/io/upstream/drift.h"
#include "edge/io/daemon/metrics.h"
#include "edge/io/upstream/offer.h"
#include "edge/io/daemon/settings.h"
#include "edge/io/kafka/topics.h"

typedef struct kd_shard kd_shard;

struct kd_edge_app {
    kd_settings settings;
    kd_command command;
    kd_clock clock;
    kd_session_key session_key;
    uint32_t life; /* of this process, by chance (kudos/seen.h) */
    kd_cidrs trusted;
    kd_http_tls *tls; /* NULL: none */
    uint32_t shard_count;
    bool anew; /* no shard has ever held anything: they may be made */
    kd_shard *shards[KD_SHARDS_MAX];
    kd_metric central_up,
        kafka_up;           /* 1 while central, Kafka answers: the drift probe's, the topics thread's */
    kd_reach_metrics reach; /* of these two */
    /* the main loop's */
    kd_loop *loop;
    kd_signals *signals;
    kd_admin *admin;
    kd_topics *topics;
    kd_drift_probe *drift;
    kd_offer *offer;
    kd_drain drain;
    int exit_code;
};
typedef struct kd_edge_app kd_edge_app;

#endif

/*
 * shard.h - a shard: one thread with its loop, and everything that only this thread touches.
 *
 *     connections -> routes -> calls -> kd_edge (the core) -> group commit -> LevelDB
 *                                          |  ^
 *                                  sender -+  +- counts reader, asker
 *                                  (Kafka)       (Kafka, central)
 *
 * A shard owns the partitions p with p % shards == index. An operation for another shard's item is handed over as an errand of a call (http/call.h).
 * Other threads may post to `base.loop` and read `base.metrics` and `published`; nothing else.
 *
 * The parts know the shard's base (base.h) and nothing above it. What a shard tells to the process goes by its options and by app->failure.
 */
#ifndef KUDOS_EDGE_IO_SHARD_SHARD_H
#define KUDOS_EDGE_IO_SHARD_SHARD_H

#include "common/io/http/visitor_gate.h"
#include "common/io/jwt/jwt_gate.h"
#include "common/io/leveldb/leveldb_store.h"
#include "edge/io/daemon/app.h"
#include "edge/io/kafka/counts_reader.h"
#include "edge/io/kafka/sender.h"
#include "edge/io/shard/alarms.h"
#include "edge/io/shard/base.h"
#include "edge/io/shard/shard_commit.h"
#include "edge/io/shard/shard_log.h"
#include "edge/io/shard/publish.h"
#include "edge/io/shard/served.h"
#include "edge/io/shard/shard_drain.h"
#include "edge/io/shard/shard_fill.h"
#include "edge/io/shard/shard_limits.h"
#include "edge/io/shard/viral_log.h"
#include "edge/io/upstream/ask.h"
#include "edge/io/upstream/trends.h"
#include "edge/io/upstream/velocities.h"

struct kd_shard {
    kd_shard_base base;
    kd_edge_app *app;
    kd_leveldb *db;
    kd_served served; /* collections and counters that are offered */
    kd_shard_limits *limits;
    kd_http_server *server;
    kd_jwt_gate *jwt; /* NULL: no token of a user is taken */
    kd_visitor_gate visitors;
    kd_shard_commit commit;
    kd_shard_fill fill;
    kd_shard_log log;
    kd_sender sender;
    kd_counts_reader counts;
    kd_asker asker;
    kd_trends trends;
    kd_velocities velocities;
    kd_live_hub live;
    kd_timer tick;
    uint64_t tick_us; /* monotonic: when the tick is due */
    kd_post kafka_ready;
    uint32_t level;     /* kd_level: the process's, as of the last tick */
    uint64_t in_flight; /* operations and items of calls that began here */
    struct {
        kd_post *first, **end; /* errands that wait for the end of a piece of input (call.c) */
        uint64_t now_us;       /* monotonic: of all of them; 0: none waits or is worked on */
    } gathered;
    kd_buf out;  /* the answer being written */
    kd_buf text; /* scratch of the JSON reader for requests' bodies */
    kd_reach_metrics reach;
    kd_published published;
    kd_alarms alarms;
    kd_viral_told viral_told;
    kd_shard_drain drain;
    void (*drained)(kd_shard *s);
};

typedef struct {
    kd_http_handler handle; /* for requests of the public port, on the shard's thread; `arg` is the shard */
    kd_http_begin begin;    /* before a request's body, likewise */
    kd_http_fed fed;        /* behind a connection's requests, likewise */
    void (*drained)(kd_shard *s); /* on the shard's thread: a step of the drain is done (shard_drain.h) */
    const kd_served *served;      /* copied */
} kd_shard_options;

/*
 * Opens the store and the core of shard number `index` and makes its server, not yet listening, and its loop, not yet started. KD_OK, or an error
 * with `error` (KD_OPTIONS_ERROR_MAX bytes) that names the directory and the reason: KD_EMISMATCH, KD_EUNAVAILABLE, KD_EMALFORMED, KD_EIO,
 * KD_EINVAL.
 */
int kd_shard_create(kd_shard **out, kd_edge_app *app, uint32_t index, const kd_shard_options *options,
                    char *error);
/* After its loop was joined, or before it was started. NULL is fine. */
void kd_shard_destroy(kd_shard *s);
/* From any thread, once: the topics are there, so sender and counts reader start. If they cannot, app->failure is told. */
void kd_shard_kafka_ready(kd_shard *s);
/* From the main loop, also after the start: pages of these origins may read the answers of this shard's server; copied. */
void kd_shard_set_origins(kd_shard *s, const kd_strings *origins);
/* From the main loop, also after the start: these are asked from now on; copied. */
void kd_shard_set_centrals(kd_shard *s, const kd_central_urls *urls);
/* The core was given something that is due within `us`: the tick comes no later. On the shard's thread; `mono_us` is now. */
void kd_shard_tick_within(kd_shard *s, uint64_t us, uint64_t mono_us);
/* The shard that owns the item's partition. Any thread. */
kd_shard *kd_shard_of(kd_shard *s, kd_bytes item);

#endif

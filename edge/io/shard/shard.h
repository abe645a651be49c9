/*
 * shard.h - a shard: one thread with its loop, and everything that only this thread touches.
 *
 *     connections -> routes -> calls -> kd_edge (the core) -> commit -> LevelDB
 *                                          |  ^
 *                                  sender -+  +- counts, asker
 *                                  (Kafka)       (Kafka, central)
 *
 * A shard owns the partitions p with p % shards == index. What comes in for another shard's item is handed
 * over as an errand of a call (call.h). Other threads may post to `loop` and read `metrics` and `published`;
 * nothing else.
 */
#ifndef KUDOS_EDGE_IO_SHARD_SHARD_H
#define KUDOS_EDGE_IO_SHARD_SHARD_H

#include <pthread.h>

#include "common/io/leveldb/leveldb_store.h"
#include "edge/io/daemon/app.h"
#include "edge/io/upstream/ask.h"
#include "edge/io/shard/group_commit.h"
#include "edge/io/kafka/counts_reader.h"
#include "edge/io/daemon/doubts.h"
#include "edge/io/daemon/metrics.h"
#include "edge/io/kafka/sender.h"
#include "kudos/edge.h"

/* What /debug/partitions shows, copied at every tick. */
typedef struct {
    pthread_mutex_t lock;
    uint64_t incarnation;
    uint32_t count;
    kd_edge_partition *at;
    kd_edge_stats stats;
} kd_published;

struct kd_shard {
    kd_edge_app *app;
    uint32_t index;
    kd_loop *loop;
    kd_leveldb *db;
    kd_edge *edge;
    kd_served served; /* collections and counters that are offered */
    kd_http_server *server;
    kd_group_commit commit;
    kd_sender sender;
    kd_counts_reader counts;
    kd_asker asker;
    kd_timer tick;
    struct event *turn; /* see kd_shard_wake */
    uint64_t random;    /* jitter */
    uint64_t in_flight; /* operations and items of calls that began here */
    kd_buf out;         /* the answer being written */
    kd_buf text;        /* scratch of the JSON reader */
    kd_edge_metrics metrics;
    kd_reach_metrics reach;
    kd_published published;
    kd_doubts doubts;
    struct {
        kd_post begin, flush;
        bool drained, idle_told;     /* the server has ended; and no request is in work */
        bool flushing, flushed_told; /* told: reported to the drain */
    } drain;
};

/*
 * Opens the store and the core of a shard and makes its server, not yet listening. KD_OK, or an error with
 * *error (KD_OPTIONS_ERROR_MAX bytes) that names the directory and the reason: KD_EMISMATCH, KD_EUNAVAILABLE,
 * KD_EMALFORMED, KD_EIO.
 */
int kd_shard_create(kd_shard **out, kd_edge_app *app, uint32_t index, char *error);
/* After its loop was joined or before it was started. NULL is fine. */
void kd_shard_destroy(kd_shard *s);

/* Carried wall time. */
uint64_t kd_shard_now_us(const kd_shard *s);
/* The shard whose item this is. */
kd_shard *kd_shard_of(kd_shard *s, kd_bytes item);
/* Something may have to be committed, sent or reported: looked at once, at the end of this turn of the loop.
 */
void kd_shard_wake(kd_shard *s);
/* Seals and hands over all it can, then tells the drain. On its own loop. */
void kd_shard_flush(kd_shard *s);

#endif

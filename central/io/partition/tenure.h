/*
 * tenure.h - this process's tenure over one partition: its store, its core, the commits under way
 * and what goes out to Kafka. Belongs to its worker's thread.
 *
 *     records -> core -> commit (synced by the committer's thread) -> claim (once), changes, snapshots
 *
 * The decisions are pure objects, which the simulation drives as well: when a commit begins (kudos/commit_gate.h), and what is published and when
 * (kudos/publisher.h). This file and its .c give them LevelDB, Kafka's producer, the clocks, log lines and metrics.
 *
 * Invariant: a failed commit or read of the store ends the process (fail.h).
 */
#ifndef KUDOS_CENTRAL_IO_PARTITION_TENURE_H
#define KUDOS_CENTRAL_IO_PARTITION_TENURE_H

#include "central/io/daemon/metrics.h"
#include "central/io/daemon/settings.h"
#include "common/io/kafka/kafka.h"
#include "common/io/leveldb/committer.h"
#include "common/io/loop/loop.h"
#include "kudos/commit_gate.h"
#include "kudos/publisher.h"

typedef struct kd_tenure kd_tenure;

/* What a SIGHUP adds to, as the cores of one worker know it; on its thread. */
typedef struct {
    kd_counters counters;
    kd_strings edges; /* expected ones */
} kd_declared;

/* A commit between begin and end; its post carries the committer's word to the worker. */
typedef struct {
    kd_post post;
    kd_tenure *tenure;
    uint64_t version, begun_us;
    uint32_t operations;
    int err;
    bool busy;
} kd_commit_slot;

struct kd_tenure {
    uint32_t partition;
    kd_loop *loop;
    const kd_central_settings *settings;
    const kd_declared *declared; /* the worker's */
    kd_central_metrics *metrics; /* the worker's */
    kd_leveldb *db;
    kd_store store;
    kd_central *core;
    kd_committer *committer;
    kd_commit_gate gate;
    kd_commit_slot slots[KD_COMMITTER_DEPTH];
    kd_publisher publisher;
    bool standing; /* Kafka gives no records until a seek */
    uint64_t unknown_schema;
    uint64_t gaps, gaps_told_us;       /* since the last line about them; monotonic, 0: none yet */
    uint64_t passed_over;              /* as far as the log tells of them */
    kd_kafka_producer *producer;       /* the worker's; NULL before there is one */
    bool unpublished_told, waits_told; /* alarms were logged; cleared when a quarter of the bound is owed */
    uint64_t random;
    int64_t group_offset; /* last one committed to the group */
    int64_t log_high;     /* next offset of the likes topic, atomic, -1: unknown */
    void (*settled)(
        void *
            arg); /* a commit began or ended, or records were delivered: kd_tenure_blocked() may have changed */
    void *arg;
};

/* Opens store and core and starts the committer. `anew`: one that is missing is made; else it was lost. On an error `error` (KD_OPTIONS_ERROR_MAX bytes) names cause
 * and partition: kd_err of kd_leveldb_open and kd_central_open. Nothing is left open then. */
int kd_tenure_open(kd_tenure *t, const kd_central_settings *settings, const kd_declared *declared,
                   uint32_t partition, bool anew, kd_loop *loop, kd_central_metrics *metrics, char *error);
/* Makes the publisher, for kd_tenure_open(). */
void kd_tenure_open_publisher(kd_tenure *t);
/* After the producer was destroyed and the loop joined. Applies what was submitted. */
void kd_tenure_close(kd_tenure *t);

/* On the worker's thread from here on. The first commit, which carries the epoch. */
void kd_tenure_begin(kd_tenure *t);
void kd_tenure_feed(kd_tenure *t, kd_bytes record, int64_t offset, uint64_t now_us);
/* `declared` has changed: the core hears of it, and merges what waited for a counter. After that, as after every order, the worker asks the core
 * whether the log is to be read again. */
void kd_tenure_redeclare(kd_tenure *t, uint64_t now_us);
/* Begins a commit when the gate opens. */
void kd_tenure_commit(kd_tenure *t, uint64_t now_us);
/* Whether reading has to wait: for the disk (the gate), or for the topics (the publisher). */
bool kd_tenure_blocked(const kd_tenure *t);
/* Publishes what is due, once there is a producer. Returns when to call again at the latest. Monotonic time. */
uint64_t kd_tenure_publish(kd_tenure *t, uint64_t mono_us);
/* Kafka's report of a record of any tenure of this worker. `random`: for the jitter of the next attempt. */
void kd_tenure_delivered(kd_outbound_record *record, bool ok, uint64_t random);
/* While the process drains: true when nothing is gathered or being committed and the last snapshot, which is made then, is delivered. */
bool kd_tenure_drained(kd_tenure *t);

/* For kd_central_open: an epoch that nobody else mints. libsodium is initialised. */
uint64_t kd_tenure_epoch_hint(uint64_t now_us);
/* Whether the partitions may be made: none of them has ever held anything. */
bool kd_tenure_begins_anew(const char *data_dir);
/* DATA/partition-NNNN into out (of `size` bytes). */
void kd_tenure_path(char *out, size_t size, const char *data_dir, uint32_t partition);

#endif

/*
 * tenure.h - this process's tenure over one partition, as its leader or as a follower: its store, its core, the commits under way and the records on their way to Kafka. Belongs to
 * its worker's thread.
 *
 *     records -> core -> commit (synced by the committer's thread) -> claim (once), changes, snapshots
 *
 * Three pure objects decide, and the simulation drives them as well (sim/world/tenure.h): kudos/commit_gate.h, when a commit begins; kudos/publisher.h,
 * which records are published and when; kudos/follower_state.h, whether a follower answers. The tenure gives them LevelDB, Kafka's producer, the clocks,
 * log lines and metrics.
 *
 * Invariant: a failed commit or read of the store ends the process (fail.h).
 */
#ifndef KUDOS_CENTRAL_IO_PARTITION_TENURE_H
#define KUDOS_CENTRAL_IO_PARTITION_TENURE_H

#include <pthread.h>

#include "central/io/daemon/metrics.h"
#include "central/io/daemon/settings.h"
#include "common/io/kafka/kafka.h"
#include "common/io/leveldb/committer.h"
#include "common/io/loop/loop.h"
#include "kudos/commit_gate.h"
#include "kudos/decide.h"
#include "kudos/follower_state.h"
#include "kudos/index.h"
#include "kudos/publisher.h"

typedef struct kd_tenure kd_tenure;

/* The lists that a SIGHUP adds to, as the cores of one worker know them; only its thread touches them. */
typedef struct {
    kd_counters counters;
    kd_strings edges; /* names of the edges that are expected */
} kd_declared;

/* A commit between begin and end; its post carries the committer's result to the worker. */
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
    pthread_mutex_t
        db_lock; /* of the pointer, between the worker's thread, which sets it, and kd_tenure_counters_fit */
    kd_leveldb *db;
    kd_store store;
    kd_central *core;
    kd_committer *committer;
    kd_commit_gate gate;
    kd_commit_slot slots[KD_COMMITTER_DEPTH];
    kd_publisher publisher;
    bool follows; /* it merges and compares, and publishes nothing */
    bool halted;  /* it is about to change its role: nothing more is fed */
    bool fenced;  /* it led, and read the claim of another central: nothing more is committed or published */
    bool drains;  /* kd_tenure_drained was called: indices are built, and deleted items swept, no further */
    kd_index_stage stages[KD_INDICES]; /* as the log was told */
    /* Of a member of a group: the first offsets of both topics when its place in the log was checked, and where the counts are read on. */
    int64_t log_begins, counts_begin, counts_next;
    bool standing; /* the consumer gives no records of this partition until a seek or a new assignment */
    uint64_t unknown_schema;
    uint64_t gaps;               /* batches since the last line about gaps */
    uint64_t gaps_told_us;       /* when that line was logged: monotonic; 0: never */
    uint64_t passed_over;        /* the core's count when the last line about it was logged */
    kd_kafka_producer *producer; /* the worker's; NULL before there is one */
    bool unpublished_told,
        waits_told;              /* lines on the backlog were logged; reset below a quarter of its bound */
    kd_closed_stage closed_told; /* as the log was told */
    uint64_t random;
    int64_t group_offset; /* last offset committed to the consumer group, for lag tools; -1: none */
    kd_follower_state following;
    bool dropped_told; /* the log was told that milestones were dropped, since the opening */
    int64_t log_high;  /* end of the partition of the likes topic; atomic, the keeper sets it; -1: unknown */
    /* A commit began or ended, or records were delivered: kd_tenure_blocked() and kd_tenure_owes() may have changed. */
    void (*settled)(void *arg);
    void *arg;
};

/* Of a partition that this process does not hold: nothing is open. The caller then sets `settled` and `arg`. */
void kd_tenure_init(kd_tenure *t, const kd_central_settings *settings, const kd_declared *declared,
                    uint32_t partition, kd_loop *loop, kd_central_metrics *metrics);
/* Opens store and core and starts the committer. `anew`: a missing store is created; else a missing store is an error, for it was lost. On an error (as
 * kd_leveldb_open, kd_central_open; KD_EIO also without a thread) nothing is left open, and `error`, of KD_OPTIONS_ERROR_MAX bytes, names partition and
 * cause. */
int kd_tenure_open(kd_tenure *t, bool anew, bool follows, char *error);
/* Any thread. kd_tenure_counters_check of its store, as long as that is open; KD_OK where it is not, for it is checked when it is opened. */
int kd_tenure_counters_fit(kd_tenure *t, const kd_counters *counters, char *error);
/* Whether it could be opened with the store in another directory: one that a wrong source has given must not end this process. As kd_tenure_open, KD_OK or an error with its
 * text; nothing is changed. */
int kd_tenure_try(const kd_tenure *t, const char *path, char *error);
/* Whether it is open. All functions below that do not say otherwise may be called of one that is not, and do nothing. */
static inline bool kd_tenure_held(const kd_tenure *t)
{
    return t->core != NULL;
}
/* On the worker's thread. Leads or follows from now on, with the same store: the core is opened anew, so what was not committed has to be fed again. Only when
 * kd_tenure_quiet(). A store that cannot be read ends the process. */
void kd_tenure_switch(kd_tenure *t, bool follows);
/* No commit is under way, and Kafka has reported each record that was sent. */
bool kd_tenure_quiet(const kd_tenure *t);
/* Makes the publisher around the open core. Only for kd_tenure_open(), which is in tenure.c. */
void kd_tenure_open_publisher(kd_tenure *t);
/* Writes the commits that were submitted, then closes everything. Only when kd_tenure_quiet(), or after the loop was joined and the producer destroyed: a
 * report that came later would find its record freed. */
void kd_tenure_close(kd_tenure *t);

/* All of the following on the worker's thread. Begins the first commit, which carries the epoch, once the loop runs. */
void kd_tenure_begin(kd_tenure *t);
/* Records that the likes partition is known to hold and that are not merged durably; -1: its end is not known. */
int64_t kd_tenure_lag(const kd_tenure *t);
/* A record of the likes topic. Logs alarms and may begin a commit. A record of a newer central, if it is genuine, stops the reading (kd_central_waits). A claim above our epoch fences the tenure, and ends the process
 * (kd_fail_stop) unless it is a member of a group. */
void kd_tenure_feed(kd_tenure *t, const kd_kafka_record *record, uint64_t now_us);
/* `declared` has changed: the core gets its edges, and proposes to merge quarantined batches whose counter is known now. */
void kd_tenure_redeclare(kd_tenure *t);
/* Begins a commit when the gate opens. A failed read of the store ends the process. */
void kd_tenure_commit(kd_tenure *t);
/* Whether reading has to wait for the disk (the gate). */
bool kd_tenure_blocked(const kd_tenure *t);
/* Whether reading of the likes has to wait for the topics (the publisher). */
bool kd_tenure_owes(const kd_tenure *t);
/* Publishes what is due, once there is a producer and a commit of the present epoch is durable. Returns when to call again at the latest, a second
 * from now at most. Monotonic time. */
uint64_t kd_tenure_publish(kd_tenure *t, uint64_t mono_us);
/* Logs an alarm when the list of closed items gets full, before it is, once for each stage and start. */
void kd_tenure_tell_closed(kd_tenure *t);
/* As kd_publisher_decide, and sends it; KD_EAGAIN also before there is a producer. */
int kd_tenure_decide(kd_tenure *t, const kd_decision *d);
/* Kafka's report of a record, which may be of any tenure of this worker: the record leads to its own. `random`: for the jitter of the next
 * attempt. */
void kd_tenure_delivered(kd_outbound_record *record, bool ok, uint64_t random);
/* While the process drains. Once nothing is gathered or being committed it makes a last snapshot; true when that is delivered, and at once without a
 * producer. Call again after each commit and each delivery. */
bool kd_tenure_drained(kd_tenure *t);

/* What the other members are told of it. */
kd_members_own kd_tenure_own(const kd_tenure *t);

/* ---- a tenure that follows; of one that leads only kd_tenure_answers and kd_tenure_current_us are called */

bool kd_tenure_follows(const kd_tenure *t);
/* Its core was opened. Only for tenure.c. */
void kd_tenure_follow_open(kd_tenure *t);
/* A record of the counts topic; borrowed. False: passed over, since the role is about to change; it is to be read again. */
bool kd_tenure_hear(kd_tenure *t, kd_bytes record, int64_t offset);
/* All that the log had was fed; all that the counts topic had was heard. */
void kd_tenure_at_end(kd_tenure *t);
void kd_tenure_counts_at_end(kd_tenure *t);
/* A commit is durable. */
void kd_tenure_follow_committed(kd_tenure *t);
/* A record was fed, or a snapshot heard: tells of what became of the comparison. */
void kd_tenure_follow_check(kd_tenure *t);
/* The log cannot be read on. Nothing more is fed. */
void kd_tenure_lose(kd_tenure *t, int64_t offset, const char *cause);
/* Whether records are fed: not to one that is lost, or differs from its leader. */
bool kd_tenure_follow_feeds(const kd_tenure *t);
/* KD_OK, or KD_EUNAVAILABLE: it is not held, or follows and is not known to agree with its leader. */
int kd_tenure_answers(const kd_tenure *t);
/* The moment as of which its counts are at least; UINT64_MAX at one that leads: whatever moment it is. */
uint64_t kd_tenure_current_us(const kd_tenure *t);

/* An epoch for kd_central_open that no other process mints: milliseconds of `now_us`, then random bits. Needs sodium_init(). */
uint64_t kd_tenure_epoch_hint(uint64_t now_us);
/* Whether the stores below data_dir may be created: no partition there has ever held a row. */
bool kd_tenure_begins_anew(const char *data_dir);
/* Whether there is a store of the partition below data_dir. */
bool kd_tenure_is_stored(const char *data_dir, uint32_t partition);
enum { KD_TENURE_MISMATCH_MAX = 300 };
/* Writes to `text` in what a store differs from what it was opened as (KD_EMISMATCH): both values, and what to do. `who` tells where the number of partitions
 * comes from, as in "the configuration says". */
void kd_tenure_put_mismatch(const kd_store *store, uint32_t partition, uint32_t partitions, const char *who,
                            char *text, size_t size);
/* Writes DATA/partition-NNNN, the directory of the partition's store, into `out` of `size` bytes. */
void kd_tenure_path(char *out, size_t size, const char *data_dir, uint32_t partition);

#endif

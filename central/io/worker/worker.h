/*
 * worker.h - a thread that owns the partitions p with p modulo workers == index: their tenures, one consumer of the likes topic, one producer.
 *
 * Before kd_worker_assign() only the stores are open: reads are served, nothing is consumed or published. Once the loop runs, everything happens on
 * it; other threads post.
 */
#ifndef KUDOS_CENTRAL_IO_WORKER_WORKER_H
#define KUDOS_CENTRAL_IO_WORKER_WORKER_H

#include "central/io/daemon/edge_ages.h"
#include "central/io/partition/tenure.h"
#include "kudos/seeding.h"

typedef struct kd_worker kd_worker;

/* To the owner of the workers, from a worker's thread. */
typedef struct {
    void *arg;
    void (*topics_gone)(void *arg);                /* the likes topic or a partition of it is missing */
    void (*drained)(void *arg, kd_worker *worker); /* after kd_worker_drain, once */
    /* Of a group of members: what it has of a partition, several times a second and whenever that changes. */
    void (*holds)(void *arg, uint32_t partition, const kd_members_own *own);
    /* A store was opened: kd_worker_checked() is due with the record at `offset`, where `known`, and the ends of the log. */
    void (*look)(void *arg, uint32_t partition, bool known, int64_t offset);
    /* Of a group of members, with `holds`: whether the partition is to be made from a copy of another member's. */
    void (*seed)(void *arg, uint32_t partition, kd_seed_want want);
    /* What became of the copy that kd_worker_seeded() told of. */
    void (*placed)(void *arg, uint32_t partition, bool ok);
    /* A store is to be closed, and somebody reads a snapshot of it: copies that are given of it are to be let go of. */
    void (*wanted_back)(void *arg, uint32_t partition);
} kd_worker_events;

/* What a member of a group does with a partition. */
typedef struct {
    bool told; /* false: nothing was wished yet */
    kd_wish wish;
    kd_members_why why;
    char whom[KD_NAME_MAX + 1];
} kd_worker_role;

/* The role of a partition on its way to what is wished. */
typedef struct {
    kd_worker_role role;
    bool looked_at;     /* its position was checked: it may be read */
    bool looking;       /* the check is under way */
    bool remade;        /* its store differed, and was begun anew by this process */
    bool seeded;        /* a copy of another member's store is whole, and is to be put in place */
    bool held_back;     /* its likes are not read, as it owes the topics too much; its counts are */
    kd_held_state told; /* to events.holds */
} kd_worker_part;

struct kd_worker {
    uint32_t index;
    const kd_central_settings *settings; /* its counters and edges change on another thread: use `declared` */
    kd_declared declared;
    kd_worker_events events;
    kd_loop *loop;
    kd_tenure *tenures;    /* partition p is tenures[p / workers] */
    kd_worker_part *parts; /* of the same partitions: worker_roles.c */
    uint32_t count;
    kd_kafka_consumer *consumer;
    kd_kafka_producer *producer;
    kd_timer publish, refresh, rejoin, roles;
    kd_backoff rejoin_backoff;
    uint64_t random;
    bool rejoin_fatal; /* the consumer is dead: only a new one helps */
    bool paused, draining;
    bool drained_told; /* events.drained was called */
    uint32_t assigned; /* atomic: partitions handed to the consumer, 0 before that */
    kd_central_metrics metrics;
    kd_edge_ages edge_ages;
    uint64_t created_us; /* monotonic */
};

/* Opens the partitions, those of a member of a group that are there; the thread is not started yet. Copies *events, borrows `settings`. Errors as kd_tenure_open(), KD_EIO without an event loop,
 * KD_EINVAL for the Kafka producer; `error` says why, and kd_worker_destroy() is due also then. */
int kd_worker_create(kd_worker *w, const kd_central_settings *settings, uint32_t index, bool anew,
                     const kd_worker_events *events, char *error);
/* Starts the thread, and on it the first commit of each partition. KD_OK or KD_EIO. */
int kd_worker_start(kd_worker *w);
/* From any thread: feeds no more, commits what is gathered, publishes a last snapshot; calls events.drained when all is delivered. */
void kd_worker_drain(kd_worker *w);
/* Ends the thread and waits for it. Records that were not delivered are made again at the next start. */
void kd_worker_stop(kd_worker *w);
/* Frees Kafka's clients first, then the tenures, whose records the clients hold. After kd_worker_stop(), or if the thread was never started. */
void kd_worker_destroy(kd_worker *w);

/* The tenure of a partition that this worker owns. */
static inline kd_tenure *kd_worker_tenure(kd_worker *w, uint32_t partition)
{
    return &w->tenures[partition / w->settings->workers];
}

/* The record that the log has now at the stored position of a partition (rule 13). `found` false: there is none, or it could not be read. */
typedef struct {
    uint32_t partition;
    bool found;
    kd_buf record;
    int64_t low,
        high; /* of a member of a group: offsets of the first record that there is, and of the next one to come */
    int64_t counts_low, counts_high; /* the same of the counts topic */
} kd_log_check;

/* From any thread, once: begins to read and to publish. `checks` has one entry per partition of the worker, in the order of its tenures; it is taken
 * over, with its records. */
void kd_worker_assign(kd_worker *w, kd_log_check *checks, uint32_t count);
/* From any thread: what this member is to do with a partition from now on. It is done as soon as its commits and records allow it. */
void kd_worker_wish(kd_worker *w, uint32_t partition, const kd_members_decision *decision);
/* From any thread: the answer to events.look. Takes the check over. */
void kd_worker_checked(kd_worker *w, const kd_log_check *check);
/* From any thread: the copy of a partition (tenure_aside.h) is whole. It takes the place of the store when the partition is quiet; events.placed follows. */
void kd_worker_seeded(kd_worker *w, uint32_t partition);
/* From the thread of the settings, after counters, collections or edges were added to them: copies them. Whatever that thread posts to the worker
 * later finds them known. */
void kd_worker_redeclare(kd_worker *w);
/* From any thread, when the topics are there again: reads the partitions that stand still from the beginning of their logs. */
void kd_worker_rejoin(kd_worker *w);
/* From any thread, with a kd_worker: counts a record that the keys do not believe. It is passed over like a lost one: an edge that is genuine sends its
 * batch again, a member its next heartbeat. */
void kd_worker_on_refused(void *worker, kd_mac_verdict verdict);

#endif

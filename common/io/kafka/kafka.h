/*
 * kafka.h - Kafka for an event loop: make topics, produce, consume, look one record up.
 *
 * Producer and consumer belong to the loop that they were created with: every call is made, and every callback runs, on that loop's thread. A
 * callback may call anything here except destroy of its own object. Strings of a configuration are copied. kd_kafka_ensure_topics, kd_kafka_reader_*
 * and kd_kafka_watch_* block, each for its timeout at most: they are for the start of a program, and for threads of their own. `error` gets a
 * sentence when a function fails.
 */
#ifndef KUDOS_COMMON_IO_KAFKA_KAFKA_H
#define KUDOS_COMMON_IO_KAFKA_KAFKA_H

#include "common/conf/options.h"
#include "common/base/reason.h"
#include "common/io/kafka/record_keys.h"
#include "kudos/base.h"

struct event_base;

/* Bytes of a record. Topics that kd_kafka_ensure_topics creates take it; Kafka's own default is 1 MiB. */
enum { KD_KAFKA_RECORD_MAX = 2 * 1024 * 1024 };

/* --- configuration --- */

/* Severity as in syslog (3 error, 4 warning, 6 info); text lives during the call. On the owner's loop. */
typedef void (*kd_kafka_log)(void *arg, int severity, const char *text);

/* A zero stands for the default in brackets. */
typedef struct {
    const char *brokers;     /* host:port,host:port */
    const char *client_id;   /* [kudos] */
    const char *group;       /* [client id] the group to which offsets are committed, for lag tools only */
    const char *compression; /* [zstd] none, gzip, snappy, lz4, zstd */
    /* The producer asks the broker for no id. Ids belong to nobody: who may write to the topic can use up the sequence number of the next record, and
     * the broker then acknowledges that record without taking it. Order is kept by one request at a time; a record may stand in the log twice. */
    bool plain_producer;
    uint32_t linger_ms;          /* [5] how long a producer gathers messages before it sends them */
    uint32_t fetch_wait_ms;      /* [10] how long a broker may wait for a record before it answers a fetch */
    uint32_t consumer_queue_kib; /* [8192] fetched and not yet taken by the loop */
    uint32_t producer_queue_kib; /* [65536] produced and not yet acknowledged; beyond it KD_EAGAIN */
    /* Further librdkafka properties (security.protocol, sasl.*, ssl.* ...). Those on which exactness rests
     * are refused. */
    kd_pairs properties;
    /* File of more of them, lines of `name = value`, for passwords; NULL: none. Read whenever a client is made. */
    const char *properties_file;
    /* Records get a MAC and are checked by these keys, which outlive the clients; NULL: neither. */
    kd_record_keys *keys;
    kd_kafka_log log; /* may be NULL */
    void *log_arg;
} kd_kafka_config;

/* What `compression` may be, for a table of options; NULL at the end. */
extern const char *const kd_kafka_compressions[];

/* Whether all of it but properties_file is acceptable: KD_OK, or KD_EINVAL with a sentence that names the property. Opens no file and no
 * connection. */
int kd_kafka_config_check(const kd_kafka_config *config, char *error, size_t size);
/* Whether librdkafka can make clients of it: reads the keys and certificates, has the SASL mechanism. KD_OK, or KD_EINVAL with a sentence. Makes
 * clients that know no broker and ends them; may take some seconds. */
int kd_kafka_client_check(const kd_kafka_config *config, char *error, size_t size);

/* --- topics --- */

typedef struct {
    const char *name;
    uint32_t partitions;       /* wanted; 0: whatever there is, but it must exist */
    uint16_t replication;      /* of a new topic; 0: 1 */
    int64_t retention_ms;      /* of a new topic; 0: the broker's default, -1: for ever */
    uint32_t partitions_found; /* result: what it has */
    bool more;                 /* more partitions than wanted are fine */
    uint16_t copies_found; /* result: of the partition that has the fewest; 0: no look has found the topic */
} kd_kafka_topic;

/*
 * Creates the topics that are missing, and checks the others. It looks first, so a broker that lets us create none is fine while all topics exist. A
 * topic passes while a partition of it has no leader; but if this call creates one, leaders are waited for. KD_EMISMATCH: a topic has another number
 * of partitions; KD_ENOTFOUND: one with partitions 0 is missing; KD_EUNAVAILABLE: no broker answered, or it refused to create; KD_ETIMEOUT: a new
 * topic was not ready in time; KD_EINVAL: configuration; KD_EIO: no client can be made. `error` names the topic and the cause. Blocks for timeout_ms
 * at most, and 3 s to end its client.
 */
int kd_kafka_ensure_topics(const kd_kafka_config *config, kd_kafka_topic *topics, size_t n,
                           uint32_t timeout_ms, char *error, size_t size);

/* --- producer --- */

typedef struct kd_kafka_producer kd_kafka_producer;

typedef struct {
    /*
     * The fate of one message. ok: it is on all in-sync replicas. Not ok: the broker refused it, or its client came to an end; then the record may be
     * in the log nevertheless. Every produced message gets exactly one fate, except those that kd_kafka_producer_destroy cuts off.
     */
    void (*delivered)(void *arg, void *opaque, bool ok);
    /*
     * A fatal error (identity fenced, sequence out of order) ended librdkafka's client. All that was outstanding has been reported as not ok. A new
     * client is made after a back-off. Until then kd_kafka_produce answers KD_EAGAIN; then `ready` is called. `plain`: the new client asks for no
     * producer id (as with plain_producer), since several in a row have lost theirs before they delivered anything; it stays so.
     */
    void (*reset)(void *arg, const char *cause, bool plain); /* may be NULL */
    /* There is room again after KD_EAGAIN, or a new client after a reset: produce again from the outbox, in order. */
    void (*ready)(void *arg); /* may be NULL */
    void *arg;
} kd_kafka_producer_events;

typedef struct {
    uint64_t messages; /* accepted by kd_kafka_produce */
    uint64_t bytes;    /* their values, before compression */
    uint64_t delivered;
    uint64_t failed;             /* delivered with ok false */
    uint64_t queue_full;         /* KD_EAGAIN answers */
    uint64_t errors[KD_REASONS]; /* errors of connections and brokers, by reason */
    uint64_t recreated;          /* clients made after a fatal error */
    bool plain;                  /* the client asks for no producer id */
    uint64_t outstanding;        /* messages without a fate yet */
} kd_kafka_producer_stats;

/* Makes a client and returns; brokers are reached later. Calls refer to a topic by its index in `topics`. KD_EINVAL: configuration; KD_EIO: the
 * system refuses a thread or a descriptor. */
int kd_kafka_producer_create(kd_kafka_producer **p, struct event_base *base, const kd_kafka_config *config,
                             const char *const *topics, size_t topic_count,
                             const kd_kafka_producer_events *events, char *error, size_t size);
/* Waits flush_ms at most for outstanding messages, without callbacks, then drops the rest. Ending the client may take 3 s more. NULL is fine. */
void kd_kafka_producer_destroy(kd_kafka_producer *p, uint32_t flush_ms);

/*
 * Queues a copy of value, which must not be empty, for a partition; `opaque` comes back with its fate. Messages of one partition arrive in the order
 * of the calls. KD_EAGAIN: the queue is full, or there is no client after a reset: keep it, and wait for `ready`. KD_ETOOBIG: longer than
 * KD_KAFKA_RECORD_MAX. KD_EUNAVAILABLE: there is no such partition.
 */
int kd_kafka_produce(kd_kafka_producer *p, size_t topic, uint32_t partition, kd_bytes value, void *opaque);

/* A copy, of all clients since create. */
kd_kafka_producer_stats kd_kafka_producer_stats_get(const kd_kafka_producer *p);

/* --- consumer --- */

typedef struct kd_kafka_consumer kd_kafka_consumer;

enum {
    KD_KAFKA_BEGINNING = -2, /* the earliest record that is there */
    KD_KAFKA_END = -1,       /* only what comes from now on */
};

typedef struct {
    uint32_t topic; /* index into the topics of create */
    uint32_t partition;
    int64_t offset; /* of the first record wanted, or KD_KAFKA_BEGINNING, KD_KAFKA_END */
} kd_kafka_start;

typedef struct {
    uint32_t topic;
    uint32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* of the record; -1 when it has none */
    kd_bytes value;       /* until the callback returns */
    bool genuine;         /* a MAC says who wrote it */
} kd_kafka_record;

typedef enum {
    KD_KAFKA_EOF, /* all that was there has been delivered; `offset` is the next one */
    /* The others stop the partition: nothing more of it is delivered until a seek, a step over, or a new assignment. */
    KD_KAFKA_OUT_OF_RANGE, /* the wanted offset is not in the log */
    /* The topic or the partition does not exist, or access is refused. A partition beyond those that the topic has is told when librdkafka learns their
     * number, but not when it knew the number before the assignment: kd_kafka_ensure_topics finds that out. */
    KD_KAFKA_GONE,
    KD_KAFKA_DAMAGED, /* checksum: the batch of records that begins at `offset` is not what was written */
    KD_KAFKA_FAILED, /* a record that librdkafka cannot read, or a fatal error of its client: only a new consumer helps */
} kd_kafka_condition;

typedef struct {
    /* One record; per partition in the order of the log, each once per assignment or seek. */
    void (*record)(void *arg, const kd_kafka_record *record);
    /* A partition's condition has changed. `text` says why, in words. */
    void (*condition)(void *arg, uint32_t topic, uint32_t partition, kd_kafka_condition condition,
                      int64_t offset, const char *text);
    /* End of one round of records and conditions: the time to store what they led to. May be NULL. */
    void (*round)(void *arg);
    void *arg;
    /* The keys of the configuration do not believe a record, and why. It is passed over, and logged as `record-refused`. May be NULL. */
    void (*refused)(void *arg, kd_mac_verdict verdict);
} kd_kafka_consumer_events;

/* Initialises an array of KD_MAC_VERDICTS pointers to the kd_metric that counts each verdict but KD_MAC_GOOD. `m`: a pointer to metrics with these rows. */
#define KD_KAFKA_REFUSED_CELLS(m)                                                                            \
    {                                                                                                        \
        [KD_MAC_UNSIGNED] = &(m)->refused_unsigned, [KD_MAC_MALFORMED] = &(m)->refused_malformed,            \
        [KD_MAC_UNKNOWN_KEY] = &(m)->refused_unknown_key, [KD_MAC_FOREIGN_KEY] = &(m)->refused_foreign_key,  \
        [KD_MAC_WRONG] = &(m)->refused_wrong                                                                 \
    }

typedef struct {
    uint64_t records;
    uint64_t bytes;
    uint64_t errors[KD_REASONS]; /* errors of connections and brokers, by reason */
    uint64_t stopped;            /* conditions that stopped a partition: all but EOF */
} kd_kafka_consumer_stats;

/* Makes a client to which nothing is assigned yet. Errors as kd_kafka_producer_create. */
int kd_kafka_consumer_create(kd_kafka_consumer **c, struct event_base *base, const kd_kafka_config *config,
                             const char *const *topics, size_t topic_count,
                             const kd_kafka_consumer_events *events, char *error, size_t size);
/* No callback comes any more. Takes 3 s at most. NULL is fine. */
void kd_kafka_consumer_destroy(kd_kafka_consumer *c);

/* Replaces the whole assignment; stopped partitions go on. KD_EINVAL: a topic, partition or offset that cannot be, or a partition twice; KD_EIO:
 * librdkafka refuses. After an error nothing is assigned. */
int kd_kafka_consumer_assign(kd_kafka_consumer *c, const kd_kafka_start *starts, size_t n);
/* Adds one partition that is not assigned; the others are not disturbed. Errors as assign, after which it is not assigned. With an offset of its own a start is
 * exact. KD_KAFKA_BEGINNING and KD_KAFKA_END are looked up in the background, and librdkafka 2.0.2 may come back to such a look-up after a later seek. */
int kd_kafka_consumer_add(kd_kafka_consumer *c, const kd_kafka_start *start);
/* Takes one partition out; nothing of it is delivered any more. One that is not assigned is fine. */
void kd_kafka_consumer_remove(kd_kafka_consumer *c, uint32_t topic, uint32_t partition);
/* Goes on in one assigned partition from another offset, also when it has stopped. Records from before the call are not delivered any more.
 * KD_EINVAL: it is not assigned, or no such offset can be; KD_EIO: librdkafka refuses, and the partition stops. */
int kd_kafka_consumer_seek(kd_kafka_consumer *c, const kd_kafka_start *start);
/* After KD_KAFKA_DAMAGED at this offset. The first call reads the same offset again, for it may have been damaged on its way here. Each further call
 * goes on behind it, further with each call: how long the damaged batch is cannot be known, so whole records behind it may be left out. Errors as
 * seek. */
int kd_kafka_consumer_step_over(kd_kafka_consumer *c, const kd_kafka_start *damaged);

/* Back-pressure: no callbacks until resume, except for the event that is being delivered. Up to consumer_queue_kib are fetched ahead meanwhile. */
void kd_kafka_consumer_pause(kd_kafka_consumer *c);
/* Callbacks come again, in a later turn of the loop. Does nothing when it is not paused. */
void kd_kafka_consumer_resume(kd_kafka_consumer *c);

/* Tells the group that everything below next_offset is done, within a second or so. For lag tools only: best effort, errors are counted. Does nothing
 * for a partition that is not assigned. */
void kd_kafka_consumer_commit(kd_kafka_consumer *c, uint32_t topic, uint32_t partition, int64_t next_offset);

/* A copy. */
kd_kafka_consumer_stats kd_kafka_consumer_stats_get(const kd_kafka_consumer *c);

/* --- looking things up, blocking --- */

typedef struct kd_kafka_reader kd_kafka_reader;

/* For one thread at a time. Errors as kd_kafka_producer_create; then *r is NULL. */
int kd_kafka_reader_create(kd_kafka_reader **r, const kd_kafka_config *config, char *error, size_t size);
/* Takes 3 s at most. NULL is fine. */
void kd_kafka_reader_destroy(kd_kafka_reader *r);

/* *low: offset of the first record that is there; *high: of the next one to come. KD_ENOTFOUND: no such partition; KD_ETIMEOUT; KD_EUNAVAILABLE:
 * anything else. */
int kd_kafka_reader_watermarks(kd_kafka_reader *r, const char *topic, uint32_t partition, uint32_t timeout_ms,
                               int64_t *low, int64_t *high);
/* The value of the record at exactly this offset, in place of what *value holds. KD_ENOTFOUND: there is none. Other errors as above. */
int kd_kafka_reader_get(kd_kafka_reader *r, const char *topic, uint32_t partition, int64_t offset,
                        uint32_t timeout_ms, kd_buf *value);
/* The cluster's own id, as text: stored beside an offset it tells another cluster, where that offset means nothing. KD_ETIMEOUT; KD_ENOTFOUND: the
 * broker has none. */
int kd_kafka_reader_cluster_id(kd_kafka_reader *r, uint32_t timeout_ms, char *out, size_t size);
/* Cause of the last failure, in words; valid until the next call. */
const char *kd_kafka_reader_error(const kd_kafka_reader *r);

/* --- whether a broker answers, blocking --- */

typedef struct kd_kafka_watch kd_kafka_watch;

/* For one thread at a time. Errors as kd_kafka_producer_create; then *w is NULL. */
int kd_kafka_watch_create(kd_kafka_watch **w, const kd_kafka_config *config, char *error, size_t size);
/* Takes 3 s at most. NULL is fine. */
void kd_kafka_watch_destroy(kd_kafka_watch *w);
/* KD_OK: a broker answered. KD_EUNAVAILABLE: none did within the time; *reason and *cause, valid until the next call, say why. */
int kd_kafka_watch_ask(kd_kafka_watch *w, uint32_t timeout_ms, kd_reason *reason, const char **cause);
/* Looks once whether the topics are there, and creates none. KD_ENOTFOUND: one is missing; KD_EMISMATCH: one has another number of partitions;
 * KD_EAGAIN: one is not ready; KD_EUNAVAILABLE: no broker answered in time. `error` names the topic. */
int kd_kafka_watch_topics(kd_kafka_watch *w, kd_kafka_topic *topics, size_t n, uint32_t timeout_ms,
                          char *error, size_t size);

#endif

/*
 * kafka_private.h - what the parts of the Kafka shell share. Nobody else includes it, but a drill's log_tool.c for kd_kafka_client_end.
 */
#ifndef KUDOS_COMMON_IO_KAFKA_KAFKA_PRIVATE_H
#define KUDOS_COMMON_IO_KAFKA_KAFKA_PRIVATE_H

#include <event2/event.h>
#include <librdkafka/rdkafka.h>

#include "common/io/kafka/kafka.h"

enum { KD_KAFKA_END_MS = 3000 };
enum { KD_KAFKA_FRAMING = 64 * 1024 }; /* what Kafka puts around a record, with room to spare */

typedef enum {
    KD_KAFKA_PRODUCER,
    KD_KAFKA_CONSUMER,
    KD_KAFKA_BLOCKING, /* admin and reader */
} kd_kafka_role;

/* librdkafka's configuration for a role, to be destroyed by the caller. KD_EINVAL with `error`. */
int kd_kafka_conf_make(rd_kafka_conf_t **conf, const kd_kafka_config *config, kd_kafka_role role, char *error,
                       size_t size);
/* A client of its own copy of conf. KD_EIO with `error` when the system refuses (threads, TLS files ...). */
int kd_kafka_client_make(rd_kafka_t **rk, rd_kafka_type_t type, const rd_kafka_conf_t *conf, char *error,
                         size_t size);

/*
 * Ends a client, in KD_KAFKA_END_MS at most. librdkafka joins its own threads without a limit: one may be in
 * a name lookup, and 2.0.2 can wait for ever for a partition whose topic was deleted. A client that does not
 * end in time is left behind, with `kafka-client-left` in the log; it holds no callback and no memory of ours.
 */
void kd_kafka_client_end(rd_kafka_t *rk);
/* The process is ending: from here on kd_kafka_client_end does not wait, and who waits in it does no longer. For common/io/daemon/ending.c. */
void kd_kafka_ends_hurry(void);
/* Waits ms at most for all clients that are being ended; the number of those that have not. */
uint32_t kd_kafka_ends_wait(uint32_t ms);

/* What an error of a client means; its text tells what the code does not. */
kd_reason kd_kafka_reason(rd_kafka_resp_err_t e, const char *text);

uint64_t kd_kafka_now_ms(void); /* monotonic */
/* Milliseconds until the deadline, at most `most`; 0 when it has passed. */
int kd_kafka_left_ms(uint64_t deadline_ms, int most);

/*
 * A pump takes the events of one client's queue on the loop. librdkafka writes to an eventfd when its queue
 * stops being empty, so the eventfd is read first and the queue then emptied: the other order loses a
 * wake-up.
 */
typedef struct {
    int fd;
    struct event *event;
    rd_kafka_queue_t *queue; /* NULL: detached */
    bool paused;
    void (*take)(void *arg, rd_kafka_event_t *event);
    void (*round)(void *arg); /* after each round */
    void *arg;
} kd_kafka_pump;

/* KD_EIO when there is no descriptor. */
int kd_kafka_pump_init(kd_kafka_pump *p, struct event_base *base,
                       void (*take)(void *arg, rd_kafka_event_t *event), void (*round)(void *arg), void *arg);
void kd_kafka_pump_finish(kd_kafka_pump *p);
/* Owns queue from here on; logs of rk come through it too. */
void kd_kafka_pump_attach(kd_kafka_pump *p, rd_kafka_t *rk, rd_kafka_queue_t *queue);
void kd_kafka_pump_detach(kd_kafka_pump *p);
/* Another round soon, by way of the loop. */
void kd_kafka_pump_kick(kd_kafka_pump *p);

/* Tells the owner's log what the library says. */
void kd_kafka_log_event(const kd_kafka_log log, void *arg, rd_kafka_event_t *event);

#endif

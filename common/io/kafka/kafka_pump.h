/*
 * kafka_pump.h - takes the events of one client's queue into the loop.
 *
 * librdkafka writes to an eventfd when its queue stops being empty. The eventfd is read first, and the queue emptied then. In the other order a
 * message that comes in between would have its wake-up read away, and would wait for the next one.
 */
#ifndef KUDOS_COMMON_IO_KAFKA_KAFKA_PUMP_H
#define KUDOS_COMMON_IO_KAFKA_KAFKA_PUMP_H

#include <event2/event.h>
#include <librdkafka/rdkafka.h>

#include "common/io/kafka/kafka.h"

typedef struct {
    int fd; /* the eventfd; -1: none */
    struct event *event;
    rd_kafka_queue_t *queue; /* NULL: detached */
    bool paused;             /* the queue is left alone: its owner sets it, and kicks when it clears it */
    void (*take)(void *arg, rd_kafka_event_t *event);
    void (*round)(void *arg); /* after each round of events, also an empty one */
    void *arg;
} kd_kafka_pump;

/* take is called for each event, which lives during the call; it must not finish the pump. KD_EIO: there is no descriptor, or no event. */
int kd_kafka_pump_init(kd_kafka_pump *p, struct event_base *base,
                       void (*take)(void *arg, rd_kafka_event_t *event), void (*round)(void *arg), void *arg);
/* Detaches, and frees what init made. Twice is fine, and so is a pump with fd -1 and all else zero. */
void kd_kafka_pump_finish(kd_kafka_pump *p);
/* Takes events of this queue of rk from here on, rk's logs among them. Owns queue; rk must outlive the attachment. */
void kd_kafka_pump_attach(kd_kafka_pump *p, rd_kafka_t *rk, rd_kafka_queue_t *queue);
/* Gives the queue back; events still in it are lost. Before the client is ended. */
void kd_kafka_pump_detach(kd_kafka_pump *p);
/* Another round soon, by way of the loop. */
void kd_kafka_pump_kick(kd_kafka_pump *p);

/* Passes a log event to the owner's log, which may be NULL. */
void kd_kafka_log_event(kd_kafka_log log, void *arg, rd_kafka_event_t *event);

#endif

/* kafka_pump.c - see the header. */
#include "common/io/kafka/kafka_pump.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ROUND_MAX = 256 /* events; then other descriptors of the loop have their turn */ };

static const uint64_t one = 1;

void kd_kafka_pump_kick(kd_kafka_pump *p)
{
    /* Not by event_active: libevent would run the pump again before it asks the other descriptors. */
    ssize_t n = write(p->fd, &one, sizeof(one));
    KD_ASSERT(n == sizeof(one) || errno == EAGAIN);
}

static void pump_on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    kd_kafka_pump *p = arg;
    uint64_t ignored;
    ssize_t n = read(fd, &ignored, sizeof(ignored));
    KD_ASSERT(n == sizeof(ignored) || errno == EAGAIN || errno == EINTR);
    int taken = 0;
    while (p->queue && !p->paused && taken < ROUND_MAX) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(p->queue, 0);
        if (!event) break;
        taken++;
        p->take(p->arg, event);
        rd_kafka_event_destroy(event);
    }
    if (taken == ROUND_MAX) kd_kafka_pump_kick(p);
    p->round(p->arg);
}

int kd_kafka_pump_init(kd_kafka_pump *p, struct event_base *base,
                       void (*take)(void *arg, rd_kafka_event_t *event), void (*round)(void *arg), void *arg)
{
    *p = (kd_kafka_pump){.fd = -1, .take = take, .round = round, .arg = arg};
    p->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (p->fd < 0) return KD_EIO;
    p->event = event_new(base, p->fd, EV_READ | EV_PERSIST, pump_on_readable, p);
    if (p->event && event_add(p->event, NULL) == 0) return KD_OK;
    kd_kafka_pump_finish(p);
    return KD_EIO;
}

void kd_kafka_pump_finish(kd_kafka_pump *p)
{
    kd_kafka_pump_detach(p);
    if (p->event) event_free(p->event);
    if (p->fd >= 0) close(p->fd);
    p->event = NULL;
    p->fd = -1;
}

void kd_kafka_pump_attach(kd_kafka_pump *p, rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
    p->queue = queue;
    rd_kafka_queue_io_event_enable(queue, p->fd, &one, sizeof(one));
    rd_kafka_set_log_queue(rk, queue);
    kd_kafka_pump_kick(
        p); /* librdkafka does not wake for events that were in the queue before it was enabled */
}

void kd_kafka_pump_detach(kd_kafka_pump *p)
{
    if (!p->queue) return;
    rd_kafka_queue_io_event_enable(
        p->queue, -1, NULL, 0); /* the client ends later, and the descriptor may be somebody else's by then */
    rd_kafka_queue_destroy(p->queue);
    p->queue = NULL;
}

void kd_kafka_log_event(kd_kafka_log log, void *arg, rd_kafka_event_t *event)
{
    const char *facility, *text;
    int severity;
    if (log && rd_kafka_event_log(event, &facility, &text, &severity) == 0) log(arg, severity, text);
}

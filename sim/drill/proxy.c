/*
 * proxy.c - a link: its port, its conditions, its connections. What happens on a connection is proxy_conn.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/drill/proxy_internal.h"

enum { BACKLOG = 128 };

static void on_connect(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    sim_proxy_link *l = arg;
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return;
    l->counts.connections++;
    if (l->condition.refused || l->target == 0 || l->open >= PROXY_CONNECTIONS_MAX) {
        sim_proxy_break_fd(accepted);
        return;
    }
    sim_proxy_conn_create(l, accepted);
}

static int listen_somewhere(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        int cause = errno;
        close(fd);
        errno = cause;
        return -1;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

sim_proxy_link *sim_proxy_link_create(struct event_base *base, const sim_proxy_kafka_table *kafka,
                                      uint64_t seed)
{
    uint16_t port;
    int fd = listen_somewhere(&port);
    if (fd < 0) return NULL;
    sim_proxy_link *l = kd_alloc(sizeof *l);
    l->base = base;
    l->kafka = kafka;
    l->random = seed;
    l->port = port;
    l->fd = fd;
    l->listening = event_new(base, fd, EV_READ | EV_PERSIST, on_connect, l);
    KD_ASSERT(l->listening != NULL);
    event_add(l->listening, NULL);
    return l;
}

void sim_proxy_link_destroy(sim_proxy_link *l)
{
    if (!l) return;
    while (!LIST_EMPTY(&l->conns)) sim_proxy_conn_break(LIST_FIRST(&l->conns));
    event_free(l->listening);
    close(l->fd);
    free(l);
}

uint16_t sim_proxy_link_port(const sim_proxy_link *l)
{
    return l->port;
}

void sim_proxy_link_target(sim_proxy_link *l, uint16_t port)
{
    l->target = port;
}

void sim_proxy_link_reset(sim_proxy_link *l)
{
    while (!LIST_EMPTY(&l->conns)) sim_proxy_conn_break(LIST_FIRST(&l->conns));
}

void sim_proxy_link_fence(sim_proxy_link *l)
{
    sim_proxy_conn *c;
    LIST_FOREACH(c, &l->conns, next) c->calls.fence = true;
}

void sim_proxy_link_set(sim_proxy_link *l, const sim_proxy_condition *condition)
{
    l->condition = *condition;
    if (condition->refused) sim_proxy_link_reset(l);
    sim_proxy_conn *next;
    for (sim_proxy_conn *c = LIST_FIRST(&l->conns); c; c = next) {
        next = LIST_NEXT(c, next);
        sim_proxy_conn_wake(c);
    }
}

sim_proxy_counts sim_proxy_link_counts(const sim_proxy_link *l)
{
    return l->counts;
}

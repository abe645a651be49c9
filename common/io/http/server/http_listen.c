/*
 * http_listen.c - opens listening sockets, accepts within the limits, and closes without losing the clients that wait in the kernel's queue.
 */
#include "common/io/http/server/http_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#include "common/io/http/server/http_address.h"
#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_conn.h"
#include "common/io/http/server/http_crowd.h"
#include "common/io/http/server/http_proxy.h"
#include "common/io/http/server/http_turn.h"

enum {
    LISTEN_BACKLOG = 1024,
    ACCEPT_PER_EVENT = 16, /* then other events have their turn */
    /* After a lack of descriptors. The listener stays readable, so to accept again at once would only spin. */
    ACCEPT_PAUSE_MS = 100,
};

static void set_accepting(kd_http_server *server, bool on)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        if (on)
            event_add(server->listeners[i].event, NULL);
        else
            event_del(server->listeners[i].event);
    }
}

static void listen_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    set_accepting(arg, true);
}

static bool listen_admit(kd_http_server *server, uint64_t address)
{
    if (!http_admit_newcomer(server, address)) return false;
    http_crowd_make_room(server, address);
    return http_admit_connection(server, address);
}

/* A client that is not admitted gets no answer: that would cost finding out its protocol, and with TLS a handshake. */
static void welcome(kd_http_server *server, int fd, const struct sockaddr_storage *peer, socklen_t len)
{
    if (http_proxy_admit(server, peer) && listen_admit(server, http_address_key(peer)))
        http_conn_create(server, fd, peer, len);
    else
        close(fd);
}

/* False when the queue is empty, or nothing can be accepted for now. */
static bool accept_one(kd_http_server *server, int listener)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof(peer);
    int fd = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        welcome(server, fd, &peer, len);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        server->counters.connections_refused++;
        set_accepting(server, false);
        event_add(server->accept_event, &(struct timeval){.tv_usec = ACCEPT_PAUSE_MS * 1000});
        return false;
    }
    /* Any other error is that of one client (ECONNABORTED): the next one in the queue may be fine. */
    return errno != EAGAIN && errno != EWOULDBLOCK;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    http_turn_clock(arg);
    for (int i = 0; i < ACCEPT_PER_EVENT && accept_one(arg, fd); i++) continue;
}

static int listen_fail(char *error, size_t size, const char *host, uint16_t port, const char *reason)
{
    bool six = strchr(host, ':') != NULL;
    snprintf(error, size, "cannot listen on %s%s%s:%u: %s", six ? "[" : "", host, six ? "]" : "", port,
             reason);
    return KD_EUNAVAILABLE;
}

static int open_socket(const struct addrinfo *at, bool reuseport)
{
    const int one = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    bool ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
              (!reuseport || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == 0) &&
              /* accepted sockets inherit TCP_NODELAY */
              setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
              bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0;
    if (ok) return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

int kd_http_server_listen(kd_http_server *server, const char *host, uint16_t port, bool reuseport,
                          char *error, size_t error_size)
{
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    if (server->listener_count == HTTP_LISTENERS_MAX)
        return listen_fail(error, error_size, host, port, "too many listeners");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
    int rv = getaddrinfo(host, service, &hints, &found);
    if (rv != 0) return listen_fail(error, error_size, host, port, gai_strerror(rv));
    int fd = open_socket(found, reuseport);
    freeaddrinfo(found);
    if (fd < 0) return listen_fail(error, error_size, host, port, strerror(errno));
    struct event *event = event_new(server->base, fd, EV_READ | EV_PERSIST, on_acceptable, server);
    KD_ASSERT(event);
    event_add(event, NULL);
    server->listeners[server->listener_count].fd = fd;
    server->listeners[server->listener_count++].event = event;
    return KD_OK;
}

uint16_t kd_http_server_port(const kd_http_server *server)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {0};
    socklen_t len = sizeof(at);
    if (server->listener_count == 0) return 0;
    if (getsockname(server->listeners[0].fd, &at.any, &len) != 0) return 0;
    return ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
}

void http_listen_init(kd_http_server *server)
{
    server->accept_event = event_new(server->base, -1, 0, listen_resume, server);
    KD_ASSERT(server->accept_event);
}

void http_listen_close(kd_http_server *server, bool take_queue)
{
    event_del(server->accept_event);
    for (size_t i = 0; i < server->listener_count; i++) {
        /* With SO_REUSEPORT each socket has a queue of its own: closing it would reset the clients in it, though others listen on the port. */
        while (take_queue && accept_one(server, server->listeners[i].fd)) continue;
        event_free(server->listeners[i].event);
        close(server->listeners[i].fd);
    }
    server->listener_count = 0;
    event_del(server->accept_event); /* accept_one may have set it */
}

void http_listen_finish(kd_http_server *server)
{
    http_listen_close(server, false);
    event_free(server->accept_event);
}

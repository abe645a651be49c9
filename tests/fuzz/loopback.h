/*
 * loopback.h - a fuzzer's end of a connection over loopback, and a server in the same process, whose loop the fuzzer turns between its own steps.
 *
 * A run makes thousands of connections a second, which would use up the ports. So connections end by a reset, which leaves no port in TIME_WAIT, and
 * come from all of 127/8.
 */
#ifndef KUDOS_TESTS_FUZZ_LOOPBACK_H
#define KUDOS_TESTS_FUZZ_LOOPBACK_H

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/http/server/http_server.h"

/* A loop for the whole run. A peer that has gone is an error of write, no signal. */
static inline struct event_base *fuzz_loop(void)
{
    signal(SIGPIPE, SIG_IGN);
    return event_base_new();
}

/* `host` lies in 127/8, in the host's byte order; port 0: any. */
static inline struct sockaddr_in fuzz_address(uint32_t host, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(host), .sin_port = htons(port)};
}

static inline void fuzz_reset_at_close(int fd)
{
    struct linger hard = {.l_onoff = 1};
    KD_ASSERT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0);
}

/* A server that listens on a port of its own, to be destroyed by the caller. */
static inline kd_http_server *fuzz_serve(struct event_base *base, const kd_http_config *config,
                                         kd_http_handler handle)
{
    kd_http_server *server;
    char error[256];
    KD_ASSERT(kd_http_server_create(&server, base, config, handle, NULL) == KD_OK);
    KD_ASSERT(kd_http_server_listen(server, "127.0.0.1", 0, false, error, sizeof error) == KD_OK);
    return server;
}

/* A socket from the next address. receive_buffer in bytes; 0: as the system has it. */
static inline int fuzz_socket(int receive_buffer)
{
    static uint32_t turn;
    struct sockaddr_in from = fuzz_address(INADDR_LOOPBACK + turn++ / 1000 % 0xfffff0u, 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0), some = receive_buffer;
    KD_ASSERT(fd >= 0);
    fuzz_reset_at_close(fd);
    KD_ASSERT(some == 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &some, sizeof some) == 0);
    KD_ASSERT(bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
    return fd;
}

/* A connection that the server has taken or refused. The clock of libFuzzer may interrupt it. */
static inline int fuzz_connect(struct event_base *base, const kd_http_server *server, int receive_buffer)
{
    const kd_http_counters *c = kd_http_server_counters(server);
    uint64_t before = c->connections_accepted + c->connections_refused;
    struct sockaddr_in at = fuzz_address(INADDR_LOOPBACK, kd_http_server_port(server));
    int fd = fuzz_socket(receive_buffer);
    while (connect(fd, (struct sockaddr *)&at, sizeof at) != 0 && errno != EISCONN)
        if (errno != EINTR && errno != EALREADY) perror("fuzz_connect"), abort();
    for (int i = 0; i < 64 && c->connections_accepted + c->connections_refused == before; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    return fd;
}

/* Closes, and turns the loop until the server has noticed, or for 1000 turns. */
static inline void fuzz_hang_up(struct event_base *base, const kd_http_server *server, int fd)
{
    const kd_http_counters *c = kd_http_server_counters(server);
    close(fd);
    for (int i = 0; i < 1000 && c->connections_open > 0; i++) event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Once all clients have hung up and all requests are answered. */
static inline void fuzz_nothing_left(const kd_http_server *server)
{
    const kd_http_counters *c = kd_http_server_counters(server);
    KD_ASSERT(c->connections_open == 0 && c->requests_open == 0 && c->buffered_bytes == 0);
}

#endif

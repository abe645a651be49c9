/*
 * proxy_conn.c - one connection through a link: two flows, each a queue of pieces with the moment when they may go on.
 *
 * Invariants: a flow reads only while its way is not cut and its queue has room, so what a cut holds beyond that stays with the kernel of
 * the sender. Pieces leave in the order in which they came. The end of a connection is the last piece. A function that may free the
 * connection returns false when it did.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "sim/drill/proxy_internal.h"

enum { READ_MAX = 16 * 1024, QUEUE_MAX = 256 * 1024 };

void sim_proxy_break_fd(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static void finish_flow(sim_proxy_flow *f)
{
    if (f->readable) event_free(f->readable);
    if (f->writable) event_free(f->writable);
    if (f->due) event_free(f->due);
    for (sim_proxy_piece *p; (p = STAILQ_FIRST(&f->pieces));) {
        STAILQ_REMOVE_HEAD(&f->pieces, next);
        free(p);
    }
}

static void end(sim_proxy_conn *c, bool reset)
{
    for (int w = 0; w < PROXY_WAYS; w++) finish_flow(&c->flow[w]);
    if (c->connecting) event_free(c->connecting);
    for (int w = 0; w < PROXY_WAYS; w++) {
        if (c->fd[w] < 0) continue;
        if (reset)
            sim_proxy_break_fd(c->fd[w]);
        else
            close(c->fd[w]);
    }
    LIST_REMOVE(c, next);
    c->link->open--;
    if (reset) c->link->counts.broken++;
    free(c);
}

void sim_proxy_conn_break(sim_proxy_conn *c)
{
    end(c, true);
}

static bool proxy_conn_cut(const sim_proxy_flow *f)
{
    return f->conn->link->condition.way[f->side].cut;
}

/* ---- out ------------------------------------------------------------------------------------------------------- */

static void proxy_conn_arm(struct event *timer, uint64_t after_us)
{
    struct timeval after = {.tv_sec = (time_t)(after_us / 1000000),
                            .tv_usec = (suseconds_t)(after_us % 1000000)};
    event_add(timer, &after);
}

static void pop(sim_proxy_flow *f)
{
    sim_proxy_piece *p = STAILQ_FIRST(&f->pieces);
    STAILQ_REMOVE_HEAD(&f->pieces, next);
    f->queued -= p->len;
    free(p);
}

/* Passes on the end of the stream when all pieces before it are out. When both ways have ended, so has the connection. */
static bool pass_end(sim_proxy_flow *f)
{
    sim_proxy_conn *c = f->conn;
    if (!f->ended || f->closed || !STAILQ_EMPTY(&f->pieces) || proxy_conn_cut(f)) return true;
    f->closed = true;
    shutdown(c->fd[1 - f->side], SHUT_WR);
    if (!c->flow[1 - f->side].closed) return true;
    end(c, false);
    return false;
}

static bool push(sim_proxy_flow *f)
{
    sim_proxy_conn *c = f->conn;
    uint64_t now = kd_clock_mono_us();
    for (sim_proxy_piece *p; (p = STAILQ_FIRST(&f->pieces)) && !proxy_conn_cut(f);) {
        if (p->due_us > now) {
            proxy_conn_arm(f->due, p->due_us - now);
            return true;
        }
        ssize_t n = send(c->fd[1 - f->side], p->data + p->sent, p->len - p->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            event_add(f->writable, NULL);
            return true;
        }
        if (n < 0) {
            end(c, true);
            return false;
        }
        c->link->counts.bytes += (uint64_t)n;
        p->sent += (size_t)n;
        if (p->sent == p->len) pop(f);
    }
    return pass_end(f);
}

/* ---- in -------------------------------------------------------------------------------------------------------- */

static void proxy_conn_watch(sim_proxy_flow *f)
{
    if (!f->conn->connected || f->ended || proxy_conn_cut(f) || f->queued >= QUEUE_MAX)
        event_del(f->readable);
    else
        event_add(f->readable, NULL);
}

static uint64_t proxy_conn_due(sim_proxy_flow *f, size_t len)
{
    sim_proxy_link *l = f->conn->link;
    uint64_t now = kd_clock_mono_us(), at = now + l->condition.way[f->side].delay_us;
    uint64_t jitter = l->condition.way[f->side].jitter_us, rate = l->condition.way[f->side].bytes_per_s;
    if (jitter) {
        at += kd_random_next(&l->random) % (2 * jitter + 1);
        at = at > now + jitter ? at - jitter : now;
    }
    if (rate) {
        f->free_us = KD_MAX(f->free_us, now) + len * 1000000 / rate;
        at = KD_MAX(at, f->free_us);
    }
    return f->due_us = KD_MAX(at, f->due_us);
}

static void proxy_conn_append(sim_proxy_flow *f, kd_bytes data)
{
    sim_proxy_piece *p = kd_alloc(sizeof *p + data.len);
    p->len = data.len;
    p->due_us = proxy_conn_due(f, data.len);
    memcpy(p->data, data.data, data.len);
    STAILQ_INSERT_TAIL(&f->pieces, p, next);
    f->queued += p->len;
}

static bool proxy_conn_lost(sim_proxy_link *l, int way)
{
    uint32_t percent = l->condition.way[way].loss_percent;
    return percent && kd_random_next(&l->random) % 100 < percent;
}

static bool proxy_conn_take(sim_proxy_flow *f, kd_bytes data)
{
    if (proxy_conn_lost(f->conn->link, f->side)) {
        end(f->conn, true);
        return false;
    }
    if (f->side == PROXY_DOWN && f->conn->link->kafka) {
        kd_buf changed = {0};
        sim_proxy_kafka_pass(&f->kafka, data, &changed);
        if (changed.len) proxy_conn_append(f, kd_buf_view(&changed));
        kd_buf_finish(&changed);
    } else {
        if (f->conn->link->kafka) sim_proxy_kafka_asked(&f->kafka, data);
        proxy_conn_append(f, data);
    }
    return true;
}

static void proxy_conn_on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    sim_proxy_flow *f = arg;
    uint8_t data[READ_MAX];
    ssize_t n = recv(fd, data, sizeof data, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
        end(f->conn, true);
        return;
    }
    if (n == 0) f->ended = true;
    if (n > 0 && !proxy_conn_take(f, kd_bytes_of(data, (size_t)n))) return;
    proxy_conn_watch(f);
    push(f);
}

static void on_go(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    sim_proxy_flow *f = arg;
    if (push(f)) proxy_conn_watch(f);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static void start_flow(sim_proxy_conn *c, int side)
{
    sim_proxy_flow *f = &c->flow[side];
    struct event_base *base = c->link->base;
    f->conn = c;
    f->side = side;
    f->kafka.table = c->link->kafka;
    f->kafka.calls = &c->calls;
    f->readable = event_new(base, c->fd[side], EV_READ | EV_PERSIST, proxy_conn_on_readable, f);
    f->writable = event_new(base, c->fd[1 - side], EV_WRITE, on_go, f);
    f->due = evtimer_new(base, on_go, f);
    KD_ASSERT(f->readable && f->writable && f->due);
    proxy_conn_watch(f);
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    sim_proxy_conn *c = arg;
    int error = 0, yes = 1;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        end(c, true);
        return;
    }
    c->connected = true;
    for (int w = 0; w < PROXY_WAYS; w++) setsockopt(c->fd[w], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    for (int w = 0; w < PROXY_WAYS; w++) start_flow(c, w);
}

/* TCP's handshake needs both ways. */
static bool reachable(const sim_proxy_link *l)
{
    return !l->condition.way[PROXY_UP].cut && !l->condition.way[PROXY_DOWN].cut;
}

static void connect_on(sim_proxy_conn *c)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    at.sin_port = htons(c->link->target);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    c->fd[PROXY_DOWN] = fd;
    if (fd < 0 || (connect(fd, (struct sockaddr *)&at, sizeof at) != 0 && errno != EINPROGRESS)) {
        end(c, true);
        return;
    }
    c->connecting = event_new(c->link->base, fd, EV_WRITE, on_connected, c);
    KD_ASSERT(c->connecting != NULL);
    event_add(c->connecting, NULL);
}

void sim_proxy_conn_create(sim_proxy_link *l, int fd)
{
    sim_proxy_conn *c = kd_alloc(sizeof *c);
    c->link = l;
    c->fd[PROXY_UP] = fd;
    c->fd[PROXY_DOWN] = -1;
    for (int w = 0; w < PROXY_WAYS; w++) STAILQ_INIT(&c->flow[w].pieces);
    LIST_INSERT_HEAD(&l->conns, c, next);
    l->open++;
    if (reachable(l)) connect_on(c);
}

void sim_proxy_conn_wake(sim_proxy_conn *c)
{
    if (!c->connected) {
        if (!c->connecting && reachable(c->link)) connect_on(c);
        return;
    }
    for (int w = 0; w < PROXY_WAYS; w++) {
        proxy_conn_watch(&c->flow[w]);
        if (!push(&c->flow[w])) return;
    }
}

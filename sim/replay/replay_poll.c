/*
 * replay_poll.c - GET /metrics of every admin port, over connections that are kept.
 *
 * A port has one request at a time, so a slow port is asked less often. An answer older than STALE_US counts
 * as none. libevent's client connects again by itself after the port has closed the connection.
 *
 * This is libevent's HTTP/1.1 client, not the engine's HTTP/2 client: admin ports speak HTTP/1.1.
 */
#include <event2/buffer.h>
#include <event2/http.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "sim/replay/replay.h"

enum {
    EVERY_MS = 500,
    ANSWER_S = 2,
    STALE_US = 3000000,
    HEADERS_MAX = 16 * 1024,
    BODY_MAX = 1024 * 1024,
    HOST_MAX = 256,
};

typedef struct {
    struct evhttp_connection *connection;
    char host[HOST_MAX + 8]; /* of the Host field */
    bool asked;
    uint64_t heard_us; /* of the last good answer; 0: none yet */
    sim_replay_backlog said;
} replay_poll_source;

struct sim_replay_poll {
    struct event *timer;
    uint32_t count;
    replay_poll_source at[KD_REPLAY_ADMINS_MAX];
};

static void poll_on_answer(struct evhttp_request *request, void *arg)
{
    replay_poll_source *s = arg;
    s->asked = false;
    if (!request || evhttp_request_get_response_code(request) != HTTP_OK) return;
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(body);
    s->said = sim_replay_backlog_of(kd_bytes_of(len ? evbuffer_pullup(body, -1) : NULL, len));
    s->heard_us = kd_clock_mono_us();
}

static void poll_ask(replay_poll_source *s)
{
    struct evhttp_request *request = evhttp_request_new(poll_on_answer, s);
    KD_ASSERT(request != NULL);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Host", s->host);
    s->asked = true; /* first: evhttp_make_request may call poll_on_answer at once when it cannot connect */
    if (evhttp_make_request(s->connection, request, EVHTTP_REQ_GET, "/metrics") != 0) s->asked = false;
}

static void poll_on_time(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    sim_replay_poll *p = arg;
    for (uint32_t i = 0; i < p->count; i++) {
        if (!p->at[i].asked) poll_ask(&p->at[i]);
    }
}

/* Looks the host up and writes its address as a number: libevent would look up a name at each connection, and block the loop. */
static int poll_resolve(const char *host, uint16_t port, char number[HOST_MAX])
{
    char name[HOST_MAX], service[8];
    size_t len = strlen(host);
    bool bracketed = len > 2 && host[0] == '[' && host[len - 1] == ']';
    if (len >= sizeof name) return KD_EINVAL;
    snprintf(name, sizeof name, "%.*s", (int)(bracketed ? len - 2 : len), bracketed ? host + 1 : host);
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *all = NULL;
    if (getaddrinfo(name, service, &hints, &all) != 0) return KD_ENOTFOUND;
    int rc = getnameinfo(all->ai_addr, all->ai_addrlen, number, HOST_MAX, NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(all);
    return rc == 0 ? KD_OK : KD_ENOTFOUND;
}

static int open_source(replay_poll_source *s, struct event_base *base, const struct evhttp_uri *uri)
{
    const char *scheme = evhttp_uri_get_scheme(uri), *host = evhttp_uri_get_host(uri);
    const char *path = evhttp_uri_get_path(uri);
    int port = evhttp_uri_get_port(uri);
    char number[HOST_MAX];
    if (!scheme || strcmp(scheme, "http") != 0 || !host || !*host || port < 1 || port > 65535)
        return KD_EINVAL;
    if (path && *path && strcmp(path, "/") != 0) return KD_EINVAL;
    if (evhttp_uri_get_query(uri) || evhttp_uri_get_fragment(uri) || evhttp_uri_get_userinfo(uri))
        return KD_EINVAL;
    int rc = poll_resolve(host, (uint16_t)port, number);
    if (rc != KD_OK) return rc;
    snprintf(s->host, sizeof s->host, "%s:%d", host, port);
    s->connection = evhttp_connection_base_new(base, NULL, number, (uint16_t)port);
    KD_ASSERT(s->connection != NULL);
    evhttp_connection_set_timeout(s->connection, ANSWER_S);
    evhttp_connection_set_max_headers_size(s->connection, HEADERS_MAX);
    evhttp_connection_set_max_body_size(s->connection, BODY_MAX);
    return KD_OK;
}

int sim_replay_poll_create(sim_replay_poll **out, struct event_base *base, const kd_args_list *urls,
                           const char **wrong)
{
    const struct timeval every = {.tv_sec = 0, .tv_usec = EVERY_MS * 1000};
    sim_replay_poll *p = kd_alloc(sizeof *p);
    KD_ASSERT(urls->count <= KD_REPLAY_ADMINS_MAX);
    for (uint32_t i = 0; i < urls->count; i++) {
        struct evhttp_uri *uri = evhttp_uri_parse(urls->at[i]);
        int rc = uri ? open_source(&p->at[i], base, uri) : KD_EINVAL;
        if (uri) evhttp_uri_free(uri);
        if (rc != KD_OK) {
            *wrong = urls->at[i];
            sim_replay_poll_destroy(p);
            return rc;
        }
        p->count++;
    }
    p->timer = event_new(base, -1, EV_PERSIST, poll_on_time, p);
    KD_ASSERT(p->timer != NULL);
    event_add(p->timer, &every);
    event_active(p->timer, 0, 0);
    *out = p;
    return KD_OK;
}

sim_replay_backlog sim_replay_poll_sum(const sim_replay_poll *p, uint64_t now_us)
{
    sim_replay_backlog sum = {0};
    for (uint32_t i = 0; p && i < p->count; i++) {
        const replay_poll_source *s = &p->at[i];
        bool fresh = s->heard_us > 0 && now_us - s->heard_us <= STALE_US;
        if (fresh)
            sim_replay_backlog_add(&sum, &s->said);
        else
            sum.partial = true;
    }
    return sum;
}

void sim_replay_poll_destroy(sim_replay_poll *p)
{
    if (!p) return;
    if (p->timer) event_free(p->timer);
    for (uint32_t i = 0; i < p->count; i++) evhttp_connection_free(p->at[i].connection);
    free(p);
}

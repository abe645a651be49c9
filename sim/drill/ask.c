/* ask.c - see the header. */
#include "sim/drill/ask.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { HEADERS_MAX = 16 * 1024, BODY_MAX = 4 * 1024 * 1024, LINE_MAX = 512 };

typedef struct {
    struct event_base *base;
    struct evhttp_connection *connection;
    ask_fn fn;
    void *arg;
    bool asking, failed; /* a failure from within sim_ask_get is told afterwards */
} ask_question;

static uint32_t open_questions;

/* The connection cannot be freed from within its own callback. */
static void on_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    ask_question *q = arg;
    evhttp_connection_free(q->connection);
    free(q);
}

static void sim_ask_on_answer(struct evhttp_request *request, void *arg)
{
    ask_question *q = arg;
    const struct timeval now = {0};
    if (q->asking) {
        q->failed = true;
        return;
    }
    int status = request ? evhttp_request_get_response_code(request) : 0;
    kd_bytes body = {0};
    if (status > 0) {
        struct evbuffer *in = evhttp_request_get_input_buffer(request);
        size_t len = evbuffer_get_length(in);
        body = kd_bytes_of(len ? evbuffer_pullup(in, -1) : NULL, len);
    }
    open_questions--;
    event_base_once(q->base, -1, EV_TIMEOUT, on_over, q, &now);
    q->fn(q->arg, status, body);
}

static void on_unasked(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    sim_ask_on_answer(NULL, arg);
}

static void ask_send(struct event_base *base, uint16_t port, const char *path, const char *user,
                     kd_bytes body, uint32_t deadline_ms, ask_fn fn, void *arg)
{
    const struct timeval deadline = {.tv_sec = deadline_ms / 1000,
                                     .tv_usec = (suseconds_t)(deadline_ms % 1000) * 1000};
    const struct timeval now = {0};
    ask_question *q = kd_alloc(sizeof *q);
    *q = (ask_question){.base = base, .fn = fn, .arg = arg};
    q->connection = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
    struct evhttp_request *request = evhttp_request_new(sim_ask_on_answer, q);
    KD_ASSERT(q->connection && request);
    evhttp_connection_set_timeout_tv(q->connection, &deadline);
    evhttp_connection_set_max_headers_size(q->connection, HEADERS_MAX);
    evhttp_connection_set_max_body_size(q->connection, BODY_MAX);
    struct evkeyvalq *fields = evhttp_request_get_output_headers(request);
    evhttp_add_header(fields, "Host", "127.0.0.1");
    evhttp_add_header(fields, "Connection", "close");
    if (user) evhttp_add_header(fields, "X-User-Id", user);
    if (body.len > 0) evhttp_add_header(fields, "Content-Type", "application/json");
    evbuffer_add(evhttp_request_get_output_buffer(request), body.data, body.len);
    open_questions++;
    q->asking = true;
    enum evhttp_cmd_type how = body.len > 0 ? EVHTTP_REQ_POST : EVHTTP_REQ_GET;
    if (evhttp_make_request(q->connection, request, how, path) != 0) q->failed = true;
    q->asking = false;
    if (q->failed) event_base_once(base, -1, EV_TIMEOUT, on_unasked, q, &now);
}

void sim_ask_get(struct event_base *base, uint16_t port, const char *path, const char *user,
                 uint32_t deadline_ms, ask_fn fn, void *arg)
{
    ask_send(base, port, path, user, (kd_bytes){0}, deadline_ms, fn, arg);
}

void sim_ask_post(struct event_base *base, uint16_t port, const char *path, const char *user, kd_bytes body,
                  uint32_t deadline_ms, ask_fn fn, void *arg)
{
    ask_send(base, port, path, user, body, deadline_ms, fn, arg);
}

uint32_t sim_ask_open(void)
{
    return open_questions;
}

double sim_ask_metric(kd_bytes text, const char *series)
{
    size_t len = strlen(series);
    double sum = 0;
    const char *at = (const char *)text.data, *end = at + text.len;
    while (at && at < end) {
        const char *eol = memchr(at, '\n', (size_t)(end - at));
        if (!eol) break;
        size_t line_len = (size_t)(eol - at);
        char line[LINE_MAX];
        if (line_len > len && line_len < sizeof line && memcmp(at, series, len) == 0 &&
            strchr("{ ,}", at[len]) != NULL) {
            memcpy(line, at, line_len);
            line[line_len] = 0;
            const char *space = strrchr(line, ' ');
            sum += space ? strtod(space + 1, NULL) : 0;
        }
        at = eol + 1;
    }
    return sum;
}

uint64_t sim_ask_moment(const char *text)
{
    struct tm at = {0};
    unsigned ms = 0;
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &at) : NULL;
    if (!rest || sscanf(rest, ".%3uZ", &ms) != 1) return 0;
    return (uint64_t)timegm(&at) * 1000000 + (uint64_t)ms * 1000;
}

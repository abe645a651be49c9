/* http_answer.c - see the header. What the server refuses by itself has fixed texts; a handler's answer is copied by the driver. */
#include "common/io/http/server/http_answer.h"

#include <stdio.h>

#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_turn.h"

#define PROBLEM(status, slug, title)                                                                         \
    "{\"type\":\"urn:kudos:" slug "\",\"title\":\"" title "\",\"status\":" #status "}"

static kd_bytes refusal_body(int status)
{
    switch (status) {
    case 405:
        return kd_bytes_str(PROBLEM(405, "method-not-allowed", "The method is not allowed here"));
    case 408:
        return kd_bytes_str(PROBLEM(408, "invalid-request", "The request took too long to arrive"));
    case 413:
        return kd_bytes_str(PROBLEM(413, "payload-too-large", "The request body is too large"));
    case 417:
        return kd_bytes_str(PROBLEM(417, "invalid-request", "The expectation is not known"));
    case 431:
        return kd_bytes_str(PROBLEM(431, "payload-too-large", "The request headers are too large"));
    case 501:
        return kd_bytes_str(PROBLEM(501, "invalid-request", "The transfer coding is not supported"));
    case 503:
        return kd_bytes_str("{\"type\":\"urn:kudos:overloaded\",\"title\":\"Too much to do at the moment\","
                            "\"status\":503,\"retry_after_s\":1}");
    case 505:
        return kd_bytes_str(PROBLEM(505, "invalid-request", "The HTTP version is not supported"));
    default:
        return kd_bytes_str(PROBLEM(400, "invalid-request", "The request is not valid"));
    }
}

static void answer_send(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_conn *conn = req->conn;
    req->stage = HTTP_ANSWERED;
    if (!req->attached) {
        http_request_free(req);
        return;
    }
    const kd_http_config *config = &conn->server->config;
    req->deadline_ms = conn->server->now_ms + config->write_stall_timeout_ms +
                       (int64_t)(1000 * body.len / HTTP_TAKE_BYTES_PER_S);
    conn->driver->respond(req, status, fields, n, body);
    http_turn_touch(conn);
}

/* Fields of every problem. no-store: a cache that kept a problem would answer with it after the cause is gone. */
#define PROBLEM_FIELDS                                                                                       \
    {"content-type", kd_bytes_str(KD_PROBLEM_CONTENT_TYPE)},                                                 \
    {                                                                                                        \
        "cache-control", kd_bytes_str("no-store")                                                            \
    }

static void answer_refusal(http_request *req)
{
    kd_http_field fields[3] = {PROBLEM_FIELDS};
    size_t n = 2;
    if (req->refusal == 503) fields[n++] = (kd_http_field){"retry-after", kd_bytes_str("1")};
    if (req->refusal == 405) fields[n++] = (kd_http_field){"allow", kd_bytes_str("GET, HEAD, POST, DELETE")};
    req->conn->server->counters.rejected++;
    /* HTTP/1.1: what is left of an unread body would be taken for the next request. The connection ends instead. */
    req->keep_alive = req->keep_alive && req->ended;
    if (!req->refusal_field) {
        answer_send(req, req->refusal, fields, n, refusal_body(req->refusal));
        return;
    }
    kd_buf body = {0};
    kd_problem_write(&body, KD_PROBLEM_INVALID_REQUEST, "this header field comes twice", req->refusal_field,
                     0);
    answer_send(req, req->refusal, fields, n, kd_buf_view(&body));
    kd_buf_finish(&body);
}

void http_answer_dispatch(http_request *req)
{
    kd_http_server *server = req->conn->server;
    KD_ASSERT(req->stage < HTTP_HANDLED);
    if (req->refusal == 0 && !http_admit_request(req)) http_request_refuse(req, 503);
    if (req->refusal != 0) {
        answer_refusal(req);
        return;
    }
    req->stage = HTTP_HANDLED;
    req->deadline_ms = INT64_MAX;
    req->pub.body = kd_buf_view(&req->body);
    server->handler(&req->pub, server->arg);
}

bool http_answer_begin(http_request *req)
{
    kd_http_server *server = req->conn->server;
    bool keep_alive = req->keep_alive;
    int64_t deadline_ms = req->deadline_ms;
    if (!server->config.begin || req->refusal != 0) return false;
    if (!http_admit_request(req)) {
        http_request_refuse(req, 503);
        return false;
    }
    req->stage = HTTP_HANDLED;
    req->keep_alive = false; /* what is left of an unread body would be taken for the next request */
    if (server->config.begin(&req->pub, server->arg)) return true;
    http_admission_withdraw(req);
    req->stage = HTTP_BODY;
    req->keep_alive = keep_alive;
    req->deadline_ms = deadline_ms;
    return false;
}

/* A value with a line break would let its author write fields, or a whole answer, of their own. */
static bool is_clean(kd_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '\r' || value.data[i] == '\n' || value.data[i] == '\0') return false;
    }
    return true;
}

void kd_http_respond(kd_http_request *pub, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_request *req = (http_request *)pub;
    KD_ASSERT(req->stage == HTTP_HANDLED);
    KD_ASSERT(status >= 200 && status <= 599 && n <= KD_HTTP_FIELDS_MAX);
    for (size_t i = 0; i < n; i++) KD_ASSERT(is_clean(fields[i].value));
    http_admission_answered(req);
    http_turn_clock(req->conn->server); /* the handler may answer from an event that is not the server's */
    answer_send(req, status, fields, n, body);
}

void kd_http_respond_problem(kd_http_request *req, kd_problem problem, const char *detail, const char *field,
                             uint32_t retry_after_s)
{
    char digits[16];
    int len = snprintf(digits, sizeof(digits), "%u", retry_after_s);
    kd_http_field fields[] = {PROBLEM_FIELDS, {"retry-after", kd_bytes_of(digits, (size_t)len)}};
    kd_buf body = {0};
    kd_problem_write(&body, problem, detail, field, retry_after_s);
    kd_http_respond(req, (int)kd_problem_status(problem), fields, retry_after_s > 0 ? 3 : 2,
                    kd_buf_view(&body));
    kd_buf_finish(&body);
}

void kd_http_respond_wrong_method(kd_http_request *req, const char *allow)
{
    kd_http_field fields[] = {PROBLEM_FIELDS, {"allow", kd_bytes_str(allow)}};
    kd_buf body = {0};
    kd_problem_write(&body, KD_PROBLEM_METHOD_NOT_ALLOWED, allow, NULL, 0);
    kd_http_respond(req, (int)kd_problem_status(KD_PROBLEM_METHOD_NOT_ALLOWED), fields, KD_COUNT(fields),
                    kd_buf_view(&body));
    kd_buf_finish(&body);
}

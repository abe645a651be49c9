/*
 * http_echo.c - the HTTP server with a handler that does what the path says, for tests and
 * measurements.
 *
 *   http-echo PORT [CERT KEY [CLIENT_CA]] [limit=value ...]
 *
 * Prints "port N" when it listens, "drained" when SIGTERM has drained it; SIGHUP reloads the certificate.
 *   /            44 bytes                         /echo     the body
 *   /big?n=N     N bytes                          /headers  the fields, one per line
 *   /later?ms=N  44 bytes, N ms from now          /hold     answered by the next /release
 *   /counters    the counters, one per line       /problem  a problem document
 *   /client      address key of the client and the peer's address
 *   /denied      with a body to come: 401 before it
 *
 * trusted=BLOCKS and proxy=BLOCKS, parted by commas, are lists of peers; forwarded=N a kd_http_forwarded; origins=ORIGIN is whose pages may read. access=N:
 * one request in N has a line of the access log.
 */
#include <arpa/inet.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/http/server/access_log.h"
#include "common/io/http/server/http_server.h"
#include "kudos/percent.h"

enum { HELD_MAX = 1024 };

typedef struct {
    struct event_base *base;
    kd_http_server *server;
    kd_http_tls *tls;
    kd_http_request *held[HELD_MAX];
    size_t held_count;
} echo;

static const kd_http_field plain_text[] = {{"content-type", {(const uint8_t *)"text/plain", 10}}};
static const char small_body[] = "0123456789012345678901234567890123456789ab\r\n";

static void answer(kd_http_request *req, kd_bytes body)
{
    kd_http_respond(req, 200, plain_text, 1, body);
}
static void answer_small(kd_http_request *req)
{
    answer(req, kd_bytes_of(small_body, sizeof(small_body) - 1));
}

static long number(const kd_http_request *req, const char *name)
{
    kd_bytes value;
    char digits[16] = "";
    if (kd_query_find(req->query, name, &value))
        memcpy(digits, value.data, KD_MIN(value.len, sizeof(digits) - 1));
    return atol(digits);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    answer_small(arg);
}

static void answer_later(echo *e, kd_http_request *req)
{
    long ms = number(req, "ms");
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_base_once(e->base, -1, EV_TIMEOUT, on_later, req, &delay);
}

static void hold(echo *e, kd_http_request *req)
{
    if (e->held_count == HELD_MAX)
        kd_http_respond_problem(req, KD_PROBLEM_OVERLOADED, NULL, NULL, 1);
    else
        e->held[e->held_count++] = req;
}

static void release(echo *e, kd_http_request *req)
{
    size_t n = e->held_count;
    e->held_count = 0;
    for (size_t i = 0; i < n; i++) answer_small(e->held[i]);
    if (req != NULL) answer_small(req);
}

static void answer_big(kd_http_request *req)
{
    size_t n = (size_t)number(req, "n");
    uint8_t *bytes = kd_http_request_alloc(req, n);
    memset(bytes, 'x', n);
    answer(req, kd_bytes_of(bytes, n));
}

static void answer_headers(kd_http_request *req)
{
    kd_buf out = {0};
    kd_bytes name, value;
    for (size_t i = 0; kd_http_request_field(req, i, &name, &value); i++) {
        kd_buf_put(&out, name.data, name.len);
        kd_buf_put(&out, "=", 1);
        kd_buf_put(&out, value.data, value.len);
        kd_buf_put(&out, "\n", 1);
    }
    for (uint32_t i = 0; i < req->peer_names->count; i++) {
        kd_buf_put(&out, "peer=", 5);
        kd_buf_put(&out, req->peer_names->at[i], strlen(req->peer_names->at[i]));
        kd_buf_put(&out, "\n", 1);
    }
    answer(req, kd_buf_view(&out));
    kd_buf_finish(&out);
}

static void answer_counters(const echo *e, kd_http_request *req)
{
    const kd_http_counters *c = kd_http_server_counters(e->server);
    char text[2048];
#define LINE(name) #name "=%llu\n"
#define VALUE(name) (unsigned long long)c->name
    int n = snprintf(text, sizeof(text),
                     LINE(connections_open) LINE(connections_accepted) LINE(connections_refused)
                         LINE(proxy_refused) LINE(tls_handshakes) LINE(tls_failures) LINE(tls_refused)
                             LINE(tls_abandoned) LINE(requests) LINE(requests_open) LINE(rejected)
                                 LINE(refused_streams) LINE(resets) LINE(protocol_errors) LINE(floods)
                                     LINE(timeouts) LINE(buffered_bytes) LINE(hoarders) LINE(gave_way),
                     VALUE(connections_open), VALUE(connections_accepted), VALUE(connections_refused),
                     VALUE(proxy_refused), VALUE(tls_handshakes), VALUE(tls_failures), VALUE(tls_refused),
                     VALUE(tls_abandoned), VALUE(requests), VALUE(requests_open), VALUE(rejected),
                     VALUE(refused_streams), VALUE(resets), VALUE(protocol_errors), VALUE(floods),
                     VALUE(timeouts), VALUE(buffered_bytes), VALUE(hoarders), VALUE(gave_way));
    answer(req, kd_bytes_of(text, (size_t)n));
}

static void answer_client(kd_http_request *req)
{
    char host[INET6_ADDRSTRLEN] = "", text[128];
    const void *peer = req->peer->sa_family == AF_INET
                           ? (const void *)&((const struct sockaddr_in *)req->peer)->sin_addr
                           : (const void *)&((const struct sockaddr_in6 *)req->peer)->sin6_addr;
    inet_ntop(req->peer->sa_family, peer, host, sizeof(host));
    const uint8_t *key = (const uint8_t *)&req->client;
    int n = snprintf(text, sizeof(text), "%02x%02x%02x%02x%02x%02x%02x%02x %s", key[0], key[1], key[2],
                     key[3], key[4], key[5], key[6], key[7], host);
    answer(req, kd_bytes_of(text, (size_t)n));
}

static bool at(const kd_http_request *req, const char *path)
{
    return kd_bytes_eq(req->path, kd_bytes_str(path));
}

static void on_request(kd_http_request *req, void *arg)
{
    echo *e = arg;
    if (at(req, "/"))
        answer_small(req);
    else if (at(req, "/echo"))
        answer(req, req->body);
    else if (at(req, "/later"))
        answer_later(e, req);
    else if (at(req, "/hold"))
        hold(e, req);
    else if (at(req, "/release"))
        release(e, req);
    else if (at(req, "/big"))
        answer_big(req);
    else if (at(req, "/headers"))
        answer_headers(req);
    else if (at(req, "/counters"))
        answer_counters(e, req);
    else if (at(req, "/client"))
        answer_client(req);
    else if (at(req, "/problem"))
        kd_http_respond_problem(req, KD_PROBLEM_OVERLOADED, "as asked", "path", 3);
    else
        kd_http_respond_problem(req, KD_PROBLEM_NOT_FOUND, NULL, NULL, 0);
}

/* POST /denied is refused at the end of its headers. */
static bool on_begin(kd_http_request *req, void *arg)
{
    (void)arg;
    if (!at(req, "/denied")) return false;
    kd_http_respond_problem(req, KD_PROBLEM_UNAUTHORIZED, NULL, NULL, 0);
    return true;
}

static void set_limit(kd_http_config *c, const char *name, size_t len, uint32_t value)
{
#define LIMIT(field)                                                                                         \
    if (strlen(#field) == len && memcmp(name, #field, len) == 0) c->field = value
    LIMIT(max_connections);
    LIMIT(max_connections_per_address);
    LIMIT(max_new_per_address);
    LIMIT(max_handshakes);
    LIMIT(max_handshakes_per_address);
    LIMIT(max_streams);
    LIMIT(max_requests);
    LIMIT(max_requests_per_address);
    LIMIT(max_body_bytes);
    LIMIT(max_buffered_bytes);
    LIMIT(max_held_per_address);
    LIMIT(max_held_per_connection);
    LIMIT(max_resets_per_s);
    LIMIT(max_control_per_s);
    LIMIT(handshake_timeout_ms);
    LIMIT(headers_timeout_ms);
    LIMIT(body_timeout_ms);
    LIMIT(idle_timeout_ms);
    LIMIT(write_stall_timeout_ms);
    LIMIT(forwarded);
    if (len == 6 && memcmp(name, "access", len) == 0) kd_access_log_set(value, 1000);
}

/* trusted=BLOCKS or proxy=BLOCKS; false for any other argument. */
static bool set_peers(kd_http_config *c, const char *text)
{
    static kd_cidrs lists[2];
    char *at[16], *rest = strdup(text);
    kd_strings blocks = {at, 0};
    bool trusted = strncmp(text, "trusted=", 8) == 0, proxy = strncmp(text, "proxy=", 6) == 0;
    char *next = strchr(rest, '=');
    if (trusted || proxy) {
        next++;
        for (char *one; (one = strsep(&next, ",")) != NULL && blocks.count < KD_COUNT(at);)
            at[blocks.count++] = one;
        kd_cidrs_init(&lists[proxy], &blocks);
        *(proxy ? &c->proxy_peers : &c->trusted) = &lists[proxy];
    }
    free(rest);
    return trusted || proxy;
}

/* origins=ORIGIN; false for any other argument. */
static bool set_origin(kd_strings *origins, char *text)
{
    static char *one;
    if (strncmp(text, "origins=", 8) != 0) return false;
    one = text + 8;
    *origins = (kd_strings){&one, 1};
    return true;
}

/* tls_ciphers=LIST, tls_ciphersuites=LIST, tls_min_version=1.3 */
static void set_tls(kd_http_tls_options *tls, const char *argument)
{
    const char *value = strchr(argument, '=') + 1;
    if (strncmp(argument, "tls_ciphers=", 12) == 0) tls->ciphers = value;
    if (strncmp(argument, "tls_ciphersuites=", 17) == 0) tls->ciphersuites = value;
    if (strcmp(argument, "tls_min_version=1.3") == 0) tls->min_version = KD_HTTP_TLS_13;
}

static void on_drained(void *arg)
{
    echo *e = arg;
    printf("drained\n");
    fflush(stdout);
    event_base_loopbreak(e->base);
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    echo *e = arg;
    release(e, NULL);
    kd_http_server_drain(e->server, on_drained, e, 5000);
}

static void on_hup(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    echo *e = arg;
    char error[256] = "ok";
    if (e->tls != NULL) kd_http_tls_reload(e->tls, error, sizeof(error));
    printf("reload %s\n", error);
    fflush(stdout);
}

static int listen_as_told(echo *e, int argc, char **argv)
{
    kd_http_config config;
    char error[256];
    const char *files[3] = {0};
    size_t file_count = 0;
    kd_http_tls_options options = {0};
    kd_strings origins = {0};
    kd_http_config_init(&config);
    for (int i = 2; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        if (equals != NULL && (set_peers(&config, argv[i]) || set_origin(&origins, argv[i]))) continue;
        if (strncmp(argv[i], "tls_", 4) == 0)
            set_tls(&options, argv[i]);
        else if (equals != NULL)
            set_limit(&config, argv[i], (size_t)(equals - argv[i]), (uint32_t)atol(equals + 1));
        else if (file_count < KD_COUNT(files))
            files[file_count++] = argv[i];
    }
    options.cert_path = files[0];
    options.key_path = files[1];
    options.client_ca_path = files[2];
    int err = file_count > 0 ? kd_http_tls_create(&e->tls, &options, error, sizeof(error)) : KD_OK;
    if (err == KD_OK) {
        config.tls = e->tls;
        config.begin = on_begin;
        err = kd_http_server_create(&e->server, e->base, &config, on_request, e);
        snprintf(error, sizeof(error), "limits");
    }
    if (err == KD_OK) {
        kd_http_server_set_origins(e->server, &origins);
        err = kd_http_server_listen(e->server, "127.0.0.1", (uint16_t)atoi(argv[1]), true, error,
                                    sizeof(error));
    }
    if (err != KD_OK) fprintf(stderr, "http-echo: %s\n", error);
    return err;
}

int main(int argc, char **argv)
{
    static echo e;
    if (argc < 2) return 2;
    e.base = event_base_new();
    KD_ASSERT(e.base != NULL);
    struct event *term = evsignal_new(e.base, SIGTERM, on_term, &e);
    struct event *hup = evsignal_new(e.base, SIGHUP, on_hup, &e);
    event_add(term, NULL);
    event_add(hup, NULL);
    int err = listen_as_told(&e, argc, argv);
    if (err == KD_OK) {
        printf("port %u\n", kd_http_server_port(e.server));
        fflush(stdout);
        event_base_dispatch(e.base);
    }
    for (size_t i = 0; i < e.held_count; i++) answer_small(e.held[i]);
    kd_http_server_destroy(e.server);
    kd_http_tls_destroy(e.tls);
    event_free(term);
    event_free(hup);
    event_base_free(e.base);
    return err == KD_OK ? 0 : 1;
}

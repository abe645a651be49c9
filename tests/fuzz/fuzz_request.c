/*
 * fuzz_request.c - any bytes as a connection to the HTTP server: TLS is off, so it is HTTP/1.1 or HTTP/2 by what they begin with.
 * The handler reads a request as edge and central do (path, query, items, bodies) and answers it. Every input ends
 * with its connection closed by one side, nothing buffered and no request left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/api/body.h"
#include "common/io/http/server/http_server.h"
#include "common/api/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct event_base *base;
static kd_http_server *server;
static kd_buf text;
static char *collection_names[] = {"posts", "reels"};
static const kd_strings collections = {collection_names, 2};

static bool read_items(const kd_http_request *req, kd_refusal *why)
{
    static kd_item items[KD_BULK_ITEMS_MAX];
    static kd_body_items found;
    kd_bytes raw;
    uint32_t count;
    uint64_t limit;
    if (req->method == KD_HTTP_GET && kd_query_find(req->query, "items", &raw))
        return kd_route_items(raw, &collections, items, &count, why) &&
               kd_route_number(req->query, "limit", 1, 1, 1000, &limit, why);
    if (!kd_body_read_items(req->body, &text, false, &found, why)) return false;
    for (uint32_t i = 0; i < found.count; i++)
        if (!kd_route_item_text(found.item[i], &collections, "items", &items[i], why)) return false;
    return true;
}

static bool read_ops(const kd_http_request *req, kd_refusal *why)
{
    static kd_body_ops ops;
    return kd_body_read_ops(req->body, &text, &ops, why);
}

static void handle(kd_http_request *req, void *arg)
{
    (void)arg;
    kd_route route;
    kd_refusal why = {.problem = KD_PROBLEM_NOT_FOUND, .detail = "no such path"};
    bool ok = kd_route_cut(req->path, &route) == KD_OK;
    if (ok && kd_route_is(&route, "counts"))
        ok = read_items(req, &why);
    else if (ok && kd_route_is(&route, "likes"))
        ok = read_ops(req, &why);
    else if (ok) {
        kd_item item;
        uint64_t amount;
        ok = route.count >= 2 && kd_route_item(route.at[0], route.at[1], &collections, &item, &why) &&
             kd_body_read_amount(req->body, &text, &amount, &why);
    }
    if (ok)
        kd_http_respond(req, 200, NULL, 0, kd_bytes_str("{}"));
    else
        kd_http_respond_problem(req, why.problem, why.detail, why.field, 0);
}

static void begin(void)
{
    kd_http_config config;
    char error[256];
    signal(SIGPIPE, SIG_IGN);
    base = event_base_new();
    kd_http_config_init(&config);
    KD_ASSERT(kd_http_server_create(&server, base, &config, handle, NULL) == KD_OK);
    KD_ASSERT(kd_http_server_listen(server, "127.0.0.1", 0, false, error, sizeof(error)) == KD_OK);
}

static int new_socket(void)
{
    /* Thousands of connections a second would use up the ports: they end by a reset, and come from all of 127/8. */
    static uint32_t turn;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(0x7f000001u + turn++ / 1000 % 0xfffff0u)};
    struct linger hard = {.l_onoff = 1};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    KD_ASSERT(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)) == 0);
    KD_ASSERT(bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0);
    return fd;
}

static int connect_to_it(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(kd_http_server_port(server))};
    for (;;) {
        int fd = new_socket();
        if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0) return fd;
        if (errno != EINTR) perror("fuzz_request: connect"), abort();
        close(fd); /* the fuzzer's own clock */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!base) begin();
    int fd = connect_to_it();
    ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* bytes that do not fit into the socket's buffer are left out */
    const kd_http_counters *c = kd_http_server_counters(server);
    uint64_t accepted = c->connections_accepted, refused = c->connections_refused;
    for (int i = 0; i < 64 && c->connections_accepted + c->connections_refused == accepted + refused; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    for (int i = 0; i < 4; i++) event_base_loop(base, EVLOOP_NONBLOCK);
    close(fd);
    for (int i = 0; i < 1000 && c->connections_open > 0; i++) event_base_loop(base, EVLOOP_NONBLOCK);
    KD_ASSERT(c->connections_open == 0 && c->requests_open == 0 && c->buffered_bytes == 0);
    return 0;
}

/*
 * fuzz_request.c - any bytes as a connection to the HTTP server: TLS is off, so it is HTTP/1.1 or HTTP/2 by what they begin with.
 * The handler reads a request as edge and central do (path, query, items, bodies) and answers it. Every input ends
 * with its connection closed by one side, nothing buffered and no request left. The canonical text of items is its own canonical text.
 */
#include "common/api/body.h"
#include "common/api/canonical.h"
#include "common/api/route.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/loopback.h"

static struct event_base *base;
static kd_http_server *server;
static kd_buf text;
static char *collection_names[] = {"posts", "reels"};
static const kd_strings collections = {collection_names, 2};

static char *origin_texts[] = {"https://app.example", "null"};
static const kd_strings origins = {origin_texts, 2};

static void check_ascending(const kd_item *items, uint32_t count)
{
    char texts[2][KD_ITEM_KEY_MAX] = {"", ""};
    for (uint32_t i = 0; i < count; i++) {
        kd_key_text(kd_item_key(&items[i]), texts[i % 2]);
        KD_ASSERT(strcmp(texts[(i + 1) % 2], texts[i % 2]) < 0);
    }
}

/* Whatever items a query names: sorted, each once, and the canonical text of what is read from their canonical text is the same. */
static void check_canonical(kd_item *items, uint32_t count)
{
    static kd_item again[KD_BULK_ITEMS_MAX];
    kd_buf first = {0}, second = {0};
    kd_refusal why;
    kd_bytes raw;
    uint32_t found;
    kd_canonical_items(items, &count, &first);
    check_ascending(items, count);
    KD_ASSERT(kd_query_find(kd_buf_view(&first), "items", &raw));
    KD_ASSERT(kd_route_items(raw, &collections, again, &found, &why) && found == count);
    kd_canonical_items(again, &found, &second);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&first), kd_buf_view(&second)));
    kd_buf_finish(&first);
    kd_buf_finish(&second);
}

static bool read_items(const kd_http_request *req, kd_refusal *why)
{
    static kd_item items[KD_BULK_ITEMS_MAX];
    static kd_body_items found;
    kd_bytes raw;
    uint32_t count;
    uint64_t limit;
    if (req->method == KD_HTTP_GET && kd_query_find(req->query, "items", &raw)) {
        if (!kd_route_items(raw, &collections, items, &count, why)) return false;
        check_canonical(items, count);
        return kd_route_number(req->query, "limit", 1, 1, 1000, &limit, why);
    }
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
    if (ok && req->method == KD_HTTP_OPTIONS)
        kd_http_respond_options(req, "GET, HEAD, POST, OPTIONS");
    else if (ok)
        kd_http_respond(req, 200, NULL, 0, kd_bytes_str("{}"));
    else
        kd_http_respond_problem(req, why.problem, why.detail, why.field, 0);
}

static void begin(void)
{
    kd_http_config config;
    base = fuzz_loop();
    kd_http_config_init(&config);
    server = fuzz_serve(base, &config, handle);
    kd_http_server_set_origins(server, &origins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!base) begin();
    int fd = fuzz_connect(base, server, 0);
    ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* bytes that do not fit into the socket's buffer are left out */
    for (int i = 0; i < 4; i++) event_base_loop(base, EVLOOP_NONBLOCK);
    fuzz_hang_up(base, server, fd);
    fuzz_nothing_left(server);
    return 0;
}

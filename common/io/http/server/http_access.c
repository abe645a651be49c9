/*
 * http_access.c - see the header.
 *
 * Whatever a client can choose freely stays out of a line: an unknown method, a path, a query. So a line is short, and its route is one of a few.
 */
#include "common/io/http/server/http_access.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "common/base/cidr.h"
#include "common/io/http/server/access_log.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

/* So many lines were written in this second. */
typedef struct {
    _Atomic uint64_t second, lines;
} access_window;

static _Atomic uint64_t access_every, access_max = 1, access_state, access_dropped;
static access_window access_sampled, access_failed;

void kd_access_log_set(uint64_t every, uint64_t max)
{
    atomic_store_explicit(&access_max, max, memory_order_relaxed);
    atomic_store_explicit(&access_every, every, memory_order_relaxed);
}

uint64_t kd_access_log_dropped(void)
{
    return atomic_load_explicit(&access_dropped, memory_order_relaxed);
}

static uint64_t access_rate(void)
{
    return kd_log_enabled(KD_INFO) ? atomic_load_explicit(&access_every, memory_order_relaxed) : 0;
}

/* By chance, and not each N-th: traffic that repeats itself, such as a like and a read by turns, would show one kind of request alone. */
static bool access_drawn(uint64_t every)
{
    if (every == 1) return true;
    uint64_t state = atomic_fetch_add_explicit(&access_state, 0x9e3779b97f4a7c15u, memory_order_relaxed);
    return kd_random_next(&state) % every == 0;
}

/* When two threads begin a new second at once a few lines more get through, which is still bounded. */
static bool access_admits(access_window *w)
{
    uint64_t second = kd_clock_mono_us() / 1000000;
    if (atomic_exchange_explicit(&w->second, second, memory_order_relaxed) != second)
        atomic_store_explicit(&w->lines, 0, memory_order_relaxed);
    return atomic_fetch_add_explicit(&w->lines, 1, memory_order_relaxed) <
           atomic_load_explicit(&access_max, memory_order_relaxed);
}

/* The /24 of an IPv4 address, the /48 of an IPv6 address: enough to find a network that troubles, too little to know a household. */
static void access_network(const http_request *req, char *text, size_t size)
{
    struct in6_addr at = {0};
    char digits[INET6_ADDRSTRLEN] = "";
    if (req->pub.client_named)
        memcpy(&at, req->pub.client_at, sizeof at);
    else
        kd_cidr_widen(http_address_bytes(req->pub.peer), at.s6_addr);
    bool four = IN6_IS_ADDR_V4MAPPED(&at);
    memset(at.s6_addr + (four ? 15 : 6), 0, four ? 1 : 10);
    inet_ntop(four ? AF_INET : AF_INET6, four ? at.s6_addr + 12 : at.s6_addr, digits, sizeof digits);
    snprintf(text, size, "%s/%d", digits, four ? 24 : 48);
}

static const char *access_protocol(const http_request *req)
{
    if (req->pub.http2) return "HTTP/2";
    return req->http10 ? "HTTP/1.0" : "HTTP/1.1";
}

static size_t access_trace(const http_request *req, kd_log_field *fields, char text[KD_TRACE_TEXT])
{
    kd_trace trace;
    if (!kd_http_request_trace(&req->pub, &trace)) return 0;
    kd_trace_text(&trace, text);
    fields[0] = KD_BYTES("trace", kd_bytes_of(text + 3, KD_TRACE_ID_TEXT));
    fields[1] = KD_BYTES("parent", kd_bytes_of(text + 36, KD_TRACE_PARENT_TEXT));
    return 2;
}

/* False: the line is lost. */
static bool access_write(const http_request *req, int status, size_t bytes)
{
    enum { NETWORK_MAX = INET6_ADDRSTRLEN + 4, FIELDS_MAX = 11 };
    char network[NETWORK_MAX], trace[KD_TRACE_TEXT];
    const kd_http_request *pub = &req->pub;
    bool known = pub->method != KD_HTTP_OTHER && pub->method_name.len > 0;
    access_network(req, network, sizeof network);
    kd_log_field fields[FIELDS_MAX] = {
        KD_BYTES("method", known ? pub->method_name : kd_bytes_str("other")),
        KD_STR("route", pub->route ? pub->route : "none"),
        KD_I64("status", status),
        KD_U64("bytes", bytes),
        KD_U64("duration_us", req->began_us ? kd_clock_mono_us() - req->began_us : 0),
        KD_STR("client", network),
        KD_STR("protocol", access_protocol(req)),
        KD_BOOL("tls", pub->tls),
    };
    size_t count = 8;
    if (!req->attached) fields[count++] = KD_BOOL("gone", true);
    count += access_trace(req, fields + count, trace);
    return kd_log_try(KD_INFO, "access", fields, count);
}

void http_access_begin(http_request *req)
{
    req->began_us = access_rate() > 0 ? kd_clock_mono_us() : 0;
}

void http_access_end(const http_request *req, int status, size_t bytes)
{
    uint64_t every = access_rate();
    bool failed = status >= 500, silent = req->head || status == 204 || status == 304;
    if (every == 0 || (!failed && !access_drawn(every))) return;
    if (access_admits(failed ? &access_failed : &access_sampled) &&
        access_write(req, status, silent ? 0 : bytes))
        return;
    atomic_fetch_add_explicit(&access_dropped, 1, memory_order_relaxed);
}

/*
 * http_client_retry.c - see the header.
 *
 * `failures_in_row` counts connections and requests that failed since the last answer. At breaker_failures the breaker opens (`down`): requests are
 * refused at once instead of waiting for a deadline each, but for one per back-off, the probe. The first answer closes it.
 */
#include "common/io/http/client/http_client_retry.h"

#include <stdio.h>

/* Doubles with each failure in a row; between half of it and the whole at random, so that clients which lost the same peer do not return together. */
static uint64_t backoff_ms(kd_http_client *c, uint32_t failures)
{
    uint32_t shift = KD_MIN(failures, 16u);
    uint64_t top = KD_MIN((uint64_t)c->options.backoff_min_ms << shift, (uint64_t)c->options.backoff_max_ms);
    return top / 2 + kd_random_next(&c->random) % (top / 2 + 1);
}

static void retry_set_probe(kd_http_client *c, uint64_t now_ms)
{
    c->probe_at_ms = now_ms + backoff_ms(c, c->failures_in_row - c->options.breaker_failures);
}

void kd_client_trouble(kd_http_client *c, kd_reason reason, const char *text)
{
    c->stats.troubles[reason]++;
    c->trouble.reason = reason;
    snprintf(c->trouble.text, sizeof c->trouble.text, "%s", text);
}

void kd_client_retry_failed(kd_http_client *c)
{
    c->failures_in_row++;
    if (c->options.breaker_failures == 0 || c->failures_in_row < c->options.breaker_failures) return;
    c->down = true;
    retry_set_probe(c, kd_client_now_ms());
    kd_client_wake(c);
}

void kd_client_retry_answered(kd_http_client *c)
{
    c->failures_in_row = c->connect_failures = 0;
    c->down = false;
    c->trouble.text[0] = '\0';
}

void kd_client_retry_conn_lost(kd_http_client *c, bool useful)
{
    if (useful) {
        c->connect_failures = 0;
    } else {
        c->connect_failures++;
        c->stats.connects_failed++;
        kd_client_resolver_failed(&c->resolver);
        kd_client_retry_failed(c);
    }
    c->connect_at_ms = kd_client_now_ms() + backoff_ms(c, c->connect_failures);
    kd_client_wake(c);
}

bool kd_client_retry_connected(const kd_http_client *c)
{
    for (uint32_t i = 0; i < c->options.connections; i++) {
        if (c->conns[i].state != KD_CONN_CLOSED) return true;
    }
    return false;
}

/* With fail_fast each address of the name is tried before the caller is told. */
bool kd_client_retry_hopeless(const kd_http_client *c)
{
    bool all_tried = c->connect_failures > 0 && c->resolver.next == c->resolver.all;
    return (c->down || (c->options.fail_fast && all_tried)) && !kd_client_retry_connected(c);
}

/* A probe that comes before a connection may be made would fail without a try, and push the next probe further away. */
bool kd_client_retry_refuses(const kd_http_client *c, uint64_t now_ms)
{
    if (now_ms < c->connect_at_ms && kd_client_retry_hopeless(c)) return true;
    return c->down && now_ms < c->probe_at_ms;
}

void kd_client_retry_taken(kd_http_client *c, uint64_t now_ms)
{
    if (c->down) retry_set_probe(c, now_ms);
}

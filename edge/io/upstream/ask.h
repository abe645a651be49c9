/*
 * ask.h - the asker of a shard: questions to central about the counts of items. One question per item is under way at a time, however many requests
 * wait for it. Questions about users' likes go the same way: ask_members.h.
 *
 * Every question has a deadline (central.read_deadline). While central is down the HTTP client's circuit breaker refuses at once. A request whose
 * question fails is answered from what this edge knows, and its "source" says so. So is a request that would wait too long (central.like_wait,
 * read_wait): its question goes on without it.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_ASK_H
#define KUDOS_EDGE_IO_UPSTREAM_ASK_H

#include <sys/queue.h>

#include "common/base/table.h"
#include "common/base/trace.h"
#include "edge/io/shard/base.h"
#include "edge/io/upstream/upstream.h"
#include "kudos/ask_budget.h"
#include "kudos/ask_sum.h"
#include "kudos/asking.h"

/* What a question is for, and so what it is paid from. Where questions wait for central, those of reads wait behind all others. */
typedef enum {
    KD_ASK_READ, /* a read: from the client's budget and from that of all clients; a quarter of asks_max is not for it */
    KD_ASK_USER, /* the answer to a like, or what a user likes: from the client's budget */
    KD_ASK_OWN /* a read of an item with operations of this edge that central's count lacks: from none, for each of these was admitted */
} kd_ask_kind;

/* Embedded by whoever waits. `fn` is called once, on the shard's loop, never from within kd_ask_item. `answered`: central's number is installed in
 * the core; otherwise the core has what it had. */
typedef struct kd_ask_wait kd_ask_wait;
struct kd_ask_wait {
    STAILQ_ENTRY(kd_ask_wait) next;
    void (*fn)(kd_ask_wait *wait, bool answered);
};

/* For whom a question is asked. */
typedef struct {
    uint64_t client;       /* who pays for it (kd_call.client) */
    const kd_trace *trace; /* of the request, copied; its parent id is replaced */
} kd_ask_for;

typedef struct {
    kd_shard_base *base;
    kd_upstream upstream;
    kd_table questions;     /* about counts, by item */
    kd_asked_lately lately; /* how long questions about counts took */
    uint32_t open;          /* questions about counts and likes under way; at most central.asks_max */
    kd_ask_budget budget;   /* of each client (central.asks_per_client) */
    kd_ask_sum sum;         /* of all clients (central.asks_max_per_s) */
    kd_buf path, body;      /* of the request being written */
    kd_buf text;            /* scratch of the JSON reader */
} kd_asker;

/* Makes a client for each URL; `base` is borrowed until finish. KD_OK, also when no central is configured; else a client's error, with its text in
 * `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_asker_init(kd_asker *a, kd_shard_base *base, const kd_central_urls *urls, char *error);
/* After the loop was joined. Calls every wait that is still open, unanswered. An asker that was never initialised is fine. */
void kd_asker_finish(kd_asker *a);

/* Whether there is room for one question more, and `client` can pay for it: it has paid then. KD_EOVERLOADED. */
int kd_asker_admit(kd_asker *a, uint64_t client, kd_ask_kind kind);

/* Asks for the counts of an item, or joins the question that is under way, which costs nothing and stays in the trace of who asked first. KD_OK: wait->fn will be called, and `wait` must stay where it is until
 * then; NULL: nobody waits. Otherwise it will not: no central (KD_EUNAVAILABLE), too many questions (KD_EOVERLOADED), or an error of kd_edge_ask. */
int kd_ask_item(kd_asker *a, kd_bytes item, kd_ask_for asks, kd_ask_kind kind, kd_ask_wait *wait);

/* Whether central's answers come within `wait_us` lately, so that a request should wait for one (kudos/asking.h). False is counted. */
bool kd_asker_near(kd_asker *a, uint64_t wait_us);

/* central.read_deadline in ms. */
uint32_t kd_asker_deadline_ms(const kd_asker *a);
/* The partition of an item. */
uint32_t kd_asker_partition(const kd_asker *a, kd_bytes item);
/* The field traceparent of a question, for kd_upstream_ask: its value, with a parent id of its own, is written to `text`. `trace` must be
 * known. */
kd_http_client_field kd_asker_trace_field(kd_asker *a, const kd_trace *trace, char text[KD_TRACE_TEXT]);
/* Sets a->path to `prefix` and the item as collection/id. Ids need no escaping in a path. */
void kd_asker_item_path(kd_asker *a, const char *prefix, kd_bytes item);

#endif

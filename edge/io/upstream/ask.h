/*
 * ask.h - the asker of a shard: questions to central about the counts of items. One question per item is under way at a time, however many requests
 * wait for it. Questions about users' likes go the same way: ask_members.h.
 *
 * Every question has a deadline (central.read_deadline). While central is down the HTTP client's circuit breaker refuses at once. A request whose
 * question fails is answered from what this edge knows, and its "source" says so.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_ASK_H
#define KUDOS_EDGE_IO_UPSTREAM_ASK_H

#include <sys/queue.h>

#include "common/base/table.h"
#include "common/io/http/client/http_client.h"
#include "edge/io/shard/base.h"
#include "kudos/ask_budget.h"

/* Embedded by whoever waits. `fn` is called once, on the shard's loop, never from within kd_ask_item. `answered`: central's number is installed in
 * the core; otherwise the core has what it had. */
typedef struct kd_ask_wait kd_ask_wait;
struct kd_ask_wait {
    STAILQ_ENTRY(kd_ask_wait) next;
    void (*fn)(kd_ask_wait *wait, bool answered);
};

typedef struct {
    kd_shard_base *base;
    kd_http_client *client; /* NULL: no central is configured */
    kd_table questions;     /* about counts, by item */
    uint32_t open;          /* questions of both kinds under way; at most central.asks_max */
    kd_ask_budget budget;   /* of each client, for questions of both kinds (central.asks_per_client) */
    kd_buf path, body;      /* of the request being written */
    kd_buf text;            /* scratch of the JSON reader */
} kd_asker;

/* Makes the client; `base` is borrowed until finish. KD_OK, also when no central is configured; else the client's error, with its text in `error`
 * (KD_OPTIONS_ERROR_MAX bytes). */
int kd_asker_init(kd_asker *a, kd_shard_base *base, char *error);
/* After the loop was joined. Calls every wait that is still open, unanswered. An asker that was never initialised is fine. */
void kd_asker_finish(kd_asker *a);

/* Whether there is room for one question more, and `client` can pay for it: it has paid then. KD_EOVERLOADED. */
int kd_asker_admit(kd_asker *a, uint64_t client);

/* Asks for the counts of an item, at the cost of `client` (kd_call.client), or joins the question that is under way, which costs nothing. KD_OK: wait->fn will be called, and `wait` must stay where it is until
 * then. Otherwise it will not: no central (KD_EUNAVAILABLE), too many questions (KD_EOVERLOADED), or an error of kd_edge_ask. */
int kd_ask_item(kd_asker *a, kd_bytes item, uint64_t client, kd_ask_wait *wait);

/* Sets a->path to `prefix` and the item as collection/id. Ids need no escaping in a path. */
void kd_asker_item_path(kd_asker *a, const char *prefix, kd_bytes item);

#endif

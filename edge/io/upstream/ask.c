/*
 * ask.c - see the header. A question is in the table from kd_ask_item until its waits were called. Meanwhile the core knows of it (kd_edge_ask), so
 * that snapshots keep updating the item. An answer that crossed a newer snapshot is thrown away by the core (KD_EAGAIN); central is asked again
 * while the deadline allows it.
 */
#include "edge/io/upstream/ask.h"

#include <stdlib.h>

typedef struct {
    kd_table_entry entry;
    kd_asker *asker;
    kd_item item;
    kd_ask_kind kind;
    STAILQ_HEAD(kd_ask_waits, kd_ask_wait) waits;
    uint64_t asked_us; /* monotonic */
    kd_question_tries tries;
    kd_trace trace; /* of the request that asked first */
} kd_question;

static kd_bytes question_key(const void *entry)
{
    return kd_item_key(&((const kd_question *)entry)->item);
}

static void asker_init_budgets(kd_asker *a)
{
    kd_shard_base *base = a->base;
    const kd_settings *set = base->settings;
    kd_ask_share share =
        kd_ask_share_of(set->asks_per_client, base->shards, set->asks_max, set->read_deadline_us);
    kd_ask_budget_init(&a->budget, share, kd_random_next(&base->random));
    uint64_t per_s = set->asks_max_per_s;
    per_s = per_s > 0 ? KD_MAX(per_s / base->shards, (uint64_t)1) : 0;
    kd_ask_sum_init(&a->sum, per_s, kd_random_next(&base->random));
}

int kd_asker_init(kd_asker *a, kd_shard_base *base, const kd_central_urls *urls, char *error)
{
    const kd_settings *set = base->settings;
    a->base = base;
    asker_init_budgets(a);
    kd_table_init(&a->questions, question_key, kd_random_next(&base->random));
    /* Requests wait for these answers: a central that is away must be given up, and noticed again, within seconds. */
    const kd_http_client_options client = {.connections = (uint32_t)set->central_connections,
                                           .queue_max = (uint32_t)set->asks_max,
                                           .deadline_ms = kd_asker_deadline_ms(a),
                                           .connect_ms = 1000,
                                           .backoff_min_ms = 50,
                                           .backoff_max_ms = 2000,
                                           .breaker_failures = 8};
    const kd_central_links_options options = {
        .loop = base->loop, .settings = set, .options = client, .seed = kd_random_next(&base->random)};
    return kd_upstream_init(&a->upstream, &options, urls, error);
}

void kd_asker_finish(kd_asker *a)
{
    if (!a->questions.key_of) return;
    kd_upstream_finish(&a->upstream); /* calls back for every open request */
    KD_ASSERT(a->questions.count == 0);
    kd_table_finish(&a->questions);
    kd_buf_finish(&a->path);
    kd_buf_finish(&a->body);
    kd_buf_finish(&a->text);
}

uint32_t kd_asker_deadline_ms(const kd_asker *a)
{
    return (uint32_t)(a->base->settings->read_deadline_us / 1000);
}

uint32_t kd_asker_partition(const kd_asker *a, kd_bytes item)
{
    return kd_partition(item, (uint32_t)a->base->settings->partitions);
}

void kd_asker_item_path(kd_asker *a, const char *prefix, kd_bytes item)
{
    char text[KD_ITEM_KEY_MAX];
    size_t len = kd_key_text(item, text);
    kd_buf_clear(&a->path);
    kd_buf_put(&a->path, prefix, strlen(prefix));
    kd_buf_put(&a->path, text, len);
}

/* It differs with every question: in the header compression tables it would only push out what repeats. */
kd_http_client_field kd_asker_trace_field(kd_asker *a, const kd_trace *trace, char text[KD_TRACE_TEXT])
{
    kd_trace child = kd_trace_child(trace, kd_random_next(&a->base->random));
    kd_trace_text(&child, text);
    return (kd_http_client_field){
        .name = kd_bytes_str("traceparent"), .value = kd_bytes_of(text, KD_TRACE_TEXT), .no_index = true};
}

/* Gives central's answer to the core. An empty record tells the core that central could not be asked, which ends its question. */
static int ask_tell_core(kd_asker *a, kd_bytes item, kd_bytes record)
{
    return kd_edge_answer(a->base->edge, item, record, kd_clock_now_us(a->base->clock));
}

static void edge_ask_on_answer(void *arg, int result, int status, const kd_http_response *r);

static int send_question(kd_question *q, uint64_t now_us)
{
    kd_asker *a = q->asker;
    const char *edge = a->base->settings->name;
    kd_asker_item_path(a, "/v1/snapshots/", kd_item_key(&q->item));
    kd_buf_put(&a->path, "?edge=", 6);
    kd_buf_put(&a->path, edge, strlen(edge));
    uint32_t left_ms = (uint32_t)((q->tries.until_us - now_us + 999) /
                                  1000); /* rounded up: 0 would mean the client's default */
    q->tries.tries++;
    char parent[KD_TRACE_TEXT];
    kd_http_client_field field = {.no_index = true};
    if (q->trace.known) field = kd_asker_trace_field(a, &q->trace, parent);
    const kd_upstream_question asks = {.method = "GET",
                                       .path = kd_buf_view(&a->path),
                                       .fields = &field,
                                       .field_count = q->trace.known,
                                       .first = q->kind != KD_ASK_READ,
                                       .partition = kd_asker_partition(a, kd_item_key(&q->item)),
                                       .led = true,
                                       .deadline_ms = left_ms};
    return kd_upstream_ask(&a->upstream, &asks, edge_ask_on_answer, q);
}

static void edge_ask_end_question(kd_question *q, bool answered)
{
    kd_asker *a = q->asker;
    kd_table_remove(&a->questions, kd_item_key(&q->item));
    a->open--;
    uint64_t took_us = kd_clock_mono_us() - q->asked_us;
    kd_metric_observe_seconds(&a->base->metrics.ask_time, took_us);
    kd_asked_lately_add(&a->lately, took_us);
    for (kd_ask_wait *wait; (wait = STAILQ_FIRST(&q->waits));) {
        STAILQ_REMOVE_HEAD(&q->waits, next);
        wait->fn(wait, answered);
    }
    free(q);
    kd_turn_wake(&a->base->turn);
}

/* Whether central was asked once more. */
static bool edge_ask_again(kd_question *q)
{
    uint64_t now_us = kd_clock_mono_us();
    kd_bytes item = kd_item_key(&q->item);
    if (!kd_question_may_repeat(&q->tries, now_us) || kd_edge_ask(q->asker->base->edge, item) != KD_OK)
        return false;
    if (send_question(q, now_us) == KD_OK) return true;
    ask_tell_core(q->asker, item, kd_bytes_of(NULL, 0));
    return false;
}

static void edge_ask_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_question *q = arg;
    bool got = result == KD_OK && status == 200;
    kd_bytes record = got ? kd_http_response_body(r) : kd_bytes_of(NULL, 0);
    int err = ask_tell_core(q->asker, kd_item_key(&q->item), record);
    if (got && err == KD_EAGAIN && edge_ask_again(q)) return;
    edge_ask_end_question(q, got && err == KD_OK);
}

int kd_asker_admit(kd_asker *a, uint64_t client, kd_ask_kind kind)
{
    uint64_t max = a->base->settings->asks_max, now_us = kd_clock_mono_us();
    if (a->open >= (kind == KD_ASK_READ ? max - max / 4 : max)) return KD_EOVERLOADED;
    if (kind != KD_ASK_OWN && !kd_ask_budget_take(&a->budget, client, now_us)) {
        kd_metric_add(&a->base->metrics.asks_over_budget, 1);
        return KD_EOVERLOADED;
    }
    if (kind == KD_ASK_READ && !kd_ask_sum_take(&a->sum, client, now_us)) {
        kd_metric_add(&a->base->metrics.asks_over_sum, 1);
        return KD_EOVERLOADED;
    }
    return KD_OK;
}

/* The core is asked first: it refuses what it has no room for, or has asked already. From then on it keeps the item up to date by snapshots until it
 * is given an answer, so a question that cannot be sent is answered to it at once, without a record. */
static int begin_question(kd_asker *a, kd_bytes item, kd_ask_for asks, kd_ask_kind kind, kd_question **out)
{
    int err = kd_asker_admit(a, asks.client, kind);
    if (err == KD_OK) err = kd_edge_ask(a->base->edge, item);
    if (err != KD_OK) return err;
    kd_question *q = kd_alloc(sizeof *q);
    STAILQ_INIT(&q->waits);
    q->asker = a;
    q->trace = *asks.trace;
    q->kind = kind;
    q->asked_us = kd_clock_mono_us();
    q->tries.until_us = q->asked_us + a->base->settings->read_deadline_us;
    KD_ASSERT(kd_item_from_key(&q->item, item) == KD_OK);
    err = send_question(q, q->asked_us);
    if (err != KD_OK) {
        ask_tell_core(a, item, kd_bytes_of(NULL, 0));
        free(q);
        return err;
    }
    a->open++;
    kd_table_put(&a->questions, q);
    *out = q;
    return KD_OK;
}

int kd_ask_item(kd_asker *a, kd_bytes item, kd_ask_for asks, kd_ask_kind kind, kd_ask_wait *wait)
{
    if (kd_upstream_none(&a->upstream)) return KD_EUNAVAILABLE;
    kd_question *q = kd_table_find(&a->questions, item);
    if (!q) {
        int err = begin_question(a, item, asks, kind, &q);
        if (err != KD_OK) return err;
    }
    if (wait) STAILQ_INSERT_TAIL(&q->waits, wait, next);
    return KD_OK;
}

bool kd_asker_near(kd_asker *a, uint64_t wait_us)
{
    bool near = kd_asked_lately_within(&a->lately, wait_us);
    if (!near) kd_metric_add(&a->base->metrics.asks_unawaited, 1);
    return near;
}

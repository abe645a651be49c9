/*
 * ask.c - questions about items. A question is in the table from kd_ask_item until its waits were called; the
 * core knows of it meanwhile (kd_edge_ask), so that snapshots update the item while central answers. An
 * answer that the core throws away (it crossed a newer snapshot) is asked for again while the deadline
 * allows.
 */
#include "edge/io/upstream/ask.h"

#include <stdlib.h>

#include "edge/io/upstream/ask_members.h"
#include "edge/io/shard/shard.h"

enum { TRIES_MAX = 3 };

typedef struct {
    kd_table_entry entry;
    kd_shard *shard;
    kd_item item;
    kd_ask_wait *first, *last;
    uint64_t asked_us, until_us; /* monotonic */
    uint32_t tries;
} kd_question;

static kd_bytes question_key(const void *entry)
{
    return kd_item_key(&((const kd_question *)entry)->item);
}

int kd_asker_init(kd_shard *s, char *error)
{
    const kd_settings *set = &s->app->settings;
    kd_table_init(&s->asker.questions, question_key, kd_random_next(&s->random));
    if (!set->central_url) return KD_OK;
    kd_http_client_options options = kd_settings_central(set);
    options.connections = (uint32_t)set->central_connections;
    options.queue_max = (uint32_t)set->asks_max;
    options.deadline_ms = (uint32_t)(set->read_deadline_us / 1000);
    options.connect_ms = 1000;
    options.backoff_min_ms = 50;
    options.backoff_max_ms = 2000;
    options.breaker_failures = 8;
    options.seed = kd_random_next(&s->random);
    int err = kd_http_client_create(&s->asker.client, kd_loop_base(s->loop), set->central_url, &options);
    return err ? kd_settings_central_failed(set, err, error) : KD_OK;
}

void kd_asker_finish(kd_shard *s)
{
    if (!s->asker.questions.key_of) return;
    kd_http_client_destroy(s->asker.client);
    KD_ASSERT(s->asker.questions.count == 0);
    kd_table_finish(&s->asker.questions);
    kd_buf_finish(&s->asker.path);
    kd_buf_finish(&s->asker.body);
}

void kd_asker_item_path(kd_asker *a, const char *prefix, kd_bytes item)
{
    char text[KD_ITEM_KEY_MAX];
    size_t len = kd_key_text(item, text);
    kd_buf_clear(&a->path);
    kd_buf_put(&a->path, prefix, strlen(prefix));
    kd_buf_put(&a->path, text, len);
}

static void edge_ask_on_answer(void *arg, int result, int status, const kd_http_response *r);

static int send_question(kd_question *q, uint64_t now_us)
{
    kd_asker *a = &q->shard->asker;
    const char *edge = q->shard->app->settings.name;
    kd_asker_item_path(a, "/v1/snapshots/", kd_item_key(&q->item));
    kd_buf_put(&a->path, "?edge=", 6);
    kd_buf_put(&a->path, edge, strlen(edge));
    uint32_t left_ms = (uint32_t)((q->until_us - now_us + 999) / 1000);
    q->tries++;
    return kd_http_client_request(a->client, "GET", kd_buf_view(&a->path), NULL, 0, kd_bytes_of(NULL, 0),
                                  edge_ask_on_answer, q, left_ms);
}

static void edge_ask_end_question(kd_question *q, bool answered)
{
    kd_shard *s = q->shard;
    kd_table_remove(&s->asker.questions, kd_item_key(&q->item));
    s->asker.open--;
    kd_metric_observe_seconds(&s->metrics.ask_time, kd_clock_mono_us() - q->asked_us);
    for (kd_ask_wait *wait = q->first, *next; wait; wait = next) {
        next = wait->next;
        wait->fn(wait, answered);
    }
    free(q);
    kd_shard_wake(s);
}

static bool edge_ask_again(kd_question *q)
{
    uint64_t now_us = kd_clock_mono_us();
    kd_bytes item = kd_item_key(&q->item);
    if (now_us >= q->until_us || q->tries >= TRIES_MAX || kd_edge_ask(q->shard->edge, item) != KD_OK)
        return false;
    if (send_question(q, now_us) == KD_OK) return true;
    kd_edge_answer(q->shard->edge, item, kd_bytes_of(NULL, 0), kd_shard_now_us(q->shard));
    return false;
}

static void edge_ask_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_question *q = arg;
    bool got = result == KD_OK && status == 200;
    kd_bytes record = got ? kd_http_response_body(r) : kd_bytes_of(NULL, 0);
    int err = kd_edge_answer(q->shard->edge, kd_item_key(&q->item), record, kd_shard_now_us(q->shard));
    if (got && err == KD_EAGAIN && edge_ask_again(q)) return;
    edge_ask_end_question(q, got && err == KD_OK);
}

static int begin_question(kd_shard *s, kd_bytes item, kd_question **out)
{
    if (s->asker.open >= s->app->settings.asks_max) return KD_EOVERLOADED;
    int err = kd_edge_ask(s->edge, item);
    if (err != KD_OK) return err;
    kd_question *q = kd_alloc(sizeof *q);
    q->shard = s;
    q->asked_us = kd_clock_mono_us();
    q->until_us = q->asked_us + s->app->settings.read_deadline_us;
    KD_ASSERT(kd_item_from_key(&q->item, item) == KD_OK);
    err = send_question(q, q->asked_us);
    if (err != KD_OK) {
        kd_edge_answer(s->edge, item, kd_bytes_of(NULL, 0), kd_shard_now_us(s));
        free(q);
        return err;
    }
    s->asker.open++;
    kd_table_put(&s->asker.questions, q);
    *out = q;
    return KD_OK;
}

int kd_ask_item(kd_shard *s, kd_bytes item, kd_ask_wait *wait)
{
    if (!s->asker.client) return KD_EUNAVAILABLE;
    kd_question *q = kd_table_find(&s->asker.questions, item);
    if (!q) {
        int err = begin_question(s, item, &q);
        if (err != KD_OK) return err;
    }
    wait->next = NULL;
    if (q->last)
        q->last->next = wait;
    else
        q->first = wait;
    q->last = wait;
    return KD_OK;
}

/* trending.c - see the header. */
#include "edge/io/http/trending.h"

#include <stdio.h>

#include "edge/io/http/answer.h"
#include "edge/io/http/call.h"

enum { TRENDING_CACHE_MAX = 96, STALE_S = 60 };

typedef struct {
    kd_call call;
    kd_errand errand;
    kd_errand_item entry;
    kd_trending_ask ask;
    char counter[KD_NAME_MAX + 1];
    kd_item key; /* names the question, so that one shard of the process asks it */
    kd_trends_wait wait;
    kd_trends_page page;
} kd_edge_trending;

static void trending_on_heard(kd_trends_wait *wait, int err)
{
    kd_edge_trending *t = KD_CONTAINER(wait, kd_edge_trending, wait);
    if (err != KD_OK) kd_errand_fail(&t->errand, err);
    kd_errand_release(&t->errand);
}

/* On the shard that owns the question. */
static void trending_work(kd_errand *errand)
{
    kd_edge_trending *t = KD_CONTAINER(errand->call, kd_edge_trending, call);
    t->wait.fn = trending_on_heard;
    t->wait.page = &t->page;
    int err =
        kd_trends_find(&errand->shard->trends, &t->ask, t->counter, kd_call_asks(errand->call), &t->wait);
    if (err == KD_EAGAIN)
        kd_errand_hold(errand);
    else if (err != KD_OK)
        kd_errand_fail(errand, err);
    errand->unasked += err == KD_EOVERLOADED;
}

static void trending_refuse(kd_http_request *req, int err)
{
    kd_refusal why = {KD_PROBLEM_CENTRAL_UNAVAILABLE, "central has not been heard, and does not answer",
                      NULL};
    if (err == KD_ENOTFOUND)
        why = (kd_refusal){KD_PROBLEM_NOT_FOUND, "central keeps no velocities of this collection and counter",
                           "counter"};
    if (err == KD_EOVERLOADED) why = (kd_refusal){KD_PROBLEM_OVERLOADED, "central is asked too much", NULL};
    kd_answer_refusal(req, &why);
}

/* Caches may keep it as long as this edge does. While central is away each of them goes on with what it has. */
static kd_bytes trending_cache(const kd_edge_trending *t, char text[TRENDING_CACHE_MAX])
{
    uint64_t fresh_us = kd_trending_windows[t->ask.window].fresh_us;
    if (t->page.age_ms * 1000 > fresh_us) return kd_bytes_str("public, max-age=1");
    int len =
        snprintf(text, TRENDING_CACHE_MAX, "public, max-age=%u, stale-while-revalidate=%u, stale-if-error=%d",
                 (unsigned)(fresh_us / 1000000), (unsigned)(fresh_us / 1000000), STALE_S);
    return kd_bytes_of(text, (size_t)len);
}

static void trending_respond(kd_shard *s, kd_http_request *req, const kd_edge_trending *t)
{
    char cache[TRENDING_CACHE_MAX];
    const kd_answer_trending a = {.ask = &t->ask,
                                  .counter = t->counter,
                                  .found = &t->page.found,
                                  .since = kd_bytes_str(t->page.since),
                                  .as_of = kd_bytes_str(t->page.as_of),
                                  .age_ms = t->page.age_ms,
                                  .source = "edge"};
    kd_json j = kd_answer_writer(req, &s->out);
    kd_answer_write_trending(&j, &a);
    const kd_http_field fields[] = {
        {"cache-control", trending_cache(t, cache)},
        {"vary", kd_bytes_str("accept")},
        {"content-type", kd_bytes_str(kd_media_type(kd_http_request_media(req)))}};
    kd_http_respond(req, 200, fields, KD_COUNT(fields), kd_buf_view(&s->out));
}

static void trending_finish(kd_call *call)
{
    const kd_edge_trending *t = KD_CONTAINER(call, kd_edge_trending, call);
    kd_shard *s = call->origin;
    kd_http_request *req = call->req;
    int err = call->status;
    kd_call_end(call, &s->base.metrics.read_time);
    if (err == KD_OK)
        trending_respond(s, req, t);
    else
        trending_refuse(req, err);
}

void kd_trending_get(kd_shard *s, kd_http_request *req)
{
    kd_trending_ask ask;
    kd_refusal why;
    if (!kd_route_trending(req->query, &s->served.collections, &s->served.counters, &ask, &why)) {
        kd_answer_refusal(req, &why);
        return;
    }
    kd_edge_trending *t = kd_http_request_alloc(req, sizeof *t);
    t->ask = ask;
    memcpy(t->counter, s->served.counters.at[ask.counter].name, sizeof t->counter);
    KD_ASSERT(kd_item_make(&t->key, kd_bytes_str(ask.collection),
                           kd_bytes_str(kd_trending_windows[ask.window].text)) == KD_OK);
    t->call.origin = s;
    t->call.reads = true;
    t->call.errands = &t->errand;
    t->call.errand_count = 1;
    t->call.work = trending_work;
    t->call.finish = trending_finish;
    kd_call_add(&t->call, kd_item_key(&t->key), &t->entry);
    if (kd_call_admit(&t->call, s, req, 1)) kd_call_start(&t->call);
}

/* api_trending.c - see the header. */
#include "central/io/api/api_trending.h"

#include "central/io/api/read.h"
#include "common/api/trending.h"
#include "common/base/display.h"
#include "common/io/loop/clock.h"

struct kd_api_trend {
    kd_trending_ask ask;
    uint64_t now_us;    /* of all partitions */
    kd_trending each[]; /* what each worker has found in its partitions */
};

/* On the worker's thread. */
static int api_trending_find(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    kd_api_trend *trend = r->trend;
    kd_trending found;
    const kd_trending_query q = {.counter = r->api->settings->counters.at[trend->ask.counter].id,
                                 .collection = kd_bytes_str(trend->ask.collection),
                                 .window_us = kd_trending_windows[trend->ask.window].us,
                                 .now_us = trend->now_us,
                                 .limit = trend->ask.limit};
    int err = kd_central_trending(t->core, &q, &found);
    if (err == KD_OK)
        kd_trending_merge(&trend->each[item->partition % r->api->settings->workers], &found, q.limit);
    return err;
}

static void api_trending_answer(kd_api_read *r)
{
    kd_api_trend *trend = r->trend;
    kd_trending *all = &trend->each[0];
    char since[KD_TIME_MS_MAX], as_of[KD_TIME_MS_MAX];
    for (uint64_t w = 1; w < r->api->settings->workers; w++)
        kd_trending_merge(all, &trend->each[w], trend->ask.limit);
    size_t since_len = kd_display_time_ms(all->since_us, since);
    size_t as_of_len = all->as_of_us ? kd_display_time_ms(all->as_of_us, as_of) : 0;
    const kd_answer_trending a = {.ask = &trend->ask,
                                  .counter = r->api->settings->counters.at[trend->ask.counter].name,
                                  .found = all,
                                  .since = kd_bytes_of(since, since_len),
                                  .as_of = kd_bytes_of(as_of, as_of_len),
                                  .source = "central"};
    kd_json j = kd_api_read_writer(r);
    kd_answer_write_trending(&j, &a);
    kd_api_read_respond(r, NULL, NULL, 0);
}

static bool api_trending_kept(const kd_api *api, const kd_trending_ask *ask, kd_refusal *why)
{
    const kd_strings *texts = &api->settings->trending;
    *why = (kd_refusal){KD_PROBLEM_NOT_FOUND, "central.trending does not name this collection and counter",
                        "counter"};
    return kd_trending_wants((const char *const *)texts->at, texts->count,
                             &api->settings->counters.at[ask->counter], kd_bytes_str(ask->collection));
}

void kd_api_trending(kd_api *api, kd_http_request *req)
{
    kd_trending_ask ask;
    kd_refusal why;
    uint64_t workers = api->settings->workers;
    if (!kd_route_trending(req->query, &api->settings->collections, &api->settings->counters, &ask, &why) ||
        !api_trending_kept(api, &ask, &why)) {
        kd_api_read_refuse(req, &why);
        return;
    }
    kd_api_read *r = kd_api_read_create(api, req, NULL, (uint32_t)api->settings->partitions);
    if (!r) return;
    r->trend = kd_http_request_alloc(req, sizeof *r->trend + workers * sizeof(kd_trending));
    r->trend->ask = ask;
    r->trend->now_us = kd_clock_wall_us();
    for (uint64_t w = 0; w < workers; w++) kd_trending_init(&r->trend->each[w]);
    r->work = api_trending_find;
    r->answer = api_trending_answer;
    kd_api_read_start(r);
}

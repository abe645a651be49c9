/*
 * live_hub.c - see the header.
 *
 * A message that is still in an inbox when the loops have stopped is run where its loop is destroyed (kudos loop.h): it frees itself and does nothing else,
 * since other hubs may be gone.
 */
#include "edge/io/live/live_hub.h"

#include <stdlib.h>

#include "common/api/answer.h"
#include "kudos/overload.h"

enum {
    HUB_FAN = 256, /* streams that are woken in a row */
    HUB_ASKS = 16, /* questions to central in a tick */
    HUB_BEAT_US = 1000 * 1000,
    HUB_SLOW_US = 1000 * 1000,       /* between two changes of an item, under overload */
    HUB_SLOW_LEVEL = KD_LEVEL_OLDER, /* from which on, and no stream is opened */
};

struct kd_live_client {
    kd_live_hub *hub;
    kd_live_stream *stream;
    kd_http_stream *http; /* NULL before its answer has begun */
    uint64_t address;
    uint32_t counter; /* of `liked` */
};

static void hub_render(void *arg, kd_bytes item, const kd_view *view, bool central, kd_buf *out,
                       size_t *liked_at)
{
    const kd_live_hub *hub = arg;
    kd_json j = kd_json_of(out);
    kd_answer_write_counts(
        &j, &(kd_answer_counts){.item = item,
                                .counters = hub->counters,
                                .count = view->count,
                                .told = view->told,
                                .pending = view->pending,
                                .now_us = kd_clock_server_at_us(hub->base->clock, kd_clock_mono_us()),
                                .made_us = view->made_us,
                                .as_of_us = view->as_of_us,
                                .source = central ? "central" : "edge",
                                .liked = KD_LIKED_UNASKED,
                                .closed = view->closed,
                                .liked_at = liked_at});
}

void kd_live_hub_init(kd_live_hub *hub, const kd_live_hub_options *o)
{
    *hub = (kd_live_hub){.base = o->base,
                         .hubs = o->hubs,
                         .asker = o->asker,
                         .counters = o->counters,
                         .quota = o->quota,
                         .level = o->level};
    hub->live = kd_live_create(&(kd_live_config){
        .life = o->life, .seed = kd_random_next(&o->base->random), .render = hub_render, .arg = hub});
}

void kd_live_hub_finish(kd_live_hub *hub)
{
    kd_live_destroy(hub->live);
    hub->live = NULL;
}

uint64_t kd_live_hub_now(kd_live_hub *hub)
{
    return hub->at_us = KD_MAX(kd_clock_mono_us(), hub->at_us + 1);
}

static kd_live_hub *hub_owner(const kd_live_hub *hub, kd_bytes item)
{
    return hub->hubs[kd_partition(item, (uint32_t)hub->base->settings->partitions) % hub->base->shards];
}

/* A message arrives where it is to be worked on; false: everything has stopped. */
static bool hub_runs(const kd_live_hub *hub)
{
    return kd_loop_here(hub->base->loop);
}

/* ---- host: streams are woken ---- */

static void hub_fan(kd_live_hub *hub);

static void hub_fan_post(kd_post *post)
{
    kd_live_hub *hub = KD_CONTAINER(post, kd_live_hub, fan);
    hub->fanning = false;
    if (hub_runs(hub)) hub_fan(hub);
}

/* Ten thousand streams of one item are not all served before the likes that wait meanwhile. */
static void hub_fan(kd_live_hub *hub)
{
    kd_live_stream *s;
    if (hub->fanning) return;
    for (int i = 0; i < HUB_FAN && (s = kd_live_ready(hub->live)) != NULL; i++) {
        const kd_live_client *client = kd_live_arg(s);
        if (client->http) kd_http_stream_wake(client->http);
    }
    if (!kd_live_any_ready(hub->live)) return;
    hub->fanning = true;
    hub->fan.fn = hub_fan_post;
    kd_loop_defer(hub->base->loop, &hub->fan);
}

/* ---- host and owner: does a user like an item ---- */

typedef struct {
    kd_post post;
    kd_live_hub *from;
    kd_live_hub *at; /* where it is, or goes */
    kd_live_stream *stream;
    uint32_t index, counter;
    kd_item item;
    kd_seen seen;
    uint8_t liked;
    size_t user_len;
    uint8_t user[KD_ID_MAX];
} hub_look;

static void hub_look_back(kd_post *post)
{
    hub_look *look = KD_CONTAINER(post, hub_look, post);
    if (hub_runs(look->from)) {
        kd_live_looked(look->from->live, look->stream, look->index, look->liked);
        hub_fan(look->from);
    }
    free(look);
}

/* By this edge's row, which the user's operation has just written; central is not asked. */
static void hub_look_there(kd_post *post)
{
    hub_look *look = KD_CONTAINER(post, hub_look, post);
    if (!hub_runs(look->at)) {
        free(look);
        return;
    }
    kd_liked_ground ground;
    kd_liked_query q = {.counter = look->counter,
                        .item = kd_item_key(&look->item),
                        .user = kd_bytes_of(look->user, look->user_len),
                        .seen = &look->seen,
                        .memory = *look->at->level >= KD_LEVEL_MEMORY};
    int liked = kd_edge_liked(look->at->base->edge, &q, NULL, &ground);
    look->liked = liked == 1 ? KD_LIKED_YES : liked == 0 ? KD_LIKED_NO : KD_LIKED_UNKNOWN;
    look->post.fn = hub_look_back;
    kd_loop_post(look->from->base->loop, &look->post);
}

static void hub_ask_looks(kd_live_hub *hub)
{
    kd_live_look asked;
    while (kd_live_next_look(hub->live, &asked)) {
        const kd_live_client *client = kd_live_arg(asked.stream);
        hub_look *look = kd_alloc(sizeof *look);
        look->from = hub;
        look->at = hub_owner(hub, asked.item);
        look->stream = asked.stream;
        look->index = asked.at;
        look->counter = client->counter;
        look->item.len = (uint8_t)asked.item.len;
        memcpy(look->item.data, asked.item.data, asked.item.len);
        look->seen = *asked.seen;
        look->user_len = asked.user.len;
        memcpy(look->user, asked.user.data, asked.user.len);
        look->post.fn = hub_look_there;
        kd_loop_post(look->at->base->loop, &look->post);
    }
}

/* ---- owner to host: what has changed ---- */

typedef struct {
    kd_item item;
    kd_view view;
    uint32_t acted_at, acted_count; /* in hub_news.acted */
    bool all_acted;
} hub_change;

typedef struct {
    kd_post post;
    kd_live_hub *to;
    uint32_t from;
    uint64_t at_us;
    uint32_t count, room;
    hub_change *changes;
    kd_buf acted; /* of uint64_t */
} hub_news;

static void hub_news_free(hub_news *news)
{
    kd_buf_finish(&news->acted);
    free(news->changes);
    free(news);
}

static void hub_hear(kd_post *post)
{
    hub_news *news = KD_CONTAINER(post, hub_news, post);
    kd_live_hub *hub = news->to;
    for (uint32_t i = 0; hub_runs(hub) && i < news->count; i++) {
        const hub_change *c = &news->changes[i];
        const uint64_t *acted = (const uint64_t *)(const void *)news->acted.data;
        kd_live_changed(hub->live, &(kd_live_change){.item = kd_item_key(&c->item),
                                                     .view = &c->view,
                                                     .at_us = news->at_us,
                                                     .acted = c->acted_count ? acted + c->acted_at : NULL,
                                                     .acted_count = c->acted_count,
                                                     .all_acted = c->all_acted});
    }
    if (hub_runs(hub)) {
        kd_live_heard(hub->live, news->from, news->at_us);
        hub_ask_looks(hub);
        hub_fan(hub);
    }
    hub_news_free(news);
}

static int hub_order(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static hub_news *hub_news_to(kd_live_hub *hub, uint32_t watcher, uint64_t at_us)
{
    hub_news *news = kd_alloc(sizeof *news);
    news->to = hub->hubs[watcher];
    news->from = hub->base->index;
    news->at_us = at_us;
    news->post.fn = hub_hear;
    return news;
}

static void hub_news_add(hub_news *news, const kd_watch_news *change, bool members)
{
    if (news->count == news->room) {
        news->room = news->room ? 2 * news->room : 8;
        news->changes = kd_realloc(news->changes, news->room * sizeof *news->changes);
    }
    hub_change *c = &news->changes[news->count++];
    *c = (hub_change){.view = change->view,
                      .acted_at = (uint32_t)(news->acted.len / sizeof(uint64_t)),
                      .acted_count = members ? change->acted_count : 0,
                      .all_acted = members && change->all_acted};
    c->item.len = (uint8_t)change->item.len;
    memcpy(c->item.data, change->item.data, change->item.len);
    if (c->acted_count == 0) return;
    kd_buf_put(&news->acted, change->acted, c->acted_count * sizeof(uint64_t));
    qsort(news->acted.data + c->acted_at * sizeof(uint64_t), c->acted_count, sizeof(uint64_t), hub_order);
}

static uint64_t hub_interval(const kd_live_hub *hub)
{
    return *hub->level >= HUB_SLOW_LEVEL ? HUB_SLOW_US : KD_LIVE_INTERVAL_US;
}

static void hub_tell(kd_live_hub *hub, uint64_t at_us)
{
    hub_news *to[KD_SHARDS_MAX] = {NULL};
    kd_watch_news change;
    while (kd_edge_watch_next(hub->base->edge, at_us, &change) == KD_OK) {
        for (uint32_t i = 0; i < hub->base->shards; i++) {
            if (!(change.watchers >> i & 1)) continue;
            if (!to[i]) to[i] = hub_news_to(hub, i, at_us);
            hub_news_add(to[i], &change, change.members >> i & 1);
        }
    }
    for (uint32_t i = 0; i < hub->base->shards; i++)
        if (to[i]) kd_loop_post(to[i]->to->base->loop, &to[i]->post);
}

void kd_live_hub_watch(kd_live_hub *hub, const kd_watch_request *rq)
{
    hub->hosts |= 1ull << rq->watcher;
    kd_edge_watch(hub->base->edge, rq, kd_live_hub_now(hub));
}

/* That nothing has changed is told, too: ids of streams tell how far their clients know all of their shards. */
static void hub_beat(kd_live_hub *hub, uint64_t at_us)
{
    if (at_us < hub->beat_us + HUB_BEAT_US || kd_edge_watch_changed(hub->base->edge)) return;
    hub->beat_us = at_us;
    for (uint32_t i = 0; i < hub->base->shards; i++) {
        if (!(hub->hosts >> i & 1)) continue;
        hub_news *news = hub_news_to(hub, i, at_us);
        kd_loop_post(news->to->base->loop, &news->post);
    }
}

/* ---- host to owner: what is shown no more ---- */

typedef struct {
    kd_post post;
    kd_live_hub *to;
    uint32_t from, count, room;
    kd_item *items;
} hub_drop;

static void hub_unwatch(kd_post *post)
{
    hub_drop *drop = KD_CONTAINER(post, hub_drop, post);
    for (uint32_t i = 0; hub_runs(drop->to) && i < drop->count; i++)
        kd_edge_unwatch(drop->to->base->edge, kd_item_key(&drop->items[i]), drop->from,
                        kd_live_hub_now(drop->to));
    free(drop->items);
    free(drop);
}

static void hub_drop_add(kd_live_hub *hub, hub_drop **drops, const kd_item *item)
{
    kd_live_hub *owner = hub_owner(hub, kd_item_key(item));
    hub_drop **at = &drops[owner->base->index];
    if (!*at) {
        *at = kd_alloc(sizeof **at);
        **at = (hub_drop){.post.fn = hub_unwatch, .to = owner, .from = hub->base->index};
    }
    hub_drop *drop = *at;
    if (drop->count == drop->room) {
        drop->room = drop->room ? 2 * drop->room : 8;
        drop->items = kd_realloc(drop->items, drop->room * sizeof *drop->items);
    }
    drop->items[drop->count++] = *item;
}

static void hub_tell_dropped(kd_live_hub *hub)
{
    hub_drop *drops[KD_SHARDS_MAX] = {NULL};
    kd_item item;
    if (!kd_live_any_dropped(hub->live)) return;
    while (kd_live_dropped(hub->live, &item)) hub_drop_add(hub, drops, &item);
    for (uint32_t i = 0; i < hub->base->shards; i++)
        if (drops[i]) kd_loop_post(drops[i]->to->base->loop, &drops[i]->post);
}

/* Not where a stream ends: then a connection may be closing, and somebody might be closed for what another one takes. */
static void hub_hold_grown(kd_live_hub *hub)
{
    size_t bytes;
    for (kd_live_stream *s; (s = kd_live_grown(hub->live, &bytes)) != NULL;) {
        const kd_live_client *client = kd_live_arg(s);
        if (client->http) kd_http_stream_hold(client->http, bytes);
    }
}

/* ---- owner: central is asked about what is not fresh ---- */

static void hub_asked(kd_ask_wait *wait, bool answered)
{
    (void)answered; /* what it brought is a change of the item */
    free(wait);
}

static void hub_ask_stale(kd_live_hub *hub, uint64_t now_us)
{
    static const kd_trace no_trace;
    kd_bytes item;
    uint64_t client;
    for (int i = 0; i < HUB_ASKS && kd_edge_watch_stale(hub->base->edge, now_us, &item, &client); i++) {
        kd_ask_wait *wait = kd_alloc(sizeof *wait);
        wait->fn = hub_asked;
        if (!kd_level_asks_counts(*hub->level, true) ||
            kd_ask_item(hub->asker, item, (kd_ask_for){client, &no_trace}, KD_ASK_READ, wait) != KD_OK)
            free(wait);
    }
}

/* ---- time ---- */

void kd_live_hub_work(kd_live_hub *hub)
{
    hub_hold_grown(hub);
    hub_tell_dropped(hub);
    if (!kd_edge_watch_changed(hub->base->edge)) return;
    uint64_t now_us = kd_live_hub_now(hub);
    if (now_us < hub->told_us + hub_interval(hub)) return;
    hub->told_us = now_us;
    hub_tell(hub, now_us);
}

void kd_live_hub_tick(kd_live_hub *hub)
{
    uint64_t now_us = kd_live_hub_now(hub);
    kd_edge_watch_tick(hub->base->edge, now_us);
    hub_ask_stale(hub, now_us);
    hub_beat(hub, now_us);
    kd_live_tick(hub->live, now_us);
    hub_fan(hub);
}

/* ---- host: a stream and its connection ---- */

static void client_free(kd_live_client *client)
{
    kd_live_hub *hub = client->hub;
    kd_live_close(hub->live, client->stream);
    kd_live_quota_give(hub->quota, client->address);
    kd_turn_wake(&hub->base->turn);
    free(client);
}

static bool client_next(void *arg, kd_buf *out)
{
    kd_live_client *client = arg;
    return kd_live_next(client->hub->live, client->stream, kd_live_hub_now(client->hub), out);
}

static void client_over(void *arg)
{
    client_free(arg);
}

static const kd_http_source client_source = {.next = client_next, .over = client_over};

static kd_live_refusal hub_admit(kd_live_hub *hub, uint64_t address)
{
    static const kd_live_refusal refusals[] = {KD_LIVE_OPENED, KD_LIVE_PROCESS, KD_LIVE_ADDRESS};
    if (hub->drains) return KD_LIVE_DRAINS;
    if (*hub->level >= HUB_SLOW_LEVEL) return KD_LIVE_OVERLOADED;
    return refusals[kd_live_quota_take(hub->quota, address)];
}

kd_live_refusal kd_live_hub_open(kd_live_hub *hub, const kd_live_request *rq, uint32_t counter,
                                 uint64_t address, kd_live_client **out)
{
    kd_edge_metrics *m = &hub->base->metrics;
    kd_metric *const counted[] = {NULL, &m->live_overloaded, &m->live_draining, &m->live_process,
                                  &m->live_address};
    kd_live_refusal refusal = hub_admit(hub, address);
    if (refusal != KD_LIVE_OPENED) {
        kd_metric_add(counted[refusal], 1);
        return refusal;
    }
    kd_live_client *client = kd_alloc(sizeof *client);
    *client = (kd_live_client){.hub = hub, .address = address, .counter = counter};
    client->stream = kd_live_open(hub->live, rq, client);
    *out = client;
    return KD_LIVE_OPENED;
}

void kd_live_hub_abandon(kd_live_client *client)
{
    client_free(client);
}

kd_live_stream *kd_live_client_stream(const kd_live_client *client)
{
    return client->stream;
}

kd_live_set *kd_live_client_live(const kd_live_client *client)
{
    return client->hub->live;
}

void kd_live_hub_begin(kd_live_client *client, kd_http_request *req)
{
    const kd_http_field fields[] = {{"content-type", kd_bytes_str("text/event-stream")},
                                    {"cache-control", kd_bytes_str("no-store")},
                                    {"x-accel-buffering", kd_bytes_str("no")}};
    kd_live_hub *hub = client->hub;
    size_t held = sizeof *client + kd_live_size(client->stream);
    kd_live_begin(hub->live, client->stream, kd_live_hub_now(hub));
    client->http = kd_http_respond_stream(req, fields, KD_COUNT(fields), &client_source, client, held);
    if (!client->http) client_free(client);
}

void kd_live_hub_keys(kd_live_hub *hub, uint64_t number)
{
    if (number == hub->keys) return;
    hub->keys = number;
    kd_live_keys_changed(hub->live);
    hub_fan(hub);
}

void kd_live_hub_drain(kd_live_hub *hub)
{
    hub->drains = true;
    kd_live_drain(hub->live);
    hub_fan(hub);
}

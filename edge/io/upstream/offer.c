/* offer.c - see the header. */
#include "edge/io/upstream/offer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/log.h"
#include "common/api/route.h"
#include "edge/io/upstream/central_words.h"
#include "edge/io/shard/shard.h"

/* On its way to a shard, with what it is to take; and back, with what the shard had. */
typedef struct {
    kd_post post;
    kd_offer *offer;
    kd_shard *shard;
    kd_served served;
} kd_offer_leg;

struct kd_offer {
    kd_edge_app *app;
    bool known;           /* central has said what it has, to this process or an earlier one */
    kd_catalogue central; /* that */
    kd_buf said;          /* and its words */
    kd_served served;     /* what goes to the shards */
    uint32_t closed_collections, closed_counters;
    kd_offer_leg legs[KD_SHARDS_MAX];
    uint32_t away; /* legs at their shards */
    bool offering; /* the second time: all cores have taken the counters */
    bool again;    /* something changed meanwhile */
    bool stopped;
};

const kd_served *kd_offer_served(const kd_offer *o)
{
    return &o->served;
}

uint32_t kd_offer_closed_collections(const kd_offer *o)
{
    return o->closed_collections;
}
uint32_t kd_offer_closed_counters(const kd_offer *o)
{
    return o->closed_counters;
}

/* ---- what is offered ---- */

static bool has_collection(const kd_offer *o, const char *name)
{
    return !o->known || kd_strings_hold(&o->central.collections, kd_bytes_str(name));
}

static bool has_counter(const kd_offer *o, const kd_counter *c)
{
    int at = o->known ? kd_counters_by_name(&o->central.counters, kd_bytes_str(c->name)) : -1;
    return !o->known ||
           (at >= 0 && o->central.counters.at[at].id == c->id && o->central.counters.at[at].kind == c->kind);
}

static void offer_collections(kd_offer *o)
{
    const kd_strings *mine = &o->app->settings.collections;
    kd_strings open = {.at = kd_alloc((mine->count + 1) * sizeof *open.at)};
    for (uint32_t i = 0; i < mine->count; i++)
        if (has_collection(o, mine->at[i])) open.at[open.count++] = mine->at[i];
    kd_strings_finish(&o->served.collections);
    o->served.collections = kd_strings_copy(&open);
    free(open.at);
}

static void offer_counters(kd_offer *o)
{
    o->served.counters = o->served.known = o->app->settings.counters;
    for (uint32_t i = 0; i < o->served.counters.count; i++) {
        kd_counter *c = &o->served.counters.at[i];
        if (!has_counter(o, c)) memset(c->name, 0, sizeof c->name);
    }
}

static void decide(kd_offer *o)
{
    offer_collections(o);
    offer_counters(o);
}

/* ---- what is said of it ---- */

static void tell_closed(const char *event, const char *name, uint64_t id, const char *cause)
{
    KD_LOG(KD_ERROR, event, KD_STR("name", name), KD_U64("id", id), KD_STR("cause", cause));
}

static uint32_t tell_collections(const kd_offer *o)
{
    const kd_strings *mine = &o->app->settings.collections;
    uint32_t closed = 0;
    for (uint32_t i = 0; i < mine->count; i++) {
        if (has_collection(o, mine->at[i])) continue;
        tell_closed("collection-not-at-central", mine->at[i], 0,
                    "central does not have this collection: requests for it are answered 404 until it does");
        closed++;
    }
    return closed;
}

static uint32_t tell_counters(const kd_offer *o)
{
    const kd_counters *mine = &o->app->settings.counters;
    uint32_t closed = 0;
    for (uint32_t i = 0; i < mine->count; i++) {
        const kd_counter *c = &mine->at[i];
        if (has_counter(o, c)) continue;
        tell_closed("counter-not-at-central", c->name, c->id,
                    "central has no counter of this name, number and kind: requests for it are answered 404 "
                    "until it does");
        closed++;
    }
    return closed;
}

/* Only when all shards answer so: who reads the line meets the 404. */
static void offer_tell(kd_offer *o)
{
    o->closed_collections = tell_collections(o);
    o->closed_counters = tell_counters(o);
    if (o->closed_collections + o->closed_counters == 0 && o->known) KD_LOG(KD_INFO, "catalogue-agrees");
}

/* ---- to the shards ---- */

static void bring(kd_offer *o, void (*fn)(kd_post *post))
{
    o->away = o->app->shard_count;
    for (uint32_t i = 0; i < o->app->shard_count; i++) {
        kd_offer_leg *leg = &o->legs[i];
        leg->post.fn = fn;
        leg->shard = o->app->shards[i];
        kd_loop_post(leg->shard->base.loop, &leg->post);
    }
}

static void come_home(kd_post *post);

static void go_home(kd_offer_leg *leg)
{
    leg->post.fn = come_home;
    kd_loop_post(leg->offer->app->loop, &leg->post);
}

/* On the shard's loop. */
static void grow_core(kd_post *post)
{
    kd_offer_leg *leg = KD_CONTAINER(post, kd_offer_leg, post);
    kd_edge_counters_add(leg->shard->base.edge, &leg->served.known);
    go_home(leg);
}

/* On the shard's loop. */
static void swap_served(kd_post *post)
{
    kd_offer_leg *leg = KD_CONTAINER(post, kd_offer_leg, post);
    kd_served had = leg->shard->served;
    leg->shard->served = leg->served;
    leg->served = had;
    go_home(leg);
}

static void spread(kd_offer *o)
{
    if (o->away > 0) {
        o->again = true;
        return;
    }
    o->again = o->offering = false;
    for (uint32_t i = 0; i < o->app->shard_count; i++) {
        kd_served_finish(&o->legs[i].served);
        o->legs[i].offer = o;
        o->legs[i].served = kd_served_copy(&o->served);
    }
    bring(o, grow_core);
}

static void come_home(kd_post *post)
{
    kd_offer *o = KD_CONTAINER(post, kd_offer_leg, post)->offer;
    if (--o->away > 0 || o->stopped) return;
    if (!o->offering) {
        o->offering = true;
        bring(o, swap_served);
    } else if (o->again) {
        spread(o);
    } else {
        offer_tell(o);
    }
}

/* ---- what central says ---- */

static bool catalogue_path(const kd_offer *o, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/catalogue", o->app->settings.data_dir) < PATH_MAX;
}

/* Replaced by a rename, so that it is never half of one. Without it the next start asks central. */
static void save(const kd_offer *o)
{
    char path[PATH_MAX], half[PATH_MAX + 8];
    if (!catalogue_path(o, path)) return;
    snprintf(half, sizeof half, "%s.new", path);
    FILE *f = fopen(half, "we");
    if (!f) return;
    bool ok = fwrite(o->said.data, 1, o->said.len, f) == o->said.len;
    if (fclose(f) != 0 || !ok || rename(half, path) != 0) remove(half);
}

static bool offer_take(kd_offer *o, kd_bytes body)
{
    kd_catalogue heard;
    kd_buf scratch = {0};
    bool good = kd_central_words_catalogue(body, &scratch, &heard);
    kd_buf_finish(&scratch);
    if (!good) return false;
    kd_strings_finish(&o->central.collections);
    o->central = heard;
    o->known = true;
    kd_buf_clear(&o->said);
    kd_buf_put(&o->said, body.data, body.len);
    return true;
}

void kd_offer_heard(kd_offer *o, kd_bytes body)
{
    if (o->stopped || kd_bytes_eq(body, kd_buf_view(&o->said)) || !offer_take(o, body)) return;
    save(o);
    decide(o);
    spread(o);
}

void kd_offer_widen(kd_offer *o)
{
    decide(o);
    spread(o);
}

/* ---- life ---- */

void kd_offer_create(kd_edge_app *app)
{
    char path[PATH_MAX];
    kd_buf text = {0};
    kd_offer *o = kd_alloc(sizeof *o);
    o->app = app;
    app->offer = o;
    bool asks = app->settings.central_url != NULL && catalogue_path(o, path);
    if (asks && kd_file_read(path, KD_CATALOGUE_BYTES_MAX, &text) == KD_OK) offer_take(o, kd_buf_view(&text));
    kd_buf_finish(&text);
    decide(o); /* the shards begin with it */
    offer_tell(o);
}

void kd_offer_stop(kd_offer *o)
{
    if (o) o->stopped = true;
}

void kd_offer_destroy(kd_offer *o)
{
    if (!o) return;
    for (uint32_t i = 0; i < KD_SHARDS_MAX; i++) kd_served_finish(&o->legs[i].served);
    kd_served_finish(&o->served);
    kd_strings_finish(&o->central.collections);
    kd_buf_finish(&o->said);
    free(o);
}

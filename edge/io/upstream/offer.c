/* offer.c - see the header. */
#include "edge/io/upstream/offer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/log.h"
#include "common/io/daemon/file_read.h"
#include "common/api/route.h"
#include "edge/io/upstream/central_words.h"
#include "edge/io/shard/shard.h"

/* Carries a new kd_served to a shard, and comes back with the shard's old one, to be freed on the main loop. */
typedef struct {
    kd_post post;
    kd_offer *offer;
    kd_shard *shard;
    kd_served served;
} kd_offer_leg;

struct kd_offer {
    kd_edge_app *app;
    bool known;           /* a catalogue of central is here, just heard or from the file */
    kd_catalogue central; /* the catalogue */
    kd_buf said;          /* its JSON, as central sent it: what is the same again changes nothing */
    kd_served served;     /* decided by configuration and catalogue */
    uint32_t closed_collections, closed_counters;
    kd_offer_leg legs[KD_SHARDS_MAX];
    uint32_t legs_out; /* legs that are not back from their shards */
    bool offering;     /* round 2: all cores have the counters, and the shards begin to offer them */
    bool again;        /* something changed while legs were out: spread once more when they are back */
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

static void offer_decide(kd_offer *o)
{
    offer_collections(o);
    offer_counters(o);
}

/* ---- what the log says ---- */

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

/* Called when all shards answer accordingly: an operator who reads the line and tries it gets the 404. */
static void offer_tell(kd_offer *o)
{
    o->closed_collections = tell_collections(o);
    o->closed_counters = tell_counters(o);
    if (o->closed_collections + o->closed_counters == 0 && o->known) KD_LOG(KD_INFO, "catalogue-agrees");
}

/* ---- to the shards ---- */

static void offer_send_legs(kd_offer *o, void (*fn)(kd_post *post))
{
    o->legs_out = o->app->shard_count;
    for (uint32_t i = 0; i < o->app->shard_count; i++) {
        kd_offer_leg *leg = &o->legs[i];
        leg->post.fn = fn;
        leg->shard = o->app->shards[i];
        kd_loop_post(leg->shard->base.loop, &leg->post);
    }
}

static void offer_on_leg_back(kd_post *post);

static void offer_send_back(kd_offer_leg *leg)
{
    leg->post.fn = offer_on_leg_back;
    kd_loop_post(leg->offer->app->loop, &leg->post);
}

/* On the shard's loop. */
static void offer_grow_core(kd_post *post)
{
    kd_offer_leg *leg = KD_CONTAINER(post, kd_offer_leg, post);
    kd_edge_counters_add(leg->shard->base.edge, &leg->served.known);
    offer_send_back(leg);
}

/* On the shard's loop. */
static void offer_swap_served(kd_post *post)
{
    kd_offer_leg *leg = KD_CONTAINER(post, kd_offer_leg, post);
    kd_served had = leg->shard->served;
    leg->shard->served = leg->served;
    leg->served = had;
    offer_send_back(leg);
}

static void offer_spread(kd_offer *o)
{
    if (o->legs_out > 0) {
        o->again = true;
        return;
    }
    o->again = o->offering = false;
    for (uint32_t i = 0; i < o->app->shard_count; i++) {
        kd_served_finish(&o->legs[i].served);
        o->legs[i].offer = o;
        o->legs[i].served = kd_served_copy(&o->served);
    }
    offer_send_legs(o, offer_grow_core);
}

static void offer_on_leg_back(kd_post *post)
{
    kd_offer *o = KD_CONTAINER(post, kd_offer_leg, post)->offer;
    if (--o->legs_out > 0 || o->stopped) return;
    if (!o->offering) {
        o->offering = true;
        offer_send_legs(o, offer_swap_served);
    } else if (o->again) {
        offer_spread(o);
    } else {
        offer_tell(o);
    }
}

/* ---- central's catalogue ---- */

static bool catalogue_path(const kd_offer *o, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/catalogue", o->app->settings.data_dir) < PATH_MAX;
}

/* Written beside and renamed, so a crash leaves the old file or the new one. A failure is not told: without the file the next start offers the whole
 * configuration until central answers. */
static void offer_save(const kd_offer *o)
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
    offer_save(o);
    offer_decide(o);
    offer_spread(o);
}

void kd_offer_widen(kd_offer *o)
{
    offer_decide(o);
    offer_spread(o);
}

/* ---- life ---- */

void kd_offer_create(kd_edge_app *app)
{
    char path[PATH_MAX];
    kd_buf text = {0};
    kd_offer *o = kd_alloc(sizeof *o);
    o->app = app;
    app->offer = o;
    bool asks = app->central_urls.count > 0 && catalogue_path(o, path);
    if (asks && kd_file_read(path, KD_CATALOGUE_BYTES_MAX, &text) == KD_OK) offer_take(o, kd_buf_view(&text));
    kd_buf_finish(&text);
    offer_decide(o); /* what the shards begin with */
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

/* trends.c - see the header. */
#include "edge/io/upstream/trends.h"

#include <stdio.h>
#include <stdlib.h>

#include "edge/io/upstream/trending_words.h"

enum { TRENDS_KEY_MAX = KD_COLLECTION_MAX + KD_NAME_MAX + 8 };

typedef struct {
    kd_table_entry entry;
    kd_trends *trends;
    char key[TRENDS_KEY_MAX]; /* collection/counter/window */
    STAILQ_HEAD(kd_trends_waits, kd_trends_wait) waits;
    bool asked;        /* a question is under way */
    bool heard;        /* page is an answer */
    bool unknown;      /* central said that it keeps none */
    uint64_t heard_us; /* monotonic: when central said the last of these */
    uint64_t used_us;  /* monotonic */
    kd_trends_page page;
} kd_trends_key;

static kd_bytes trends_key_of(const void *entry)
{
    return kd_bytes_str(((const kd_trends_key *)entry)->key);
}

void kd_trends_init(kd_trends *t, kd_shard_base *base, kd_asker *asker)
{
    t->asker = asker;
    kd_table_init(&t->keys, trends_key_of, kd_random_next(&base->random));
}

void kd_trends_finish(kd_trends *t)
{
    size_t cursor = 0;
    if (!t->keys.key_of) return;
    for (kd_trends_key *k; (k = kd_table_next(&t->keys, &cursor));) free(k);
    kd_table_finish(&t->keys);
}

/* ---- keys ---- */

/* Makes room for a key more: the one that was used longest ago, and for which nobody waits, goes. */
static bool trends_make_room(kd_trends *t)
{
    kd_trends_key *oldest = NULL;
    size_t cursor = 0;
    if (t->keys.count < KD_TRENDS_MAX) return true;
    for (kd_trends_key *k; (k = kd_table_next(&t->keys, &cursor));)
        if (!k->asked && (!oldest || k->used_us < oldest->used_us)) oldest = k;
    if (oldest) kd_table_remove(&t->keys, trends_key_of(oldest));
    free(oldest);
    return oldest != NULL;
}

static kd_trends_key *trends_key(kd_trends *t, const kd_trending_ask *ask, const char *counter)
{
    char text[TRENDS_KEY_MAX];
    snprintf(text, sizeof text, "%s/%s/%s", ask->collection, counter, kd_trending_windows[ask->window].text);
    kd_trends_key *k = kd_table_find(&t->keys, kd_bytes_str(text));
    if (!k && trends_make_room(t)) {
        k = kd_alloc(sizeof *k);
        k->trends = t;
        STAILQ_INIT(&k->waits);
        memcpy(k->key, text, sizeof text);
        kd_table_put(&t->keys, k);
    }
    if (k) k->used_us = kd_clock_mono_us();
    return k;
}

/* What a request gets now, `err` saying why it is nothing newer. */
static int trends_tell(const kd_trends_key *k, int err, kd_trends_page *page)
{
    if (k->unknown) return KD_ENOTFOUND;
    if (!k->heard) return err;
    *page = k->page;
    page->age_ms += (kd_clock_mono_us() - k->heard_us) / 1000;
    return KD_OK;
}

/* ---- the question ---- */

static void trends_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_trends_key *k = arg;
    kd_asker *a = k->trends->asker;
    kd_trends_page page;
    a->open--;
    k->asked = false;
    bool good =
        result == KD_OK && status == 200 && kd_trending_words(kd_http_response_body(r), &a->text, &page);
    if (good) k->page = page;
    if (good) k->heard = true;
    if (result == KD_OK && (good || status == 404)) {
        k->unknown = status == 404;
        k->heard_us = kd_clock_mono_us();
    }
    for (kd_trends_wait *wait; (wait = STAILQ_FIRST(&k->waits));) {
        STAILQ_REMOVE_HEAD(&k->waits, next);
        wait->fn(wait, trends_tell(k, KD_EUNAVAILABLE, wait->page));
    }
    kd_turn_wake(&a->base->turn);
}

static int trends_ask(kd_trends_key *k, const kd_trending_ask *ask, const char *counter, kd_ask_for asks)
{
    kd_asker *a = k->trends->asker;
    char parent[KD_TRACE_TEXT], path[160];
    if (kd_upstream_none(&a->upstream)) return KD_EUNAVAILABLE;
    int err = kd_asker_admit(a, asks.client, KD_ASK_READ);
    if (err != KD_OK) return err;
    int len =
        snprintf(path, sizeof path, "/v1/trending?collection=%s&counter=%s&window=%s&limit=%d",
                 ask->collection, counter, kd_trending_windows[ask->window].text, KD_TRENDING_ITEMS_MAX);
    kd_http_client_field field = {.no_index = true};
    if (asks.trace->known) field = kd_asker_trace_field(a, asks.trace, parent);
    const kd_upstream_question question = {.method = "GET",
                                           .path = kd_bytes_of(path, (size_t)len),
                                           .fields = &field,
                                           .field_count = asks.trace->known,
                                           .tells = "items",
                                           .partition = KD_CENTRALS_ANY,
                                           .deadline_ms = kd_asker_deadline_ms(a)};
    err = kd_upstream_ask(&a->upstream, &question, trends_on_answer, k);
    if (err != KD_OK) return KD_EUNAVAILABLE;
    a->open++;
    k->asked = true;
    kd_metric_add(&a->base->metrics.trending_asks, 1);
    return KD_OK;
}

int kd_trends_find(kd_trends *t, const kd_trending_ask *ask, const char *counter, kd_ask_for asks,
                   kd_trends_wait *wait)
{
    kd_trends_key *k = trends_key(t, ask, counter);
    if (!k) return KD_EOVERLOADED;
    bool fresh = (k->heard || k->unknown) &&
                 kd_clock_mono_us() - k->heard_us <= kd_trending_windows[ask->window].fresh_us;
    int err = fresh || k->asked ? KD_OK : trends_ask(k, ask, counter, asks);
    if (fresh || err != KD_OK) return trends_tell(k, err, wait->page);
    STAILQ_INSERT_TAIL(&k->waits, wait, next);
    return KD_EAGAIN;
}

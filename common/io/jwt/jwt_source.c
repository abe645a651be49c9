/* jwt_source.c - see the header. */
#include "common/io/daemon/file_read.h"
#include "common/io/jwt/jwt_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "common/io/jwt/jwt_fetch.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"
#include "kudos/backoff.h"

enum { LOOK_US = 250 * 1000, START_WAIT_MS = 2000 };
#define RETRY_MIN_US ((uint64_t)1000000)
#define RETRY_MAX_US ((uint64_t)60000000)

/* By what a file is known to be the one that was read. */
typedef struct {
    struct timespec changed, written;
    ino_t number;
    off_t size;
} file_mark;

struct kd_jwt_source {
    const kd_jwt_settings *settings;
    kd_jwt_ring *ring;
    kd_jwt_budget *budget;
    kd_timer timer;
    kd_buf text, secret; /* what the keys in use were made of */
    file_mark keys_mark, secret_mark;
    uint32_t count;
    bool used;        /* they were put in use */
    bool stale;       /* a file could not be used when it was last read */
    uint64_t read_us; /* monotonic: when the keys were read last; 0: never */
    /* jwt.keys_url */
    kd_jwt_fetch *fetch;
    kd_backoff backoff;
    uint64_t begun_us, next_us, random, fetches, failures;
    bool away; /* the log says so */
};

/* ---- texts become keys ---- */

static void source_told(const kd_jwt_keys *keys)
{
    KD_LOG(KD_INFO, "jwt-keys-read", KD_U64("keys", keys->count), KD_U64("left_out", keys->left_out),
           KD_STR("why_left_out", keys->why));
}

static bool source_same(const kd_buf *mine, kd_bytes fresh)
{
    return kd_bytes_eq(kd_buf_view(mine), fresh);
}

static void source_keep(kd_buf *mine, kd_bytes fresh)
{
    kd_secret_finish(mine);
    kd_buf_put(mine, fresh.data, fresh.len);
}

/* Puts the keys of both texts in use. KD_EINVAL with `error`: nothing has changed. Tokens that are remembered stay so where the texts are the same. */
static int source_use(kd_jwt_source *s, kd_bytes text, kd_bytes secret, char *error)
{
    kd_jwt_keys keys;
    bool same = s->used && source_same(&s->text, text) && source_same(&s->secret, secret);
    int err = same ? KD_OK : kd_jwt_settings_keys(s->settings, text, secret, &keys, error);
    if (err != KD_OK || same) return err;
    s->used = true;
    source_keep(&s->text, text);
    source_keep(&s->secret, secret);
    source_told(&keys);
    s->count = keys.count;
    kd_jwt_ring_publish(s->ring, &keys);
    return KD_OK;
}

/* ---- files ---- */

static file_mark source_mark(const char *path)
{
    struct stat info;
    if (!path || stat(path, &info) != 0) return (file_mark){.size = 0};
    return (file_mark){info.st_ctim, info.st_mtim, info.st_ino, info.st_size};
}

static bool source_marks_eq(const file_mark *a, const file_mark *b)
{
    return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
           a->written.tv_sec == b->written.tv_sec && a->written.tv_nsec == b->written.tv_nsec &&
           a->number == b->number && a->size == b->size;
}

/* Looks before it reads: a file that changes meanwhile is read once more. */
static void source_note_files(kd_jwt_source *s)
{
    s->keys_mark = source_mark(s->settings->keys_file);
    s->secret_mark = source_mark(s->settings->secret_file);
}

static int source_read_files(kd_jwt_source *s, char *error)
{
    kd_buf text = {0}, secret = {0};
    source_note_files(s);
    if (!s->settings->keys_file && !s->settings->secret_file) return KD_OK;
    int err = kd_jwt_settings_read(s->settings, &text, &secret, error);
    kd_bytes public = s->settings->keys_url ? kd_buf_view(&s->text) : kd_buf_view(&text);
    if (err == KD_OK) err = source_use(s, public, kd_buf_view(&secret), error);
    if (err == KD_OK && !s->settings->keys_url) s->read_us = kd_clock_mono_us();
    kd_buf_finish(&text);
    kd_secret_finish(&secret);
    return err;
}

static void source_read_again(kd_jwt_source *s)
{
    char error[KD_OPTIONS_ERROR_MAX];
    s->stale = source_read_files(s, error) != KD_OK;
    if (s->stale) KD_LOG(KD_ERROR, "jwt-keys-kept", KD_STR("cause", error));
}

static void source_look_at_files(kd_jwt_source *s)
{
    file_mark keys = source_mark(s->settings->keys_file), secret = source_mark(s->settings->secret_file);
    if (!source_marks_eq(&keys, &s->keys_mark) || !source_marks_eq(&secret, &s->secret_mark))
        source_read_again(s);
}

/* ---- the address ---- */

static void source_failed(kd_jwt_source *s, const char *cause)
{
    s->failures++;
    s->next_us = kd_clock_mono_us() + kd_backoff_next(&s->backoff, kd_random_next(&s->random));
    if (!s->away)
        KD_LOG(KD_WARN, "jwt-provider-away", KD_STR("url", s->settings->keys_url), KD_STR("cause", cause),
               KD_U64("keys", s->count));
    s->away = true;
}

static void source_fetched(kd_jwt_source *s, kd_bytes text)
{
    char error[KD_OPTIONS_ERROR_MAX] = "the answer is empty";
    /* Without a text source_use takes it that no public keys are configured. */
    if (text.len == 0 || source_use(s, text, kd_buf_view(&s->secret), error) != KD_OK) {
        source_failed(s, error);
        return;
    }
    s->read_us = kd_clock_mono_us();
    if (s->away) KD_LOG(KD_INFO, "jwt-provider-back", KD_STR("url", s->settings->keys_url));
    s->away = false;
    kd_backoff_reset(&s->backoff);
    s->next_us = kd_clock_mono_us() + s->settings->refresh_interval_us;
}

static void source_look_at_fetch(kd_jwt_source *s)
{
    char cause[KD_JWT_CAUSE_MAX];
    kd_buf text = {0};
    kd_jwt_fetched what = kd_jwt_fetch_look(s->fetch, &text, cause);
    s->fetches += what != KD_JWT_FETCH_IDLE;
    if (what == KD_JWT_FETCH_DONE) source_fetched(s, kd_buf_view(&text));
    if (what == KD_JWT_FETCH_FAILED) source_failed(s, cause);
    kd_buf_finish(&text);
}

/* A key that a token names and we lack brings the next fetch forward, but no two fetches are nearer than jwt.refetch_min for that. */
static void source_fetch_if_due(kd_jwt_source *s)
{
    uint64_t now_us = kd_clock_mono_us();
    bool may = now_us - s->begun_us >= s->settings->refetch_min_us;
    bool due = now_us >= s->next_us || (may && kd_jwt_ring_wanted(s->ring));
    if (!due || !kd_jwt_fetch_begin(s->fetch)) return;
    s->begun_us = now_us;
    kd_jwt_ring_sought(s->ring);
}

static void source_on_timer(void *arg)
{
    kd_jwt_source *s = arg;
    source_look_at_files(s);
    if (s->fetch) source_look_at_fetch(s);
    if (s->fetch) source_fetch_if_due(s);
    kd_timer_set(&s->timer, LOOK_US);
}

/* ---- its life ---- */

static int source_start_fetching(kd_jwt_source *s, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "jwt.keys_url: no thread left");
    int err =
        kd_jwt_fetch_create(&s->fetch, s->settings->keys_url, s->settings->ca_file, KD_JWT_KEYS_BYTES_MAX);
    if (err != KD_OK) return err;
    s->backoff = (kd_backoff){.min_us = RETRY_MIN_US, .max_us = RETRY_MAX_US};
    source_fetch_if_due(s);
    kd_jwt_fetch_wait(s->fetch, START_WAIT_MS);
    source_look_at_fetch(s);
    return KD_OK;
}

int kd_jwt_source_create(kd_jwt_source **out, const kd_jwt_settings *settings, kd_loop *loop, char *error)
{
    *out = NULL;
    if (!kd_jwt_on(settings)) return KD_OK;
    kd_jwt_source *s = kd_alloc(sizeof *s);
    s->settings = settings;
    s->ring = kd_jwt_ring_create();
    if (getrandom(&s->random, sizeof s->random, 0) != sizeof s->random) s->random = kd_clock_mono_us();
    s->budget = kd_jwt_budget_create(kd_random_next(&s->random));
    kd_timer_init(&s->timer, loop, source_on_timer, s);
    int err = source_read_files(s, error);
    if (err == KD_OK && settings->keys_url) err = source_start_fetching(s, error);
    if (err != KD_OK) {
        kd_jwt_source_destroy(s);
        return err;
    }
    kd_timer_set(&s->timer, LOOK_US);
    *out = s;
    return KD_OK;
}

void kd_jwt_source_destroy(kd_jwt_source *s)
{
    if (!s) return;
    kd_timer_finish(&s->timer);
    kd_jwt_fetch_destroy(s->fetch);
    kd_jwt_ring_destroy(s->ring);
    kd_jwt_budget_destroy(s->budget);
    kd_buf_finish(&s->text);
    kd_secret_finish(&s->secret);
    free(s);
}

void kd_jwt_source_reload(kd_jwt_source *s)
{
    if (!s) return;
    source_read_again(s);
    s->next_us = 0; /* of a file without an address nobody looks at it */
}

kd_jwt_ring *kd_jwt_source_ring(kd_jwt_source *s)
{
    return s ? s->ring : NULL;
}

kd_jwt_budget *kd_jwt_source_budget(kd_jwt_source *s)
{
    return s ? s->budget : NULL;
}

kd_jwt_source_metrics kd_jwt_source_measure(const kd_jwt_source *s)
{
    kd_jwt_source_metrics m = {0};
    kd_metric_set(&m.age, KD_METRIC_NONE);
    if (!s) return m;
    kd_metric_set(&m.keys, s->count);
    if (s->read_us > 0) kd_metric_set(&m.age, (int64_t)(kd_clock_mono_us() - s->read_us));
    kd_metric_set(&m.stale, s->stale);
    kd_metric_set(&m.fetches, (int64_t)s->fetches);
    kd_metric_set(&m.failures, (int64_t)s->failures);
    return m;
}

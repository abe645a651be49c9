/* jwt_fetch.c - see the header. */
#include "common/io/jwt/jwt_fetch.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/io/tls/tls_guard.h"

typedef enum { FETCH_REST, FETCH_ORDERED, FETCH_ENDED } fetch_state;

struct kd_jwt_fetch {
    const char *url, *ca_file;
    size_t max;
    pthread_t thread;
    _Atomic bool stop;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    fetch_state state;
    bool good;
    kd_buf text;   /* the thread's while FETCH_ORDERED */
    size_t fields; /* bytes of the answer's header fields and trailers; the thread's */
    char cause[KD_JWT_CAUSE_MAX];
};

/* A document that is too long ends the fetch with CURLE_WRITE_ERROR. */
static size_t fetch_take(char *data, size_t size, size_t n, void *arg)
{
    kd_jwt_fetch *f = arg;
    if (f->text.len + size * n > f->max) return 0;
    kd_buf_put(&f->text, data, size * n);
    return size * n;
}

/* Too many fields end the fetch as too long a document does. */
static size_t fetch_take_field(char *data, size_t size, size_t n, void *arg)
{
    kd_jwt_fetch *f = arg;
    (void)data;
    f->fields += size * n;
    return f->fields <= KD_JWT_FIELDS_MAX ? size * n : 0;
}

/* Asked several times a second: anything but 0 ends the fetch. */
static int fetch_goes_on(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    const kd_jwt_fetch *f = arg;
    (void)down_all, (void)down, (void)up_all, (void)up;
    return atomic_load(&f->stop);
}

static const char *fetch_cause(const kd_jwt_fetch *f, CURLcode code, const char *detail)
{
    if (f->fields > KD_JWT_FIELDS_MAX) return "its header fields or trailers are too long";
    if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED) return "the document is too long";
    return detail[0] ? detail : curl_easy_strerror(code);
}

static CURL *fetch_prepare(kd_jwt_fetch *f)
{
    CURL *curl = curl_easy_init();
    KD_ASSERT(curl);
    curl_easy_setopt(curl, CURLOPT_URL, f->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    /* A name is looked up on a thread of libcurl's. Without this each fetch waits for its end, as long as name servers are silent: a stop of the process, too. */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)KD_JWT_CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)KD_JWT_TOTAL_MS);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)f->max);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "kudos");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, fetch_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, fetch_take_field);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, f);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, fetch_goes_on);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, f);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, kd_tls_guard_curl);
    if (f->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, f->ca_file);
    return curl;
}

/* The thread has the text and the cause for itself meanwhile. */
static bool fetch_run(kd_jwt_fetch *f)
{
    long status = 0;
    char detail[CURL_ERROR_SIZE] = "";
    CURL *curl = fetch_prepare(f);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    kd_buf_clear(&f->text);
    f->fields = 0;
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code == CURLE_OK && status == 200) return true;
    if (code == CURLE_OK)
        snprintf(f->cause, sizeof f->cause, "answered with status %ld", status);
    else
        snprintf(f->cause, sizeof f->cause, "%s", fetch_cause(f, code, detail));
    return false;
}

static void *fetch_thread(void *arg)
{
    kd_jwt_fetch *f = arg;
    pthread_mutex_lock(&f->lock);
    while (!atomic_load(&f->stop)) {
        if (f->state != FETCH_ORDERED) {
            pthread_cond_wait(&f->changed, &f->lock);
            continue;
        }
        pthread_mutex_unlock(&f->lock);
        bool good = fetch_run(f);
        pthread_mutex_lock(&f->lock);
        f->good = good;
        f->state = FETCH_ENDED;
        pthread_cond_broadcast(&f->changed);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

int kd_jwt_fetch_create(kd_jwt_fetch **fetch, const char *url, const char *ca_file, size_t max)
{
    kd_jwt_fetch *f = kd_alloc(sizeof *f);
    f->url = url;
    f->ca_file = ca_file;
    f->max = max;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK &&
        pthread_create(&f->thread, NULL, fetch_thread, f) == 0) {
        *fetch = f;
        return KD_OK;
    }
    free(f);
    return KD_EIO;
}

void kd_jwt_fetch_destroy(kd_jwt_fetch *f)
{
    if (!f) return;
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->stop, true);
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    kd_buf_finish(&f->text);
    curl_global_cleanup();
    free(f);
}

bool kd_jwt_fetch_begin(kd_jwt_fetch *f)
{
    pthread_mutex_lock(&f->lock);
    bool rests = f->state == FETCH_REST;
    if (rests) f->state = FETCH_ORDERED;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    return rests;
}

kd_jwt_fetched kd_jwt_fetch_look(kd_jwt_fetch *f, kd_buf *text, char *cause)
{
    kd_jwt_fetched what = KD_JWT_FETCH_IDLE;
    pthread_mutex_lock(&f->lock);
    if (f->state == FETCH_ENDED) {
        what = f->good ? KD_JWT_FETCH_DONE : KD_JWT_FETCH_FAILED;
        kd_buf_clear(text);
        if (f->good) kd_buf_put(text, f->text.data, f->text.len);
        if (!f->good) memcpy(cause, f->cause, sizeof f->cause);
        f->state = FETCH_REST;
    }
    pthread_mutex_unlock(&f->lock);
    return what;
}

void kd_jwt_fetch_wait(kd_jwt_fetch *f, uint32_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&f->lock);
    while (f->state == FETCH_ORDERED && pthread_cond_timedwait(&f->changed, &f->lock, &until) == 0) continue;
    pthread_mutex_unlock(&f->lock);
}

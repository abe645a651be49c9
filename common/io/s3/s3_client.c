/* s3_client.c - see the header. What an answer means: s3_outcome.c. */
#include "common/io/s3/s3_client.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"
#include "common/io/s3/s3_outcome.h"
#include "common/io/s3/s3_sign.h"
#include "common/io/tls/tls_guard.h"
#include "kudos/backoff.h"

enum { BACKOFF_MIN_US = 200000, BACKOFF_MAX_US = 10000000, WAIT_US = 50000, URL_MAX = 8192 };
enum { STALLED_BYTES = 1024, STALLED_S = 20, REFUSAL_MAX = 64 * 1024, FIELDS_MAX = 32 * 1024 };

struct kd_s3 {
    kd_s3_config config;
    kd_s3_keys keys;
    CURL *curl; /* keeps its connection from request to request */
    char scheme[8], host[512];
    char fault[CURL_ERROR_SIZE];
    int64_t server_time;
    uint64_t free_at_us; /* when the bandwidth has room again */
    kd_s3_stats stats;
    /* Of the attempt under way. */
    kd_buf *out;
    size_t max;
    size_t fields; /* bytes of its header fields and trailers, as KD_JWT_FIELDS_MAX */
};

/* ---- where it goes ---- */

static bool s3_host_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
}

bool kd_s3_endpoint_valid(kd_bytes text)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < KD_COUNT(schemes); i++) {
        size_t len = strlen(schemes[i]);
        if (text.len <= len || text.len > 256 || memcmp(text.data, schemes[i], len) != 0) continue;
        for (size_t k = len; k < text.len; k++)
            if (!s3_host_char(text.data[k])) return false;
        return true;
    }
    return false;
}

static void s3_set_place(kd_s3 *c)
{
    char endpoint[512];
    if (c->config.endpoint)
        snprintf(endpoint, sizeof endpoint, "%s", c->config.endpoint);
    else
        snprintf(endpoint, sizeof endpoint, "https://s3.%s.amazonaws.com", c->config.region);
    const char *host = strstr(endpoint, "://");
    KD_ASSERT(host && host - endpoint < (int)sizeof c->scheme);
    snprintf(c->scheme, sizeof c->scheme, "%.*s", (int)(host - endpoint), endpoint);
    snprintf(c->host, sizeof c->host, "%s%s%.256s", c->config.path_style ? "" : c->config.bucket,
             c->config.path_style ? "" : ".", host + 3);
}

int kd_s3_create(kd_s3 **client, const kd_s3_config *config, char *error)
{
    *client = NULL;
    if (!config->key_file) {
        snprintf(error, KD_S3_ERROR_MAX, "backup.key_file is not set: who we are to s3://%s is unknown",
                 config->bucket);
        return KD_EINVAL;
    }
    kd_s3 *c = kd_alloc(sizeof *c);
    c->config = *config;
    int err = kd_s3_keys_read(&c->keys, config->key_file, error, KD_S3_ERROR_MAX);
    if (err != KD_OK) {
        free(c);
        return err;
    }
    KD_ASSERT(sodium_init() >= 0 && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    s3_set_place(c);
    c->curl = curl_easy_init();
    KD_ASSERT(c->curl);
    *client = c;
    return KD_OK;
}

void kd_s3_destroy(kd_s3 *c)
{
    if (!c) return;
    curl_easy_cleanup(c->curl);
    curl_global_cleanup();
    kd_s3_keys_wipe(&c->keys);
    free(c);
}

int64_t kd_s3_server_time(const kd_s3 *c)
{
    return c->server_time;
}

kd_s3_stats kd_s3_get_stats(const kd_s3 *c)
{
    return c->stats;
}

/* ---- waiting ---- */

/* False: to be given up. */
static bool s3_wait_until(const kd_s3 *c, uint64_t until_us)
{
    for (uint64_t now; (now = kd_clock_mono_us()) < until_us;
         usleep((useconds_t)KD_MIN(until_us - now, WAIT_US)))
        if (!c->config.go_on(c->config.arg)) return false;
    return c->config.go_on(c->config.arg);
}

/* What was moved is paid for before the next request. */
static void s3_pay(kd_s3 *c, uint64_t bytes)
{
    if (c->config.bandwidth == 0) return;
    c->free_at_us = KD_MAX(c->free_at_us, kd_clock_mono_us()) + bytes * 1000000 / c->config.bandwidth;
}

/* ---- one attempt ---- */

static size_t s3_take(char *data, size_t size, size_t n, void *arg)
{
    kd_s3 *c = arg;
    if (c->out->len + size * n > c->max) return 0; /* ends it with CURLE_WRITE_ERROR */
    kd_buf_put(c->out, data, size * n);
    return size * n;
}

static size_t s3_take_header(char *data, size_t size, size_t n, void *arg)
{
    static const char date[] = "date:";
    kd_s3 *c = arg;
    char line[128];
    if (size * n > sizeof date && strncasecmp(data, date, sizeof date - 1) == 0) {
        snprintf(line, sizeof line, "%.*s", (int)(size * n - sizeof date + 1), data + sizeof date - 1);
        time_t told = curl_getdate(line, NULL);
        if (told > 0) c->server_time = told;
    }
    c->fields += size * n;
    return c->fields <= FIELDS_MAX ? size * n : 0; /* as s3_take */
}

static int s3_goes_on(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    const kd_s3 *c = arg;
    (void)down_all, (void)down, (void)up_all, (void)up;
    return !c->config.go_on(c->config.arg);
}

static void s3_add(struct curl_slist **headers, const char *name, const char *value)
{
    kd_buf line = {0};
    kd_buf_put(&line, name, strlen(name));
    kd_buf_put(&line, value, strlen(value) + 1);
    struct curl_slist *longer = curl_slist_append(*headers, (const char *)line.data);
    KD_ASSERT(longer);
    *headers = longer;
    kd_buf_finish(&line);
}

static struct curl_slist *s3_headers(const kd_s3 *c, const kd_s3_request *q, const char *path)
{
    char date[KD_S3_DATE_MAX], hash[KD_S3_HEX_MAX];
    kd_buf signature = {0};
    struct curl_slist *headers = NULL;
    struct tm tm;
    const time_t now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm);
    kd_s3_sha256(q->body, hash);
    const kd_s3_signed what = {.method = q->method,
                               .host = c->host,
                               .path = path,
                               .query = q->query,
                               .region = c->config.region,
                               .date = date,
                               .payload_hash = hash};
    kd_s3_sign(&c->keys, &what, &signature);
    s3_add(&headers, "Host: ", c->host); /* exactly what is signed */
    s3_add(&headers, "x-amz-date: ", date);
    s3_add(&headers, "x-amz-content-sha256: ", hash);
    if (c->keys.token[0]) s3_add(&headers, "x-amz-security-token: ", c->keys.token);
    s3_add(&headers, "Authorization: ", (const char *)signature.data);
    s3_add(&headers, "Expect:", ""); /* else curl waits a second for a word that many servers never say */
    if (strcmp(q->method, "PUT") == 0) s3_add(&headers, "Content-Type: ", "application/octet-stream");
    kd_buf_finish(&signature);
    return headers;
}

static void s3_set_bounds(kd_s3 *c, uint64_t left_us)
{
    const long left_ms = (long)KD_MAX(1, left_us / 1000);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, KD_MIN(left_ms, (long)KD_S3_CONNECT_MS));
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, KD_MIN(left_ms, (long)KD_S3_ATTEMPT_MS));
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALLED_BYTES);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_S);
    curl_easy_setopt(c->curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)c->config.bandwidth);
    curl_easy_setopt(c->curl, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)c->config.bandwidth);
    curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, s3_goes_on);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
}

static void s3_set_request(kd_s3 *c, const kd_s3_request *q)
{
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c->curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "kudos");
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->fault);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, s3_take);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, s3_take_header);
    curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_SSL_CTX_FUNCTION, kd_tls_guard_curl);
    if (c->config.ca_file) curl_easy_setopt(c->curl, CURLOPT_CAINFO, c->config.ca_file);
    if (strcmp(q->method, "PUT") == 0) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, q->body.len > 0 ? (const char *)q->body.data : "");
    }
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, q->method);
}

static kd_s3_outcome s3_attempt(kd_s3 *c, const kd_s3_request *q, uint64_t left_us)
{
    char path[URL_MAX / 2], url[URL_MAX];
    kd_s3_outcome outcome = {.status = 0};
    const char *bucket = c->config.path_style ? c->config.bucket : "";
    snprintf(path, sizeof path, "%s%s/%s", *bucket ? "/" : "", bucket, q->key);
    if (q->key[0] == '\0' && *bucket) path[strlen(path) - 1] = '\0'; /* of the bucket: without a slash */
    snprintf(url, sizeof url, "%s://%s%s%s%s", c->scheme, c->host, path, q->query[0] ? "?" : "", q->query);
    curl_easy_reset(c->curl);
    c->fault[0] = '\0';
    c->fields = 0;
    kd_buf_clear(c->out);
    struct curl_slist *headers = s3_headers(c, q, path);
    s3_set_request(c, q);
    s3_set_bounds(c, left_us);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    outcome.curl = curl_easy_perform(c->curl);
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &outcome.status);
    outcome.fault = c->fault;
    outcome.text = kd_buf_view(c->out);
    curl_slist_free_all(headers);
    return outcome;
}

static void s3_count(kd_s3 *c, const kd_s3_request *q)
{
    curl_off_t sent = 0;
    curl_easy_getinfo(c->curl, CURLINFO_SIZE_UPLOAD_T, &sent);
    c->stats.requests++;
    c->stats.sent_bytes += q->body.len > 0 ? (uint64_t)sent : 0;
    c->stats.received_bytes += c->out->len;
    s3_pay(c, (uint64_t)sent + c->out->len);
}

/* ---- until it is done ---- */

int kd_s3_ask(kd_s3 *c, const kd_s3_request *q, kd_buf *out, char *error)
{
    kd_backoff backoff = {.min_us = BACKOFF_MIN_US, .max_us = BACKOFF_MAX_US};
    char why[KD_S3_ERROR_MAX / 2];
    c->out = out;
    c->max = KD_MAX(q->max, REFUSAL_MAX);
    snprintf(error, KD_S3_ERROR_MAX, "given up, since the program is stopping");
    if (!s3_wait_until(c, c->free_at_us)) return KD_EAGAIN;
    const uint64_t until_us = kd_clock_mono_us() + c->config.timeout_us;
    for (uint32_t attempts = 1;; attempts++) {
        const uint64_t now_us = kd_clock_mono_us();
        kd_s3_outcome outcome = s3_attempt(c, q, until_us > now_us ? until_us - now_us : 0);
        s3_count(c, q);
        bool passing = false;
        int err = kd_s3_judge(&outcome, &passing, why, sizeof why);
        if (err == KD_OK) return KD_OK;
        snprintf(error, KD_S3_ERROR_MAX, "s3://%s/%.200s: %s %s (attempt %u)", c->config.bucket, q->key,
                 q->method, why, attempts);
        const uint64_t again_us = kd_clock_mono_us() + kd_backoff_next(&backoff, randombytes_random());
        if (!passing || again_us >= until_us) return err;
        KD_LOG(KD_WARN, "backup-store-retry", KD_STR("object", q->key), KD_STR("cause", why),
               KD_U64("attempt", attempts));
        c->stats.retries++;
        if (!s3_wait_until(c, again_us)) return KD_EAGAIN;
    }
}

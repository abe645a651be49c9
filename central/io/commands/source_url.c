/* source_url.c - see the header. */
#include "central/io/commands/source_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "central/io/api/cursor.h"
#include "common/io/http/client/http_client.h"
#include "common/base/text.h"
#include "common/io/daemon/options_file.h"

enum { PAGE_ROWS = 2000, PAGE_MS = 20000, FIRST_MS = 5000, TRIES = 5, AGAIN_MS = 300 };

typedef struct {
    struct event_base *base;
    kd_http_client *client;
    int result, status;
    bool sums;  /* lines of sums are wanted */
    bool heard; /* it has answered before */
    uint32_t partitions;
    kd_buf page;
    char cursor[KD_CURSOR_TEXT_MAX + 1];
} source_url_session;

static void copy_header(const kd_http_response *r, const char *name, char *out, size_t size)
{
    kd_bytes value = kd_http_response_header(r, name);
    size_t len = KD_MIN(value.len, size - 1);
    if (len > 0) memcpy(out, value.data, len);
    out[len] = '\0';
}

static void source_url_take_page(void *arg, int result, int status, const kd_http_response *r)
{
    source_url_session *s = arg;
    char partitions[12] = "";
    s->result = result;
    s->status = status;
    kd_buf_clear(&s->page);
    if (result == KD_OK) {
        s->heard = true;
        kd_bytes body = kd_http_response_body(r);
        kd_buf_put(&s->page, body.data, body.len);
        copy_header(r, "kudos-partitions", partitions, sizeof(partitions));
        copy_header(r, "kudos-cursor", s->cursor, sizeof(s->cursor));
        s->partitions = (uint32_t)strtoul(partitions, NULL, 10);
    }
    event_base_loopbreak(s->base);
}

/* True when the page is there. */
static bool source_url_ask_once(source_url_session *s, const char *path)
{
    s->result = KD_EUNAVAILABLE;
    int err = kd_http_client_request(s->client, "GET", kd_bytes_str(path), NULL, 0, kd_bytes_of(NULL, 0),
                                     source_url_take_page, s, s->heard ? PAGE_MS : FIRST_MS);
    if (err == KD_OK) event_base_loop(s->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return s->result == KD_OK && s->status == 200;
}

static bool source_url_worth_again(const source_url_session *s)
{
    return s->result != KD_OK || s->status == 503 || s->status == 429;
}

/* Why no answer came: what the connection met, if anything, else the kd_err of the request. */
static const char *source_url_why(source_url_session *s)
{
    kd_reason reason;
    const char *cause;
    return kd_http_client_trouble(s->client, &reason, &cause) ? cause : kd_strerror(s->result);
}

static int source_url_ask(source_url_session *s, uint32_t partition, char *error)
{
    char path[KD_CURSOR_TEXT_MAX + 128];
    snprintf(path, sizeof(path), "/v1/export?partition=%u&limit=%d%s%s%s", partition, PAGE_ROWS,
             s->sums ? "&sums=true" : "", s->cursor[0] != '\0' ? "&cursor=" : "", s->cursor);
    for (int i = 0; i < TRIES; i++) {
        if (source_url_ask_once(s, path)) return KD_EXIT_OK;
        if (!source_url_worth_again(s) || !s->heard || s->result == KD_EUNTRUSTED) break;
        usleep(AGAIN_MS * 1000);
    }
    if (s->result == KD_EUNTRUSTED)
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%s (%s); --ca names a file with the authorities that are trusted", kd_strerror(s->result),
                 kd_http_client_distrust(s->client));
    else if (s->result != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: %s", partition, source_url_why(s));
    else
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: status %d: %.*s", partition, s->status,
                 (int)KD_MIN(s->page.len, 400), (const char *)s->page.data);
    return source_url_worth_again(s) ? KD_EXIT_UNAVAILABLE : KD_EXIT_FAILED;
}

static int source_url_read_all(source_url_session *s, kd_source_lines fn, void *arg, char *error)
{
    s->partitions = 1;
    for (uint32_t p = 0; p < s->partitions; p++) {
        s->cursor[0] = '\0';
        do {
            int code = source_url_ask(s, p, error);
            if (code != KD_EXIT_OK) return code;
            if (fn(arg, kd_buf_view(&s->page)) != KD_OK) {
                snprintf(error, KD_OPTIONS_ERROR_MAX, "the lines could not be passed on");
                return KD_EXIT_FAILED;
            }
        } while (s->cursor[0] != '\0');
    }
    return KD_EXIT_OK;
}

int kd_source_url_each(const kd_source *source, kd_source_lines fn, void *arg, char *error)
{
    const kd_http_client_options options = {
        .body_max = KD_HTTP_CLIENT_BODY_MAX,
        .seed = (uint64_t)getpid(),
        .ca_file = source->ca,
        .cert_file = source->cert,
        .key_file = source->key,
        .token = source->token,
    };
    char shown[KD_TEXT_SHOWN_MAX];
    source_url_session s = {.base = event_base_new(), .sums = source->sums};
    KD_ASSERT(s.base);
    int err = kd_http_client_create(&s.client, s.base, source->url, &options), code;
    if (err == KD_OK) {
        code = source_url_read_all(&s, fn, arg, error);
    } else {
        const char *fault = kd_http_client_fault(source->url, &options);
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s", kd_text_url_shown(source->url, shown),
                 fault ? fault : kd_strerror(err));
        code = KD_EXIT_USAGE;
    }
    kd_http_client_destroy(s.client);
    event_base_free(s.base);
    kd_buf_finish(&s.page);
    return code;
}

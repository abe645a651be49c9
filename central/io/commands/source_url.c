/* source_url.c - see the header. */
#include "central/io/commands/source_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "central/io/api/cursor.h"
#include "common/io/admin/admin_client.h"
#include "common/io/http/client/http_client.h"
#include "common/base/text.h"
#include "common/io/daemon/options_file.h"

enum { PAGE_ROWS = 2000, PAGE_MS = 20000, FIRST_MS = 5000, TRIES = 5, AGAIN_MS = 300 };

enum { URLS_MAX = 16 };

typedef struct {
    struct event_base *base;
    char *list; /* of URLs, cut into `urls` */
    char *urls[URLS_MAX];
    kd_http_client *clients[URLS_MAX];
    uint32_t count, at; /* at: who is asked */
    uint32_t tried;     /* a bit for each that was asked for this page in vain */
    char leader[512];   /* whom a 307 or 421 named; empty: nobody */
    int result, status;
    bool sums;  /* lines of sums are wanted */
    bool heard; /* one has answered before */
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
    s->leader[0] = '\0';
    if (result == KD_OK) {
        s->heard = true;
        copy_header(r, status == 307 ? "location" : "kudos-leader", s->leader, sizeof(s->leader));
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
    int err =
        kd_http_client_request(s->clients[s->at], "GET", kd_bytes_str(path), NULL, 0, kd_bytes_of(NULL, 0),
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
    return kd_http_client_trouble(s->clients[s->at], &reason, &cause) ? cause : kd_strerror(s->result);
}

static bool source_url_elsewhere(const source_url_session *s)
{
    return s->result == KD_OK && (s->status == 307 || s->status == 421);
}

/* Whether urls[i] is the leader that was named: a Location goes on with a path. */
static bool source_url_is_leader(const source_url_session *s, uint32_t i)
{
    const char *path = strstr(s->leader, "/v1/");
    size_t len = path ? (size_t)(path - s->leader) : strlen(s->leader);
    return len > 0 && kd_http_client_same_url(s->urls[i], kd_bytes_of(s->leader, len));
}

/* The next URL for this page: the leader that was named, if it is one of them, else any that was not asked. A token goes to no other address than the
 * operator's own. */
static bool source_url_go_on(source_url_session *s)
{
    uint32_t next = URLS_MAX;
    s->tried |= 1u << s->at;
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->tried >> i & 1) continue;
        if (next == URLS_MAX || source_url_is_leader(s, i)) next = i;
    }
    if (next == URLS_MAX) return false;
    s->at = next;
    return true;
}

/* An admin port closes the connection at the first bytes of HTTP/2. */
static bool source_url_is_admin(const source_url_session *s)
{
    kd_reason reason;
    const char *cause;
    bool lost = !s->heard && kd_http_client_trouble(s->clients[s->at], &reason, &cause) &&
                reason == KD_REASON_DISCONNECTED;
    return lost && kd_admin_port_answers(s->urls[s->at]);
}

static int source_url_tell_admin(const source_url_session *s, char *error)
{
    char shown[KD_TEXT_SHOWN_MAX];
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "%s is an admin port; an export asks central's public port (http.listen, 8440 by default)",
             kd_text_url_shown(s->urls[s->at], shown));
    return KD_EXIT_USAGE;
}

static void source_url_tell(source_url_session *s, uint32_t partition, char *error)
{
    char shown[KD_TEXT_SHOWN_MAX];
    if (s->result == KD_EUNTRUSTED)
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%s (%s); --ca names a file with the authorities that are trusted", kd_strerror(s->result),
                 kd_http_client_distrust(s->clients[s->at]));
    else if (s->result != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: %s", partition, source_url_why(s));
    else if (source_url_elsewhere(s) && s->leader[0] != '\0')
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: %s leads it; name it with --url, too", partition,
                 kd_text_url_shown(s->leader, shown));
    else
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: status %d: %.*s", partition, s->status,
                 (int)KD_MIN(s->page.len, 400), (const char *)s->page.data);
}

static int source_url_ask(source_url_session *s, uint32_t partition, char *error)
{
    char path[KD_CURSOR_TEXT_MAX + 128];
    snprintf(path, sizeof(path), "/v1/export?partition=%u&limit=%d%s%s%s", partition, PAGE_ROWS,
             s->sums ? "&sums=true" : "", s->cursor[0] != '\0' ? "&cursor=" : "", s->cursor);
    for (int i = 0; i < TRIES; i++) {
        s->tried = 0;
        do {
            if (source_url_ask_once(s, path)) return KD_EXIT_OK;
        } while ((source_url_worth_again(s) || source_url_elsewhere(s)) && source_url_go_on(s));
        bool again = source_url_worth_again(s) || (source_url_elsewhere(s) && s->count > 1);
        if (!again || !s->heard || s->result == KD_EUNTRUSTED) break;
        usleep(AGAIN_MS * 1000);
    }
    if (source_url_is_admin(s)) return source_url_tell_admin(s, error);
    source_url_tell(s, partition, error);
    return source_url_worth_again(s) || source_url_elsewhere(s) ? KD_EXIT_UNAVAILABLE : KD_EXIT_FAILED;
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

static int source_url_open(source_url_session *s, const kd_source *source, char *error)
{
    const kd_http_client_options options = {
        .body_max = KD_HTTP_CLIENT_BODY_MAX,
        .seed = (uint64_t)getpid(),
        .fail_fast = s->count > 1,
        .ca_file = source->ca,
        .cert_file = source->cert,
        .key_file = source->key,
        .token = source->token,
    };
    char shown[KD_TEXT_SHOWN_MAX];
    for (uint32_t i = 0; i < s->count; i++) {
        int err = kd_http_client_create(&s->clients[i], s->base, s->urls[i], &options);
        if (err == KD_OK) continue;
        const char *fault = kd_http_client_fault(s->urls[i], &options);
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s", kd_text_url_shown(s->urls[i], shown),
                 fault ? fault : kd_strerror(err));
        return KD_EXIT_USAGE;
    }
    return KD_EXIT_OK;
}

static int source_url_cut(source_url_session *s, const char *urls, char *error)
{
    s->list = strdup(urls);
    KD_ASSERT(s->list);
    s->count = kd_text_cut_list(s->list, s->urls, URLS_MAX);
    if (s->count > 0 && s->count <= URLS_MAX) return KD_EXIT_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "--url: 1 to %d URLs are wanted, parted by commas", URLS_MAX);
    s->count = 0;
    return KD_EXIT_USAGE;
}

int kd_source_url_each(const kd_source *source, kd_source_lines fn, void *arg, char *error)
{
    source_url_session s = {.base = event_base_new(), .sums = source->sums};
    KD_ASSERT(s.base);
    int code = source_url_cut(&s, source->url, error);
    if (code == KD_EXIT_OK) code = source_url_open(&s, source, error);
    if (code == KD_EXIT_OK) code = source_url_read_all(&s, fn, arg, error);
    for (uint32_t i = 0; i < s.count; i++) kd_http_client_destroy(s.clients[i]);
    event_base_free(s.base);
    kd_buf_finish(&s.page);
    free(s.list);
    return code;
}

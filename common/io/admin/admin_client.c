/* admin_client.c - see the header. */
#include "common/io/admin/admin_client.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/options_file.h"
#include "common/io/http/credentials.h"
#include "common/json/json_reader.h"
#include "common/base/text.h"
#include "common/io/admin/admin_socket.h"

enum { TIMEOUT_S = 15, BODY_MAX = 64 * 1024 * 1024 };

static const kd_bytes none = {0};
static const char socket_scheme[] = "unix:";

struct kd_admin_client {
    struct event_base *base;
    char host[256];
    uint16_t port;
    char *urls[KD_ADMIN_URLS_MAX];
    uint16_t ports[KD_ADMIN_URLS_MAX]; /* the admin port that was found; 0: to be looked for */
    uint32_t count, at;                /* urls[at] is asked */
    const char *probe;
    bool withholds;     /* as kd_admin_client_withholds */
    const char *socket; /* path of a Unix socket, a view into the URL; NULL: host and port */
    char authorization[sizeof "Bearer " + KD_TOKEN_MAX]; /* empty: none is sent */
    kd_admin_answer *answer;                             /* of the request under way */
};

static void take_answer(struct evhttp_request *request, void *arg)
{
    kd_admin_client *c = arg;
    if (request != NULL) {
        struct evbuffer *in = evhttp_request_get_input_buffer(request);
        size_t len = evbuffer_get_length(in);
        c->answer->status = evhttp_request_get_response_code(request);
        if (len > 0) kd_buf_put(&c->answer->body, evbuffer_pullup(in, -1), len);
    }
    event_base_loopbreak(c->base);
}

static void admin_client_ask_socket(const kd_admin_client *c, bool post, const char *path, kd_bytes body,
                                    kd_admin_answer *answer)
{
    kd_buf request = {0};
    kd_text_printf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Kudos-Admin: 1\r\n",
                   post ? "POST" : "GET", path);
    if (c->authorization[0] != '\0') kd_text_printf(&request, "Authorization: %s\r\n", c->authorization);
    kd_text_printf(&request, "Content-Length: %zu\r\n\r\n", body.len);
    if (body.len > 0) kd_buf_put(&request, body.data, body.len);
    answer->status =
        kd_admin_socket_ask(c->socket, kd_buf_view(&request), TIMEOUT_S, BODY_MAX, &answer->body);
    kd_buf_finish(&request);
}

/* Sends one request on a connection of its own and waits for its end; answer->status stays 0 when there was no answer. */
static void admin_client_ask(kd_admin_client *c, enum evhttp_cmd_type method, const char *path, kd_bytes body,
                             kd_admin_answer *answer)
{
    char authority[300];
    answer->status = 0;
    kd_buf_clear(&answer->body);
    if (c->socket != NULL) {
        admin_client_ask_socket(c, method == EVHTTP_REQ_POST, path, body, answer);
        return;
    }
    c->answer = answer;
    struct evhttp_connection *connection = evhttp_connection_base_new(c->base, NULL, c->host, c->port);
    KD_ASSERT(connection != NULL);
    evhttp_connection_set_timeout(connection, TIMEOUT_S);
    evhttp_connection_set_max_body_size(connection, BODY_MAX);
    struct evhttp_request *request = evhttp_request_new(take_answer, c);
    KD_ASSERT(request != NULL);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    snprintf(authority, sizeof(authority), strchr(c->host, ':') ? "[%s]:%u" : "%s:%u", c->host, c->port);
    evhttp_add_header(headers, "Host", authority);
    evhttp_add_header(headers, "Connection", "close");
    evhttp_add_header(headers, "X-Kudos-Admin", "1");
    if (c->authorization[0] != '\0') evhttp_add_header(headers, "Authorization", c->authorization);
    int err = body.len ? evbuffer_add(evhttp_request_get_output_buffer(request), body.data, body.len) : 0;
    KD_ASSERT(err == 0);
    if (evhttp_make_request(connection, request, method, path) == 0) event_base_dispatch(c->base);
    evhttp_connection_free(connection);
}

/* Takes host and port of http://HOST[:PORT][/]. A user in the URL is refused: nothing here would use the password. */
static int split_url(kd_admin_client *c, const char *url)
{
    struct evhttp_uri *uri = evhttp_uri_parse(url);
    const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL,
               *host = uri ? evhttp_uri_get_host(uri) : NULL;
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    bool plain = uri != NULL && evhttp_uri_get_userinfo(uri) == NULL;
    bool good = plain && scheme != NULL && strcmp(scheme, "http") == 0 && host != NULL && host[0] != '\0' &&
                strlen(host) < sizeof(c->host) && (path == NULL || path[0] == '\0' || strcmp(path, "/") == 0);
    if (good) {
        int port = evhttp_uri_get_port(uri);
        size_t len = strlen(host);
        bool bracketed = host[0] == '[' && host[len - 1] == ']';
        snprintf(c->host, sizeof(c->host), "%.*s", (int)(bracketed ? len - 2 : len), host + bracketed);
        c->port = (uint16_t)(port > 0 ? port : 80);
    }
    if (uri != NULL) evhttp_uri_free(uri);
    return good ? KD_OK : KD_EINVAL;
}

bool kd_admin_port_answers(const char *url)
{
    kd_admin_answer answer = {.status = 0};
    kd_admin_client c = {.base = event_base_new()};
    KD_ASSERT(c.base != NULL);
    if (split_url(&c, url) == KD_OK) admin_client_ask(&c, EVHTTP_REQ_GET, "/healthz", none, &answer);
    event_base_free(c.base);
    kd_buf_finish(&answer.body);
    return answer.status == 200;
}

/* The public port answers 404 to /admin/..., and tells a trusted peer the admin port at /v1/admin. */
static int find_port(kd_admin_client *c, const char *url, const char *probe, char *error)
{
    kd_admin_answer answer = {.status = 0};
    char shown[KD_TEXT_SHOWN_MAX];
    uint64_t port = 0;
    admin_client_ask(c, EVHTTP_REQ_GET, probe, none, &answer);
    int status = answer.status;
    if (status == 404 && c->socket == NULL) {
        admin_client_ask(c, EVHTTP_REQ_GET, "/v1/admin", none, &answer);
        if (answer.status == 200 && kd_admin_u64(&answer, "admin_port", &port) && port > 0 && port < 65536) {
            c->port = (uint16_t)port;
            admin_client_ask(c, EVHTTP_REQ_GET, probe, none, &answer);
            status = answer.status;
        }
    }
    kd_buf_finish(&answer.body);
    if (status == 200) {
        c->ports[c->at] = c->port;
        return KD_EXIT_OK;
    }
    kd_text_url_shown(url, shown);
    if (status == 0)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s (admin port %u): no answer", shown, c->port);
    else if (status == 401)
        snprintf(
            error, KD_OPTIONS_ERROR_MAX,
            "%s (admin port %u): a token of admin.token_file is wanted; --token-file names a file with it",
            shown, c->port);
    else
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%s is neither the admin port nor the public one of a central that trusts this peer", shown);
    return status == 0 ? KD_EXIT_UNAVAILABLE : KD_EXIT_USAGE;
}

/* Of urls[at]: as kd_admin_client_open. */
static int admin_client_find(kd_admin_client *c, char *error)
{
    char shown[KD_TEXT_SHOWN_MAX];
    const char *url = c->urls[c->at];
    c->socket = NULL;
    if (strncmp(url, socket_scheme, sizeof socket_scheme - 1) == 0) {
        c->socket = url + sizeof socket_scheme - 1;
        snprintf(c->host, sizeof(c->host), "%s", url);
    } else if (split_url(c, url) != KD_OK) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%s: not http://HOST:PORT of an admin port, with no user in it, nor unix:PATH",
                 kd_text_url_shown(url, shown));
        return KD_EXIT_USAGE;
    }
    if (c->ports[c->at] == 0) return find_port(c, url, c->probe, error);
    c->port = c->ports[c->at];
    return KD_EXIT_OK;
}

bool kd_admin_client_withholds(const kd_admin_client *c)
{
    return c->withholds;
}

uint32_t kd_admin_client_urls(const kd_admin_client *c)
{
    return c->count;
}

bool kd_admin_client_next(kd_admin_client *c)
{
    char error[KD_OPTIONS_ERROR_MAX];
    for (uint32_t i = 0; i < c->count; i++) {
        c->at = (c->at + 1) % c->count;
        if (admin_client_find(c, error) == KD_EXIT_OK) return true;
    }
    return false;
}

/* Its index; the number of URLs: it is not known. */
static uint32_t admin_client_index(const kd_admin_client *c, kd_bytes url)
{
    uint32_t i = 0;
    while (i < c->count && !kd_bytes_eq(kd_bytes_str(c->urls[i]), url)) i++;
    return i;
}

/* Its index; KD_ADMIN_URLS_MAX: there is no room. */
static uint32_t admin_client_learn(kd_admin_client *c, kd_bytes url)
{
    uint32_t known = admin_client_index(c, url);
    if (known < c->count) return known;
    if (c->count == KD_ADMIN_URLS_MAX || url.len == 0) return KD_ADMIN_URLS_MAX;
    c->urls[c->count] = strndup((const char *)url.data, url.len);
    KD_ASSERT(c->urls[c->count] != NULL);
    return c->count++;
}

/* The same for the URL of a member that an answer names. Whoever can write to the topic of heartbeats names any URL, where records are not signed: a token
 * is not brought there. */
static uint32_t admin_client_learn_named(kd_admin_client *c, const kd_admin_answer *answer, kd_bytes url)
{
    uint32_t known = admin_client_index(c, url);
    if (known < c->count) return known;
    if (strncmp((const char *)url.data, "http://", KD_MIN(url.len, sizeof "http://" - 1)) != 0)
        return KD_ADMIN_URLS_MAX;
    if (c->authorization[0] == '\0' || kd_admin_number(answer, "proven") == 1)
        return admin_client_learn(c, url);
    c->withholds = true;
    return KD_ADMIN_URLS_MAX;
}

static bool admin_client_cut(kd_admin_client *c, const char *urls)
{
    char *cut[KD_ADMIN_URLS_MAX], *list = strdup(urls);
    KD_ASSERT(list != NULL);
    uint32_t n = kd_text_cut_list(list, cut, KD_ADMIN_URLS_MAX);
    bool fits = n > 0 && n <= KD_ADMIN_URLS_MAX;
    for (uint32_t i = 0; fits && i < n; i++) admin_client_learn(c, kd_bytes_str(cut[i]));
    free(list);
    return fits;
}

int kd_admin_client_open(kd_admin_client **out, const char *urls, const char *token, const char *probe,
                         char *error)
{
    kd_admin_client *c = kd_alloc(sizeof(*c));
    *out = c;
    if (token[0] != '\0') snprintf(c->authorization, sizeof(c->authorization), "Bearer %s", token);
    c->base = event_base_new();
    KD_ASSERT(c->base != NULL);
    c->probe = probe;
    if (!admin_client_cut(c, urls)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "1 to %d URLs are wanted, parted by commas", KD_ADMIN_URLS_MAX);
        return KD_EXIT_USAGE;
    }
    int code = admin_client_find(c, error);
    /* A URL that is wrong is the operator's to mend, whatever the others are. */
    while (code == KD_EXIT_UNAVAILABLE && c->at + 1 < c->count) {
        c->at++;
        code = admin_client_find(c, error);
    }
    return code;
}

void kd_admin_client_close(kd_admin_client *c)
{
    if (c == NULL) return;
    if (c->base != NULL) event_base_free(c->base);
    for (uint32_t i = 0; i < c->count; i++) free(c->urls[i]);
    free(c);
}

static void admin_client_learn_members(kd_admin_client *c, const kd_admin_answer *answer)
{
    kd_buf urls = {0};
    kd_admin_str(answer, "urls", &urls);
    for (size_t at = 0; at < urls.len;) {
        size_t len = 0;
        while (at + len < urls.len && urls.data[at + len] != ' ') len++;
        if (len > 0) admin_client_learn_named(c, answer, kd_bytes_of(urls.data + at, len));
        at += len + 1;
    }
    kd_buf_finish(&urls);
}

static int admin_client_call_one(kd_admin_client *c, enum evhttp_cmd_type method, const char *path,
                                 kd_bytes body, kd_admin_answer *answer, char *error)
{
    kd_buf why = {0};
    admin_client_ask(c, method, path, body, answer);
    int status = answer->status;
    admin_client_learn_members(c, answer);
    if (status >= 200 && status < 300) return KD_EXIT_OK;
    if (status == 0)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "the admin port %s:%u does not answer", c->host, c->port);
    else if (kd_admin_str(answer, "error", &why))
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.*s", (int)KD_MIN(why.len, KD_OPTIONS_ERROR_MAX - 1),
                 (const char *)why.data);
    else
        snprintf(error, KD_OPTIONS_ERROR_MAX, "status %d", status);
    bool later = status == 0 || status == 409 || status == 429 || status == 503 ||
                 (status == 421 && kd_admin_str(answer, "leader", &why));
    kd_buf_finish(&why);
    if (status == 0) c->ports[c->at] = 0; /* another process may have come */
    return later ? KD_EXIT_UNAVAILABLE : KD_EXIT_FAILED;
}

/* To the leader that the answer names; false: it names none, or none that has an admin port. */
static bool admin_client_to_leader(kd_admin_client *c, const kd_admin_answer *answer)
{
    char error[KD_OPTIONS_ERROR_MAX];
    kd_buf url = {0};
    const uint32_t from = c->at;
    bool named = kd_admin_str(answer, "leader", &url) && url.len > 0;
    uint32_t leader = named ? admin_client_learn_named(c, answer, kd_buf_view(&url)) : KD_ADMIN_URLS_MAX;
    kd_buf_finish(&url);
    if (leader == KD_ADMIN_URLS_MAX) return false;
    c->at = leader;
    if (admin_client_find(c, error) == KD_EXIT_OK) return true;
    c->at = from;
    return false;
}

static int admin_client_call(kd_admin_client *c, enum evhttp_cmd_type method, const char *path, kd_bytes body,
                             kd_admin_answer *answer, char *error)
{
    int code = admin_client_call_one(c, method, path, body, answer, error);
    for (uint32_t asked = 0; answer->status == 421 && asked < c->count; asked++) {
        if (!admin_client_to_leader(c, answer) && !kd_admin_client_next(c)) break;
        code = admin_client_call_one(c, method, path, body, answer, error);
    }
    return code;
}

int kd_admin_client_get(kd_admin_client *c, const char *path, kd_admin_answer *answer, char *error)
{
    return admin_client_call(c, EVHTTP_REQ_GET, path, none, answer, error);
}

int kd_admin_client_post(kd_admin_client *c, const char *path, kd_bytes body, kd_admin_answer *answer,
                         char *error)
{
    return admin_client_call(c, EVHTTP_REQ_POST, path, body, answer, error);
}

/* ---- JSON ---- */

/* Reads on until the value of that key is next; false when the object lacks it. */
static bool seek_key(kd_json_in *j, const char *key)
{
    kd_bytes name;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &name)) {
        if (kd_bytes_eq(name, kd_bytes_str(key))) return true;
        if (!kd_json_in_skip(j)) return false;
    }
    return false;
}

bool kd_admin_u64(const kd_admin_answer *a, const char *key, uint64_t *value)
{
    kd_buf scratch = {0};
    kd_json_in j = kd_json_in_of(kd_buf_view(&a->body), &scratch);
    bool found = seek_key(&j, key) && kd_json_in_u64(&j, value);
    kd_buf_finish(&scratch);
    return found;
}

uint64_t kd_admin_number(const kd_admin_answer *a, const char *key)
{
    uint64_t value;
    return kd_admin_u64(a, key, &value) ? value : 0;
}

bool kd_admin_str(const kd_admin_answer *a, const char *key, kd_buf *value)
{
    kd_buf scratch = {0};
    kd_bytes text;
    kd_json_in j = kd_json_in_of(kd_buf_view(&a->body), &scratch);
    bool found = seek_key(&j, key) && kd_json_in_str(&j, &text);
    kd_buf_clear(value);
    if (found) kd_buf_put(value, text.data, text.len);
    kd_buf_finish(&scratch);
    return found;
}

/*
 * admin.c - the admin port.
 *
 * Bounded: CONNECTIONS_MAX connections at once, one request per connection, LIFETIME_S for all of it. evhttp does not
 * report the end of a connection, so a reference to each bufferevent is held in a slot. Invariant: a bufferevent whose
 * callback argument is NULL was let go by evhttp (bufferevent_free clears it); its slot is free for the next connection,
 * which gives up our reference and so closes the socket. The client has seen the end before that, since evhttp shuts the
 * socket down itself. The connection that is being made has no callback either: `fresh` keeps its slot.
 *
 * One slot is kept free, so that connections that say nothing do not shut the port: when the last slot is taken, the
 * connection that has waited longest without a whole request is closed, then the one that has read its answer slowest. A
 * connection whose bytes the kernel holds already, or that could take more of its answer now, is not closed. Where there are
 * only such ones, the listener rests until they have been served; the kernel's backlog holds the rest.
 */
#include "common/io/admin/admin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/api/route.h"
#include "common/io/admin/admin_gate.h"
#include "common/json/json_writer.h"

enum {
    CONNECTIONS_MAX = 64,
    LIFETIME_S = 30,
    SWEEP_S = 1,
    SILENT_S = 5, /* until a request is whole */
    IDLE_S = 10,
    HEADERS_MAX = 8192,
    REST_US = 1000
};

typedef struct {
    struct bufferevent *socket; /* NULL: free */
    uint64_t number;            /* of the connection, in the order in which they came */
    uint32_t sweeps;            /* how many sweeps it has lived through: its age in units of SWEEP_S */
    kd_admin_gate gate;
} admin_slot;

struct kd_admin {
    struct event_base *base;
    struct evhttp *http;
    struct evconnlistener *listener;
    struct event *sweep_timer, *rest_timer;
    kd_admin_hooks hooks;
    admin_slot slots[CONNECTIONS_MAX];
    const admin_slot *fresh; /* evhttp has not set its callback yet, though it was not let go; else NULL */
    uint32_t connections;
    uint64_t connections_ever;
    const kd_tokens *tokens; /* NULL: none are wanted */
    char *socket;            /* path of a Unix socket, or NULL */
    uint16_t port;
    bool loopback;  /* listens on a loopback address */
    char host[256]; /* as configured */
};

static bool is_let_go(struct bufferevent *socket)
{
    void *arg = NULL;
    bufferevent_getcb(socket, NULL, NULL, NULL, &arg);
    return arg == NULL;
}

/* Closes the connection: evhttp takes the event for its own time limit and lets go of the bufferevent at once. */
static void slot_end(const admin_slot *s)
{
    bufferevent_trigger_event(s->socket, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
    KD_ASSERT(is_let_go(s->socket));
}

static void slots_reclaim(kd_admin *a)
{
    for (admin_slot *s = a->slots; s < a->slots + CONNECTIONS_MAX; s++) {
        if (s->socket == NULL || s == a->fresh || !is_let_go(s->socket)) continue;
        bufferevent_decref(s->socket);
        kd_admin_gate_finish(&s->gate);
        s->socket = NULL;
        a->connections--;
    }
}

static bool slot_answered(const admin_slot *s)
{
    return evbuffer_get_length(bufferevent_get_output(s->socket)) > 0;
}

/* A request is answered as soon as it is whole, so a connection without an answer has sent none. */
static uint32_t slot_lifetime_s(const admin_slot *s)
{
    return slot_answered(s) ? LIFETIME_S : SILENT_S;
}

static void slots_sweep(kd_admin *a)
{
    for (const admin_slot *s = a->slots; s < a->slots + CONNECTIONS_MAX; s++)
        if (s->socket != NULL && !is_let_go(s->socket) && s->sweeps >= slot_lifetime_s(s) / SWEEP_S)
            slot_end(s);
    slots_reclaim(a);
    for (admin_slot *s = a->slots; s < a->slots + CONNECTIONS_MAX; s++) s->sweeps++;
}

static void admin_on_sweep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    slots_sweep(arg);
}

/* ---- room for the next connection ---- */

/* Bytes of the peer wait in the kernel, or evhttp has not been given the descriptor yet. Then it is not known to be silent. */
static bool slot_unread(const admin_slot *s)
{
    uint8_t byte;
    evutil_socket_t fd = bufferevent_getfd(s->socket);
    return fd < 0 || recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The peer has room for more of its answer: the loop has only not written it yet. */
static bool slot_unwritten(const admin_slot *s)
{
    struct pollfd p = {.fd = bufferevent_getfd(s->socket), .events = POLLOUT};
    return p.fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLOUT) != 0;
}

/* It is this loop's turn to read or write, not the peer's. */
static bool slot_waits_for_us(const admin_slot *s)
{
    return slot_answered(s) ? slot_unwritten(s) : slot_unread(s);
}

/* Whether to close `s` rather than `than`: silent connections before those that read their answer slowly, older ones first. `than` may be NULL. */
static bool slot_worse(const admin_slot *s, const admin_slot *than)
{
    if (than == NULL) return true;
    if (slot_answered(s) != slot_answered(than)) return slot_answered(than);
    return s->number < than->number;
}

/* False when all slots are taken by connections whose bytes are still to be read, or whose answers are still to be written. */
static bool slots_make_room(kd_admin *a)
{
    const admin_slot *worst = NULL;
    if (a->connections == CONNECTIONS_MAX) slots_reclaim(a);
    if (a->connections < CONNECTIONS_MAX) return true;
    for (const admin_slot *s = a->slots; s < a->slots + CONNECTIONS_MAX; s++)
        if (slot_worse(s, worst) && !slot_waits_for_us(s)) worst = s;
    if (worst == NULL) return false;
    slot_end(worst);
    slots_reclaim(a);
    return true;
}

static void slots_rest(kd_admin *a)
{
    evconnlistener_disable(a->listener);
    int err = event_add(a->rest_timer, &(struct timeval){.tv_usec = REST_US});
    KD_ASSERT(err == 0);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    kd_admin *a = arg;
    if (slots_make_room(a))
        evconnlistener_enable(a->listener);
    else
        slots_rest(a);
}

/* Bytes have come, and evhttp has not seen them yet. */
static void slot_on_input(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
    admin_slot *s = arg;
    uint8_t piece[1024];
    struct evbuffer_ptr at;
    for (size_t left = info->n_added; left > 0 && s->gate.state == KD_ADMIN_GATE_READING;) {
        int err = evbuffer_ptr_set(in, &at, evbuffer_get_length(in) - left, EVBUFFER_PTR_SET);
        ssize_t n = evbuffer_copyout_from(in, &at, piece, KD_MIN(left, sizeof piece));
        KD_ASSERT(err == 0 && n > 0);
        kd_admin_gate_feed(&s->gate, kd_bytes_of(piece, (size_t)n));
        left -= (size_t)n;
    }
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
    kd_admin *a = arg;
    admin_slot *s = a->slots;
    KD_ASSERT(a->connections < CONNECTIONS_MAX); /* or the listener would rest */
    while (s->socket != NULL) s++;
    struct bufferevent *socket = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    KD_ASSERT(socket != NULL);
    bufferevent_incref(socket);
    *s = (admin_slot){.socket = socket, .number = ++a->connections_ever};
    const struct evbuffer_cb_entry *heard = evbuffer_add_cb(bufferevent_get_input(socket), slot_on_input, s);
    KD_ASSERT(heard != NULL);
    a->connections++;
    a->fresh = s;
    if (!slots_make_room(a)) slots_rest(a);
    a->fresh = NULL;
    return socket;
}

/* HEAD: evhttp would send a body, and no length. */
static void answer_length(struct evkeyvalq *headers, size_t length)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", length);
    evhttp_add_header(headers, "Content-Length", digits);
}

static void admin_answer(struct evhttp_request *request, int status, const char *type, kd_buf *body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "Connection", "close");
    bool head = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
    if (head) answer_length(headers, body->len);
    struct evbuffer *out = evhttp_request_get_output_buffer(request);
    int err = evbuffer_add(out, body->data, head ? 0 : body->len);
    KD_ASSERT(err == 0);
    kd_buf_finish(body);
    evhttp_send_reply(request, status, NULL, NULL);
}

static void answer_text(struct evhttp_request *request, int status, const char *text)
{
    kd_buf body = {0};
    kd_buf_put(&body, text, strlen(text));
    admin_answer(request, status, "text/plain; charset=utf-8", &body);
}

static void answer_verdict(struct evhttp_request *request, const kd_admin *a,
                           bool (*hook)(void *arg, kd_buf *why))
{
    kd_buf why = {0};
    bool fine = hook == NULL || hook(a->hooks.arg, &why);
    if (why.len == 0) kd_buf_put(&why, fine ? "ok" : "no", 2);
    kd_buf_put_u8(&why, '\n');
    admin_answer(request, fine ? 200 : 503, "text/plain; charset=utf-8", &why);
}

/* True when the gate has read this request; else it has been answered. */
static bool admin_reads(struct evhttp_request *request, const kd_admin *a)
{
    const struct bufferevent *socket =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
    for (const admin_slot *s = a->slots; s < a->slots + CONNECTIONS_MAX; s++)
        if (s->socket == socket && s->gate.state == KD_ADMIN_GATE_GOOD) return true;
    answer_text(request, 400, "the request could be read in two ways\n");
    return false;
}

static void on_healthz(struct evhttp_request *request, void *arg)
{
    const kd_admin *a = arg;
    if (!admin_reads(request, a)) return;
    answer_verdict(request, a, a->hooks.healthy);
}

static void on_readyz(struct evhttp_request *request, void *arg)
{
    const kd_admin *a = arg;
    if (!admin_reads(request, a)) return;
    answer_verdict(request, a, a->hooks.ready);
}

/* ---- who may ask ---- */

/* True when the request shows a token, or needs none; else it has been answered. /healthz and /readyz never ask here: probes have no token. */
static bool admin_may(struct evhttp_request *request, const kd_admin *a)
{
    const char *shown = evhttp_find_header(evhttp_request_get_input_headers(request), "Authorization");
    if (a->tokens == NULL || a->tokens->count == 0) return true;
    if (shown != NULL && kd_tokens_hold(a->tokens, kd_bearer_token(kd_bytes_str(shown)))) return true;
    evhttp_add_header(evhttp_request_get_output_headers(request), "WWW-Authenticate", "Bearer");
    answer_text(request, 401, "a token of admin.token_file is wanted\n");
    return false;
}

static void admin_on_metrics(struct evhttp_request *request, void *arg)
{
    const kd_admin *a = arg;
    kd_buf out = {0};
    if (!admin_reads(request, a) || !admin_may(request, a)) return;
    if (a->hooks.metrics == NULL) {
        answer_text(request, 404, "not found\n");
        return;
    }
    a->hooks.metrics(a->hooks.arg, &out);
    admin_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", &out);
}

int kd_admin_refuse(kd_buf *out, int status, const char *why)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_put_str(&j, "error", kd_bytes_str(why));
    kd_json_end_object(&j);
    return status;
}

/* Whether Host (NULL: there is none) is a name that belongs to this machine: an address, a name without a domain (localhost, or a name of /etc/hosts),
 * the machine's own name or the configured one. A hostile page comes with the name of a domain that its owner made to point here (DNS rebinding). */
static bool is_here(const kd_admin *a, const char *host)
{
    char name[sizeof a->host], own[sizeof a->host] = "";
    uint8_t address[16];
    if (host == NULL) return false;
    if (host[0] == '[') return true; /* an address */
    snprintf(name, sizeof name, "%s", host);
    name[strcspn(name, ":")] = '\0';
    if (strchr(name, '.') == NULL || inet_pton(AF_INET, name, address) == 1) return true;
    if (gethostname(own, sizeof own - 1) != 0) own[0] = '\0';
    return strcasecmp(name, own) == 0 || strcasecmp(name, a->host) == 0;
}

/*
 * Why a request to /admin/ or /debug/ is refused, or NULL. A page of another origin cannot send X-Kudos-Admin. A page whose name was made to point at
 * this machine can, and could read the answer; its browser names that page in Host, and in Origin when it posts. Host is judged only when the port
 * listens on the loopback address alone: elsewhere an operator may use any name for this machine.
 */
static const char *admin_refusal(const kd_admin *a, bool post, const struct evkeyvalq *headers)
{
    const char *host = evhttp_find_header(headers, "Host");
    if (post && evhttp_find_header(headers, "X-Kudos-Admin") == NULL) return "X-Kudos-Admin is missing\n";
    if (evhttp_find_header(headers, "Origin") != NULL)
        return "pages in a browser (Origin) may not act here\n";
    return a->loopback && !is_here(a, host) ? "Host does not name this machine\n" : NULL;
}

static bool begins_with(const char *path, const char *prefix)
{
    return path != NULL && strncmp(path, prefix, strlen(prefix)) == 0;
}

static kd_bytes body_of(struct evhttp_request *request)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(request);
    return kd_bytes_of(evbuffer_pullup(in, -1), evbuffer_get_length(in));
}

static void admin_act(struct evhttp_request *request, const kd_admin *a, const kd_admin_request *asked)
{
    kd_buf out = {0};
    int status = a->hooks.act(a->hooks.arg, asked, &out);
    admin_answer(request, status, "application/json", &out);
}

static void admin_debug(struct evhttp_request *request, const kd_admin *a, const char *name,
                        const char *query)
{
    kd_buf out = {0};
    if (a->hooks.debug(a->hooks.arg, name, query, &out) == KD_OK) {
        admin_answer(request, 200, "application/json", &out);
        return;
    }
    kd_buf_finish(&out);
    answer_text(request, 404, "not found\n");
}

static void on_other(struct evhttp_request *request, void *arg)
{
    static const char admin_prefix[] = "/admin/", debug_prefix[] = "/debug/";
    const kd_admin *a = arg;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
    const char *query = uri != NULL && evhttp_uri_get_query(uri) != NULL ? evhttp_uri_get_query(uri) : "";
    bool post = evhttp_request_get_command(request) == EVHTTP_REQ_POST;
    bool acts = a->hooks.act != NULL && begins_with(path, admin_prefix);
    bool debugs = a->hooks.debug != NULL && !post && begins_with(path, debug_prefix);
    if (!admin_reads(request, a) || !admin_may(request, a)) return;
    const char *wrong =
        acts || debugs ? admin_refusal(a, post, evhttp_request_get_input_headers(request)) : NULL;
    if (wrong != NULL)
        answer_text(request, 403, wrong);
    else if ((acts || debugs) && !kd_route_query_is_plain(kd_bytes_str(query)))
        answer_text(request, 400, "each parameter comes once, and is not empty\n");
    else if (acts)
        admin_act(request, a,
                  &(kd_admin_request){post, path + sizeof admin_prefix - 1, query, body_of(request)});
    else if (debugs)
        admin_debug(request, a, path + sizeof debug_prefix - 1, query);
    else
        answer_text(request, 404, "not found\n");
}

/* By the path as it was sent: evhttp's own table decodes it, and ends it at a byte 0 (%00). */
static void admin_dispatch(struct evhttp_request *request, void *arg)
{
    static const struct {
        const char *path;
        void (*answer)(struct evhttp_request *, void *);
    } fixed[] = {{"/healthz", on_healthz}, {"/readyz", on_readyz}, {"/metrics", admin_on_metrics}};
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
    for (size_t i = 0; path != NULL && i < KD_COUNT(fixed); i++) {
        if (strcmp(path, fixed[i].path) != 0) continue;
        fixed[i].answer(request, arg);
        return;
    }
    on_other(request, arg);
}

static void admin_set_up(kd_admin *a)
{
    int methods = EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | (a->hooks.act != NULL ? EVHTTP_REQ_POST : 0);
    evhttp_set_allowed_methods(a->http, (uint16_t)methods);
    evhttp_set_max_headers_size(a->http, HEADERS_MAX);
    evhttp_set_max_body_size(a->http, KD_ADMIN_BODY_MAX);
    evhttp_set_timeout(a->http, IDLE_S);
    evhttp_set_bevcb(a->http, on_connection, a);
    evhttp_set_gencb(a->http, admin_dispatch, a);
}

static void note_bound(kd_admin *a, evutil_socket_t fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {0};
    socklen_t len = sizeof bound;
    if (getsockname(fd, &bound.any, &len) != 0) return;
    if (bound.any.sa_family == AF_INET6) {
        a->port = ntohs(bound.v6.sin6_port);
        a->loopback = IN6_IS_ADDR_LOOPBACK(&bound.v6.sin6_addr);
    } else {
        a->port = ntohs(bound.v4.sin_port);
        a->loopback = ntohl(bound.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
}

/* ---- a Unix socket ---- */

const char *const kd_admin_socket_modes[] = {"0600", "0660", NULL};

int kd_admin_socket_check(const char *path, char *error)
{
    struct sockaddr_un at;
    if (path == NULL || strlen(path) < sizeof at.sun_path) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "admin.socket: at most %zu bytes", sizeof at.sun_path - 1);
    return KD_EINVAL;
}

/* Removes a socket file that nobody listens on: its process was killed. */
static void socket_clear(const struct sockaddr_un *at)
{
    struct stat info;
    if (stat(at->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    if (connect(fd, (const struct sockaddr *)at, sizeof *at) != 0 && errno == ECONNREFUSED)
        unlink(at->sun_path);
    close(fd);
}

/* Nobody can connect before the listening begins, and then the permissions are those that are wanted. */
static int socket_open(const struct sockaddr_un *at, mode_t mode)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    if (bind(fd, (const struct sockaddr *)at, sizeof *at) == 0) {
        if (chmod(at->sun_path, mode) == 0 && listen(fd, 128) == 0) return fd;
        unlink(at->sun_path);
    }
    close(fd);
    return -1;
}

static int listen_on_socket(kd_admin *a, const kd_admin_config *config, char *error)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int err = kd_admin_socket_check(config->socket, error);
    if (err != KD_OK) return err;
    snprintf(at.sun_path, sizeof at.sun_path, "%s", config->socket);
    socket_clear(&at);
    int fd = socket_open(&at, (mode_t)strtoul(kd_admin_socket_modes[config->socket_mode], NULL, 8));
    if (fd < 0) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "admin.socket %s: %s", config->socket, strerror(errno));
        return KD_EUNAVAILABLE;
    }
    a->socket = kd_string_copy(kd_bytes_str(config->socket));
    a->listener =
        evconnlistener_new(a->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    KD_ASSERT(a->listener != NULL);
    struct evhttp_bound_socket *bound = evhttp_bind_listener(a->http, a->listener);
    KD_ASSERT(bound != NULL);
    return KD_OK;
}

static int listen_on(kd_admin *a, const kd_address *address, char *error)
{
    const char *host = strcmp(address->host, "*") == 0 ? NULL : address->host;
    errno = 0;
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(a->http, host, address->port);
    if (bound == NULL) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "admin port: cannot listen on %s:%u: %s", address->host,
                 address->port, errno != 0 ? strerror(errno) : "the host is not known");
        return KD_EUNAVAILABLE;
    }
    a->listener = evhttp_bound_socket_get_listener(bound);
    snprintf(a->host, sizeof a->host, "%s", address->host);
    note_bound(a, evhttp_bound_socket_get_fd(bound));
    return KD_OK;
}

int kd_admin_create(kd_admin **out, kd_loop *loop, const kd_admin_config *config, const kd_admin_hooks *hooks,
                    char *error)
{
    kd_admin *a = kd_alloc(sizeof *a);
    *out = NULL;
    a->hooks = *hooks;
    a->base = kd_loop_base(loop);
    a->http = evhttp_new(a->base);
    KD_ASSERT(a->http != NULL); /* fails for want of memory only */
    a->sweep_timer = event_new(kd_loop_base(loop), -1, EV_PERSIST, admin_on_sweep, a);
    a->rest_timer = evtimer_new(kd_loop_base(loop), on_rested, a);
    KD_ASSERT(a->sweep_timer != NULL && a->rest_timer != NULL);
    KD_ASSERT(event_add(a->sweep_timer, &(struct timeval){.tv_sec = SWEEP_S}) == 0);
    admin_set_up(a);
    a->tokens = config->socket == NULL ? config->tokens : NULL;
    int err =
        config->socket != NULL ? listen_on_socket(a, config, error) : listen_on(a, &config->address, error);
    if (err == KD_OK)
        *out = a;
    else
        kd_admin_destroy(a);
    return err;
}

uint16_t kd_admin_port(const kd_admin *a)
{
    return a != NULL ? a->port : 0;
}

bool kd_admin_loopback(const kd_admin *a)
{
    return a->loopback;
}

void kd_admin_destroy(kd_admin *a)
{
    if (a == NULL) return;
    event_free(a->sweep_timer);
    event_free(a->rest_timer);
    evhttp_free(a->http);
    slots_reclaim(a); /* evhttp has let all of them go */
    KD_ASSERT(a->connections == 0);
    if (a->socket != NULL) unlink(a->socket);
    free(a->socket);
    free(a);
}

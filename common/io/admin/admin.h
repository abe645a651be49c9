/*
 * admin.h - the separate admin port: GET /healthz, /readyz, /metrics and /debug/..., and /admin/... for the commands of an operator.
 *
 * Who may ask is up to the configuration. Where it names tokens, all paths but /healthz and /readyz want one of them (Authorization: Bearer), and are
 * answered 401 without. On a Unix socket the permissions of its file decide, and no token is wanted.
 *
 * A page in a browser on the same machine must not reach it, since it needs no token by default. A POST must carry the header X-Kudos-Admin and no Origin, which
 * no page can send. Against a page whose name was made to point at this machine, a port that listens on the loopback address alone answers /admin/
 * and /debug/ only when Host is an address, a name without a domain, the machine's name or the configured name. The paths of probes and scrapers take
 * any Host.
 *
 * HTTP/1.1 by libevent's evhttp behind a stricter reader (admin_gate.h), on one loop, with bounded headers, bodies, connections and idle time. When there are too many
 * connections, the one that has waited longest without a whole request is closed in favour of the next. A connection that has
 * sent no whole request some seconds after it came is closed in any case.
 */
#ifndef KUDOS_COMMON_IO_ADMIN_ADMIN_H
#define KUDOS_COMMON_IO_ADMIN_ADMIN_H

#include "common/io/http/credentials.h"
#include "common/io/loop/loop.h"
#include "common/conf/options.h"

enum { KD_ADMIN_BODY_MAX = 1024 * 1024 }; /* bytes of a POST; more: 413 */

/* GET or POST /admin/{name}; the views live during the call. */
typedef struct {
    bool post;
    const char *name;
    const char *query; /* raw, or "" */
    kd_bytes body;
} kd_admin_request;

/* Called on the admin's loop. Where a hook is NULL its path answers 404, but /healthz and /readyz 200. */
typedef struct {
    void *arg;
    bool (*healthy)(void *arg, kd_buf *why); /* /healthz: 200 or 503; appends a reason as plain text */
    bool (*ready)(void *arg, kd_buf *why);   /* /readyz: likewise */
    void (*metrics)(void *arg, kd_buf *out); /* /metrics: exposition text */
    /* GET /debug/{name}: appends JSON and returns KD_OK, or KD_ENOTFOUND. `query` is the raw query string or "". */
    int (*debug)(void *arg, const char *name, const char *query, kd_buf *out);
    /* /admin/{name}: appends JSON and returns the status of the answer. */
    int (*act)(void *arg, const kd_admin_request *asked, kd_buf *out);
} kd_admin_hooks;

/* For `act`: appends {"error": why} and returns `status`. */
int kd_admin_refuse(kd_buf *out, int status, const char *why);

typedef struct kd_admin kd_admin;

/* Choices of an option for the permissions of a Unix socket. */
extern const char *const kd_admin_socket_modes[];
/* Whether a Unix socket can have that path; NULL can. KD_OK, or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_admin_socket_check(const char *path, char *error);

/* Where to listen: on the socket, or where that is NULL on the address. */
typedef struct {
    kd_address address;      /* port 0 takes a free one */
    const char *socket;      /* path; copied */
    uint32_t socket_mode;    /* index of kd_admin_socket_modes */
    const kd_tokens *tokens; /* borrowed; what it holds may change; NULL or empty: none is wanted */
} kd_admin_config;

/* Before the loop runs, or on its thread. KD_OK, or KD_EUNAVAILABLE with `error` (KD_OPTIONS_ERROR_MAX bytes) that names
 * the address and the reason. A socket file that nobody listens on is replaced. */
int kd_admin_create(kd_admin **admin, kd_loop *loop, const kd_admin_config *config,
                    const kd_admin_hooks *hooks, char *error);
/* The port that it listens on, also where 0 was asked for; 0 for a Unix socket and for NULL. */
uint16_t kd_admin_port(const kd_admin *admin);
/* Whether it listens on the loopback address. */
bool kd_admin_loopback(const kd_admin *admin);
void kd_admin_destroy(kd_admin *admin); /* on the loop's thread or after it was joined; NULL is fine */

#endif

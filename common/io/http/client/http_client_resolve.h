/*
 * http_client_resolve.h - the addresses of the origin, and which one to try next.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_RESOLVE_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_RESOLVE_H

#include <event2/event.h>
#include <netdb.h>

#include "common/io/http/client/http_client_url.h"

typedef struct kd_client_lookup kd_client_lookup;

/* A look-up has ended. fault: NULL, or why it found no address, in text that lives during the call. */
typedef void (*kd_client_looked_up)(void *arg, const char *fault);

typedef struct {
    const char *host, *port;
    struct evdns_base *dns;      /* NULL: the host is a literal address */
    kd_client_lookup *lookup;    /* under way, or NULL */
    struct addrinfo *all, *next; /* what is known, and the address to try next; NULL: nothing yet */
    bool stale;                  /* all have failed: look up again */
    kd_client_looked_up looked_up;
    void *arg;
} kd_client_resolver;

/* Looks nothing up yet. url must outlive the resolver. */
void kd_client_resolver_init(kd_client_resolver *r, struct event_base *base, const kd_client_url *url,
                             kd_client_looked_up looked_up, void *arg);
/* Cancels a look-up: looked_up is not called any more. */
void kd_client_resolver_finish(kd_client_resolver *r);
/* The address to try next, valid until the next look-up ends. NULL: none is known, a look-up is under way, and looked_up follows; for a name of the
 * hosts file it may be called before this returns. */
const struct addrinfo *kd_client_resolver_next(kd_client_resolver *r);
/* A connection to that address failed: the one behind it is next; behind the last, the first, after which the name is looked up again. */
void kd_client_resolver_failed(kd_client_resolver *r);

#endif

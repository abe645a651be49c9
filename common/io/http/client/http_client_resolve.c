/*
 * http_client_resolve.c - see the header.
 *
 * A literal address is known from the start. A name is looked up, without blocking, when the first connection is needed, and again when every address
 * of it has failed: so a program can start without DNS, and an origin that has moved is found. While a new look-up is under way the old addresses are
 * still tried. There is one look-up at a time, bounded by DNS_TIMEOUT_S * DNS_TRIES. Each reads the machine's files anew, for a machine may learn of
 * its name servers after our start.
 */
#include "common/io/http/client/http_client_resolve.h"

#include <event2/dns.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef HOSTS_FILE /* a test has its own */
#define HOSTS_FILE "/etc/hosts"
#endif
#define DNS_TIMEOUT_S "2"
#define DNS_TRIES "2"

enum { FAULT_TEXT_MAX = 200 };

static bool literal(kd_client_resolver *r)
{
    struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_NUMERICHOST};
    if (evutil_getaddrinfo(r->host, r->port, &hints, &r->all) != 0) return false;
    r->next = r->all;
    return true;
}

void kd_client_resolver_init(kd_client_resolver *r, struct event_base *base, const kd_client_url *url,
                             kd_client_looked_up looked_up, void *arg)
{
    *r = (kd_client_resolver){.host = url->host, .port = url->port, .looked_up = looked_up, .arg = arg};
    if (literal(r)) return;
    /* The flag: without it, idle sockets to name servers would keep a loop running that has nothing else to do. */
    r->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    KD_ASSERT(r->dns);
}

/* Neither file needs to exist: without resolv.conf a name server on this host is asked. */
static void read_files(struct evdns_base *dns)
{
    evdns_base_clear_nameservers_and_suspend(dns);
    evdns_base_clear_host_addresses(dns);
    evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    evdns_base_load_hosts(dns, HOSTS_FILE);
    evdns_base_set_option(dns, "timeout", DNS_TIMEOUT_S);
    evdns_base_set_option(dns, "attempts", DNS_TRIES);
    evdns_base_resume(dns);
}

/* evdns calls back for a cancelled look-up, too, later from the loop. The resolver is gone then, so the look-up has memory of its own. */
struct kd_client_lookup {
    kd_client_resolver *resolver; /* NULL: gone */
    struct evdns_getaddrinfo_request *request;
};

static void lookup_failed(kd_client_resolver *r, int error)
{
    char text[FAULT_TEXT_MAX];
    snprintf(text, sizeof text, "%.120s: %s", r->host,
             error != 0 ? evutil_gai_strerror(error) : "no address");
    r->looked_up(r->arg, text);
}

static void on_found(int error, struct evutil_addrinfo *found, void *arg)
{
    kd_client_lookup *lookup = arg;
    kd_client_resolver *r = lookup->resolver;
    free(lookup);
    if (!r) {
        if (found) evutil_freeaddrinfo(found);
        return;
    }
    r->lookup = NULL;
    if (error != 0 || !found) {
        lookup_failed(r, error);
        return;
    }
    if (r->all) evutil_freeaddrinfo(r->all);
    r->all = r->next = found;
    r->looked_up(r->arg, NULL);
}

static void resolver_look_up(kd_client_resolver *r)
{
    struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_ADDRCONFIG};
    if (!r->dns || r->lookup) return;
    r->stale = false;
    read_files(r->dns);
    r->lookup = kd_alloc(sizeof(*r->lookup));
    r->lookup->resolver = r;
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(r->dns, r->host, r->port, &hints, on_found, r->lookup);
    /* NULL: it has called back already, as for a name of the hosts file, and the look-up is freed. */
    if (request) r->lookup->request = request;
}

const struct addrinfo *kd_client_resolver_next(kd_client_resolver *r)
{
    if (!r->next || r->stale) resolver_look_up(r);
    return r->next;
}

void kd_client_resolver_failed(kd_client_resolver *r)
{
    if (!r->next) return;
    r->next = r->next->ai_next;
    if (r->next) return;
    r->next = r->all;
    r->stale = true;
}

void kd_client_resolver_finish(kd_client_resolver *r)
{
    if (r->lookup) {
        r->lookup->resolver = NULL;
        evdns_getaddrinfo_cancel(r->lookup->request);
    }
    if (r->dns) evdns_base_free(r->dns, 1);
    if (r->all) evutil_freeaddrinfo(r->all);
}

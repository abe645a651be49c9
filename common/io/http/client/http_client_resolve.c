/*
 * http_client_resolve.c - where the origin is: its addresses, and the one to try next.
 *
 * A literal address is known from the start. A name is looked up without blocking when the first connection is needed, and
 * again after every address of it has failed, so a start without DNS is no obstacle and an origin that moved is found. Each
 * look-up reads the machine's files anew: it may hear of its nameservers after our start. While a new look-up is under way the old addresses go on being tried. One look-up at a time; each is bounded by DNS_TIMEOUT_S * DNS_TRIES.
 */
#include <event2/dns.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/http/client/http_client_internal.h"

#ifndef HOSTS_FILE /* a test has its own */
#define HOSTS_FILE "/etc/hosts"
#endif
#define DNS_TIMEOUT_S "2"
#define DNS_TRIES "2"

static bool literal(kd_client_resolver *r, const kd_client_url *url)
{
    struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_NUMERICHOST};
    if (evutil_getaddrinfo(url->host, url->port, &hints, &r->all) != 0) return false;
    r->next = r->all;
    return true;
}

void kd_client_resolver_init(kd_client_resolver *r, struct event_base *base, const kd_client_url *url)
{
    if (literal(r, url)) return;
    r->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    KD_ASSERT(r->dns != NULL);
}

/* Neither file needs to be there: without one a nameserver on this host is asked. */
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

/* A look-up may call back after the client is gone, when the loop gets round to it: this is what it still finds then. */
struct kd_client_lookup {
    kd_http_client *client; /* NULL: gone */
    struct evdns_getaddrinfo_request *request;
};

static void lookup_failed(kd_http_client *c, int error)
{
    char text[KD_TROUBLE_TEXT_MAX];
    snprintf(text, sizeof text, "%.120s: %s", c->url.host,
             error != 0 ? evutil_gai_strerror(error) : "no address");
    kd_client_trouble(c, KD_REASON_DNS, text);
}

static void on_found(int error, struct evutil_addrinfo *found, void *arg)
{
    kd_client_lookup *lookup = arg;
    kd_http_client *c = lookup->client;
    free(lookup);
    if (!c) {
        if (found) evutil_freeaddrinfo(found);
        return;
    }
    kd_client_resolver *r = &c->resolver;
    r->lookup = NULL;
    if (error == 0 && found) {
        if (r->all) evutil_freeaddrinfo(r->all);
        r->all = r->next = found;
    }
    if (error != 0 || !found) lookup_failed(c, error);
    kd_client_resolved(c, r->next != NULL);
}

static void client_resolve_look_up(kd_http_client *c)
{
    kd_client_resolver *r = &c->resolver;
    struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_ADDRCONFIG};
    if (!r->dns || r->lookup) return;
    r->stale = false;
    read_files(r->dns);
    r->lookup = kd_alloc(sizeof(*r->lookup));
    r->lookup->client = c;
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(r->dns, c->url.host, c->url.port, &hints, on_found, r->lookup);
    if (request)
        r->lookup->request = request; /* else it has called back already, as for a name of the hosts file */
}

const struct addrinfo *kd_client_address(kd_http_client *c)
{
    kd_client_resolver *r = &c->resolver;
    if (!r->next || r->stale) client_resolve_look_up(c);
    return r->next;
}

void kd_client_address_failed(kd_http_client *c)
{
    kd_client_resolver *r = &c->resolver;
    if (!r->next) return;
    r->next = r->next->ai_next;
    if (r->next) return;
    r->next = r->all;
    r->stale = true;
}

void kd_client_resolver_finish(kd_client_resolver *r)
{
    if (r->lookup) {
        r->lookup->client = NULL;
        evdns_getaddrinfo_cancel(r->lookup->request);
    }
    if (r->dns) evdns_base_free(r->dns, 1);
    if (r->all) evutil_freeaddrinfo(r->all);
}

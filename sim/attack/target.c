/* target.c - see the header. */
#include "sim/attack/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static const char ATTACKER[] = "127.0.0.2";

/* False: not a numeric address of the target's family. */
static bool target_from(sim_target *t, const char *from)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&t->from;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&t->from;
    t->from.ss_family = t->to.ss_family;
    t->from_len = t->to_len;
    return t->to.ss_family == AF_INET ? inet_pton(AF_INET, from, &four->sin_addr) == 1
                                      : inet_pton(AF_INET6, from, &six->sin6_addr) == 1;
}

static bool target_on_loopback(const sim_target *t)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)&t->to;
    return t->to.ss_family == AF_INET && ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

const char *sim_target_resolve(sim_target *t, const char *from)
{
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (kd_client_url_parse(&t->parts, t->url) != KD_OK) return "--edge is no http:// URL";
    if (t->parts.tls) return "--edge must be http://: attackers write their frames without TLS";
    if (getaddrinfo(t->parts.host, t->parts.port, &wanted, &found) != 0)
        return "the host of --edge has no address";
    memcpy(&t->to, found->ai_addr, found->ai_addrlen);
    t->to_len = found->ai_addrlen;
    freeaddrinfo(found);
    snprintf(t->tls_url, sizeof t->tls_url, strchr(t->parts.host, ':') ? "https://[%s]:%s" : "https://%s:%s",
             t->parts.host, t->parts.port);
    if (!from && target_on_loopback(t)) from = ATTACKER;
    if (from && !target_from(t, from)) return "--from is no address of the family of --edge";
    return NULL;
}

const char *sim_target_item(const sim_target *t, uint32_t item, char *room, size_t size)
{
    snprintf(room, size, "%s/honest%llu-%u", t->collection, (unsigned long long)t->seed, item);
    return room;
}

/*
 * target.h - the edge under attack, as the command line names it: shared by all parts of an attack, read-only while one runs.
 */
#ifndef KUDOS_SIM_ATTACK_TARGET_H
#define KUDOS_SIM_ATTACK_TARGET_H

#include <netinet/in.h>

#include "common/io/http/client/http_client_url.h"

enum { SIM_TARGET_ITEMS = 16 /* the honest client's items */ };

/* Texts live as long as the command. */
typedef struct {
    const char *url, *collection;
    const char *admin;   /* URL of the edge's admin port, or NULL */
    const char *kafka;   /* bootstrap addresses, or NULL */
    const char *token;   /* a JWT that names a key of the edge, or NULL */
    kd_client_url parts; /* of url */
    char tls_url[320];   /* of the same port: an edge takes TLS and h2c there */
    struct sockaddr_storage to, from;
    socklen_t to_len, from_len; /* from_len 0: the system chooses */
    uint64_t seed;              /* names users and items that nobody else uses */
} sim_target;

/* Fills parts, tls_url, to, to_len, and from for loopback: attackers come from 127.0.0.2, since a server tells clients apart by their address. `from` is an
 * address for the attackers instead, or NULL. NULL, or why the target cannot be attacked (static text). Looks names up, which may take seconds. */
const char *sim_target_resolve(sim_target *t, const char *from);
/* collection/id of one of the honest client's SIM_TARGET_ITEMS items, in `room`, which is returned. */
const char *sim_target_item(const sim_target *t, uint32_t item, char *room, size_t size);

#endif

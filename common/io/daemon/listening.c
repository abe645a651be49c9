/* listening.c - see the header. */
#include "common/io/daemon/listening.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

static bool listening_any(const kd_address *address)
{
    return address->host[0] == '\0' || strcmp(address->host, "*") == 0;
}

static bool listening_has_ipv6(void)
{
    const struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof any) == 0;
    if (fd >= 0) close(fd);
    return has;
}

static const char *listening_host(const kd_address *address)
{
    if (!listening_any(address)) return address->host;
    return listening_has_ipv6() ? "::" : "0.0.0.0"; /* a socket on "::" takes IPv4 too */
}

int kd_listen(kd_http_server *server, const kd_address *address, char *error)
{
    return kd_http_server_listen(server, listening_host(address), address->port, false, error,
                                 KD_OPTIONS_ERROR_MAX);
}

/* SO_REUSEPORT would let another process of this user join the port unnoticed, and half of the connections would go there: a socket without it is
 * bound first, which fails when somebody listens. What the resolver refuses is left to kd_http_server_listen to tell. */
static int listening_check_free(const kd_address *address, char *error)
{
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
    const char *host = listening_any(address) ? NULL : address->host;
    snprintf(port, sizeof port, "%u", address->port);
    if (address->port == 0 || getaddrinfo(host, port, &hints, &list) != 0) return KD_OK;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, err = KD_OK;
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 && bind(fd, list->ai_addr, list->ai_addrlen) != 0) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "http.listen %s:%s: %s", host ? host : "*", port,
                 strerror(errno));
        err = KD_EUNAVAILABLE;
    }
    if (fd >= 0) close(fd);
    freeaddrinfo(list);
    return err;
}

int kd_listen_shared(kd_http_server *const *servers, size_t count, const kd_address *address, char *error)
{
    const char *host = listening_host(address);
    uint16_t port = address->port;
    int err = listening_check_free(address, error);
    for (size_t i = 0; i < count && err == KD_OK; i++) {
        err = kd_http_server_listen(servers[i], host, port, true, error, KD_OPTIONS_ERROR_MAX);
        port = kd_http_server_port(servers[i]);
    }
    return err;
}

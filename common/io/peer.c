/* common/io/peer.c - see the header. */
#include "common/io/peer.h"

#include <netinet/in.h>

kd_bytes kd_peer_address(const struct sockaddr *peer)
{
    if (peer != NULL && peer->sa_family == AF_INET)
        return kd_bytes_of(&((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
    if (peer != NULL && peer->sa_family == AF_INET6)
        return kd_bytes_of(&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
    return kd_bytes_of(NULL, 0);
}

bool kd_peer_trusted(const kd_cidrs *trusted, const struct sockaddr *peer)
{
    return kd_cidrs_match(trusted, kd_peer_address(peer));
}

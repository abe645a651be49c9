/*
 * authority.h - the host and port that a request names: the value of Host, :authority, or the part of an absolute target before its path.
 */
#ifndef KUDOS_COMMON_API_AUTHORITY_H
#define KUDOS_COMMON_API_AUTHORITY_H

#include "kudos/base.h"

/* Whether the text is a host with or without a port (RFC 9110 7.2, RFC 3986 3.2): a name of letters, digits, '.', '-' and '_', at least one; an IPv4
 * address; or an IPv6 address in brackets. The port is empty or up to 65535. A user before '@', a zone and IPvFuture are refused. */
bool kd_authority_valid(kd_bytes text);
/* Whether two of them are the same text but for the case of letters. A port that is the default one is not thought away. */
bool kd_authority_same(kd_bytes a, kd_bytes b);

#endif

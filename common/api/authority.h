/*
 * authority.h - the host and port that a request names: the value of Host, :authority, or the part of an absolute target before its path. Pure.
 *
 * A page in a browser reaches the loopback address under the name of a domain whose owner made it point there (DNS rebinding). Its browser names that
 * domain in Host, and cannot be made to name another.
 */
#ifndef KUDOS_COMMON_API_AUTHORITY_H
#define KUDOS_COMMON_API_AUTHORITY_H

#include "common/conf/strings.h"
#include "kudos/base.h"

/* Whether the text is a host with or without a port (RFC 9110 7.2, RFC 3986 3.2): a name of letters, digits, '.', '-' and '_', at least one; an IPv4
 * address; or an IPv6 address in brackets. The port is empty or up to 65535. A user before '@', a zone and IPvFuture are refused. */
bool kd_authority_valid(kd_bytes text);
/* Whether two of them are the same text but for the case of letters. A port that is the default one is not thought away. */
bool kd_authority_same(kd_bytes a, kd_bytes b);
/* The host of a valid one, as a view without brackets; empty for anything else. */
kd_bytes kd_authority_host(kd_bytes text);
/* Whether it names the loopback address (127.0.0.0/8, ::1, localhost), or one of `names`, whatever the case of its letters. An empty text, as of a request
 * without Host, names neither. */
bool kd_authority_local(kd_bytes text, const kd_strings *names);
/* Whether an option may list it as a host: 1 to 253 bytes of a name, without a port. */
bool kd_authority_name_valid(kd_bytes name);

#endif

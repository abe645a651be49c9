/*
 * host.h - the name under which a client asks: the value of Host or :authority. A page in a browser reaches the loopback address under the name of a
 * domain whose owner made it point there (DNS rebinding). Its browser names that domain in Host, and cannot be made to name another. Pure.
 */
#ifndef KUDOS_COMMON_API_HOST_H
#define KUDOS_COMMON_API_HOST_H

#include "common/conf/strings.h"
#include "kudos/base.h"

/* The host of "name:port", "[v6]:port" or either without the port, as a view without brackets; empty for anything else. */
kd_bytes kd_host_of(kd_bytes value);
/* Whether a value of Host names the loopback address (127.0.0.0/8, ::1, localhost), or one of `names`, whatever the case of its letters. An empty
 * value does: every browser sends one. */
bool kd_host_local(kd_bytes value, const kd_strings *names);
/* Whether an option may list it: 1 to 253 bytes of letters, digits, '.', '-' and '_', without a port. */
bool kd_host_valid(kd_bytes name);

#endif

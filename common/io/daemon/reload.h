/*
 * reload.h - what a SIGHUP gives a running program: more names and counters, another certificate.
 *
 * Added is taken over. What a new configuration lacks, or has with another number or kind, is in use: then the old list stays as it is, and the log
 * says so by name (`reload-refused`).
 */
#ifndef KUDOS_COMMON_IO_DAEMON_RELOAD_H
#define KUDOS_COMMON_IO_DAEMON_RELOAD_H

#include "common/io/http/server/http_server.h"
#include "common/conf/options.h"

/* True when *mine has changed: new names stand behind the old ones. */
bool kd_reload_list(const char *section, const char *key, kd_strings *mine, const kd_strings *fresh);
/* True when *mine has changed: new counters stand behind the old ones. */
bool kd_reload_counters(kd_counters *mine, const kd_counters *fresh);
/* Certificate and key are read anew: `certificate-reloaded`, or `certificate-kept` with the cause. NULL is fine: no TLS. */
void kd_reload_tls(kd_http_tls *tls);

#endif

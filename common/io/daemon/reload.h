/*
 * reload.h - what a SIGHUP can change in a running program: lists of names and counters grow, the certificate is read anew.
 *
 * A list only grows, since its entries are in use. When the new configuration lacks an old entry, or has a counter with another number or kind, the
 * old list stays as it is, and a line `reload-refused` names the entry.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_RELOAD_H
#define KUDOS_COMMON_IO_DAEMON_RELOAD_H

#include "common/io/http/server/http_server.h"
#include "common/conf/options.h"

/* Appends the names of *fresh that are new to *mine; `section` and `key` name the option in the log. True when *mine has changed. */
bool kd_reload_list(const char *section, const char *key, kd_strings *mine, const kd_strings *fresh);
/* Appends the counters of *fresh that are new to *mine. True when *mine has changed. */
bool kd_reload_counters(kd_counters *mine, const kd_counters *fresh);
/* Reads certificate and key anew and logs `certificate-reloaded`, or keeps them and logs `certificate-kept` with the cause. NULL (no TLS): does
 * nothing. */
void kd_reload_tls(kd_http_tls *tls);

#endif

/*
 * reload.h - SIGHUP: the steps that both programs take, and what it can change: lists of names and counters grow; the certificate, the files of
 * keys and the files of tokens are read anew, each by itself. One that cannot be used keeps its old content and holds up nothing else.
 *
 * A list only grows, since its entries are in use. When the new configuration lacks an old entry, or has a counter with another number or kind, the
 * old list stays as it is, and a line `reload-refused` names the entry.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_RELOAD_H
#define KUDOS_COMMON_IO_DAEMON_RELOAD_H

#include "common/base/metrics.h"
#include "common/io/daemon/command.h"
#include "common/io/daemon/key_file.h"
#include "common/io/http/credentials.h"
#include "common/io/http/server/http_server.h"

/* A file that is taken up by itself; made by the functions below. */
typedef struct kd_reload_file {
    const char *option; /* that names the file: http.tls_certificate */
    const char *path;   /* where `take` needs it */
    void *content;      /* in use; NULL: no file is configured, and nothing is done */
    /* KD_OK, or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes) and the content as it was. */
    int (*take)(const struct kd_reload_file *file, char *error);
    const char *taken, *kept; /* what the log says then */
    kd_metric *stale;         /* set to 0 or 1 */
} kd_reload_file;

/* The files of TLS, which are one: a certificate and its key change together. `tls` may be NULL. */
kd_reload_file kd_reload_tls(kd_http_tls *tls, kd_metric *stale);
/* A file of keys; `keys` may be NULL. */
kd_reload_file kd_reload_keys(const char *option, kd_key_file *keys, kd_metric *stale);
/* A file of tokens; `path` may be NULL. */
kd_reload_file kd_reload_tokens(const char *option, const char *path, kd_tokens *tokens, kd_metric *stale);

/* A reload of one program. */
typedef struct {
    const kd_command *command; /* the command line of the start */
    const kd_options *options;
    void *fresh; /* room for a configuration of this program; empty again after kd_reload_run */
    void *arg;   /* for the hooks */
    /* Whether the options of *fresh fit each other: KD_OK, or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes). Opens no files. */
    int (*check)(const void *fresh, char *error);
    /* Changes the running configuration, and logs `reloaded` or why not. An option that needs a restart is answered differently on purpose: an edge
     * takes over the rest, central nothing (docs/operations.md). */
    void (*take_over)(void *arg, const void *fresh);
    const kd_reload_file *files;
    size_t file_count;
} kd_reload;

/* SIGHUP, on the main loop: tells systemd, loads and checks the configuration, lets `take_over` apply it or logs `reload-refused`, and takes up each of
 * the files in either case. */
void kd_reload_run(const kd_reload *reload);

/* Appends the names of *fresh that are new to *mine; `section` and `key` name the option in the log. True when *mine has changed. */
bool kd_reload_list(const char *section, const char *key, kd_strings *mine, const kd_strings *fresh);
/* Appends the counters of *fresh that are new to *mine. True when *mine has changed. */
bool kd_reload_counters(kd_counters *mine, const kd_counters *fresh);

#endif

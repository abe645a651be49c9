/*
 * admin_ports.h - the admin listeners of a program: the TCP port, the Unix socket, or both, and the tokens that the port wants.
 */
#ifndef KUDOS_COMMON_IO_ADMIN_ADMIN_PORTS_H
#define KUDOS_COMMON_IO_ADMIN_ADMIN_PORTS_H

#include "common/io/admin/admin.h"

/* What the configuration says; views into it. */
typedef struct {
    const kd_address *listen; /* no host: no port */
    const char *socket;       /* NULL: none */
    uint32_t socket_mode;     /* index of kd_admin_socket_modes */
    const char *token_file;   /* NULL: the port wants no token */
} kd_admin_options;

/* Zero is closed. Must not be moved while it is open. */
typedef struct {
    kd_admin *port, *socket; /* NULL: none */
    kd_tokens tokens;        /* a reload may read them again, on the loop's thread */
} kd_admin_ports;

/* As kd_admin_create, for what the options name. Also KD_EINVAL: the token file cannot be used. After an error kd_admin_ports_close is owed as well.
 * A port that others than this machine reach and that wants no token is logged as `admin-open`. */
int kd_admin_ports_open(kd_admin_ports *p, kd_loop *loop, const kd_admin_options *options,
                        const kd_admin_hooks *hooks, char *error);
/* As kd_admin_destroy. */
void kd_admin_ports_close(kd_admin_ports *p);

#endif

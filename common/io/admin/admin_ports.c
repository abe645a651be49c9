/* admin_ports.c - see the header. */
#include "common/io/admin/admin_ports.h"

#include "common/io/loop/log.h"

int kd_admin_ports_open(kd_admin_ports *p, kd_loop *loop, const kd_admin_options *options,
                        const kd_admin_hooks *hooks, char *error)
{
    kd_admin_config config = {
        .address = *options->listen, .socket_mode = options->socket_mode, .tokens = &p->tokens};
    int err = kd_tokens_read(&p->tokens, "admin.token_file", options->token_file, error);
    if (err == KD_OK && config.address.host[0] != '\0') {
        err = kd_admin_create(&p->port, loop, &config, hooks, error);
        if (err == KD_OK && p->tokens.count == 0 && !kd_admin_loopback(p->port))
            KD_LOG(KD_WARN, "admin-open",
                   KD_STR("cause", "admin.listen is no loopback address and admin.token_file is not set: "
                                   "whoever reaches the port may read and order everything"));
    }
    config.socket = options->socket;
    if (err == KD_OK && config.socket) err = kd_admin_create(&p->socket, loop, &config, hooks, error);
    return err;
}

void kd_admin_ports_close(kd_admin_ports *p)
{
    kd_admin_destroy(p->port);
    kd_admin_destroy(p->socket);
    *p = (kd_admin_ports){.port = NULL};
}

/* admin_ports.c - see the header. */
#include "common/io/admin/admin_ports.h"

#include <stdio.h>

#include "common/io/loop/log.h"

static int admin_ports_tokens(kd_admin_ports *p, const char *path, char *error)
{
    const char *fault;
    if (!path || kd_tokens_read(&p->tokens, path, &fault) == KD_OK) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "admin.token_file: %s", fault);
    return KD_EINVAL;
}

int kd_admin_ports_open(kd_admin_ports *p, kd_loop *loop, const kd_admin_options *options,
                        const kd_admin_hooks *hooks, char *error)
{
    kd_admin_config config = {
        .address = *options->listen, .socket_mode = options->socket_mode, .tokens = &p->tokens};
    int err = admin_ports_tokens(p, options->token_file, error);
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

void kd_admin_ports_reload(kd_admin_ports *p, const char *token_file)
{
    char error[KD_OPTIONS_ERROR_MAX];
    if (admin_ports_tokens(p, token_file, error) != KD_OK)
        KD_LOG(KD_ERROR, "tokens-kept", KD_STR("cause", error));
}

void kd_admin_ports_close(kd_admin_ports *p)
{
    kd_admin_destroy(p->port);
    kd_admin_destroy(p->socket);
    *p = (kd_admin_ports){.port = NULL};
}

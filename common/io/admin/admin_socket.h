/*
 * admin_socket.h - the commands' side of an admin socket (unix:PATH): one request on a connection of its own, as the server closes it behind the answer.
 */
#ifndef KUDOS_COMMON_IO_ADMIN_ADMIN_SOCKET_H
#define KUDOS_COMMON_IO_ADMIN_ADMIN_SOCKET_H

#include "kudos/base.h"

/* Sends `request`, whole HTTP/1.1 with Connection: close, and waits for the end of the answer for at most `timeout_s`. Returns the status, and the body
 * is appended to *body; 0: no whole answer of at most `max` bytes came in time. Blocks. */
int kd_admin_socket_ask(const char *path, kd_bytes request, uint32_t timeout_s, size_t max, kd_buf *body);

#endif

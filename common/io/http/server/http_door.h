/*
 * http_door.h - how many connections a process holds, and how many of each client address. kd_http_door of http_server.h, as the servers use it.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_DOOR_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_DOOR_H

#include "common/io/http/server/http_server.h"

/* Counts one connection more; false, and nothing counted, when the process or the address has its limit already. Any thread. */
bool http_door_enter(kd_http_door *door, uint64_t address);
/* Counts one less; there must be one. Any thread. */
void http_door_leave(kd_http_door *door, uint64_t address);
/* A connection turns out to be another address's. False: that one has its limit already, and nothing has changed. Any thread. */
bool http_door_move(kd_http_door *door, uint64_t from, uint64_t to);

#endif

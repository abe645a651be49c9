/*
 * http_door.h - how many connections a process holds, and how many of each client address. kd_http_door of http_server.h, as the servers use it.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_DOOR_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_DOOR_H

#include "common/io/http/server/http_server.h"

/* A new connection of the address has come. False: it has had all that it may open for now; close the connection before anything is done for it. Any
 * thread. */
bool http_door_knock(kd_http_door *door, uint64_t address, int64_t now_ms);
/* Counts one connection more; false, and nothing counted, when the process or the address has its limit already, or the address is barred. Any thread. */
bool http_door_enter(kd_http_door *door, uint64_t address, int64_t now_ms);
/* Whether the number of connections of the process, and nothing else, keeps a connection of the address out. Any thread. */
bool http_door_full(kd_http_door *door, uint64_t address, int64_t now_ms);
/* Counts one less; there must be one. Any thread. */
void http_door_leave(kd_http_door *door, uint64_t address);
/* A connection turns out to be another address's. False: that one has its limit already, or is barred, and nothing has changed. Any thread. */
bool http_door_move(kd_http_door *door, uint64_t from, uint64_t to, int64_t now_ms);
/* A client that is served already has sent something, to any server of the process; and when one did last, 0: none has. Any thread, without the lock. */
void http_door_asked(kd_http_door *door, int64_t now_ms);
int64_t http_door_asked_ms(const kd_http_door *door);
enum { HTTP_BAR_MIN_MS = 1000, HTTP_BAR_MAX_MS = 8000, HTTP_BAR_FORGET_MS = 10000 };

/* A connection of the address was closed because it held most: no new connection of the address is taken for HTTP_BAR_MIN_MS, or twice as long as the last
 * time, if that ended less than HTTP_BAR_FORGET_MS ago; HTTP_BAR_MAX_MS at most. Returns the ms that are left. Any thread. */
int64_t http_door_bar(kd_http_door *door, uint64_t address, int64_t now_ms);

#endif

/* http_fixture.h - a server of HTTP without a listener, and connections without a socket, for unit tests of the server's parts. */
#ifndef KUDOS_TESTS_UNIT_IO_HTTP_FIXTURE_H
#define KUDOS_TESTS_UNIT_IO_HTTP_FIXTURE_H

#include "common/io/http/server/http_internal.h"

/* Opens it; http_fixture_close, once no connection is left. */
kd_http_server *http_fixture_open(const kd_http_config *config);
void http_fixture_close(void);
/* A connection of this IPv4 address, as after an accept. */
http_conn *http_fixture_come(uint32_t address);

#endif

/* http_fixture.c - see the header. */
#include "tests/unit/io/http_fixture.h"

#include <criterion/criterion.h>
#include <event2/event.h>

#include "common/io/http/server/http_conns.h"
#include "common/io/http/server/http_door.h"

static struct event_base *base;
static kd_http_server *server;

kd_http_server *http_fixture_open(const kd_http_config *config)
{
    base = event_base_new();
    cr_assert_eq(kd_http_server_create(&server, base, config, NULL, NULL), KD_OK);
    return server;
}

void http_fixture_close(void)
{
    kd_http_server_destroy(server);
    event_base_free(base);
}

http_conn *http_fixture_come(uint32_t address)
{
    struct sockaddr_storage peer = {.ss_family = AF_INET};
    ((struct sockaddr_in *)&peer)->sin_addr.s_addr = address;
    http_conn *conn = http_conns_add(server, -1, &peer, sizeof(struct sockaddr_in));
    KD_ASSERT(http_door_enter(server->door, conn->address->key, server->now_ms));
    return conn;
}

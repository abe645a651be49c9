/* test_listening.c - the public port of a daemon. */
#include "common/io/daemon/listening.h"

#include <criterion/criterion.h>
#include <event2/event.h>

static struct event_base *base;
static kd_http_server *server[3];
static char error[KD_OPTIONS_ERROR_MAX];

static void setup(void)
{
    kd_http_config config;
    kd_http_config_init(&config);
    base = event_base_new();
    for (size_t i = 0; i < KD_COUNT(server); i++)
        cr_assert_eq(kd_http_server_create(&server[i], base, &config, NULL, NULL), KD_OK);
}

static void teardown(void)
{
    for (size_t i = 0; i < KD_COUNT(server); i++) kd_http_server_destroy(server[i]);
    event_base_free(base);
}

TestSuite(listening, .init = setup, .fini = teardown);

Test(listening, servers_share_a_free_port)
{
    const kd_address any = {.host = "*", .port = 0};
    cr_assert_eq(kd_listen_shared(server, KD_COUNT(server), &any, error), KD_OK, "%s", error);
    cr_expect_gt(kd_http_server_port(server[0]), 0);
    for (size_t i = 1; i < KD_COUNT(server); i++)
        cr_expect_eq(kd_http_server_port(server[i]), kd_http_server_port(server[0]));
}

Test(listening, a_port_that_others_share_is_refused)
{
    kd_address address = {.host = "127.0.0.1", .port = 0};
    cr_assert_eq(kd_listen_shared(server, 2, &address, error), KD_OK, "%s", error);
    address.port = kd_http_server_port(server[0]);
    cr_expect_eq(kd_listen_shared(server + 2, 1, &address, error), KD_EUNAVAILABLE);
    cr_expect_not_null(strstr(error, "http.listen 127.0.0.1:"), "%s", error);
    cr_expect_eq(kd_listen(server[2], &address, error), KD_EUNAVAILABLE);
}

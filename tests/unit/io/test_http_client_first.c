/*
 * Which of the client's waiting requests gets a stream first, against a real server on the same loop. They are made before the connection is there, and
 * one at a time has a stream: so the server sees them in the order in which they were taken out of the queue.
 */
#include <criterion/criterion.h>
#include <event2/event.h>

#include "common/io/http/client/http_client.h"
#include "common/io/http/server/http_server.h"

enum { WATCHDOG_S = 10 };

static struct event_base *base;
static char seen[16];
static int answers;

static void on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    (void)arg, (void)status, (void)r;
    cr_assert_eq(result, KD_OK);
    answers++;
    event_base_loopbreak(base);
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    cr_assert_fail("took too long");
}

/* Notes the path's letter. */
static void handle(kd_http_request *req, void *arg)
{
    (void)arg;
    seen[strlen(seen)] = (char)req->path.data[1];
    kd_http_respond(req, 200, NULL, 0, kd_bytes_str("here"));
}

Test(http_client_first, goes_before_all_that_wait_and_were_not_made_so)
{
    kd_http_config config;
    kd_http_server *server;
    kd_http_client *client;
    char error[256], url[64];
    const kd_http_client_options o = {.max_streams = 1};
    base = event_base_new();
    event_base_once(base, -1, EV_TIMEOUT, on_watchdog, NULL, &(struct timeval){.tv_sec = WATCHDOG_S});
    kd_http_config_init(&config);
    cr_assert_eq(kd_http_server_create(&server, base, &config, handle, NULL), KD_OK);
    cr_assert_eq(kd_http_server_listen(server, "127.0.0.1", 0, false, error, sizeof error), KD_OK, "%s",
                 error);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", kd_http_server_port(server));
    cr_assert_eq(kd_http_client_create(&client, base, url, &o), KD_OK);
    static const char made[] = "abCcDd"; /* capitals: first */
    for (const char *c = made; *c; c++) {
        char path[] = {'/', *c, 0};
        cr_assert_eq((*c < 'a' ? kd_http_client_request_first
                               : kd_http_client_request)(client, "GET", kd_bytes_str(path), NULL, 0,
                                                         kd_bytes_of(NULL, 0), on_answer, NULL, 5000),
                     KD_OK);
    }
    while (answers < (int)strlen(made)) event_base_dispatch(base);
    cr_assert_str_eq(seen, "CDabcd");
    kd_http_client_destroy(client);
    kd_http_server_destroy(server);
    event_base_free(base);
}

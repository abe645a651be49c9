/*
 * Where the client finds its origin: by a name of the hosts file, also of one that names it later, not at all, and a client
 * that goes while it looks.
 *
 * "nobody.invalid" resolves nowhere (RFC 2606). Whether a nameserver says so or none answers does not matter here: the
 * deadlines end it either way.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/event.h>
#include <unistd.h>

static const char *hosts = "/etc/hosts";
#define HOSTS_FILE hosts
#include "common/io/http/client/http_client_resolve.c"

#include "common/io/http/server/http_server.h"

static int last_result, last_status, answers;

static void on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    (void)r;
    last_result = result;
    last_status = status;
    answers++;
    event_base_loopbreak(arg);
}

static int ask(kd_http_client *client, struct event_base *base, uint32_t deadline_ms)
{
    return kd_http_client_request(client, "GET", kd_bytes_str("/"), NULL, 0, (kd_bytes){0}, on_answer, base,
                                  deadline_ms);
}

static bool trouble_is(const kd_http_client *client, kd_reason wanted)
{
    kd_reason reason;
    const char *text;
    return kd_http_client_trouble(client, &reason, &text) && reason == wanted && text[0];
}

static kd_http_client *client_of(struct event_base *base, const char *url)
{
    kd_http_client *client = NULL;
    cr_assert_eq(kd_http_client_create(&client, base, url, &(kd_http_client_options){.seed = 1}), KD_OK);
    return client;
}

static void handle(kd_http_request *req, void *arg)
{
    (void)arg;
    kd_http_respond(req, 200, NULL, 0, kd_bytes_str("here"));
}

static kd_http_server *serve(struct event_base *base)
{
    kd_http_server *server;
    kd_http_config config;
    char error[256];
    kd_http_config_init(&config);
    cr_assert_eq(kd_http_server_create(&server, base, &config, handle, NULL), KD_OK);
    cr_assert_eq(kd_http_server_listen(server, "127.0.0.1", 0, false, error, sizeof error), KD_OK, "%s",
                 error);
    return server;
}

static void write_hosts(const char *line)
{
    FILE *f = fopen(hosts, "w");
    cr_assert(f && fputs(line, f) >= 0 && fclose(f) == 0);
}

Test(http_client_resolve, a_name_that_is_known_later_is_found_then)
{
    char path[] = "/tmp/kudos-hosts-XXXXXX", url[64];
    struct event_base *base = event_base_new();
    kd_http_server *server = serve(base);
    cr_assert(close(mkstemp(path)) == 0);
    hosts = path;
    write_hosts("# nothing yet\n");
    snprintf(url, sizeof url, "http://later.invalid:%u", kd_http_server_port(server));
    kd_http_client *client = client_of(base, url);
    cr_assert_eq(ask(client, base, 300), KD_OK);
    event_base_dispatch(base);
    cr_assert_neq(last_result, KD_OK);
    cr_expect(trouble_is(client, KD_REASON_DNS));
    write_hosts("127.0.0.1 later.invalid\n");
    for (int i = 0; i < 20 && last_result != KD_OK;
         i++) /* the first look-up may still be waiting for a nameserver */
        if (ask(client, base, 1000) == KD_OK) event_base_dispatch(base);
    cr_assert_eq(last_result, KD_OK);
    cr_assert_eq(last_status, 200);
    cr_expect_not(trouble_is(client, KD_REASON_DNS), "an answer ends the trouble");
    kd_http_client_destroy(client);
    kd_http_server_destroy(server);
    event_base_free(base);
    unlink(path);
}

Test(http_client_resolve, a_name_is_looked_up_when_it_is_needed)
{
    struct event_base *base = event_base_new();
    char url[64];
    kd_http_server *server = serve(base);
    snprintf(url, sizeof url, "http://localhost:%u", kd_http_server_port(server));
    kd_http_client *client = client_of(base, url);
    cr_assert_eq(ask(client, base, 5000), KD_OK);
    event_base_dispatch(base);
    cr_assert_eq(last_result, KD_OK);
    cr_assert_eq(last_status, 200);
    kd_http_client_destroy(client);
    kd_http_server_destroy(server);
    event_base_free(base);
}

Test(http_client_resolve, a_name_that_is_not_there_fails_the_request_and_not_the_start)
{
    struct event_base *base = event_base_new();
    kd_http_client *client = client_of(base, "http://nobody.invalid:80");
    cr_assert_eq(ask(client, base, 300), KD_OK);
    event_base_dispatch(base);
    cr_assert(last_result == KD_ETIMEOUT || last_result == KD_EUNAVAILABLE, "%d", last_result);
    kd_http_client_destroy(client);
    event_base_free(base);
}

Test(http_client_resolve, a_client_may_go_while_it_looks)
{
    struct event_base *base = event_base_new();
    kd_http_client *client = client_of(base, "http://nobody.invalid:80");
    cr_assert_eq(ask(client, base, 5000), KD_OK);
    event_base_loop(base, EVLOOP_NONBLOCK);
    kd_http_client_destroy(client);
    cr_assert_eq(answers, 1);
    cr_assert_eq(last_result, KD_EUNAVAILABLE);
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_free(base);
}

/* A handler may gather the requests of one piece of input, and answer them behind it. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/io/http/server/http_server.h"

enum { DEADLINE_S = 20, GATHERED_MAX = 4 };

static struct {
    kd_http_request *at[GATHERED_MAX];
    int count, most; /* that were answered together */
} gathered;

static void on_request(kd_http_request *req, void *arg)
{
    (void)arg;
    cr_assert_lt(gathered.count, GATHERED_MAX);
    gathered.at[gathered.count++] = req;
}

static void on_fed(void *arg)
{
    (void)arg;
    gathered.most = KD_MAX(gathered.most, gathered.count);
    for (int i = 0; i < gathered.count; i++)
        kd_http_respond(gathered.at[i], 200, NULL, 0, kd_bytes_str("gathered"));
    gathered.count = 0;
}

static int client_connect(uint16_t port, const char *bytes, size_t len)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(send(fd, bytes, len, 0), (ssize_t)len);
    return fd;
}

static int answers_in(kd_bytes got)
{
    int count = 0;
    for (const uint8_t *at = got.data; (at = memmem(at, got.len - (size_t)(at - got.data), "gathered", 8));
         at++)
        count++;
    return count;
}

/* Preface, SETTINGS, and HEADERS that end streams 1 and 3: GET http://a/ twice. */
static const char two[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                          "\0\0\0\4\0\0\0\0\0"
                          "\0\0\6\1\5\0\0\0\1\x82\x84\x86\x41\1a"
                          "\0\0\4\1\5\0\0\0\3\x82\x84\x86\xbe";

Test(http_fed, requests_of_one_read_are_answered_together)
{
    char error[256];
    kd_http_config config;
    kd_http_server *server;
    uint8_t bytes[4096];
    size_t len = 0;
    kd_http_config_init(&config);
    config.fed = on_fed;
    struct event_base *base = event_base_new();
    cr_assert_eq(kd_http_server_create(&server, base, &config, on_request, NULL), KD_OK);
    cr_assert_eq(kd_http_server_listen(server, "127.0.0.1", 0, false, error, sizeof error), KD_OK);
    int fd = client_connect(kd_http_server_port(server), two, sizeof two - 1);
    for (time_t end = time(NULL) + DEADLINE_S; answers_in(kd_bytes_of(bytes, len)) < 2;) {
        cr_assert_leq(time(NULL), end);
        event_base_loop(base, EVLOOP_NONBLOCK);
        ssize_t n = recv(fd, bytes + len, sizeof bytes - len, MSG_DONTWAIT);
        if (n > 0) len += (size_t)n;
    }
    cr_assert_eq(gathered.most, 2);
    close(fd);
    kd_http_server_destroy(server);
    event_base_free(base);
}

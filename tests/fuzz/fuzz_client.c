/*
 * fuzz_client.c - any bytes as the answers of a server to the HTTP/2 client, by which an edge asks central. Every request ends
 * exactly once: with an answer or an error, at the latest when the client is destroyed.
 */
#include "common/io/http/client/http_client.h"
#include "edge/io/upstream/central_words.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/loopback.h"

enum { REQUESTS = 3 };

static struct event_base *base;
static char url[64];
static int listener, ended;
static kd_buf scratch;

static void on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    uint64_t now_us;
    (void)arg;
    ended++;
    if (result != KD_OK) {
        KD_ASSERT(r == NULL && status == 0);
        return;
    }
    KD_ASSERT(status >= 100 && status <= 999);
    kd_http_response_header(r, "content-type");
    kd_central_words_time(kd_http_response_body(r), &scratch, &now_us);
}

static void begin(void)
{
    struct sockaddr_in at = fuzz_address(INADDR_LOOPBACK, 0);
    socklen_t len = sizeof at;
    base = fuzz_loop();
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    KD_ASSERT(bind(listener, (struct sockaddr *)&at, len) == 0 && listen(listener, 16) == 0);
    KD_ASSERT(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(at.sin_port));
}

static kd_http_client *new_client(void)
{
    kd_http_client *client;
    kd_http_client_options o = {.backoff_min_ms = 1000, .backoff_max_ms = 1000, .body_max = 4096, .seed = 1};
    KD_ASSERT(kd_http_client_create(&client, base, url, &o) == KD_OK);
    for (int i = 0; i < REQUESTS; i++)
        KD_ASSERT(kd_http_client_request(client, "GET", kd_bytes_str("/v1/time"), NULL, 0,
                                         kd_bytes_of(NULL, 0), on_answer, NULL, 0) == KD_OK);
    return client;
}

static int accept_it(void)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0) return fd;
        KD_ASSERT(errno == EAGAIN || errno == EINTR);
        event_base_loop(base, EVLOOP_ONCE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!base) begin();
    ended = 0;
    kd_http_client *client = new_client();
    int fd = accept_it();
    ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* bytes that do not fit into the socket's buffer are left out */
    for (int i = 0; i < 8; i++) event_base_loop(base, EVLOOP_NONBLOCK);
    fuzz_reset_at_close(fd);
    close(fd);
    for (int i = 0; i < 4; i++) event_base_loop(base, EVLOOP_NONBLOCK);
    KD_ASSERT(ended + (int)kd_http_client_open(client) == REQUESTS);
    kd_http_client_destroy(client);
    KD_ASSERT(ended == REQUESTS);
    return 0;
}

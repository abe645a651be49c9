/* The drill's network: Kafka's addresses in a stream that is cut anywhere, and links that hold, slow and break. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "sim/drill/proxy.h"

/* ---- Kafka's addresses ----------------------------------------------------------------------------------------- */

static const sim_proxy_kafka_table table = {.count = 2,
                                            .at = {{.from = 9092, .to = 19001}, {.from = 9093, .to = 19002}}};

static void put_answer(kd_buf *b, kd_bytes body)
{
    kd_buf_put_be32(b, (uint32_t)body.len);
    kd_buf_put(b, body.data, body.len);
}

static void put_broker(kd_buf *b, const char *host, uint32_t port)
{
    kd_buf_put_be16(b, (uint16_t)strlen(host));
    kd_buf_put(b, host, strlen(host));
    kd_buf_put_be32(b, port);
}

/* Two answers: brokers that are known and one that is not, and one that ends with the beginning of a match. */
static void answers(kd_buf *b, uint32_t first, uint32_t second)
{
    kd_buf body = {0};
    kd_buf_put(&body, "127.0.0.127.0.0.1", 17); /* a beginning within a beginning */
    kd_buf_put_be32(&body, first);
    put_broker(&body, "127.0.0.1", second);
    put_broker(&body, "127.0.0.1", 7777);
    put_broker(&body, "127.0.0.2", 9092);
    put_answer(b, kd_buf_view(&body));
    kd_buf_clear(&body);
    kd_buf_put(&body, "error 127.0.0.1\0", 16);
    put_answer(b, kd_buf_view(&body));
    kd_buf_finish(&body);
}

Test(drill_proxy, addresses_are_exchanged_wherever_the_stream_is_cut)
{
    kd_buf in = {0}, wanted = {0}, out = {0};
    answers(&in, 9092, 9093);
    answers(&wanted, 19001, 19002);
    for (size_t first = 0; first <= in.len; first++) {
        for (size_t second = first; second <= in.len; second++) {
            sim_proxy_kafka_stream s = {.table = &table};
            kd_buf_clear(&out);
            sim_proxy_kafka_pass(&s, kd_bytes_of(in.data, first), &out);
            sim_proxy_kafka_pass(&s, kd_bytes_of(in.data + first, second - first), &out);
            sim_proxy_kafka_pass(&s, kd_bytes_of(in.data + second, in.len - second), &out);
            cr_assert(kd_bytes_eq(kd_buf_view(&out), kd_buf_view(&wanted)), "cut at %zu and %zu", first,
                      second);
        }
    }
    kd_buf_finish(&in);
    kd_buf_finish(&wanted);
    kd_buf_finish(&out);
}

Test(drill_proxy, nothing_is_held_back_at_the_end_of_an_answer)
{
    kd_buf in = {0}, out = {0};
    sim_proxy_kafka_stream s = {.table = &table};
    put_answer(&in, kd_bytes_str("1"));
    put_answer(&in, kd_bytes_str("127.0.0.1"));
    sim_proxy_kafka_pass(&s, kd_buf_view(&in), &out);
    cr_assert_eq(out.len, in.len);
    kd_buf_clear(&out);
    sim_proxy_kafka_pass(&s,
                         kd_bytes_of("\0\0\0\x14"
                                     "127.0",
                                     9),
                         &out);
    cr_assert_eq(out.len, 4); /* the answer goes on, so this may be an address */
    kd_buf_finish(&in);
    kd_buf_finish(&out);
}

/* ---- the end of a producer -------------------------------------------------------------------------------------- */

static void put_request(kd_buf *b, uint16_t api, uint32_t id)
{
    kd_buf body = {0};
    kd_buf_put_be16(&body, api);
    kd_buf_put_be16(&body, 7);
    kd_buf_put_be32(&body, id);
    kd_buf_put(&body, "\0\7rdkafka and records", 20);
    put_answer(b, kd_buf_view(&body));
    kd_buf_finish(&body);
}

/* As to Produce: one partition of one topic; the error, then where the batch stands. */
static void put_fate(kd_buf *b, uint32_t id, uint16_t error)
{
    kd_buf body = {0};
    kd_buf_put_be32(&body, id);
    kd_buf_put_be32(&body, 1);
    kd_buf_put_be16(&body, 5);
    kd_buf_put(&body, "likes", 5);
    kd_buf_put_be32(&body, 1);
    kd_buf_put_be32(&body, 3);
    kd_buf_put_be16(&body, error);
    kd_buf_put(&body, "\0\0\0\0\0\0\0\7 and more", 17);
    put_answer(b, kd_buf_view(&body));
    kd_buf_finish(&body);
}

static void pass_in_two(sim_proxy_kafka_stream *s, const kd_buf *in, size_t first, kd_buf *out)
{
    sim_proxy_kafka_pass(s, kd_bytes_of(in->data, first), out);
    sim_proxy_kafka_pass(s, kd_bytes_of(in->data + first, in->len - first), out);
}

/* Of what was asked the second and the fourth are Produce; the first answer to one of these is changed, and nothing else. */
Test(drill_proxy, one_answer_ends_a_producer)
{
    kd_buf asked = {0}, in = {0}, wanted = {0}, out = {0};
    for (uint32_t id = 1; id <= 4; id++) put_request(&asked, id % 2 ? 3 : 0, id);
    for (uint32_t id = 1; id <= 4; id++) {
        put_fate(&in, id, 0);
        put_fate(&wanted, id, id == 2 ? 45 : 0);
    }
    for (size_t first = 0; first <= in.len; first++) {
        sim_proxy_kafka_calls calls = {.fence = true};
        sim_proxy_kafka_stream up = {.calls = &calls}, down = {.table = &table, .calls = &calls};
        size_t some = first % asked.len;
        sim_proxy_kafka_asked(&up, kd_bytes_of(asked.data, some));
        sim_proxy_kafka_asked(&up, kd_bytes_of(asked.data + some, asked.len - some));
        kd_buf_clear(&out);
        pass_in_two(&down, &in, first, &out);
        cr_assert(kd_bytes_eq(kd_buf_view(&out), kd_buf_view(&wanted)), "cut at %zu", first);
        cr_assert(!calls.fence && calls.count == 0);
    }
    kd_buf_finish(&asked);
    kd_buf_finish(&in);
    kd_buf_finish(&wanted);
    kd_buf_finish(&out);
}

Test(drill_proxy, without_an_order_no_answer_is_changed)
{
    kd_buf asked = {0}, in = {0}, out = {0};
    sim_proxy_kafka_calls calls = {0};
    sim_proxy_kafka_stream up = {.calls = &calls}, down = {.table = &table, .calls = &calls};
    for (uint32_t id = 1; id <= 2 * PROXY_KAFKA_CALLS_MAX; id++)
        put_request(&asked, 0, id); /* more than are noted */
    sim_proxy_kafka_asked(&up, kd_buf_view(&asked));
    cr_assert_eq(calls.count, PROXY_KAFKA_CALLS_MAX);
    put_fate(&in, 1, 0);
    put_fate(&in, 7, 6);
    pass_in_two(&down, &in, 9, &out);
    cr_assert(kd_bytes_eq(kd_buf_view(&out), kd_buf_view(&in)));
    cr_assert_eq(calls.count, PROXY_KAFKA_CALLS_MAX - 2);
    kd_buf_finish(&asked);
    kd_buf_finish(&in);
    kd_buf_finish(&out);
}

/* ---- links ----------------------------------------------------------------------------------------------------- */

typedef struct {
    struct event_base *base;
    sim_proxy_link *link;
    int listening, client, server;
} rig;

static void on_nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
}

/* Runs the loop until fd has something, or an end, or the time is over. */
static bool readable(rig *r, int fd, uint64_t limit_us)
{
    uint64_t end = kd_clock_mono_us() + limit_us;
    const struct timeval turn = {.tv_usec = 1000};
    do {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 0) == 1) return true;
        event_base_once(r->base, -1, EV_TIMEOUT, on_nothing, NULL, &turn);
        event_base_loop(r->base, EVLOOP_ONCE);
    } while (kd_clock_mono_us() < end);
    return false;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void rig_open(rig *r)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    *r = (rig){.base = event_base_new(), .client = -1, .server = -1};
    r->listening = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(r->listening, (struct sockaddr *)&at, len), 0);
    cr_assert_eq(listen(r->listening, 8), 0);
    cr_assert_eq(getsockname(r->listening, (struct sockaddr *)&at, &len), 0);
    r->link = sim_proxy_link_create(r->base, NULL, 1);
    cr_assert_not_null(r->link);
    sim_proxy_link_target(r->link, ntohs(at.sin_port));
}

static void rig_connect(rig *r)
{
    r->client = connect_to(sim_proxy_link_port(r->link));
    cr_assert(readable(r, r->listening, 2000000));
    r->server = accept(r->listening, NULL, NULL);
}

static void rig_close(rig *r)
{
    if (r->client >= 0) close(r->client);
    if (r->server >= 0) close(r->server);
    close(r->listening);
    sim_proxy_link_destroy(r->link);
    event_base_free(r->base);
}

static void expect(rig *r, int from, int to, const char *text)
{
    char got[64] = "";
    cr_assert_eq(send(from, text, strlen(text), 0), (ssize_t)strlen(text));
    cr_assert(readable(r, to, 2000000), "%s does not arrive", text);
    ssize_t n = recv(to, got, sizeof got - 1, 0);
    cr_assert_eq(n, (ssize_t)strlen(text));
    cr_assert_str_eq(got, text);
}

Test(drill_proxy, bytes_and_ends_pass_both_ways)
{
    rig r;
    char byte;
    rig_open(&r);
    rig_connect(&r);
    expect(&r, r.client, r.server, "up");
    expect(&r, r.server, r.client, "down");
    shutdown(r.client, SHUT_WR);
    cr_assert(readable(&r, r.server, 2000000));
    cr_assert_eq(recv(r.server, &byte, 1, 0), 0);
    expect(&r, r.server, r.client, "half closed");
    rig_close(&r);
}

Test(drill_proxy, a_cut_holds_one_way_and_keeps_what_was_sent)
{
    rig r;
    char got[16] = "";
    rig_open(&r);
    rig_connect(&r);
    expect(&r, r.client, r.server, "before");
    sim_proxy_condition up = {.way[PROXY_UP].cut = true};
    sim_proxy_link_set(r.link, &up);
    cr_assert_eq(send(r.client, "held", 4, 0), 4);
    shutdown(r.client, SHUT_WR);
    expect(&r, r.server, r.client, "the other way");
    cr_assert_not(readable(&r, r.server, 50000));
    sim_proxy_link_set(r.link, &(sim_proxy_condition){0});
    cr_assert(readable(&r, r.server, 2000000));
    cr_assert_eq(recv(r.server, got, sizeof got, 0), 4);
    cr_assert_str_eq(got, "held");
    cr_assert(readable(&r, r.server, 2000000));
    cr_assert_eq(recv(r.server, got, 1, 0), 0);
    rig_close(&r);
}

Test(drill_proxy, a_connection_begun_in_a_cut_is_made_after_it)
{
    rig r;
    rig_open(&r);
    sim_proxy_link_set(r.link, &(sim_proxy_condition){.way[PROXY_DOWN].cut = true});
    r.client = connect_to(sim_proxy_link_port(r.link));
    cr_assert_not(readable(&r, r.listening, 50000));
    sim_proxy_link_set(r.link, &(sim_proxy_condition){0});
    cr_assert(readable(&r, r.listening, 2000000));
    r.server = accept(r.listening, NULL, NULL);
    expect(&r, r.client, r.server, "after");
    rig_close(&r);
}

Test(drill_proxy, delay_and_bandwidth_take_their_time)
{
    rig r;
    rig_open(&r);
    rig_connect(&r);
    expect(&r, r.client, r.server, "before");
    sim_proxy_link_set(r.link, &(sim_proxy_condition){.way[PROXY_UP].delay_us = 60000});
    uint64_t began = kd_clock_mono_us();
    expect(&r, r.client, r.server, "late");
    cr_assert_geq(kd_clock_mono_us() - began, 60000);
    sim_proxy_link_set(r.link, &(sim_proxy_condition){.way[PROXY_UP].bytes_per_s = 1000});
    began = kd_clock_mono_us();
    expect(&r, r.client, r.server, "forty bytes at a thousand a second: 40ms");
    cr_assert_geq(kd_clock_mono_us() - began, 40000);
    rig_close(&r);
}

Test(drill_proxy, a_reset_is_seen_by_both)
{
    rig r;
    char byte;
    rig_open(&r);
    rig_connect(&r);
    expect(&r, r.client, r.server, "before");
    sim_proxy_link_reset(r.link);
    cr_assert(readable(&r, r.server, 2000000));
    cr_assert_eq(recv(r.server, &byte, 1, 0), -1);
    cr_assert_eq(errno, ECONNRESET);
    cr_assert(readable(&r, r.client, 2000000));
    cr_assert_eq(recv(r.client, &byte, 1, 0), -1);
    cr_assert_eq(sim_proxy_link_counts(r.link).broken, 1);
    rig_close(&r);
}

Test(drill_proxy, who_is_refused_is_broken_at_once)
{
    rig r;
    char byte;
    rig_open(&r);
    sim_proxy_link_set(r.link, &(sim_proxy_condition){.refused = true});
    r.client = connect_to(sim_proxy_link_port(r.link));
    cr_assert(readable(&r, r.client, 2000000));
    cr_assert_eq(recv(r.client, &byte, 1, 0), -1);
    cr_assert_not(readable(&r, r.listening, 20000));
    rig_close(&r);
}

Test(drill_proxy, loss_breaks_connections_at_its_rate)
{
    rig r;
    rig_open(&r);
    sim_proxy_link_set(r.link, &(sim_proxy_condition){.way[PROXY_UP].loss_percent = 100});
    rig_connect(&r);
    cr_assert_eq(send(r.client, "x", 1, 0), 1);
    cr_assert(readable(&r, r.client, 2000000));
    char byte;
    cr_assert_eq(recv(r.client, &byte, 1, 0), -1);
    rig_close(&r);
}

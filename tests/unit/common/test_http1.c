/* test_http1.c - heads of requests, chunks and media types, read strictly. */
#include "common/api/http1.h"

#include <criterion/criterion.h>
#include <stdio.h>

static int some_line(void *arg, const kd_http1_head *head)
{
    (void)arg;
    return kd_bytes_eq(head->target, kd_bytes_str("/teapot")) ? 418 : 0;
}

static void some_field(void *arg, kd_bytes name, kd_bytes value)
{
    kd_buf *all = arg;
    kd_buf_put(all, name.data, name.len);
    kd_buf_put(all, "=", 1);
    if (value.len > 0) kd_buf_put(all, value.data, value.len);
    kd_buf_put(all, ";", 1);
}

static int read_head(const char *text, kd_buf *all, kd_http1_head *head)
{
    const kd_http1_visitor visitor = {.arg = all, .line = some_line, .field = some_field};
    kd_buf_clear(all);
    return kd_http1_read_head(kd_bytes_str(text), &visitor, head);
}

Test(http1, a_head_is_told_field_by_field)
{
    kd_buf all = {0};
    kd_http1_head head;
    cr_assert_eq(
        read_head("POST /a?b HTTP/1.1\r\nHost: a\r\nX-Y:\tz \r\nContent-Length: 12\r\nEmpty:\r\n\r\n", &all,
                  &head),
        0);
    cr_expect(kd_bytes_eq(head.method, kd_bytes_str("POST")) &&
              kd_bytes_eq(head.target, kd_bytes_str("/a?b")));
    cr_expect(head.has_host && head.has_length && head.keep_alive && !head.http10 && !head.chunked);
    cr_expect_eq(head.length, 12);
    cr_expect(kd_bytes_eq(kd_buf_view(&all), kd_bytes_str("host=a;x-y=z;content-length=12;empty=;")));
    cr_expect_eq(read_head("GET /teapot HTTP/1.1\r\nHost: a\r\n\r\n", &all, &head), 418);
    cr_expect_eq(all.len, 0, "nothing is read on");
    kd_buf_finish(&all);
}

Test(http1, a_head_that_can_be_read_in_two_ways_is_refused)
{
    static const char *const bad[] = {
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET /#a HTTP/1.1\r\n\r\n",
        "GET /\xc3\xa4 HTTP/1.1\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
    };
    kd_buf all = {0};
    kd_http1_head head;
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_eq(read_head(bad[i], &all, &head), 400, "%s", bad[i]);
    cr_expect_eq(read_head("GET / HTTP/2.0\r\n\r\n", &all, &head), 505);
    cr_expect_eq(read_head("GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", &all, &head), 501);
    kd_buf_finish(&all);
}

Test(http1, an_option_of_a_connection_counts_wherever_in_the_list_it_stands)
{
    static const char *const ends[] = {"close",     ", , L, , close, gzip", "\xbe,close", "x,\xbe, close",
                                       "close\t,x", "keep-alive, Close"};
    kd_buf all = {0};
    kd_http1_head head;
    char text[100];
    for (size_t i = 0; i < KD_COUNT(ends); i++) {
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nConnection: %s\r\n\r\n", ends[i]);
        cr_expect_eq(read_head(text, &all, &head), 0);
        cr_expect(head.close && !head.keep_alive, "%s", ends[i]);
    }
    cr_expect_eq(read_head("GET / HTTP/1.0\r\nConnection: , keep-alive\r\n\r\n", &all, &head), 0);
    cr_expect(head.keep_alive, "empty elements are passed over (RFC 9110, 5.6.1.2)");
    cr_expect_eq(read_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", &all, &head), 0);
    cr_expect(head.keep_alive);
    kd_buf_finish(&all);
}

Test(http1, a_chunk_has_a_size_and_extensions_without_blanks)
{
    static const struct {
        const char *line;
        uint64_t size;
    } good[] = {{"0", 0},
                {"2f", 47},
                {"2F;x", 47},
                {"2f;x=y", 47},
                {"ffffffff;x=\"\"", UINT32_MAX},
                {"2f;x;y=\"a;b\\\"c\";z", 47},
                {"00000001", 1}};
    static const char *const bad[] = {
        "",      " 2f",       "2f ",        "2f  ",     "2f;",      "2f; ",         "2f;x ",
        "2f;x=", "2f;=y",     "2f;x y",     "2f\t;x",   "2f;x=\"y", "2f x",         "2f;x,y",
        "0x2f",  "100000000", "0000000001", "2f;x=y z", "-1",       "2f;\tx",       "2f ;x",
        "2f; x", "2f;x =y",   "2f;x= y",    "2f;x\t=y", "2f;x=\ty", "2f;x=\"y\" ;z"};
    uint64_t size;
    for (size_t i = 0; i < KD_COUNT(good); i++) {
        cr_expect(kd_http1_chunk_size(kd_bytes_str(good[i].line), &size), "%s", good[i].line);
        cr_expect_eq(size, good[i].size, "%s", good[i].line);
    }
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_not(kd_http1_chunk_size(kd_bytes_str(bad[i]), &size), "%s", bad[i]);
}

/* The check goes by words: each byte must be seen wherever it stands. */
Test(http1, a_target_is_judged_by_each_of_its_bytes)
{
    uint8_t text[20];
    cr_expect(!kd_http1_is_target(kd_bytes_of(text, 0)));
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t at = 0; at < len; at++)
            for (int byte = 0; byte < 256; byte++) {
                bool good = byte > ' ' && byte < 0x7f && byte != '#';
                memset(text, 'x', sizeof text);
                text[at] = (uint8_t)byte;
                cr_assert_eq(kd_http1_is_target(kd_bytes_of(text, len)), good, "byte %d at %zu of %zu", byte,
                             at, len);
            }
}

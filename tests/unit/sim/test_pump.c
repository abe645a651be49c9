/* What a pump writes, as nghttp2 reads it, and what it reads of an answer's first field. */
#include <criterion/criterion.h>
#include <nghttp2/nghttp2.h>

#include "sim/client/frames.h"
#include "sim/users/pump.h"

/* "name: value" lines of one block. */
static void inflate(nghttp2_hd_inflater *inflater, kd_bytes block, kd_buf *lines)
{
    int flags = 0;
    kd_buf_clear(lines);
    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv nv;
        ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block.data, block.len, 1);
        cr_assert_geq(n, 0, "nghttp2 does not read this block");
        block = kd_bytes_of(block.data + n, block.len - (size_t)n);
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT)) continue;
        kd_buf_put(lines, nv.name, nv.namelen);
        kd_buf_put(lines, ": ", 2);
        kd_buf_put(lines, nv.value, nv.valuelen);
        kd_buf_put_u8(lines, '\n');
    }
    kd_buf_put_u8(lines, 0);
    nghttp2_hd_inflate_end_headers(inflater);
}

static sim_load_request request_of(const char *method, const char *path, const char *user, const char *key,
                                   const char *body)
{
    sim_load_request r = {.method = method};
    r.path_len = (size_t)snprintf(r.path, sizeof r.path, "%s", path);
    r.user_len = (size_t)snprintf(r.user, sizeof r.user, "%s", user);
    r.key_len = (size_t)snprintf(r.key, sizeof r.key, "%s", key);
    kd_buf_put(&r.body, body, strlen(body));
    return r;
}

/* Puts the request, and says what its HEADERS hold; the frames stay in `out`. */
static const char *read_back(nghttp2_hd_inflater *inflater, bool first, sim_load_request *r, kd_buf *out,
                             kd_buf *lines)
{
    kd_buf block = {0};
    kd_buf_clear(out);
    sim_pump_put_request(out, &block, "edge:8441", 7, first, r);
    size_t len = (size_t)out->data[0] << 16 | (size_t)out->data[1] << 8 | out->data[2];
    cr_assert(len == block.len && out->data[3] == SIM_FRAME_HEADERS && out->data[8] == 7);
    inflate(inflater, kd_bytes_of(out->data + SIM_FRAME_HEAD, len), lines);
    kd_buf_finish(&block);
    kd_buf_finish(&r->body);
    return (const char *)lines->data;
}

Test(pump, writes_requests_that_share_their_headers_through_the_table)
{
    nghttp2_hd_inflater *inflater;
    kd_buf out = {0}, lines = {0};
    cr_assert_eq(nghttp2_hd_inflate_new(&inflater), 0);
    for (int i = 0; i < 3; i++) {
        char user[8], wanted[256];
        snprintf(user, sizeof user, "u%d", i);
        sim_load_request r = request_of("POST", "/v1/likes", user, "k", "{}");
        snprintf(wanted, sizeof wanted,
                 ":method: POST\n:scheme: http\n:path: /v1/likes\n:authority: edge:8441\nx-user-id: %s\n"
                 "idempotency-key: k\ncontent-type: application/json\ncontent-length: 2\n",
                 user);
        cr_assert_str_eq(read_back(inflater, i == 0, &r, &out, &lines), wanted);
        cr_assert_eq(out.data[4], SIM_FRAME_END_HEADERS, "the body ends the stream");
    }
    nghttp2_hd_inflate_del(inflater);
    kd_buf_finish(&out);
    kd_buf_finish(&lines);
}

/* The HEADERS of the like of one who shows a token, and whether it is the connection's first request. */
static const char *like_with_token(nghttp2_hd_inflater *inflater, bool first, char who, bool stays, bool came,
                                   kd_buf *out, kd_buf *lines)
{
    char token[256];
    memset(token, who, sizeof token);
    sim_load_request r = request_of("POST", "/v1/posts/1/like", "u", "", "");
    r.token = kd_bytes_of(token, sizeof token);
    r.stays = stays;
    r.came = came;
    return read_back(inflater, first, &r, out, lines);
}

Test(pump, has_the_token_of_one_who_stays_as_one_byte_from_his_second_request_on)
{
    nghttp2_hd_inflater *inflater;
    kd_buf out = {0}, lines = {0};
    cr_assert_eq(nghttp2_hd_inflate_new(&inflater), 0);
    for (int i = 0; i < 60; i++) { /* some twenty tokens are more than the table holds */
        char who = (char)('a' + i / 3);
        const char *text = like_with_token(inflater, i == 0, who, true, i % 3 == 0, &out, &lines);
        const char *token = strstr(text, "\nauthorization: ");
        cr_assert(strstr(text, "\n:authority: edge:8441\n") && !strstr(text, "x-user-id"), "%s", text);
        cr_assert(token && strspn(token + 16, (char[]){who, 0}) == 256, "%d: %s", i, text);
        cr_expect_eq(out.len < 64, i % 3 != 0, "request %d has %zu bytes", i, out.len);
    }
    nghttp2_hd_inflate_del(inflater);
    kd_buf_finish(&out);
    kd_buf_finish(&lines);
}

Test(pump, has_the_token_whole_in_each_request_of_a_gateway)
{
    nghttp2_hd_inflater *inflater;
    kd_buf out = {0}, lines = {0};
    cr_assert_eq(nghttp2_hd_inflate_new(&inflater), 0);
    for (int i = 0; i < 3; i++) {
        const char *text = like_with_token(inflater, i == 0, (char)('a' + i), false, false, &out, &lines);
        cr_expect(out.len > 256 && strstr(text, "authorization: "), "%s", text);
        cr_expect_eq(nghttp2_hd_inflate_get_num_table_entries(inflater), 61 + 1, "the authority alone");
    }
    nghttp2_hd_inflate_del(inflater);
    kd_buf_finish(&out);
    kd_buf_finish(&lines);
}

Test(pump, ends_the_stream_of_a_read_with_its_headers)
{
    nghttp2_hd_inflater *inflater;
    kd_buf out = {0}, lines = {0};
    cr_assert_eq(nghttp2_hd_inflate_new(&inflater), 0);
    for (int i = 0; i < 2; i++) {
        sim_load_request r = request_of("GET", "/v1/posts/1/counts", "", "", "");
        cr_assert_str_eq(read_back(inflater, i == 0, &r, &out, &lines),
                         ":method: GET\n:scheme: http\n:path: /v1/posts/1/counts\n:authority: edge:8441\n");
        cr_assert_eq(out.data[4], SIM_FRAME_END_HEADERS | SIM_FRAME_END_STREAM);
    }
    nghttp2_hd_inflate_del(inflater);
    kd_buf_finish(&out);
    kd_buf_finish(&lines);
}

Test(pump, cuts_a_long_body_into_frames_of_which_the_last_ends_the_stream)
{
    kd_buf out = {0}, block = {0};
    sim_load_request r = {.method = "POST", .path = "/", .path_len = 1};
    for (int i = 0; i < SIM_FRAME_MAX + 1; i++) kd_buf_put_u8(&r.body, 'x');
    sim_pump_put_request(&out, &block, "a", 1, true, &r);
    const uint8_t *one = out.data + SIM_FRAME_HEAD + block.len, *two = one + SIM_FRAME_HEAD + SIM_FRAME_MAX;
    cr_assert(one[3] == SIM_FRAME_DATA && one[4] == 0);
    cr_assert(two[3] == SIM_FRAME_DATA && two[4] == SIM_FRAME_END_STREAM && two[2] == 1);
    kd_buf_finish(&r.body);
    kd_buf_finish(&out);
    kd_buf_finish(&block);
}

static int status_of(const char *block, uint8_t flags)
{
    return sim_pump_status(flags, kd_bytes_str(block));
}

Test(pump, reads_a_status_of_the_static_table_and_no_other)
{
    cr_assert_eq(status_of("\x88", SIM_FRAME_END_HEADERS), 200);
    cr_assert_eq(status_of("\x3f\xe1\x1f\x88", SIM_FRAME_END_HEADERS), 200,
                 "behind a change of the table's size");
    cr_assert_eq(status_of("\x20\x88", SIM_FRAME_END_HEADERS), 200);
    cr_assert_eq(status_of("\x8d", SIM_FRAME_END_HEADERS), 404);
    cr_assert_eq(status_of("\x8e", SIM_FRAME_END_HEADERS), 500);
    cr_assert_eq(status_of("\x8f", SIM_FRAME_END_HEADERS), 0, "accept-charset");
    cr_assert_eq(status_of("\x87", SIM_FRAME_END_HEADERS), 0, ":scheme");
    cr_assert_eq(status_of("\x48\x03"
                           "503",
                           SIM_FRAME_END_HEADERS),
                 0);
    cr_assert_eq(status_of("\x88", SIM_FRAME_END_HEADERS | 0x8), 0, "padded");
    cr_assert_eq(status_of("", SIM_FRAME_END_HEADERS), 0);
    cr_assert_eq(status_of("\x3f\xe1", SIM_FRAME_END_HEADERS), 0, "cut off");
}

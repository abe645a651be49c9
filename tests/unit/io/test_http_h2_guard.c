/* test_http_h2_guard.c - what a client of HTTP/2 may ask of a connection: frames' heads in any pieces, floods, and streams that are gone.
 */
#include "common/io/http/server/http_h2_guard.h"

#include <criterion/criterion.h>
#include <nghttp2/nghttp2.h>

static const kd_http_config limits = {
    .max_headers = 64, .max_header_bytes = 16384, .max_resets_per_s = 200, .max_control_per_s = 1000};

static http_h2_guard fresh(void)
{
    http_h2_guard g;
    http_h2_guard_init(&g);
    return g;
}

static uint32_t comes(http_h2_guard *g, uint8_t type, uint8_t flags, int32_t stream, uint32_t length)
{
    const http_h2_head head = {length, type, flags, stream};
    return http_h2_guard_frame(g, &limits, 5000, &head, false);
}

/* The answers to `n` of the same frame: how many are taken before the first that is not, and that one's. */
static uint32_t flood(http_h2_guard *g, uint8_t type, uint8_t flags, uint32_t length, uint32_t *taken)
{
    uint32_t error = 0;
    for (*taken = 0; *taken < 100000 && error == 0; (*taken)++) error = comes(g, type, flags, 0, length);
    (*taken)--;
    return error;
}

Test(http_h2_guard, heads_are_found_however_the_bytes_are_cut)
{
    const uint8_t bytes[] = NGHTTP2_CLIENT_MAGIC "\0\0\6\4\0\0\0\0\0SETTIN"
                                                 "\0\1\0\0\1\x80\0\0\7";
    static uint8_t stream[24 + 9 + 6 + 9 + 256 + 9];
    memcpy(stream, bytes, sizeof(bytes) - 1);
    const uint8_t ping[] = {0, 0, 8, 6, 1, 0, 0, 0, 0};
    memcpy(stream + sizeof(stream) - 9, ping, 9);
    for (size_t piece = 1; piece <= sizeof(stream); piece++) {
        http_h2_guard g = fresh();
        http_h2_head head[4];
        size_t n = 0, at[4];
        for (size_t from = 0; from < sizeof(stream); from += piece) {
            kd_bytes data = kd_bytes_of(stream + from, KD_MIN(piece, sizeof(stream) - from));
            for (size_t used = 0; http_h2_guard_next(&g, data, &used, &head[n]);) at[n++] = from + used;
        }
        cr_assert_eq(n, 3, "in pieces of %zu", piece);
        cr_assert(at[0] == 33 && at[1] == 48 && at[2] == sizeof(stream));
        cr_assert(head[0].type == NGHTTP2_SETTINGS && head[0].length == 6);
        cr_assert(head[1].length == 256 && head[1].flags == 1 &&
                  head[1].stream == 7); /* without its reserved bit */
        cr_assert(head[2].type == NGHTTP2_PING && head[2].flags == NGHTTP2_FLAG_ACK && head[2].stream == 0);
    }
}

Test(http_h2_guard, every_frame_that_moves_nothing_is_a_control_frame)
{
    const struct {
        uint8_t type, flags;
        uint32_t length;
    } kinds[] = {{NGHTTP2_PING, 0, 8},     {NGHTTP2_PING, NGHTTP2_FLAG_ACK, 8},
                 {NGHTTP2_SETTINGS, 0, 0}, {NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0},
                 {NGHTTP2_GOAWAY, 0, 8},   {NGHTTP2_WINDOW_UPDATE, 0, 4},
                 {NGHTTP2_DATA, 0, 0},     {0x77, 0, 0}};
    for (size_t i = 0; i < KD_COUNT(kinds); i++) {
        http_h2_guard g = fresh();
        uint32_t taken;
        cr_assert_eq(flood(&g, kinds[i].type, kinds[i].flags, kinds[i].length, &taken),
                     NGHTTP2_ENHANCE_YOUR_CALM);
        cr_assert_eq(taken, limits.max_control_per_s, "kind %zu: %u", i, taken);
    }
}

Test(http_h2_guard, the_next_second_counts_anew)
{
    http_h2_guard g = fresh();
    uint32_t taken;
    flood(&g, NGHTTP2_PING, 0, 8, &taken);
    cr_assert_not(http_h2_guard_control(&g, &limits, 5999));
    cr_assert(http_h2_guard_control(&g, &limits, 6000));
    for (uint32_t i = 0; i < limits.max_resets_per_s; i++) cr_assert(http_h2_guard_reset(&g, &limits, 6500));
    cr_assert_not(http_h2_guard_reset(&g, &limits, 6999));
    cr_assert(http_h2_guard_reset(&g, &limits, 7000));
}

Test(http_h2_guard, data_and_the_frames_of_a_request_are_no_flood)
{
    http_h2_guard g = fresh();
    for (int32_t stream = 1; stream < 20001; stream += 2) {
        cr_assert_eq(comes(&g, NGHTTP2_HEADERS, 0, stream, 20), 0);
        cr_assert_eq(comes(&g, NGHTTP2_CONTINUATION, 0, stream, 20), 0);
        cr_assert_eq(comes(&g, NGHTTP2_DATA, 0, stream, 100), 0);
        cr_assert_eq(comes(&g, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, stream, 0), 0);
    }
}

Test(http_h2_guard, a_client_that_gives_back_what_it_reads_is_no_flood)
{
    http_h2_guard g = fresh();
    for (int i = 0; i < 100000; i++) { /* per frame one for the connection and one for the stream */
        http_h2_guard_sent(&g, 1);
        cr_assert_eq(comes(&g, NGHTTP2_WINDOW_UPDATE, 0, 0, 4), 0);
        cr_assert_eq(comes(&g, NGHTTP2_WINDOW_UPDATE, 0, 1, 4), 0);
    }
    for (int i = 0; i < 1000; i++) { /* or one for each KiB of a large frame */
        http_h2_guard_sent(&g, 16384);
        for (int k = 0; k < 32; k++) cr_assert_eq(comes(&g, NGHTTP2_WINDOW_UPDATE, 0, 1, 4), 0);
    }
    cr_assert_eq(g.controls, 0);
}

Test(http_h2_guard, windows_are_not_earned_without_end)
{
    http_h2_guard g = fresh();
    for (int i = 0; i < 100000; i++) http_h2_guard_sent(&g, 16384);
    uint32_t taken;
    flood(&g, NGHTTP2_WINDOW_UPDATE, 0, 4, &taken);
    cr_assert_lt(taken, 20000);
}

Test(http_h2_guard, a_block_has_few_continuations)
{
    http_h2_guard g = fresh();
    cr_assert_eq(comes(&g, NGHTTP2_HEADERS, 0, 1, 20), 0);
    uint32_t taken;
    cr_assert_eq(flood(&g, NGHTTP2_CONTINUATION, 0, 0, &taken), NGHTTP2_ENHANCE_YOUR_CALM);
    cr_assert_lt(taken, 9); /* where nghttp2 would end the session without a word */
}

/* nghttp2 keeps a field until its last byte, however few bytes have come: nobody else can count them. */
Test(http_h2_guard, a_block_that_has_not_ended_is_held)
{
    http_h2_guard g = fresh();
    g.preface_left = 0;
    cr_expect_eq(http_h2_guard_held(&g), 0);
    comes(&g, NGHTTP2_HEADERS, 0, 1, 1000);
    cr_expect_eq(http_h2_guard_held(&g), 2000);
    comes(&g, NGHTTP2_CONTINUATION, 0, 1, 500);
    cr_expect_eq(http_h2_guard_held(&g), 3000);
    comes(&g, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, 10);
    g.payload_left = 4;
    cr_expect_eq(http_h2_guard_held(&g), 3012, "its last bytes are missing");
    g.payload_left = 0;
    cr_expect_eq(http_h2_guard_held(&g), 0);
    comes(&g, NGHTTP2_DATA, 0, 1, 500);
    g.payload_left = 100;
    cr_expect_eq(http_h2_guard_held(&g), 0, "a body is counted elsewhere");
}

Test(http_h2_guard, a_block_beyond_four_times_its_limits_is_not_decoded_on)
{
    http_h2_guard g = fresh();
    uint32_t fields = 0, large = 0;
    http_h2_guard_block(&g);
    while (http_h2_guard_field(&g, &limits, 1)) fields++;
    http_h2_guard_block(&g);
    while (http_h2_guard_field(&g, &limits, 4096)) large++;
    cr_assert_eq(fields, 4 * limits.max_headers);
    cr_assert_eq(large, 4 * limits.max_header_bytes / 4096);
}

Test(http_h2_guard, a_frame_on_a_stream_that_its_client_has_ended_is_an_error)
{
    const uint8_t types[] = {NGHTTP2_DATA, NGHTTP2_HEADERS};
    for (size_t i = 0; i < KD_COUNT(types); i++) {
        http_h2_guard g = fresh();
        const http_h2_head late = {300, types[i], 0, 5};
        comes(&g, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 5, 20);
        cr_assert(http_h2_guard_asks(&g, &late));
        cr_assert_eq(http_h2_guard_frame(&g, &limits, 5000, &late, false), 0);
        cr_assert_eq(http_h2_guard_frame(&g, &limits, 5000, &late, true), NGHTTP2_STREAM_CLOSED);
    }
}

Test(http_h2_guard, frames_on_their_way_to_a_stream_that_we_ended_are_pardoned)
{
    http_h2_guard g = fresh();
    const http_h2_head late = {16384, NGHTTP2_DATA, 0, 5}, small = {1, NGHTTP2_DATA, 0, 5},
                       later = {16384, NGHTTP2_DATA, 0, 7};
    http_h2_guard_pardon(&g, 5);
    http_h2_guard_pardon(&g, 3); /* takes nothing back */
    for (int i = 0; i < 100000; i++) cr_assert_eq(http_h2_guard_frame(&g, &limits, 5000, &late, true), 0);
    cr_assert_eq(http_h2_guard_frame(&g, &limits, 5000, &later, true), NGHTTP2_STREAM_CLOSED);
    uint32_t error = 0, taken = 0;
    for (; taken < 100000 && error == 0; taken++)
        error = http_h2_guard_frame(&g, &limits, 5000, &small, true);
    cr_assert(error == NGHTTP2_ENHANCE_YOUR_CALM && taken == limits.max_control_per_s + 1);
}

Test(http_h2_guard, a_new_request_does_not_ask_for_its_stream)
{
    http_h2_guard g = fresh();
    const http_h2_head first = {20, NGHTTP2_HEADERS, 0, 5}, next = {20, NGHTTP2_HEADERS, 0, 7};
    cr_assert_not(http_h2_guard_asks(&g, &first));
    http_h2_guard_frame(&g, &limits, 5000, &first, false);
    cr_assert(http_h2_guard_asks(&g, &first)); /* trailers, or too late */
    cr_assert_not(http_h2_guard_asks(&g, &next));
}

Test(http_h2_guard, a_priority_of_the_connection_is_an_error)
{
    http_h2_guard g = fresh();
    cr_assert_eq(comes(&g, NGHTTP2_PRIORITY, 0, 3, 5), 0);
    cr_assert_eq(comes(&g, NGHTTP2_PRIORITY, 0, 0, 5), NGHTTP2_PROTOCOL_ERROR);
}

/* test_admin_gate.c - a head is judged the same in whatever pieces it comes, and holds no memory without end. */
#include "common/io/admin/admin_gate.h"

#include <criterion/criterion.h>

static kd_admin_gate_state judged(const char *text, size_t piece)
{
    kd_admin_gate gate = {.state = KD_ADMIN_GATE_READING};
    for (size_t at = 0, len = strlen(text); at < len; at += piece)
        kd_admin_gate_feed(&gate, kd_bytes_of(text + at, KD_MIN(piece, len - at)));
    kd_admin_gate_finish(&gate);
    return gate.state;
}

Test(admin_gate, the_pieces_of_a_head_do_not_matter)
{
    for (size_t piece = 1; piece < 64; piece++) {
        cr_expect_eq(judged("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", piece), KD_ADMIN_GATE_GOOD);
        cr_expect_eq(judged("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\n\n\n\n", piece),
                     KD_ADMIN_GATE_GOOD);
        cr_expect_eq(judged("GET /a HTTP/1.1\r\nHost: a\r\n", piece), KD_ADMIN_GATE_READING);
        cr_expect_eq(judged("GET /a HTTP/1.1\nHost: a\n\n", piece), KD_ADMIN_GATE_READING);
        cr_expect_eq(judged("GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", piece), KD_ADMIN_GATE_BAD);
    }
}

Test(admin_gate, a_head_without_end_is_refused)
{
    kd_admin_gate gate = {.state = KD_ADMIN_GATE_READING};
    for (size_t n = 0; n < 100000; n++) {
        kd_admin_gate_feed(&gate, kd_bytes_str("x"));
        cr_assert_leq(gate.head.len, KD_ADMIN_HEAD_MAX);
    }
    cr_expect_eq(gate.state, KD_ADMIN_GATE_BAD);
    cr_expect_eq(gate.head.len, 0);
    kd_admin_gate_finish(&gate);
}

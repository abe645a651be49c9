/*
 * Attacks: frames as nghttp2 reads them, what the reader takes from a peer's bytes, and the verdict.
 */
#include <criterion/criterion.h>
#include <nghttp2/nghttp2.h>

#include "sim/attack/judge.h"
#include "sim/attack/machine.h"
#include "sim/attack/plays.h"
#include "sim/attack/rubbish.h"
#include "sim/client/frames.h"

/* ---- HPACK, against an independent decoder ---- */

/* Decodes a whole block and appends "name=value;" for each field. */
static size_t decode(nghttp2_hd_inflater *inflater, const kd_buf *block, char *out, size_t size)
{
    size_t at = 0, fields = 0, len = 0;
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block->data + at, block->len - at, 1);
        cr_assert_geq(n, 0);
        at += (size_t)n;
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            fields++;
            if (len < size)
                len += (size_t)snprintf(out + len, size - len, "%.*s=%.*s;", (int)nv.namelen, nv.name,
                                        (int)nv.valuelen, nv.value);
        }
        if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
    }
    nghttp2_hd_inflate_end_headers(inflater);
    return fields;
}

Test(attack_hpack, a_request_reads_as_it_was_written)
{
    nghttp2_hd_inflater *inflater;
    char text[400];
    kd_buf block = {0};
    nghttp2_hd_inflate_new(&inflater);
    sim_hpack_request(&block, "GET", "edge:1", kd_bytes_str("/v1/posts/1/counts"));
    cr_assert_eq(decode(inflater, &block, text, sizeof text), 4);
    cr_assert_str_eq(text, ":method=GET;:scheme=http;:authority=edge:1;:path=/v1/posts/1/counts;");
    nghttp2_hd_inflate_del(inflater);
    kd_buf_finish(&block);
}

Test(attack_hpack, an_inserted_field_is_named_again_by_one_byte)
{
    static char value[3900], text[16000];
    nghttp2_hd_inflater *inflater;
    kd_buf block = {0};
    memset(value, 'x', sizeof value);
    nghttp2_hd_inflate_new(&inflater);
    sim_hpack_insert(&block, "x-bomb", kd_bytes_of(value, sizeof value));
    cr_assert_eq(decode(inflater, &block, text, sizeof text), 1);
    kd_buf_clear(&block);
    for (int i = 0; i < 3; i++) sim_hpack_indexed(&block, 62);
    cr_assert_eq(block.len, 3);
    cr_assert_eq(decode(inflater, &block, text, sizeof text), 3);
    cr_assert_eq(strlen(text), 3 * (strlen("x-bomb=;") + sizeof value));
    nghttp2_hd_inflate_del(inflater);
    kd_buf_finish(&block);
}

/* ---- frames ---- */

Test(attack_hpack, names_and_fields_of_the_static_table_are_those_that_they_are_called)
{
    nghttp2_hd_inflater *inflater;
    char text[400];
    kd_buf block = {0};
    nghttp2_hd_inflate_new(&inflater);
    sim_hpack_indexed(&block, SIM_HPACK_POST);
    sim_hpack_indexed(&block, SIM_HPACK_HTTP);
    sim_hpack_named(&block, SIM_HPACK_PATH, kd_bytes_str("/v1"));
    sim_hpack_insert_named(&block, SIM_HPACK_AUTHORITY, kd_bytes_str("edge:1"));
    sim_hpack_insert_named(&block, SIM_HPACK_AUTHORIZATION, kd_bytes_str("Bearer x"));
    sim_hpack_indexed(&block, SIM_HPACK_NEWEST);
    sim_hpack_indexed(&block, SIM_HPACK_NEWEST + 1);
    cr_assert_eq(decode(inflater, &block, text, sizeof text), 7);
    cr_assert_str_eq(text, ":method=POST;:scheme=http;:path=/v1;:authority=edge:1;authorization=Bearer x;"
                           "authorization=Bearer x;:authority=edge:1;");
    nghttp2_hd_inflate_del(inflater);
    kd_buf_finish(&block);
}

Test(attack_frames, a_frame_is_its_head_and_its_payload)
{
    static const uint8_t expected[] = {0, 0, 8, 6, 0, 0, 0, 0, 0, 'a', 't', 't', 'a', 'c', 'k', 'e', 'r'};
    kd_buf out = {0};
    sim_frame_put(&out, SIM_FRAME_PING, 0, 0, kd_bytes_str("attacker"));
    cr_assert(kd_bytes_eq(kd_buf_view(&out), kd_bytes_of(expected, sizeof expected)));
    kd_buf_finish(&out);
}

static void put_peer(kd_buf *peer)
{
    static const uint8_t settings[] = {0, 3, 0, 0, 0, 128, 0, 4, 0, 4, 0, 0};
    sim_frame_put(peer, SIM_FRAME_SETTINGS, 0, 0, kd_bytes_of(settings, sizeof settings));
    sim_frame_put(peer, SIM_FRAME_SETTINGS, SIM_FRAME_ACK, 0, kd_bytes_of(NULL, 0));
    sim_frame_window(peer, 0, 1000);
    sim_frame_window(peer, 5, 77);
    sim_frame_put(peer, SIM_FRAME_HEADERS, SIM_FRAME_END_HEADERS, 1, kd_bytes_str("block"));
    sim_frame_put(peer, SIM_FRAME_DATA, SIM_FRAME_END_STREAM, 1, kd_bytes_str("body"));
    sim_frame_put(peer, SIM_FRAME_DATA, 0, 3, kd_bytes_str("more"));
    sim_frame_reset(peer, 3);
    sim_frame_put(peer, SIM_FRAME_GOAWAY, 0, 0, kd_bytes_str("........"));
}

Test(attack_frames, the_reader_learns_windows_and_ends_however_the_bytes_are_cut)
{
    kd_buf peer = {0};
    put_peer(&peer);
    for (size_t piece = 1; piece <= peer.len; piece++) {
        sim_frame_reader r;
        sim_frame_reader_init(&r);
        for (size_t at = 0; at < peer.len; at += piece)
            sim_frame_read(&r, kd_bytes_of(peer.data + at, KD_MIN(piece, peer.len - at)));
        cr_assert(r.settings && r.goaway);
        cr_assert_eq(r.initial_window, 256 * 1024);
        cr_assert_eq(r.window, 65535 + 1000);
        cr_assert_eq(r.ended, 2);
    }
    kd_buf_finish(&peer);
}

Test(attack_frames, before_settings_the_windows_are_those_of_the_standard)
{
    sim_frame_reader r;
    sim_frame_reader_init(&r);
    cr_assert(!r.settings && r.initial_window == 65535 && r.window == 65535);
}

/* ---- the table ---- */

Test(attack_plays, each_row_is_found_by_its_name_and_has_a_bound_and_a_sentence)
{
    for (size_t i = 0; i < sim_play_count; i++) {
        const sim_play *p = &sim_plays[i];
        cr_assert_eq(sim_play_find(p->name), p, "%s is there twice", p->name);
        cr_assert(p->growth_mb > 0 && strlen(p->what) > 20, "%s", p->name);
        cr_assert_neq(p->kafka, p->connections > 0, "%s", p->name);
    }
    cr_assert_null(sim_play_find("politeness"));
}

Test(attack_plays, rubbish_comes_in_every_kind_and_is_the_same_for_a_seed)
{
    uint64_t one = 7, other = 7;
    bool first[256] = {false};
    size_t kinds = 0;
    for (int i = 0; i < 500; i++) {
        kd_buf a = {0}, b = {0};
        sim_rubbish_record(&one, &a);
        sim_rubbish_record(&other, &b);
        cr_assert(kd_bytes_eq(kd_buf_view(&a), kd_buf_view(&b)));
        if (a.len > 0) first[a.data[0]] = true;
        kd_buf_finish(&a);
        kd_buf_finish(&b);
    }
    for (size_t i = 0; i < 256; i++) kinds += first[i];
    cr_assert_gt(kinds, 10);
}

/* ---- the verdict ---- */

static const uint64_t MIB = 1024 * 1024;

static sim_judge_figures well(void)
{
    return (sim_judge_figures){.acts = 8,
                               .answered = 10000,
                               .least_answers = 10000,
                               .rss_before = 20 * MIB,
                               .rss_max = 40 * MIB,
                               .growth_max = 64 * MIB,
                               .rounds = {{.beside_attack = 9000, .beside_polite = 10000}},
                               .round_count = 1};
}

static sim_attack_verdict judge(sim_judge_figures f, const char *expected)
{
    const char *why;
    sim_attack_verdict verdict = sim_judge(&f, &why);
    cr_assert(strstr(why, expected), "%s", why);
    return verdict;
}

Test(attack_judge, an_edge_that_keeps_nine_tenths_of_the_service_has_held)
{
    cr_assert_eq(judge(well(), ""), SIM_ATTACK_HELD);
}

Test(attack_judge, one_honest_503_is_a_violation)
{
    sim_judge_figures f = well();
    f.refused = 1;
    cr_assert_eq(judge(f, "503"), SIM_ATTACK_VIOLATED);
}

Test(attack_judge, a_wrong_answer_or_none_is_a_violation)
{
    sim_judge_figures f = well();
    f.wrong = 1;
    cr_assert_eq(judge(f, "wrongly"), SIM_ATTACK_VIOLATED);
    f = well();
    f.lost = 1;
    cr_assert_eq(judge(f, "not answered"), SIM_ATTACK_VIOLATED);
}

Test(attack_judge, a_count_that_is_not_what_was_acknowledged_is_a_violation)
{
    sim_judge_figures f = well();
    f.wrong_counts = 1;
    cr_assert_eq(judge(f, "acknowledged"), SIM_ATTACK_VIOLATED);
}

Test(attack_judge, memory_above_the_bound_is_a_violation)
{
    sim_judge_figures f = well();
    f.rss_max = 84 * MIB;
    cr_assert_eq(judge(f, ""), SIM_ATTACK_HELD);
    f.rss_max++;
    cr_assert_eq(judge(f, "memory"), SIM_ATTACK_VIOLATED);
}

Test(attack_judge, a_process_that_ended_is_a_violation_also_when_nothing_else_is_known)
{
    cr_assert_eq(judge((sim_judge_figures){.gone = true}, "ended"), SIM_ATTACK_VIOLATED);
}

Test(attack_judge, less_than_eight_tenths_of_the_service_is_a_violation)
{
    sim_judge_figures f = well();
    f.rounds[0].beside_attack = 7999;
    cr_assert_eq(judge(f, "0.8"), SIM_ATTACK_VIOLATED);
    f.rounds[0].beside_attack = 8000;
    cr_assert_eq(judge(f, ""), SIM_ATTACK_HELD);
}

Test(attack_judge, newcomers_are_judged_by_themselves)
{
    sim_judge_figures f = well();
    f.rounds[0].new_beside_polite = 300;
    f.rounds[0].new_beside_attack = 239;
    cr_assert_eq(judge(f, "newcomers"), SIM_ATTACK_VIOLATED);
    cr_assert_float_eq(sim_judge_ratio(&f), 239.0 / 300, 1e-9);
    cr_assert(sim_judge_wants_round(&f));
    f.rounds[0].new_beside_attack = 240;
    cr_assert_eq(judge(f, ""), SIM_ATTACK_HELD);
    f.rounds[0].beside_attack = 7000;
    cr_assert_eq(judge(f, "other clients"), SIM_ATTACK_VIOLATED);
}

Test(attack_judge, a_low_ratio_on_a_machine_of_others_is_unknown_and_a_503_there_is_not)
{
    sim_judge_figures f = well();
    f.rounds[0].beside_attack = 1000;
    f.others = 0.25;
    cr_assert_eq(judge(f, "0.8"), SIM_ATTACK_VIOLATED);
    f.others = 0.26;
    cr_assert_eq(judge(f, "other programs"), SIM_ATTACK_UNKNOWN);
    f.refused = 1;
    cr_assert_eq(judge(f, "503"), SIM_ATTACK_VIOLATED);
    f = well();
    f.others = 0.9;
    cr_assert_eq(judge(f, ""), SIM_ATTACK_HELD);
}

Test(attack_machine, others_have_what_neither_the_attack_nor_the_server_had)
{
    const sim_machine_use from = {.all_us = 5000000, .own_us = 1000000};
    const sim_machine_use to = {.all_us = 8000000, .own_us = 2000000}, unknown = {0};
    cr_assert_float_eq(sim_machine_others(&from, &to, 2000000, 2), 0.5, 1e-9);
    cr_assert_float_eq(sim_machine_others(&from, &to, 100000, 2), 1, 1e-9);
    cr_assert_float_eq(sim_machine_others(&unknown, &to, 2000000, 2), 0, 1e-9);
    cr_assert_float_eq(sim_machine_others(&from, &unknown, 2000000, 2), 0, 1e-9);
    cr_assert_eq(sim_machine_now(0).all_us, 0);
    cr_assert_gt(sim_machine_now(1).all_us, 0);
}

Test(attack_judge, what_was_not_measured_is_unknown)
{
    sim_judge_figures f = well();
    f.acts = 0;
    cr_assert_eq(judge(f, "attacker"), SIM_ATTACK_UNKNOWN);
    f = well();
    f.least_answers = 99;
    cr_assert_eq(judge(f, "polite"), SIM_ATTACK_UNKNOWN);
    f = well();
    f.rss_before = 0;
    cr_assert_eq(judge(f, "memory"), SIM_ATTACK_UNKNOWN);
    f = well();
    f.wrong_counts = -1;
    cr_assert_eq(judge(f, "counts"), SIM_ATTACK_UNKNOWN);
}

/* Plays rounds of these ratios as long as the judge wants one. How many it wanted, and whether their median is high enough. */
static uint32_t rounds_of(const double ratios[SIM_JUDGE_ROUNDS_MAX], bool *held)
{
    sim_judge_figures f = well();
    f.round_count = 0;
    while (sim_judge_wants_round(&f)) {
        f.rounds[f.round_count] =
            (sim_judge_round){.beside_attack = ratios[f.round_count], .beside_polite = 1};
        f.round_count++;
    }
    *held = sim_judge_ratio(&f) >= SIM_JUDGE_RATIO_MIN;
    return f.round_count;
}

Test(attack_judge, a_low_ratio_is_believed_when_the_majority_of_rounds_has_it)
{
    bool held;
    cr_assert(rounds_of((double[]){0.9, 0, 0, 0, 0}, &held) == 1 && held);
    cr_assert(rounds_of((double[]){0.1, 0.2, 0.3, 0, 0}, &held) == 3 && !held);
    cr_assert(rounds_of((double[]){0.1, 0.9, 0.9, 0, 0}, &held) == 3 && held);
    cr_assert(rounds_of((double[]){0.1, 0.9, 0.3, 0.3, 0}, &held) == 4 && !held);
    cr_assert(rounds_of((double[]){0.1, 0.2, 0.9, 0.9, 1.1}, &held) == 5 && held);
    cr_assert(rounds_of((double[]){0.1, 0.2, 0.9, 0.9, 0.7}, &held) == 5 && !held);
}

Test(attack_judge, nothing_is_tried_again_after_an_honest_request_has_suffered)
{
    sim_judge_figures f = well();
    f.rounds[0].beside_attack = 1;
    cr_assert(sim_judge_wants_round(&f));
    f.refused = 1;
    cr_assert(!sim_judge_wants_round(&f));
}

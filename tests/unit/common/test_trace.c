/* test_trace.c - traceparent by W3C Trace Context: what is valid, what is ignored, what is handed on. */
#include "common/base/trace.h"

#include <criterion/criterion.h>

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void expect_text(const kd_trace *t, const char *wanted)
{
    char text[KD_TRACE_TEXT + 1] = {0};
    kd_trace_text(t, text);
    cr_expect_str_eq(text, wanted);
}

Test(trace, what_is_valid_is_read_and_written_as_it_was)
{
    static const char *const cases[][2] = {
        {"00-" ID "-" PARENT "-01", "00-" ID "-" PARENT "-01"},
        {"00-" ID "-" PARENT "-00", "00-" ID "-" PARENT "-00"},
        {"00-" ID "-" PARENT "-02", "00-" ID "-" PARENT "-02"},
        {"00-" ID "-" PARENT "-ff",
         "00-" ID "-" PARENT "-03"}, /* flags that nobody has defined are cleared */
        {"cc-" ID "-" PARENT "-01", "00-" ID "-" PARENT "-01"}, /* a later version, as one of version 00 */
        {"cc-" ID "-" PARENT "-01-what-the-future-will-be-like", "00-" ID "-" PARENT "-01"},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        kd_trace t;
        cr_assert(kd_trace_parse(kd_bytes_str(cases[i][0]), &t) && t.known, "%s", cases[i][0]);
        expect_text(&t, cases[i][1]);
    }
}

Test(trace, what_is_not_valid_is_no_trace)
{
    static const char *const cases[] = {
        "",
        "00-" ID "-" PARENT,
        "00-" ID "-" PARENT "-",
        "00-" ID "-" PARENT "-1",
        "00-" ID "-" PARENT "-01-",
        "00-" ID "-" PARENT "-01-more",
        "00-" ID "-" PARENT "-01 ",
        " 00-" ID "-" PARENT "-01",
        "ff-" ID "-" PARENT "-01",
        "cc-" ID "-" PARENT "-01.more",
        "0g-" ID "-" PARENT "-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" ID "-0000000000000000-01",
        "00_" ID "-" PARENT "-01",
        "00-" ID "_" PARENT "-01",
        "00-" ID "-" PARENT "_01",
        "00-" ID "-" PARENT "-0g",
        "00-" ID "-00f067aa0ba902b.-01",
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        kd_trace t = {.known = true};
        cr_expect(!kd_trace_parse(kd_bytes_str(cases[i]), &t) && !t.known, "%s", cases[i]);
    }
}

Test(trace, the_next_hop_has_another_parent)
{
    kd_trace t, child;
    cr_assert(kd_trace_parse(kd_bytes_str("00-" ID "-" PARENT "-01"), &t));
    child = kd_trace_child(&t, UINT64_MAX);
    expect_text(&child, "00-" ID "-ffffffffffffffff-01");
    char text[KD_TRACE_TEXT];
    kd_trace again;
    child = kd_trace_child(&t, 0);
    kd_trace_text(&child, text);
    cr_expect(kd_trace_parse(kd_bytes_of(text, sizeof text), &again), "a parent of zeros is not valid");
    t = (kd_trace){.known = false};
    cr_expect(!kd_trace_child(&t, 1).known);
}

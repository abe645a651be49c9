/* What the simulation is made of: a log that forgets at both ends, events in their order, lines and their digest. */
#include <criterion/criterion.h>

#include <sodium.h>
#include <stdlib.h>

#include "sim/world/heap.h"
#include "sim/world/log.h"
#include "sim/world/trace.h"

static void append(sim_log *l, int n)
{
    char text[16];
    snprintf(text, sizeof(text), "r%d", n);
    sim_log_append(l, kd_bytes_str(text));
}

static bool stands(const sim_log *l, int64_t offset, const char *text)
{
    return kd_bytes_eq(sim_log_read(l, offset), kd_bytes_str(text));
}

Test(sim_world_log, forgets_its_tail_and_gives_the_offsets_anew)
{
    sim_log l = {0};
    for (int i = 0; i < 10; i++) append(&l, i);
    cr_assert_eq(sim_log_truncate(&l, 3), 3);
    cr_assert_eq(l.end, 7);
    cr_assert_eq(sim_log_read(&l, 7).data, NULL);
    append(&l, 100);
    cr_assert(stands(&l, 7, "r100"));
    cr_assert(stands(&l, 6, "r6"));
    cr_assert_eq(sim_log_truncate(&l, 100), 8);
    cr_assert_eq(l.end, 0);
    sim_log_finish(&l);
}

Test(sim_world_log, forgets_its_front_and_keeps_the_offsets)
{
    sim_log l = {0};
    for (int i = 0; i < 1000; i++) append(&l, i);
    cr_assert_eq(sim_log_expire(&l, 10), 990);
    cr_assert_eq(l.start, 990);
    cr_assert_eq(sim_log_read(&l, 989).data, NULL);
    cr_assert(stands(&l, 990, "r990"));
    append(&l, 1000);
    cr_assert(stands(&l, 1000, "r1000"));
    cr_assert_eq(sim_log_expire(&l, 100), 0);
    sim_log_finish(&l);
}

Test(sim_world_log, recreated_it_begins_at_0)
{
    sim_log l = {0};
    for (int i = 0; i < 100; i++) append(&l, i);
    sim_log_expire(&l, 5);
    cr_assert_eq(sim_log_recreate(&l), 5);
    append(&l, 7);
    cr_assert(stands(&l, 0, "r7"));
    cr_assert_eq(l.end, 1);
    sim_log_finish(&l);
}

/* Delays of all sizes, many of them alike, asked for while others come. */
Test(sim_world_heap, events_come_by_time_then_as_they_were_asked_for)
{
    enum { EVENTS = 20000, AT_ONCE = 500 };
    sim_heap h = {0};
    sim_event ev = {0};
    uint64_t random = 1, last_us = 0, asked = 0;
    uint32_t last = 0;
    for (uint32_t came = 0; came < EVENTS; came++) {
        while (asked < EVENTS && asked - came < AT_ONCE) {
            uint64_t size = kd_random_next(&random) % 40, delay_us = kd_random_next(&random) % (1ull << size);
            uint64_t at_us = last_us + delay_us, round_us = at_us / 256 * 256;
            at_us = round_us >= last_us ? round_us : at_us;
            sim_heap_push(&h, (sim_event){.at_us = at_us, .a = (uint32_t)asked++, .c = at_us});
        }
        cr_assert(sim_heap_pop(&h, &ev));
        cr_assert_eq(ev.at_us, ev.c);
        cr_assert(came == 0 || ev.at_us > last_us || (ev.at_us == last_us && ev.a > last));
        last_us = ev.at_us;
        last = ev.a;
    }
    cr_assert_not(sim_heap_pop(&h, &ev));
    sim_heap_finish(&h);
}

Test(sim_world_trace, a_line_is_what_was_told)
{
    char *text = NULL;
    size_t len;
    uint8_t sha[32], other[32];
    FILE *f = open_memstream(&text, &len);
    sim_trace t;
    sim_trace_init(&t, f);
    sim_trace_line(&t, 12, "%s %u %l %d %x %b", "edge", 7u, UINT64_C(18446744073709551615), (int64_t)-5,
                   UINT64_C(0xab), kd_bytes_str("bytes"));
    sim_trace_finish(&t, sha);
    fclose(f);
    cr_assert_str_eq(text, "12 edge 7 18446744073709551615 -5 ab bytes\n");
    crypto_hash_sha256(other, (const uint8_t *)text, len);
    cr_assert_eq(memcmp(sha, other, sizeof(sha)), 0);
    free(text);
}

Test(sim_world_trace, the_digest_is_the_same_when_nobody_looks)
{
    uint8_t seen[32], unseen[32];
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    sim_trace a, b;
    sim_trace_init(&a, f);
    sim_trace_init(&b, NULL);
    for (uint32_t i = 0; i < 20000; i++) {
        sim_trace_line(&a, i, "line %u", i);
        sim_trace_line(&b, i, "line %u", i);
    }
    sim_trace_finish(&a, seen);
    sim_trace_finish(&b, unseen);
    fclose(f);
    cr_assert_eq(memcmp(seen, unseen, sizeof(seen)), 0);
    free(text);
}

/* fuzz_scenario.c - any bytes as a scenario. What is accepted prints, and what is printed reads back and prints the same. */
#include <stdlib.h>

#include "sim/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line of a few bytes may stand for a hundred thousand events: those are not printed. */
enum { PRINTED_MAX = 1000 };

static void print_twice(const scenario *s)
{
    scenario twin;
    char error[SCENARIO_ERROR_MAX];
    kd_buf once = {0}, again = {0};
    scenario_print(s, &once);
    KD_ASSERT(scenario_parse(&twin, "printed", kd_buf_view(&once), error) == KD_OK);
    scenario_print(&twin, &again);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&once), kd_buf_view(&again)));
    kd_buf_finish(&once);
    kd_buf_finish(&again);
    scenario_finish(&twin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scenario s;
    char error[SCENARIO_ERROR_MAX];
    if (scenario_parse(&s, "fuzzed", kd_bytes_of(data, size), error) != KD_OK) {
        KD_ASSERT(error[0] != '\0');
        return 0;
    }
    if (s.event_count <= PRINTED_MAX) print_twice(&s);
    scenario_finish(&s);
    return 0;
}

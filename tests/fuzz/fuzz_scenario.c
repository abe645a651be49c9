/* fuzz_scenario.c - any bytes as a scenario. What is accepted prints, and what is printed reads back and prints the same. */
#include <stdlib.h>

#include "sim/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line of a few bytes may stand for a hundred thousand events: those are not printed. */
enum { PRINTED_MAX = 1000 };

static void print_twice(const sim_scenario *s)
{
    sim_scenario twin;
    char error[SCENARIO_ERROR_MAX];
    kd_buf once = {0}, again = {0};
    sim_scenario_print(s, &once);
    KD_ASSERT(sim_scenario_parse(&twin, "printed", kd_buf_view(&once), error) == KD_OK);
    sim_scenario_print(&twin, &again);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&once), kd_buf_view(&again)));
    kd_buf_finish(&once);
    kd_buf_finish(&again);
    sim_scenario_finish(&twin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sim_scenario s;
    char error[SCENARIO_ERROR_MAX];
    if (sim_scenario_parse(&s, "fuzzed", kd_bytes_of(data, size), error) != KD_OK) {
        KD_ASSERT(error[0] != '\0');
        return 0;
    }
    if (s.event_count <= PRINTED_MAX) print_twice(&s);
    sim_scenario_finish(&s);
    return 0;
}

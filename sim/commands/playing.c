/* playing.c - see the header. */
#include "sim/commands/playing.h"

#include <stdio.h>

#include "common/io/daemon/exit_code.h"

void sim_playing_name(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t len = dot && dot != base ? (size_t)(dot - base) : strlen(base);
    snprintf(out, size, "%.*s", (int)KD_MIN(len, size - 1), base);
}

int sim_playing_kafka(const char *command, const char *kafka, bool *real)
{
    *real = strcmp(kafka, "real") == 0;
    if (*real || strcmp(kafka, "embedded") == 0) return -1;
    fprintf(stderr, "kudos-sim %s: --kafka %s is neither embedded nor real\n", command, kafka);
    return KD_EXIT_USAGE;
}

sim_drill_record *sim_playing_record(const sim_scenario *s)
{
    const char *names[SCENARIO_EDGES_MAX];
    for (uint32_t e = 0; e < s->edge_count; e++) names[e] = s->edges[e];
    return sim_record_create(names, s->edge_count);
}

int sim_playing_exit_code(sim_verdict verdict)
{
    static const int codes[] = {
        [SIM_HELD] = KD_EXIT_OK, [SIM_VIOLATED] = KD_EXIT_FAILED, [SIM_UNKNOWN] = KD_EXIT_UNKNOWN};
    return codes[verdict];
}

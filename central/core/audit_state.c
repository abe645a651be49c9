/* audit_state.c - see the header. */
#include "central/core/audit_state.h"

#include <stdio.h>

enum { PROGRESS_ROWS = 4096 };

int kd_audit_broken(kd_audit *a, const char *rows)
{
    snprintf(a->result->broken, sizeof a->result->broken, "%s", rows);
    return KD_EMALFORMED;
}

bool kd_audit_row(kd_audit *a)
{
    if (++a->rows % PROGRESS_ROWS != 0 || !a->config->progress) return true;
    return a->config->progress(a->config->arg, a->rows);
}

bool kd_audit_is_set(const kd_audit *a, uint8_t counter)
{
    int i = kd_counters_by_id(a->config->counters, counter);
    if (counter < KD_COUNTER_BYTES && a->has_members[counter]) return true;
    return i >= 0 && a->config->counters->at[i].kind == KD_SET;
}

/* members.c - what all parts of a run use: chance, the verdict, records on their way. */
#include <stdarg.h>
#include <stdio.h>

#include "sim/members/members.h"

uint64_t members_below(members *w, uint64_t end)
{
    return kd_random_next(&w->random) % end;
}

void members_fail(members *w, const char *checker, const char *format, ...)
{
    va_list arguments;
    if (w->result->violated) return;
    w->result->violated = true;
    snprintf(w->result->checker, sizeof w->result->checker, "%s", checker);
    va_start(arguments, format);
    vsnprintf(w->result->failure, sizeof w->result->failure, format, arguments);
    va_end(arguments);
}

members_flight *members_fly(members *w, sim_log *log, kd_bytes record, uint64_t due)
{
    members_flight *f = NULL;
    for (uint32_t i = 0; i < MEMBERS_FLIGHTS && !f; i++)
        if (!w->flights[i].open) f = &w->flights[i];
    KD_ASSERT(f);
    kd_buf bytes = f->record;
    kd_buf_clear(&bytes);
    kd_buf_put(&bytes, record.data, record.len);
    *f = (members_flight){.open = true, .log = log, .record = bytes, .at = due};
    return f;
}

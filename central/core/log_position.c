/* log_position.c - see the header; kudos/central.h has the contracts of what the shell calls. */
#include "central/core/log_position.h"

#include "central/core/in_force.h"
#include "central/core/state.h"

bool kd_central_log_position(const kd_central *c, int64_t *offset)
{
    *offset = c->log_committed.offset;
    return c->log_committed.known;
}

bool kd_central_log_fed(const kd_central *c, int64_t *offset)
{
    *offset = c->log_tentative.offset;
    return c->log_tentative.known;
}

void kd_log_read_again(kd_central *c)
{
    c->log_again = true;
    c->log_tentative = (kd_log_position){.known = false};
    kd_in_force_from_start(c);
}

bool kd_central_log_again(kd_central *c)
{
    bool again = c->log_again;
    c->log_again = false;
    return again;
}

/* Another record at the stored offset: the topic was made anew and has grown past it. What lies before the offset would never be read. */
int64_t kd_central_log_check(kd_central *c, kd_bytes record)
{
    const kd_log_position *log = &c->log_committed;
    if (log->known && record.data && kd_hash(record) == log->digest) return log->offset + 1;
    kd_in_force_from_start(c);
    return -1;
}

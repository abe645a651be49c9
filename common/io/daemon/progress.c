/* progress.c - see the header. */
#include "common/io/daemon/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/io/loop/clock.h"

enum { SHOW_US = 500000 };

void kd_progress_show(kd_progress *p, const char *what, uint64_t partition, uint64_t of, uint64_t rows)
{
    uint64_t now = kd_clock_mono_us();
    if (p->shown_us == 0) p->shown_us = now; /* a command that is done within SHOW_US prints nothing */
    if (now < p->shown_us + SHOW_US) return;
    p->shown_us = now;
    fprintf(stderr, "%s: partition %" PRIu64 " of %" PRIu64 ", %" PRIu64 " rows\n", what, partition + 1, of,
            rows);
}

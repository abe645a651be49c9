/* in_force.c - see the header. */
#include "central/core/in_force.h"

#include "central/core/state.h"

void kd_in_force_claimed(kd_central *c, uint64_t epoch)
{
    if (epoch <= c->decider.in_force) return;
    c->decider.in_force = epoch;
    c->decider.changed = true;
}

void kd_in_force_from_start(kd_central *c)
{
    c->decider.changed |= c->decider.in_force != 0;
    c->decider.in_force = 0;
}

/*
 * power.h - makes a kill -9 a power cut: what a process had written and not synced is gone, or torn somewhere in between.
 *
 * A preloaded library (sim/preload/powercut.c) notes beside each file how much of it was synced. A directory on which a process starts is taken as
 * it is: all that is there then is durable.
 */
#ifndef KUDOS_SIM_DRILL_POWER_H
#define KUDOS_SIM_DRILL_POWER_H

#include "kudos/base.h"

/* Notes that all of it is durable. One that is not there is fine. KD_OK or KD_EIO. */
int sim_power_on(const char *directory);
/* The cut, after the kill: each file ends where it was synced, or by chance a little later; one that never was is gone, or
 * empty when its directory was. */
int sim_power_cut(const char *directory, uint64_t *random);

#endif

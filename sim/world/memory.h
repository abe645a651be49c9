/* memory.h - how a process that simulates asks the system for its memory. */
#ifndef KUDOS_SIM_WORLD_MEMORY_H
#define KUDOS_SIM_WORLD_MEMORY_H

/* Once, before a long run. It does not pay for the short runs of a hunt, each of which has a process of its own. Where the system has no large pages
 * nothing changes. */
void sim_memory_prepare(void);

#endif

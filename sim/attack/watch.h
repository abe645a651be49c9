/*
 * watch.h - the resident memory of the server under attack, sampled, and its processor time.
 *
 * Of an edge on this machine /proc and the clock of the process tell them: the process is the one that holds the listening socket of the target's port. With
 * `--admin` the edge's metrics do, from anywhere, less often and only while the admin port answers. Runs on the honest client's loop.
 */
#ifndef KUDOS_SIM_ATTACK_WATCH_H
#define KUDOS_SIM_ATTACK_WATCH_H

#include <event2/event.h>

#include "sim/attack/target.h"

typedef struct sim_watch sim_watch;

/* Looks for the process at once. The target and the base outlive it. */
sim_watch *sim_watch_create(const sim_target *target, struct event_base *base);
/* Waits for a question under way (a second at most). NULL is fine. */
void sim_watch_destroy(sim_watch *w);
/* Takes a sample when one is due. */
void sim_watch_tick(sim_watch *w);
/* The last sample in bytes; 0: there is none. */
uint64_t sim_watch_now(const sim_watch *w);
/* The largest sample since the last call. */
uint64_t sim_watch_take_max(sim_watch *w);
/* Processor time that the process has used since its start: at once, or with --admin as of the last sample. 0: not known. */
uint64_t sim_watch_cpu_us(const sim_watch *w);
/* The process was found on this machine. */
bool sim_watch_is_here(const sim_watch *w);
/* The process was found once and is gone. */
bool sim_watch_gone(const sim_watch *w);

/* The process on this machine that listens on that TCP port, as far as this one may look; 0: none was found. */
int sim_watch_listener(uint16_t port);

#endif

/*
 * interrupt.h - Ctrl-C ends a command in order: what was found so far is told, and the last line comes.
 *
 * The second Ctrl-C ends it at once. Signals: SIGINT, SIGTERM, SIGHUP. Drills hear them on their own loop (sim/drill/stage.h).
 */
#ifndef KUDOS_SIM_COMMANDS_INTERRUPT_H
#define KUDOS_SIM_COMMANDS_INTERRUPT_H

#include <signal.h>

/* 1 once a signal came. */
extern volatile sig_atomic_t sim_interrupted;

/* From here on a signal sets sim_interrupted, and the same signal once more ends the process. */
void sim_interrupt_hear(void);
/* In a child process, whose end is its parent's to decide: ignores SIGINT and SIGHUP, which a terminal sends to all; SIGTERM ends it. */
void sim_interrupt_leave(void);

#endif

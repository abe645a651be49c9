/*
 * interrupt.h - Ctrl-C ends a command in order: what was found so far is told, and the last line comes.
 *
 * The second one ends it at once. Signals: SIGINT, SIGTERM, SIGHUP. Drills hear them on their own loop (sim/drill/stage.h).
 */
#ifndef KUDOS_SIM_COMMANDS_INTERRUPT_H
#define KUDOS_SIM_COMMANDS_INTERRUPT_H

#include <signal.h>

/* 1 once one came. */
extern volatile sig_atomic_t sim_interrupted;

void sim_interrupt_hear(void);
/* In a child: who started it decides when it ends. */
void sim_interrupt_leave(void);

#endif

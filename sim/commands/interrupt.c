/* interrupt.c - see the header. */
#include "sim/commands/interrupt.h"

#include <stddef.h>

volatile sig_atomic_t sim_interrupted;

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

static void interrupt_on_signal(int number)
{
    (void)number;
    sim_interrupted = 1;
}

/* Without SA_RESTART a wait returns with EINTR, and its loop sees sim_interrupted. */
void sim_interrupt_hear(void)
{
    struct sigaction action = {.sa_handler = interrupt_on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaction(numbers[i], &action, NULL);
}

void sim_interrupt_leave(void)
{
    signal(SIGINT, SIG_IGN); /* the terminal sends it to parent and children alike */
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    sim_interrupted = 0;
}

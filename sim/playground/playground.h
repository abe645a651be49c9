/* playground.h - kudos-sim playground: a page on which one cuts regions off, kills central, likes all the while, and sees every count come true. */
#ifndef KUDOS_SIM_PLAYGROUND_PLAYGROUND_H
#define KUDOS_SIM_PLAYGROUND_PLAYGROUND_H

/*
 * kudos-sim playground --port P --kafka ADDRESSES --central-port P --edge NAME=PORT... --key FILE --links FILE --log FILE -- CENTRAL [ARGUMENT...]
 * Runs until SIGTERM or SIGINT, then ends central in order. FILE of --links gets a line for each edge once the links listen.
 * argv[0] is "playground". Returns the exit code: 0 stopped, 1 failed, 2 usage, 4 a port is taken or central does not start.
 */
int sim_sim_playground(int argc, char **argv);

#endif

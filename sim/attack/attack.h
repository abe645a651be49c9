/*
 * attack.h - `kudos-sim attack`: plays the attacks of a table on an edge and judges what an honest client keeps meanwhile.
 *
 *     attack      the command, and the rounds of one attack
 *     plays       the table; frames and raw are what its rows are written with
 *     crew        an attack under way           polite  the client that an attack is compared with
 *     honest      the client that is judged     watch   the server's memory       judge  the verdict
 *
 * Three threads at most: the honest client's, and that of the crew or of the polite client.
 */
#ifndef KUDOS_SIM_ATTACK_ATTACK_H
#define KUDOS_SIM_ATTACK_ATTACK_H

/* The command; argv[0] is "attack". Returns the exit code: 0 held, 1 violated, 2 usage, 3 unknown, 4 the edge does not answer. */
int sim_sim_attack(int argc, char **argv);

#endif

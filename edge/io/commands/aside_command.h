/* aside_command.h - `kudos-edge aside`: sums that were set aside because they could count twice (rule 20), for an operator. */
#ifndef KUDOS_EDGE_IO_COMMANDS_ASIDE_COMMAND_H
#define KUDOS_EDGE_IO_COMMANDS_ASIDE_COMMAND_H

/* argv[0] is "aside". Returns the exit code. */
int kd_command_aside(int argc, char **argv);

#endif

/* aside_command.h - `kudos-edge aside`: lists the sums that an edge set aside because they could count twice (rule 20), and forgets them if asked. */
#ifndef KUDOS_EDGE_IO_COMMANDS_ASIDE_COMMAND_H
#define KUDOS_EDGE_IO_COMMANDS_ASIDE_COMMAND_H

/* argv[0] is "aside". Prints the sums and a last line with the verdict; returns the exit code. */
int kd_command_aside(int argc, char **argv);

#endif

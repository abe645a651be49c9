/* compare_command.h - `kudos-edge compare`: checks whether central holds every operation that an edge was told is merged. */
#ifndef KUDOS_EDGE_IO_COMMANDS_COMPARE_COMMAND_H
#define KUDOS_EDGE_IO_COMMANDS_COMPARE_COMMAND_H

/* argv[0] is "compare". Prints the differences and a last line with the verdict; returns the exit code. */
int kd_command_compare(int argc, char **argv);

#endif

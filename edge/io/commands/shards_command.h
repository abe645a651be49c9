/* shards_command.h - `kudos-edge shards`: changes the number of shards of an edge that does not run. */
#ifndef KUDOS_EDGE_IO_COMMANDS_SHARDS_COMMAND_H
#define KUDOS_EDGE_IO_COMMANDS_SHARDS_COMMAND_H

/* argv[0] is "shards". Returns the exit code of the process. */
int kd_command_shards(int argc, char **argv);

#endif

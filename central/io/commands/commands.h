/* commands.h - the sub commands of kudos-central. argv[0] is the command's name; each returns the
 * exit code. */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_COMMANDS_H
#define KUDOS_CENTRAL_IO_COMMANDS_COMMANDS_H

int kd_command_export(int argc, char **argv);
int kd_command_audit(int argc, char **argv);
int kd_command_repair(int argc, char **argv);
int kd_command_backup(int argc, char **argv);
int kd_command_restore(int argc, char **argv);
int kd_command_quarantine(int argc, char **argv);
int kd_command_retire(int argc, char **argv);
int kd_command_collect(int argc, char **argv);

#endif

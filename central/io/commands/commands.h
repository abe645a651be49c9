/* commands.h - the sub commands of kudos-central. Each takes its command line, argv[0] being the command's name, and returns the exit code; --help
 * says what it does and what the codes mean. */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_COMMANDS_H
#define KUDOS_CENTRAL_IO_COMMANDS_COMMANDS_H

/* All liked rows as sorted lines of TSV (export_command.c). */
int kd_command_export(int argc, char **argv);
/* Compares counts with membership, of a central that runs or is stopped. */
int kd_command_audit(int argc, char **argv);
/* Writes the counts that membership gives, of a central that is stopped. */
int kd_command_repair(int argc, char **argv);
/* Makes a backup, lists those that central knows of, or forgets one. */
int kd_command_backup(int argc, char **argv);
/* Puts a backup where a central can start on it. */
int kd_command_restore(int argc, char **argv);
/* Lists, shows, releases or drops records in quarantine. */
int kd_command_quarantine(int argc, char **argv);
/* Lists an edge, retires one or takes it back, or tells which there are (edge_command.c). */
int kd_command_edge(int argc, char **argv);
/* As `edge retire`. */
int kd_command_retire(int argc, char **argv);
/* Withdraws what users liked, puts it back, or lists what can be put back. */
int kd_command_void(int argc, char **argv);
/* Withdraws all that a user said, for good. */
int kd_command_erase(int argc, char **argv);
/* Tells how far jobs and erasures are. */
int kd_command_status(int argc, char **argv);
/* The collection of tombstones goes on after an identity alarm. */
int kd_command_collect(int argc, char **argv);
/* Tells who leads the partitions, and who follows how far behind. */
int kd_command_members(int argc, char **argv);
/* Brings likes of a log, or of an export, into a running central (import_command.c). */
int kd_command_import(int argc, char **argv);
/* Close, open or delete items. */
int kd_command_close(int argc, char **argv);
int kd_command_open(int argc, char **argv);
int kd_command_delete(int argc, char **argv);

#endif

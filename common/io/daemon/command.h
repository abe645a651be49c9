/*
 * command.h - the command line that all daemons share:
 *
 *     PROGRAM -c FILE [-t | --openapi] [--set section.key=value]... | --help | --version | --reference
 */
#ifndef KUDOS_COMMON_IO_DAEMON_COMMAND_H
#define KUDOS_COMMON_IO_DAEMON_COMMAND_H

#include "common/io/daemon/args.h"

/* The command line as it was given; strings point into argv. */
typedef struct {
    const char *file;  /* of -c */
    kd_args_list sets; /* of --set */
    bool check_only;   /* -t */
    bool openapi;      /* --openapi: the caller prints the description of its API, and ends */
} kd_command;

/* Reads the command line and answers --help, --version and --reference; else loads the configuration, checks it as a whole, and for -t prints
 * `configuration FILE is valid`. Returns -1 to run, and the caller finishes *config; else the code to exit with, and *config holds nothing. Messages
 * go to standard error. `argv` must outlive *command. */
int kd_command_start(kd_command *command, const kd_options *options, int argc, char **argv, void *config);

/* Loads the same file and overrides again (SIGHUP), without the check as a whole and without a look at the files that options name. KD_OK, and the caller finishes *config; or KD_EINVAL with `error`
 * (KD_OPTIONS_ERROR_MAX bytes). The caller compares *config with the running one by kd_options_fixed_change. */
int kd_command_reload(const kd_command *command, const kd_options *options, void *config, char *error);

#endif

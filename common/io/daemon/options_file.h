/*
 * options_file.h - configuration from a file, and the command line that all daemons share:
 *
 *     PROGRAM -c FILE [-t] [--set section.key=value]... | --help | --version | --reference
 */
#ifndef KUDOS_COMMON_IO_DAEMON_OPTIONS_FILE_H
#define KUDOS_COMMON_IO_DAEMON_OPTIONS_FILE_H

#include "common/conf/options.h"

/* Exit codes of every program. */
enum { KD_EXIT_OK = 0, KD_EXIT_FAILED = 1, KD_EXIT_USAGE = 2, KD_EXIT_UNKNOWN = 3, KD_EXIT_UNAVAILABLE = 4 };

/* What the command line said; strings point into argv. Finish frees the list. */
typedef struct {
    const char *file;
    const char **sets;
    size_t set_count;
    bool check_only;
} kd_command;

/*
 * Reads the command line, answers --help, --version and --reference, loads the configuration and checks it as a whole, and for
 * -t prints `configuration FILE is valid`. Returns -1 to run with *config loaded, else the code to exit with (nothing to finish
 * but the command). Messages go to standard error.
 */
int kd_command_start(kd_command *command, const kd_options *options, int argc, char **argv, void *config);
/* Loads the same file and overrides again (SIGHUP), without the check as a whole: KD_OK, or KD_EINVAL with `error`. The caller compares with
 * kd_options_fixed_change and finishes one of the two. */
int kd_command_reload(const kd_command *command, const kd_options *options, void *config, char *error);
void kd_command_finish(kd_command *command);
/* The end of a sub command: its exit code, or KD_EXIT_FAILED where standard output did not take all that was printed,
 * and then standard error says whether the work is done. Prints `PROGRAM COMMAND: error` there when there is one.
 * `command` is "" where the program itself has printed. */
int kd_command_end(const char *program, const char *command, int code, const char *error);

/* Loads a file (regular, at most KD_OPTIONS_FILE_MAX) with overrides and checks paths that must exist and secrets.
 * KD_OK or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_options_load_file(const kd_options *options, const char *path, const char *const *sets,
                         size_t set_count, void *config, char *error);
/* Whether a program can listen on an address, and on both of two: literal addresses are some, and not the same one. Names are
 * not looked up. Empty addresses are fine. KD_OK, or KD_EINVAL with `error`, which names the options. */
int kd_address_check(const char *option, const kd_address *address, char *error);
int kd_addresses_check(const char *option, const kd_address *address, const char *other_option,
                       const kd_address *other, char *error);
/* Whether a directory can be there, without making it: KD_OK, or KD_EINVAL with `error`. */
int kd_directory_check(const char *option, const char *path, char *error);
/* Reads a whole small file into *out (cleared): KD_OK, KD_ENOTFOUND, KD_ETOOBIG or KD_EIO. */
int kd_file_read(const char *path, size_t max, kd_buf *out);

#endif

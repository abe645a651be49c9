/* exit_code.h - how every program and every command of one ends. */
#ifndef KUDOS_COMMON_IO_DAEMON_EXIT_CODE_H
#define KUDOS_COMMON_IO_DAEMON_EXIT_CODE_H

enum {
    KD_EXIT_OK = 0,         /* done, or held */
    KD_EXIT_FAILED = 1,     /* failed, or violated */
    KD_EXIT_USAGE = 2,      /* the command line or the configuration is wrong */
    KD_EXIT_UNKNOWN = 3,    /* too little happened for a verdict */
    KD_EXIT_UNAVAILABLE = 4 /* a server did not answer, or a directory is in use */
};

/* Of an error with which a daemon could not start. KD_EXIT_USAGE where configuration or directory must be changed first: KD_EINVAL, KD_EMISMATCH,
 * KD_ENOTFOUND. KD_EXIT_UNAVAILABLE for KD_EUNAVAILABLE, as a later start may succeed. KD_EXIT_OK for KD_OK, KD_EXIT_FAILED for all others. */
int kd_exit_code_of(int err);

/* The last call of a command: the exit code of the process. That is `code`, or KD_EXIT_FAILED when standard output did not take everything that was
 * printed (a full disk, a closed pipe); standard error then says, once, whether the work itself is done. When `code` is not KD_EXIT_OK and `error` not "",
 * prints `PROGRAM COMMAND: error` to standard error. `command` is "" for the program itself. */
int kd_command_end(const char *program, const char *command, int code, const char *error);

#endif

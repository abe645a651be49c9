/*
 * daemon.h - the run of a daemon, from its loaded configuration to its exit code:
 *
 *     start -> started -> the main loop, until a drain stops it -> finish -> stopped -> exit code
 *
 * A start that fails goes to `finish` at once: the log has `start-failed` with the cause, standard error the same as a line for people.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_DAEMON_H
#define KUDOS_COMMON_IO_DAEMON_DAEMON_H

#include "common/io/loop/log.h"
#include "common/io/loop/loop.h"

/* All hooks run on the thread of kd_daemon_run. */
typedef struct {
    const char *program; /* "kudos-edge", for standard error */
    /* Opens stores and ports and starts threads. KD_OK; or an error of which kd_exit_code_of makes the exit code, with `error` (KD_OPTIONS_ERROR_MAX
     * bytes). What has been made by then is left to `finish`. */
    int (*start)(void *arg, char *error);
    /* After a start without an error: logs it, and returns the main loop. */
    kd_loop *(*started)(void *arg);
    /* Joins the threads and frees everything, also what half a start has left. Runs under the watch of ending.h. */
    void (*finish)(void *arg);
    /* After `finish`, unless the start failed: writes the last line of the log, where an operator looks for the reason, and returns the exit code. */
    int (*stopped)(void *arg);
} kd_daemon;

/* Returns the exit code for main() to return; a part of `finish` that hangs ends the process by itself. Allows itself as many descriptors as the
 * system does: connections and the files of LevelDB take them. */
int kd_daemon_run(const kd_daemon *daemon, void *arg, kd_log_level level);

#endif

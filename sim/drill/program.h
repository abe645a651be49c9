/*
 * program.h - one program that the drill runs: started with its output in a file, signalled, awaited, never left behind.
 *
 * A child dies with the drill, however that ends (PR_SET_PDEATHSIG). Its standard output and error go through a pipe into its log: a limit on
 * the size of its files (how a full disk is played) must not silence it. Used on the loop's thread only; sim_program_reap is called when
 * SIGCHLD came, or now and then.
 */
#ifndef KUDOS_SIM_DRILL_PROGRAM_H
#define KUDOS_SIM_DRILL_PROGRAM_H

#include <event2/event.h>
#include <sys/types.h>

#include "kudos/base.h"

typedef struct {
    char *name, *log;  /* the path of the log */
    pid_t pid;         /* 0: it does not run */
    int status;        /* of waitpid, when it ended */
    bool stopped;      /* SIGSTOP was sent */
    int input, log_fd; /* its standard input, when asked for; else -1 */
    struct event *output;
    struct event_base *base;
} sim_program;

typedef struct {
    const char *const *argv;      /* ends with NULL; argv[0] is a path, or found in PATH */
    const char *const *variables; /* "NAME=value" added to the environment, ends with NULL; or NULL */
    bool input;                   /* wants a standard input that the drill writes; it ends with the drill */
    int death_signal;             /* what it gets when the drill dies; 0: SIGKILL */
    const char *output_to;        /* standard output goes to this file instead; NULL: to the log */
} sim_program_command;

/* `name` is for messages, `log` the path of the file that its output is appended to; both are copied. Starts nothing. */
void sim_program_init(sim_program *p, struct event_base *base, const char *name, const char *log);
/* Kills what still runs, and waits for that. */
void sim_program_finish(sim_program *p);

/* KD_OK, or KD_EIO with errno (the program is missing, say). It must not be running. */
int sim_program_start(sim_program *p, const sim_program_command *command);
/* Whether the program was started and not reaped yet; it may be stopped. */
bool sim_program_running(const sim_program *p);
/* Sends the signal, if it runs. */
void sim_program_signal(sim_program *p, int number);
/* SIGSTOP, and waits until it stands. */
void sim_program_stop(sim_program *p);
/* SIGCONT, after sim_program_stop. */
void sim_program_continue(sim_program *p);
/* kill -9, and waits until it is gone: no sim_program_reap follows. */
void sim_program_kill(sim_program *p);
/* True once after it ended without sim_program_kill: p->status is that of waitpid. Does not wait. */
bool sim_program_reap(sim_program *p);
/* No file of it may grow beyond `bytes` from now on: writes fail with EFBIG, as they would with ENOSPC. UINT64_MAX: no limit. KD_OK,
 * KD_EUNAVAILABLE (it does not run), KD_EIO with errno. */
int sim_program_limit_files(sim_program *p, uint64_t bytes);
/* "exit code 1", "signal 11 (Segmentation fault)". */
void sim_program_describe(int status, char *text, size_t size);

#endif

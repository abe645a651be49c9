/* program.c - see the header. */
#include "sim/drill/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VARIABLES_MAX = 8, OUTPUT_BYTES = 16 * 1024 };

void sim_program_init(sim_program *p, struct event_base *base, const char *name, const char *log)
{
    *p = (sim_program){
        .name = kd_dup(kd_bytes_of(name, strlen(name) + 1)), .base = base, .input = -1, .log_fd = -1};
    p->log = kd_dup(kd_bytes_of(log, strlen(log) + 1));
}

/* ---- its output ------------------------------------------------------------------------------------------------ */

/* Appends what came to the log. False: the program has closed its output. */
static bool take_output(sim_program *p, int fd)
{
    char piece[OUTPUT_BYTES];
    ssize_t n = read(fd, piece, sizeof piece);
    if (n > 0)
        return write(p->log_fd, piece, (size_t)n) >=
               0; /* a log that does not fit the disk is no reason to end the drill */
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void close_output(sim_program *p)
{
    if (!p->output) return;
    int fd = event_get_fd(p->output);
    event_free(p->output);
    p->output = NULL;
    close(fd);
    close(p->log_fd);
    p->log_fd = -1;
}

static void on_output(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    sim_program *p = arg;
    if (!take_output(p, fd)) close_output(p);
}

/* What is still in the pipe when the program has ended. A grandchild may hold the pipe open, so this does not wait for its end. */
static void last_output(sim_program *p)
{
    for (int i = 0; i < 64 && p->output; i++) {
        int fd = event_get_fd(p->output);
        char piece[OUTPUT_BYTES];
        ssize_t n = read(fd, piece, sizeof piece);
        if (n <= 0) break;
        if (write(p->log_fd, piece, (size_t)n) < 0) break;
    }
    close_output(p);
}

/* ---- start ----------------------------------------------------------------------------------------------------- */

typedef struct {
    int output[2], input[2], failed[2]; /* pipes; `failed` carries errno when the program cannot be run */
} pipes;

static void close_all(pipes *s)
{
    int *all = (int *)s;
    for (size_t i = 0; i < sizeof *s / sizeof(int); i++) {
        if (all[i] >= 0) close(all[i]);
        all[i] = -1;
    }
}

static int open_pipes(pipes *s, bool input)
{
    memset(s, -1, sizeof *s);
    if (pipe2(s->output, O_CLOEXEC) == 0 && pipe2(s->failed, O_CLOEXEC) == 0 &&
        (!input || pipe2(s->input, O_CLOEXEC) == 0))
        return KD_OK;
    close_all(s);
    return KD_EIO;
}

/* Between fork and exec: only what is safe there. */
_Noreturn static void become(const sim_program_command *c, const pipes *s, int out, pid_t drill)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, c->death_signal ? c->death_signal : SIGKILL);
    setsid(); /* Ctrl-C reaches the drill alone, which then stops all in order */
    int in = s->input[0] >= 0 ? s->input[0] : open("/dev/null", O_RDONLY);
    dup2(in, STDIN_FILENO);
    dup2(out >= 0 ? out : s->output[1], STDOUT_FILENO);
    dup2(s->output[1], STDERR_FILENO);
    for (int i = 0; c->variables && c->variables[i]; i++) putenv((char *)(uintptr_t)c->variables[i]);
    if (getppid() == drill) execvp(c->argv[0], (char *const *)(uintptr_t)c->argv);
    int cause = errno;
    ssize_t told = write(s->failed[1], &cause, sizeof cause);
    _exit(told == sizeof cause ? 127 : 126);
}

static int fork_it(sim_program *p, const sim_program_command *c, pipes *s, int out)
{
    pid_t drill = getpid();
    pid_t pid = fork();
    if (pid == 0) become(c, s, out, drill);
    close(s->output[1]), close(s->failed[1]);
    s->output[1] = s->failed[1] = -1;
    if (pid < 0) return KD_EIO;
    int cause;
    if (read(s->failed[0], &cause, sizeof cause) == sizeof cause) {
        waitpid(pid, NULL, 0);
        errno = cause;
        return KD_EIO;
    }
    p->pid = pid;
    return KD_OK;
}

static void adopt(sim_program *p, pipes *s)
{
    p->stopped = false;
    fcntl(s->output[0], F_SETFL, O_NONBLOCK);
    p->output = event_new(p->base, s->output[0], EV_READ | EV_PERSIST, on_output, p);
    KD_ASSERT(p->output != NULL);
    event_add(p->output, NULL);
    s->output[0] = -1;
    p->input = s->input[1];
    s->input[1] = -1;
}

int sim_program_start(sim_program *p, const sim_program_command *c)
{
    KD_ASSERT(!sim_program_running(p));
    pipes s;
    int out = -1;
    close_output(p);
    if (p->input >= 0) close(p->input);
    p->input = -1;
    if (open_pipes(&s, c->input) != KD_OK) return KD_EIO;
    p->log_fd = open(p->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (c->output_to) out = open(c->output_to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int rc = p->log_fd >= 0 && (!c->output_to || out >= 0) ? fork_it(p, c, &s, out) : KD_EIO;
    int cause = errno;
    if (out >= 0) close(out);
    if (rc == KD_OK) {
        adopt(p, &s);
    } else if (p->log_fd >= 0) {
        close(p->log_fd);
        p->log_fd = -1;
    }
    close_all(&s);
    errno = cause;
    return rc;
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

bool sim_program_running(const sim_program *p)
{
    return p->pid > 0;
}

void sim_program_signal(sim_program *p, int number)
{
    if (p->pid > 0) kill(p->pid, number);
}

void sim_program_stop(sim_program *p)
{
    if (p->pid <= 0) return;
    siginfo_t info;
    kill(p->pid, SIGSTOP);
    /* WNOWAIT: a program that has just ended is left for sim_program_reap. */
    waitid(P_PID, (id_t)p->pid, &info, WSTOPPED | WEXITED | WNOWAIT);
    p->stopped = true;
}

void sim_program_continue(sim_program *p)
{
    p->stopped = false;
    sim_program_signal(p, SIGCONT);
}

static void program_ended(sim_program *p, int status)
{
    p->status = status;
    p->pid = 0;
    p->stopped = false;
    last_output(p);
}

void sim_program_kill(sim_program *p)
{
    int status = 0;
    if (p->pid <= 0) return;
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) continue;
    program_ended(p, status);
}

bool sim_program_reap(sim_program *p)
{
    int status;
    if (p->pid <= 0 || waitpid(p->pid, &status, WNOHANG) != p->pid) return false;
    program_ended(p, status);
    return true;
}

int sim_program_limit_files(sim_program *p, uint64_t bytes)
{
    struct rlimit limit = {.rlim_cur = bytes == UINT64_MAX ? RLIM_INFINITY : (rlim_t)bytes,
                           .rlim_max = RLIM_INFINITY};
    if (p->pid <= 0) return KD_EUNAVAILABLE;
    return prlimit(p->pid, RLIMIT_FSIZE, &limit, NULL) == 0 ? KD_OK : KD_EIO;
}

void sim_program_describe(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(text, size, "exit code %d", WEXITSTATUS(status));
}

void sim_program_finish(sim_program *p)
{
    sim_program_kill(p);
    close_output(p);
    if (p->input >= 0) close(p->input);
    free(p->name);
    free(p->log);
}

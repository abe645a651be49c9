/*
 * child.c - see the header. A child writes its result as one struct into a pipe; what it says on standard error is kept in a file
 * without a name, for the last line of a child that died is the reason.
 */
#include "sim/hunt/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "sim/commands/interrupt.h"

uint64_t sim_child_now_ms(void)
{
    return kd_clock_mono_us() / 1000;
}

uint32_t sim_child_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (uint32_t)KD_MIN(n, (long)CHILD_JOBS_MAX);
}

void sim_child_pool_init(sim_child_pool *p, uint32_t jobs, uint64_t limit_ms)
{
    *p = (sim_child_pool){.jobs = KD_MIN(KD_MAX(jobs, 1u), (uint32_t)CHILD_JOBS_MAX), .limit_ms = limit_ms};
}

static void note_operation(void *arg, const sim_scenario_event *operation)
{
    fwrite(operation, sizeof *operation, 1, arg);
}

static _Noreturn void child_run(const sim_child_job *job, int results)
{
    sim_options o = {.scenario = job->scenario, .seed = job->seed};
    if (job->plant) {
        o.edge_plant = job->plant->edge;
        o.central_plant = job->plant->central;
        o.world_plant = job->plant->world;
    }
    FILE *operations = job->operations ? fdopen(job->operations, "wb") : NULL;
    if (operations) o.attempted = note_operation, o.attempted_arg = operations;
    sim_result result;
    memset(&result, 0, sizeof result);
    sim_run(&o, &result);
    if (operations) fclose(operations);
    ssize_t written = write(results, &result, sizeof result); /* less than a pipe holds: at once and whole */
    _exit(written == (ssize_t)sizeof result ? 0 : 1);
}

static _Noreturn void become_child(const sim_child_job *job, int results, int errors)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sim_interrupt_leave();
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    dup2(errors, STDERR_FILENO);
    child_run(job, results);
}

void sim_child_start(sim_child_pool *p, const sim_child_job *job)
{
    KD_ASSERT(!sim_child_pool_full(p));
    int pipes[2], errors = memfd_create("errors", MFD_CLOEXEC);
    KD_ASSERT(errors >= 0 && pipe2(pipes, O_CLOEXEC) == 0);
    fflush(NULL);
    pid_t pid = fork();
    KD_ASSERT(pid >= 0);
    if (pid == 0) become_child(job, pipes[1], errors);
    close(pipes[1]);
    p->at[p->running++] =
        (sim_child){pid, pipes[0], errors, job->tag, job->seed, sim_child_now_ms() + p->limit_ms};
}

/* The reason among what was said: the line of an assertion or a sanitizer, else the first. */
static void child_reason_of(int fd, char *out, size_t size)
{
    char said[4096];
    ssize_t n = pread(fd, said, sizeof said - 1, 0);
    said[n > 0 ? n : 0] = '\0';
    const char *line = strstr(said, "bug at ");
    if (!line) line = strstr(said, "ERROR: ");
    if (!line) line = said;
    snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
}

static void tell_death(const sim_child *c, int status, sim_result *r)
{
    memset(r, 0, sizeof *r);
    r->verdict = SIM_VIOLATED;
    bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    snprintf(r->checker, sizeof r->checker, aborted ? "assertion" : "crash");
    child_reason_of(c->errors, r->failure, sizeof r->failure);
    if (r->failure[0] == '\0')
        snprintf(r->failure, sizeof r->failure, "ended by %s %d",
                 WIFSIGNALED(status) ? "signal" : "exit code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void tell_hang(const sim_child_pool *p, sim_result *r)
{
    memset(r, 0, sizeof *r);
    r->verdict = SIM_VIOLATED;
    snprintf(r->checker, sizeof r->checker, "hang");
    snprintf(r->failure, sizeof r->failure, "not done after %llu ms of real time",
             (unsigned long long)p->limit_ms);
}

static void tell_interrupted(sim_result *r)
{
    *r = (sim_result){.verdict = SIM_UNKNOWN};
    snprintf(r->checker, sizeof r->checker, "interrupted");
}

static int child_reap(const sim_child *c)
{
    int status = 0;
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/* `kills`: it is not done, since it hangs or since we are interrupted. */
static sim_child_done child_collect(sim_child_pool *p, uint32_t i, bool kills)
{
    sim_child c = p->at[i];
    sim_child_done done = {.tag = c.tag, .seed = c.seed};
    if (kills) kill(c.pid, SIGKILL);
    int status = child_reap(&c);
    if (kills && sim_interrupted)
        tell_interrupted(&done.result);
    else if (kills)
        tell_hang(p, &done.result);
    else if (read(c.results, &done.result, sizeof done.result) != (ssize_t)sizeof done.result)
        tell_death(&c, status, &done.result);
    close(c.results);
    close(c.errors);
    p->at[i] = p->at[--p->running];
    return done;
}

/* Who has ended, whatever the time: its result may have waited for us. */
static bool child_ended(sim_child_pool *p, int wait_ms, uint32_t *which)
{
    struct pollfd fds[CHILD_JOBS_MAX];
    for (uint32_t i = 0; i < p->running; i++)
        fds[i] = (struct pollfd){.fd = p->at[i].results, .events = POLLIN};
    if (poll(fds, p->running, wait_ms) <= 0) return false;
    for (*which = 0; !fds[*which].revents;) (*which)++;
    return true;
}

sim_child_done sim_child_wait(sim_child_pool *p)
{
    KD_ASSERT(p->running > 0);
    uint32_t first = 0, which;
    for (uint32_t i = 1; i < p->running; i++)
        if (p->at[i].deadline_ms < p->at[first].deadline_ms) first = i;
    for (;;) {
        uint64_t now = sim_child_now_ms(), deadline = p->at[first].deadline_ms;
        uint64_t left = deadline > now ? deadline - now : 0;
        if (child_ended(p, (int)KD_MIN(left, (uint64_t)60000), &which)) return child_collect(p, which, false);
        if (left == 0 || sim_interrupted) return child_collect(p, first, true);
    }
}

bool sim_child_same_failure(const sim_result *a, const sim_result *b)
{
    if (a->verdict != b->verdict || strcmp(a->checker, b->checker) != 0) return false;
    return strcmp(a->checker, "assertion") != 0 || strcmp(a->failure, b->failure) == 0;
}

/* daemon.c - see the header. */
#include "common/io/daemon/daemon.h"

#include <stdio.h>
#include <sys/resource.h>

#include "common/conf/options.h"
#include "common/io/daemon/ending.h"
#include "common/io/daemon/exit_code.h"
#include "common/io/loop/signals.h"

/* The soft limit is 1024 on most systems, for programs that use select(2); these do not. */
static void daemon_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void daemon_serve(const kd_daemon *d, void *arg)
{
    kd_loop *loop = d->started(arg);
    kd_notify("READY=1");
    kd_loop_run(loop);
}

static void daemon_tell_failed(const kd_daemon *d, const char *cause)
{
    KD_LOG(KD_ERROR, "start-failed", KD_STR("cause", cause));
    fprintf(stderr, "%s: %s\n", d->program, cause);
}

int kd_daemon_run(const kd_daemon *d, void *arg, kd_log_level level)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    daemon_raise_descriptors();
    kd_log_set_level(level);
    int err = d->start(arg, error), code = kd_exit_code_of(err);
    if (err)
        daemon_tell_failed(d, error);
    else
        daemon_serve(d, arg);
    kd_ending_begin(KD_EXIT_FAILED, kd_ending_limits_ms);
    d->finish(arg);
    if (!err) code = d->stopped(arg);
    return kd_ending_end(code);
}

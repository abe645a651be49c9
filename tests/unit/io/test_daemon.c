/* test_daemon.c - the run of a daemon: the order of its hooks, and its exit code. */
#include "common/io/daemon/daemon.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/conf/options.h"
#include "common/io/daemon/exit_code.h"

typedef struct {
    int start_err;
    kd_loop *loop;
    char order[64];
} run;

static int run_start(void *arg, char *error)
{
    run *r = arg;
    strcat(r->order, "start ");
    snprintf(error, KD_OPTIONS_ERROR_MAX, "the port is taken");
    return r->start_err ? r->start_err : kd_loop_create(&r->loop, "main");
}

static kd_loop *run_started(void *arg)
{
    run *r = arg;
    strcat(r->order, "started ");
    kd_loop_stop(r->loop); /* as a drain does in the end */
    return r->loop;
}

static void run_finish(void *arg)
{
    run *r = arg;
    strcat(r->order, "finish ");
    kd_loop_destroy(r->loop);
}

static int run_stopped(void *arg)
{
    run *r = arg;
    strcat(r->order, "stopped");
    return KD_EXIT_UNKNOWN;
}

static const kd_daemon program = {.program = "kudos-test",
                                  .start = run_start,
                                  .started = run_started,
                                  .finish = run_finish,
                                  .stopped = run_stopped};

Test(daemon, a_run_ends_with_the_code_that_it_tells_last, .timeout = 30)
{
    run r = {.start_err = KD_OK};
    cr_expect_eq(kd_daemon_run(&program, &r, KD_INFO), KD_EXIT_UNKNOWN);
    cr_expect_str_eq(r.order, "start started finish stopped");
}

Test(daemon, a_failed_start_is_freed_and_its_error_makes_the_code, .timeout = 30)
{
    run r = {.start_err = KD_EUNAVAILABLE};
    cr_expect_eq(kd_daemon_run(&program, &r, KD_INFO), KD_EXIT_UNAVAILABLE);
    cr_expect_str_eq(r.order, "start finish ");
}

/* docs/operations.md, "Exit codes": a service manager restarts on 1 and 4, not on 2. */
Test(daemon, an_error_that_a_restart_cannot_mend_is_usage)
{
    static const struct {
        int err, code;
    } rows[] = {{KD_OK, 0},     {KD_EIO, 1},       {KD_EMALFORMED, 1}, {KD_ETIMEOUT, 1},
                {KD_EINVAL, 2}, {KD_EMISMATCH, 2}, {KD_ENOTFOUND, 2},  {KD_EUNAVAILABLE, 4}};
    for (size_t i = 0; i < KD_COUNT(rows); i++) cr_expect_eq(kd_exit_code_of(rows[i].err), rows[i].code);
}

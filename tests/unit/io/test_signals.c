/* test_signals.c - signals as events of a loop, and word to systemd. */
#include "common/io/loop/signals.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char order[16];

static void on_reload(void *arg)
{
    strcat(order, "r");
    kill(getpid(), SIGTERM);
    (void)arg;
}

static void on_drain(void *arg)
{
    strcat(order, "d");
    kd_loop_stop(arg);
}

Test(signals, hangup_reloads_and_terminate_drains)
{
    kd_loop *loop;
    kd_signals *signals;
    cr_assert_eq(kd_loop_create(&loop, "main"), KD_OK);
    kd_signal_hooks hooks = {.arg = loop, .drain = on_drain, .reload = on_reload};
    cr_assert_eq(kd_signals_create(&signals, loop, &hooks), KD_OK);
    raise(SIGHUP);
    kd_loop_run(loop);
    cr_expect_str_eq(order, "rd");
    kd_signals_destroy(signals);
    kd_loop_destroy(loop);
}

Test(signals, a_hangup_during_the_start_waits_for_its_hook)
{
    kd_loop *loop;
    kd_signals *signals;
    kd_signals_hold();
    raise(SIGHUP);
    cr_assert_eq(kd_loop_create(&loop, "main"), KD_OK);
    kd_signal_hooks hooks = {.arg = loop, .drain = on_drain, .reload = on_reload};
    cr_assert_eq(kd_signals_create(&signals, loop, &hooks), KD_OK);
    kd_loop_run(loop);
    cr_expect_str_eq(order, "rd");
    kd_signals_destroy(signals);
    kd_loop_destroy(loop);
}

Test(signals, systemd_is_told)
{
    char dir[] = "/tmp/kudos-notify-XXXXXX", path[64], got[128] = "";
    cr_assert_not_null(mkdtemp(dir));
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(path, sizeof path, "%s/s", dir);
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    unsetenv("NOTIFY_SOCKET");
    cr_expect_eq(kd_notify("READY=1"), KD_OK);
    setenv("NOTIFY_SOCKET", path, 1);
    cr_expect_eq(kd_notify("READY=1"), KD_OK);
    cr_expect_eq(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), 7);
    cr_expect_str_eq(got, "READY=1");
    cr_expect_eq(kd_notify_reloading(), KD_OK);
    cr_expect(recv(fd, got, sizeof got - 1, MSG_DONTWAIT) > 0);
    cr_expect_eq(strncmp(got, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    close(fd);
    unlink(path);
    cr_expect_eq(kd_notify("READY=1"), KD_EIO);
    rmdir(dir);
}

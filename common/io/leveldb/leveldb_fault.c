/* leveldb_fault.c - see the header. The handler calls async-signal-safe functions only, so its line of log is a literal. */
#include "common/io/leveldb/leveldb_fault.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "common/io/daemon/options_file.h"

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    static const char line[] =
        "{\"level\":\"error\",\"event\":\"storage-failed\",\"cause\":\"a mapped file of a store cannot be "
        "read (SIGBUS)\","
        "\"exit_code\":1}\nstorage failed: a mapped file of a store cannot be read (SIGBUS)\n";
    (void)context;
    if (info->si_code == BUS_ADRERR || info->si_code == BUS_OBJERR) {
        ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
        (void)written;
        _exit(KD_EXIT_FAILED);
    }
    /* Another cause than a mapped file is a bug: end as without this handler. */
    signal(number, SIG_DFL);
    raise(number);
}

static void fault_install(void)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

void kd_leveldb_fault_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fault_install);
}

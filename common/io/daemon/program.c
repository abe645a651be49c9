/* program.c - see the header. */
#include "common/io/daemon/program.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "common/io/daemon/exit_code.h"

/* open(2) takes the lowest free number, and all lower ones are in use by then. */
static void program_fill_stream(int fd)
{
    if (fcntl(fd, F_GETFD) >= 0) return;
    int unusable = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", unusable) != fd) _exit(KD_EXIT_UNAVAILABLE);
}

void kd_program_begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) program_fill_stream(fd);
}

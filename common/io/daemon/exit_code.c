/* exit_code.c - see the header. */
#include "common/io/daemon/exit_code.h"

#include <stdio.h>
#include <stdio_ext.h>

#include "common/base/text.h"

int kd_exit_code_of(int err)
{
    switch (err) {
    case KD_OK:
        return KD_EXIT_OK;
    case KD_EINVAL:
    case KD_EMISMATCH:
    case KD_ENOTFOUND:
        return KD_EXIT_USAGE;
    case KD_EUNAVAILABLE:
        return KD_EXIT_UNAVAILABLE;
    default:
        return KD_EXIT_FAILED;
    }
}

/* An error may quote a server, whose bytes must not steer the terminal. */
static void command_put_plain(const char *text)
{
    for (; *text != '\0'; text++) fputc(kd_text_steers((uint8_t)*text) ? '?' : *text, stderr);
}

int kd_command_end(const char *program, const char *command, int code, const char *error)
{
    const char *blank = command[0] ? " " : "";
    if (code != KD_EXIT_OK && error[0] != '\0') {
        fprintf(stderr, "%s%s%s: ", program, blank, command);
        command_put_plain(error);
        fputc('\n', stderr);
    }
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "%s%s%s: %sstandard output did not take all that was printed\n", program, blank, command,
            code == KD_EXIT_OK ? "done, but " : "");
    __fpurge(stdout); /* so that a second call, or exit(3), finds nothing to write */
    clearerr(stdout);
    return KD_EXIT_FAILED;
}

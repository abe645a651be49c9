/* test_program.c - how a program begins, and what its last word is when nobody takes what it prints. */
#include "common/io/daemon/program.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/io/daemon/exit_code.h"

Test(program, outlives_writes_that_cannot_be_done)
{
    kd_program_begin();
    raise(SIGPIPE);
    raise(SIGXFSZ);
}

Test(program, opens_no_file_in_place_of_a_standard_stream)
{
    char byte = 'x';
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    kd_program_begin();
    int file = open("/dev/zero", O_RDWR);
    cr_expect_gt(file, STDERR_FILENO);
    cr_expect_eq(write(STDOUT_FILENO, &byte, 1), -1);
    cr_expect_eq(read(STDIN_FILENO, &byte, 1), -1);
    close(file);
}

/* A command's own check and that of the program behind it are one message. */
Test(program, tells_once_that_nobody_took_what_was_printed)
{
    FILE *said = tmpfile();
    dup2(fileno(said), STDERR_FILENO);
    cr_assert_not_null(freopen("/dev/full", "w", stdout));
    printf("a verdict\n");
    cr_expect_eq(kd_command_end("p", "c", KD_EXIT_OK, ""), KD_EXIT_FAILED);
    cr_expect_eq(kd_command_end("p", "c", KD_EXIT_FAILED, ""), KD_EXIT_FAILED);
    char text[256] = "";
    rewind(said);
    cr_expect_eq(fread(text, 1, sizeof text - 1, said),
                 strlen("p c: done, but standard output did not take all that was printed\n"));
    cr_expect_str_eq(text, "p c: done, but standard output did not take all that was printed\n");
    fclose(said);
}

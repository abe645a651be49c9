/*
 * central/io/export.c - `kudos-central export`: all liked rows as sorted lines of TSV: counter, item, user,
 * stamp in us, region.
 *
 * Sorting is sort(1)'s, in the C locale, which spills to disk: an export does not have to fit into memory.
 * Nothing is printed before all of it was read, so a failed export is an empty one.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "central/io/commands.h"
#include "central/io/source.h"
#include "common/io/options_file.h"

/* sort(1) reads from *in and writes to our standard output. */
static int start_sort(pid_t *pid, int *in)
{
    char *const argv[] = {"sort", NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    if (pipe(ends) != 0) return KD_EIO;
    setenv("LC_ALL", "C", 1);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int err = posix_spawnp(pid, "sort", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    *in = ends[1];
    if (err == 0) return KD_OK;
    close(ends[1]);
    return KD_EUNAVAILABLE;
}

static int pass_on(void *arg, kd_bytes lines)
{
    int fd = *(int *)arg;
    while (lines.len > 0) {
        ssize_t n = write(fd, lines.data, lines.len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return KD_EIO;
        lines = kd_bytes_of(lines.data + n, lines.len - (size_t)n);
    }
    return KD_OK;
}

static int export(const kd_source *source, char *error)
{
    pid_t pid;
    int in, status = -1;
    signal(SIGPIPE, SIG_IGN); /* a sort that died is an error of write */
    if (start_sort(&pid, &in) != KD_OK) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "sort(1) cannot be started");
        return KD_EXIT_UNAVAILABLE;
    }
    int code = kd_source_each(source, pass_on, &in, error);
    if (code != KD_EXIT_OK) kill(pid, SIGKILL);
    close(in);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (code == KD_EXIT_OK && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "sort(1) failed: no space for its temporary files, or nobody reads");
        code = KD_EXIT_FAILED;
    }
    return code;
}

int kd_command_export(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_source source;
    int code = kd_source_parse(&source, argc, argv);
    if (code >= 0) return code;
    code = export(&source, error);
    if (code != KD_EXIT_OK) fprintf(stderr, "kudos-central export: %s\n", error);
    kd_source_finish(&source);
    return code;
}

/*
 * export_command.c - `kudos-central export`: all liked rows as sorted lines of TSV: counter, item, user, stamp in us, region; with --sums also the sums.
 *
 * sort(1) sorts them, in the C locale; it spills to disk, so an export need not fit into memory. It prints nothing before it has read everything: a
 * failed export prints nothing.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "central/io/commands/arguments.h"
#include "central/io/commands/commands.h"

static bool with_sums;

/* sort(1) reads from *in and writes to our standard output. */
static int export_start_sort(pid_t *pid, int *in)
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

static int export_pass_on(void *arg, kd_bytes lines)
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

/* Liked rows, then sums where they are wanted: sort(1) puts them together. */
static int export_feed(kd_source *source, int in, char *error)
{
    int code = kd_source_each(source, export_pass_on, &in, error);
    source->sums = true;
    if (code == KD_EXIT_OK && with_sums) code = kd_source_each(source, export_pass_on, &in, error);
    return code;
}

static int export_run(kd_source *source, char *error)
{
    pid_t pid;
    int in, status = -1;
    if (export_start_sort(&pid, &in) != KD_OK) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "sort(1) cannot be started");
        return KD_EXIT_UNAVAILABLE;
    }
    int code = export_feed(source, in, error);
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

/* Options of its own: --url is central's public port here, as an export does not go by the admin port, and has no default. */
static const char *url, *dir, *ca, *cert, *key;
static const kd_arg options[] = {
    KD_ARG_TEXT("url", "URL", &url,
                "central's public port, which takes this caller for an operator; of several, parted by "
                "commas, each partition's first that answers"),
    KD_ARG_TEXT("dir", "DIR", &dir,
                "data directory of a central that does not run; refused while a process holds it"),
    KD_ARG_FLAG("sums", &with_sums, "also the sums, in lines of four: counter, item, amount, region"),
    KD_ARG_TEXT("ca", "FILE", &ca, "PEM authorities of an https URL; default: those of the system"),
    KD_ARG_TEXT("cert", "FILE", &cert, "PEM certificate to show to central"),
    KD_ARG_TEXT("key", "FILE", &key, "PEM key of it"),
};

static const kd_command_line line = {
    .usage = "(--url U [--token-file F] [--ca F] [--cert F --key F] | --dir D) [--sums] [-c FILE] [--set "
             "section.key=value]...",
    .about = "Prints all liked rows as sorted lines of TSV: counter, item, user, stamp in us, region.\n"
             "Exit codes: 0 done, 1 failed (nothing was printed), 2 usage, 4 not reached or in use.",
    .options = options,
    .option_count = KD_COUNT(options),
    .settings = true,
    .token = true,
};

int kd_command_export(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    if ((!url) == (!dir) || (!cert) != (!key)) {
        snprintf(error, sizeof(error), "one of --url and --dir; --cert and --key go together");
        code = KD_EXIT_USAGE;
    } else {
        a.source.url = url;
        a.source.dir = dir;
        a.source.ca = ca;
        a.source.cert = cert;
        a.source.key = key;
        code = export_run(&a.source, error);
    }
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}

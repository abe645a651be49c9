/* command.c - the command line that all daemons share (common/io/daemon/options_file.h). */
#include "common/io/daemon/options_file.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kudos/limits.h"

enum { OPT_HELP = 'h', OPT_SET = 256, OPT_VERSION, OPT_REFERENCE };

static const struct option long_options[] = {
    {"set", required_argument, NULL, OPT_SET},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {"reference", no_argument, NULL, OPT_REFERENCE},
    {NULL, 0, NULL, 0},
};

/* Prints and frees the text; the exit code. */
static int command_print(const kd_options *options, kd_buf *text)
{
    fwrite(text->data, 1, text->len, stdout);
    kd_buf_finish(text);
    return kd_command_end(options->program, "", KD_EXIT_OK, "");
}

static int print_version(const kd_options *options)
{
    printf("%s %s (wire schema %d, storage schema %d)\n", options->program, KD_PROGRAM_VERSION,
           (int)KD_WIRE_SCHEMA, (int)KD_STORAGE_SCHEMA);
    return kd_command_end(options->program, "", KD_EXIT_OK, "");
}

static int print_about(const kd_options *options, int what)
{
    kd_buf text = {0};
    if (what == OPT_VERSION) return print_version(options);
    if (what == OPT_HELP)
        kd_options_help(options, &text);
    else
        kd_options_reference(options, &text);
    return command_print(options, &text);
}

static int usage_error(const kd_options *options, const char *what)
{
    fprintf(stderr, "%s: %s; try %s --help\n", options->program, what, options->program);
    return KD_EXIT_USAGE;
}

/* -1 to go on, or the exit code. */
static int read_arguments(kd_command *c, const kd_options *options, int argc, char **argv)
{
    optind = 0; /* start anew, also when a program has read a command line before */
    for (int got; (got = getopt_long(argc, argv, "c:th", long_options, NULL)) != -1;) {
        switch (got) {
        case 'c':
            c->file = optarg;
            break;
        case 't':
            c->check_only = true;
            break;
        case OPT_SET:
            c->sets[c->set_count++] = optarg;
            break;
        case OPT_HELP:
        case OPT_VERSION:
        case OPT_REFERENCE:
            return print_about(options, got);
        default:
            return usage_error(options, "the command line is not understood");
        }
    }
    if (optind < argc) return usage_error(options, "there is an argument too many");
    return c->file == NULL ? usage_error(options, "-c FILE is missing") : -1;
}

/* The same for -t and for a start. */
static int load_checked(const kd_command *c, const kd_options *options, void *config)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    if (kd_options_load_file(options, c->file, c->sets, c->set_count, config, error) != KD_OK) {
        fprintf(stderr, "%s: %s\n", options->program, error);
        return KD_EINVAL;
    }
    if (options->check == NULL || options->check(config, error) == KD_OK) return KD_OK;
    fprintf(stderr, "%s: %s: %s\n", options->program, c->file, error);
    kd_options_finish(options, config);
    return KD_EINVAL;
}

int kd_command_start(kd_command *c, const kd_options *options, int argc, char **argv, void *config)
{
    *c = (kd_command){.sets = kd_alloc((size_t)KD_MAX(argc, 1) * sizeof *c->sets)};
    int code = read_arguments(c, options, argc, argv);
    if (code >= 0) return code;
    if (load_checked(c, options, config) != KD_OK) return KD_EXIT_USAGE;
    if (!c->check_only) return -1;
    kd_options_finish(options, config);
    printf("configuration %s is valid\n", c->file);
    return kd_command_end(options->program, "", KD_EXIT_OK, "");
}

int kd_command_reload(const kd_command *c, const kd_options *options, void *config, char *error)
{
    return kd_options_load_file(options, c->file, c->sets, c->set_count, config, error);
}

void kd_command_finish(kd_command *c)
{
    free(c->sets);
    *c = (kd_command){0};
}

int kd_command_end(const char *program, const char *command, int code, const char *error)
{
    const char *blank = command[0] ? " " : "";
    if (code != KD_EXIT_OK && error[0] != '\0')
        fprintf(stderr, "%s%s%s: %s\n", program, blank, command, error);
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "%s%s%s: %sstandard output did not take all that was printed\n", program, blank, command,
            code == KD_EXIT_OK ? "done, but " : "");
    return KD_EXIT_FAILED;
}

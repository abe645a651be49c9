/* command.c - see the header. */
#include "common/io/daemon/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/options_file.h"
#include "kudos/limits.h"

static int command_print_version(const kd_options *options)
{
    printf("%s %s (wire schema %d, storage schema %d)\n", options->program, KD_PROGRAM_VERSION,
           (int)KD_WIRE_SCHEMA, (int)KD_STORAGE_SCHEMA);
    return kd_command_end(options->program, "", KD_EXIT_OK, "");
}

static int command_print_reference(const kd_options *options)
{
    kd_buf text = {0};
    kd_options_reference(options, &text);
    fwrite(text.data, 1, text.len, stdout);
    kd_buf_finish(&text);
    return kd_command_end(options->program, "", KD_EXIT_OK, "");
}

/* -1 to go on, or the exit code. */
static int command_read_line(kd_command *c, const kd_options *options, int argc, char **argv)
{
    bool version = false, reference = false;
    char about[256];
    const kd_arg table[] = {
        KD_ARG_TEXT(NULL, "FILE", &c->file, "configuration file", .letter = 'c', .required = true),
        KD_ARG_FLAG(NULL, &c->check_only, "checks the configuration and exits with 0 or 2", .letter = 't'),
        KD_ARG_FLAG("openapi", &c->openapi,
                    "prints the description of the API (OpenAPI) with this configuration"),
        KD_ARG_LIST("set", "section.key=value", &c->sets, "overrides one option; may be repeated"),
        KD_ARG_ANSWER("version", &version, "prints the versions of program, wire and storage"),
        KD_ARG_ANSWER("reference", &reference, "prints all options as Markdown"),
    };
    const kd_args args = {.program = options->program,
                          .command = "",
                          .usage =
                              "-c FILE [-t | --openapi] [--set section.key=value]... | --help | --version | "
                              "--reference",
                          .about = about,
                          .at = table,
                          .count = KD_COUNT(table),
                          .options = options};
    snprintf(about, sizeof about, "%s.\nSIGTERM drains and ends, SIGHUP reloads.", options->about);
    int code = kd_args_read(&args, argc, argv);
    if (code >= 0) return code;
    if (version) return command_print_version(options);
    return reference ? command_print_reference(options) : -1;
}

/* -t refuses exactly the configurations that a start refuses. */
static int command_load_checked(const kd_command *c, const kd_options *options, void *config)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    if (kd_options_load_file(options, c->file, c->sets.at, c->sets.count, config, error) != KD_OK) {
        fprintf(stderr, "%s: %s\n", options->program, error);
        return KD_EINVAL;
    }
    if (options->check == NULL || options->check(config, error) == KD_OK) return KD_OK;
    fprintf(stderr, "%s: %s: %s\n", options->program, c->file, error);
    kd_options_finish(options, config);
    return KD_EINVAL;
}

static void command_tell_valid(const kd_command *c, const kd_options *options, const void *config)
{
    const char *advice = options->advise ? options->advise(config) : NULL;
    if (advice) fprintf(stderr, "%s: %s: %s\n", options->program, c->file, advice);
    printf("configuration %s is valid\n", c->file);
}

int kd_command_start(kd_command *c, const kd_options *options, int argc, char **argv, void *config)
{
    *c = (kd_command){.file = NULL};
    int code = command_read_line(c, options, argc, argv);
    if (code >= 0) return code;
    if (command_load_checked(c, options, config) != KD_OK) return KD_EXIT_USAGE;
    if (!c->check_only) return -1;
    command_tell_valid(c, options, config);
    kd_options_finish(options, config);
    return kd_command_end(options->program, "", KD_EXIT_OK, "");
}

int kd_command_reload(const kd_command *c, const kd_options *options, void *config, char *error)
{
    return kd_options_load_again(options, c->file, c->sets.at, c->sets.count, config, error);
}

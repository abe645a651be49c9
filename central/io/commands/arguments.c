/* arguments.c - see the header. */
#include "central/io/commands/arguments.h"

#include <stdio.h>

typedef struct {
    kd_arg at[KD_ARGS_MAX];
    size_t count;
    const char *file, *token_file;
    kd_args_list sets;
} arguments_table;

static void arguments_add(arguments_table *t, kd_arg a)
{
    KD_ASSERT(t->count < KD_ARGS_MAX);
    t->at[t->count++] = a;
}

static void arguments_build(arguments_table *t, kd_arguments *a, const kd_command_line *line)
{
    kd_source *s = &a->source;
    for (size_t i = 0; i < line->option_count; i++) arguments_add(t, line->options[i]);
    if (line->url)
        arguments_add(
            t, (kd_arg)KD_ARG_TEXT("url", "URL", &s->url,
                                   "central's admin port, or its public one (from a trusted peer, which is "
                                   "told the admin port); of several, parted by commas, the first that "
                                   "answers, for orders the one that leads; default: admin.listen of -c, or "
                                   "http://127.0.0.1:9440"));
    if (line->url || line->token)
        arguments_add(t,
                      (kd_arg)KD_ARG_TEXT("token-file", "FILE", &t->token_file,
                                          "file whose first line is the token to show to that port; default: "
                                          "the file that " KD_TOKEN_FILE_VARIABLE " names, or no token"));
    if (line->dir)
        arguments_add(
            t, (kd_arg)KD_ARG_TEXT("dir", "DIR", &s->dir,
                                   "data directory of a central that does not run; refused while a process "
                                   "holds it"));
    if (!line->url && !line->dir && !line->settings) return;
    arguments_add(t,
                  (kd_arg)KD_ARG_TEXT(NULL, "FILE", &t->file,
                                      "configuration of that central (counters, partitions)", .letter = 'c'));
    arguments_add(t, (kd_arg)KD_ARG_LIST("set", "section.key=value", &t->sets, "overrides one option of it"));
}

/* Loads the configuration that -c and --set told. KD_OK, or KD_EINVAL with `error`. */
static int arguments_load(kd_arguments *a, const arguments_table *t, char *error)
{
    const char *sets[KD_ARGS_LIST_MAX + 1]; /* kd_source_load puts another one behind */
    memcpy(sets, t->sets.at, t->sets.count * sizeof sets[0]);
    return kd_source_load(&a->source, t->file, sets, t->sets.count, error);
}

/* The admin port that -c names, or the default one. */
static void arguments_default_url(kd_arguments *a)
{
    const kd_address *admin = &a->source.settings.admin;
    bool any = admin->host[0] == '\0' || strcmp(admin->host, "*") == 0 || strcmp(admin->host, "0.0.0.0") == 0;
    const char *host = any ? "127.0.0.1" : admin->host;
    snprintf(a->url, sizeof(a->url), strchr(host, ':') ? "http://[%s]:%u" : "http://%s:%u", host,
             admin->port);
    a->source.url = a->url;
}

int kd_arguments_read(kd_arguments *a, const kd_command_line *line, int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX];
    arguments_table t = {.count = 0};
    *a = (kd_arguments){.word_count = 0};
    arguments_build(&t, a, line);
    const kd_args args = {.program = "kudos-central",
                          .command = argv[0],
                          .usage = line->usage,
                          .about = line->about,
                          .at = t.at,
                          .count = t.count,
                          .operands = a->words,
                          .operands_min = line->words_min,
                          .operands_max = line->words_max,
                          .once = true,
                          .more = "Exit code 1 also when standard output is full or closed; standard error "
                                  "then says whether the work is done."};
    int code = kd_args_read(&args, argc, argv);
    if (code >= 0) return code;
    if (a->source.url && a->source.dir) return kd_args_refuse(&args, "--url and --dir exclude each other");
    if (line->dir && !line->url && !a->source.dir) return kd_args_refuse(&args, "--dir is missing");
    bool stopped = a->source.dir && !line->token; /* nobody is asked */
    if ((!stopped && kd_token_of_command(t.token_file, a->source.token, error) != KD_OK) ||
        arguments_load(a, &t, error) != KD_OK) {
        fprintf(stderr, "kudos-central %s: %s\n", argv[0], error);
        return KD_EXIT_USAGE;
    }
    while (a->word_count < line->words_max && a->words[a->word_count]) a->word_count++;
    if (line->url && !a->source.url && !a->source.dir) arguments_default_url(a);
    return -1;
}

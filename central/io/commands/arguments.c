/* arguments.c - see the header. */
#include "central/io/commands/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/options_file.h"

enum { FIRST = 256 };

typedef struct {
    kd_argument at[KD_ARGUMENTS_MAX];
    size_t count;
    const char *file, *set;
    const char **sets;
    size_t set_count;
    bool help;
} arguments_table;

static void arguments_add(arguments_table *t, kd_argument a)
{
    KD_ASSERT(t->count < KD_ARGUMENTS_MAX);
    t->at[t->count++] = a;
}

static void arguments_build(arguments_table *t, kd_arguments *a, const kd_command_line *line)
{
    kd_source *s = &a->source;
    for (size_t i = 0; i < line->option_count; i++) arguments_add(t, line->options[i]);
    if (line->url)
        arguments_add(
            t, (kd_argument){"url", "URL", &s->url, NULL,
                             "central's admin port, or its public one (from a trusted peer, which is told "
                             "the admin port); "
                             "default: admin.listen of -c, or http://127.0.0.1:9440"});
    if (line->dir)
        arguments_add(
            t,
            (kd_argument){"dir", "DIR", &s->dir, NULL,
                          "data directory of a central that does not run; refused while a process holds it"});
    if (line->url || line->dir || line->settings) {
        arguments_add(t, (kd_argument){"c", "FILE", &t->file, NULL,
                                       "configuration of that central (counters, partitions)"});
        arguments_add(t,
                      (kd_argument){"set", "section.key=value", &t->set, NULL, "overrides one option of it"});
    }
    arguments_add(t, (kd_argument){"help", NULL, NULL, &t->help, "prints this"});
    arguments_add(t, (kd_argument){"h", NULL, NULL, &t->help, "the same"});
}

static void arguments_print_help(FILE *out, const arguments_table *t, const kd_command_line *line,
                                 const char *name)
{
    fprintf(out, "usage: kudos-central %s %s\n\n%s\n\n", name, line->usage, line->about);
    for (size_t i = 0; i < t->count; i++)
        fprintf(out, "  %s%s%s%s\n        %s\n", t->at[i].name[1] ? "--" : "-", t->at[i].name,
                t->at[i].metavar ? " " : "", t->at[i].metavar ? t->at[i].metavar : "", t->at[i].doc);
    fprintf(out, "\nExit code 1 also when standard output is full or closed; standard error then says "
                 "whether the work is done.\n");
}

static int arguments_take(arguments_table *t, const kd_argument *a)
{
    if (!a->value) {
        *a->given = true;
    } else if (a->value == &t->set) {
        t->sets[t->set_count++] = optarg;
    } else if (*a->value) {
        return KD_EINVAL; /* twice */
    } else {
        *a->value = optarg;
    }
    return KD_OK;
}

static int arguments_read_options(arguments_table *t, int argc, char **argv)
{
    struct option longs[KD_ARGUMENTS_MAX + 1] = {{NULL, 0, NULL, 0}};
    char shorts[2 * KD_ARGUMENTS_MAX + 1] = "";
    for (size_t i = 0; i < t->count; i++) {
        const kd_argument *a = &t->at[i];
        longs[i] =
            (struct option){a->name, a->metavar ? required_argument : no_argument, NULL, FIRST + (int)i};
        if (a->name[1] == '\0') strcat(strcat(shorts, a->name), a->metavar ? ":" : "");
    }
    optind = 0;
    for (int got; (got = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        size_t i = (size_t)(got - FIRST);
        for (size_t k = 0; got < FIRST && k < t->count; k++)
            if (t->at[k].name[1] == '\0' && t->at[k].name[0] == got) i = k;
        if (i >= t->count || arguments_take(t, &t->at[i]) != KD_OK) return KD_EINVAL;
    }
    return KD_OK;
}

static bool arguments_read_words(kd_arguments *a, const kd_command_line *line, int argc, char **argv)
{
    uint32_t n = (uint32_t)(argc - optind);
    if (n < line->words_min || n > line->words_max) return false;
    for (uint32_t i = 0; i < n; i++) a->words[i] = argv[optind + (int)i];
    a->word_count = n;
    return true;
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
    arguments_table t = {.sets = kd_alloc(sizeof(char *) * (size_t)(argc + 2))};
    *a = (kd_arguments){.word_count = 0};
    arguments_build(&t, a, line);
    int code = -1;
    bool good = arguments_read_options(&t, argc, argv) == KD_OK;
    if (t.help) {
        arguments_print_help(stdout, &t, line, argv[0]);
        code = kd_command_end("kudos-central", argv[0], KD_EXIT_OK, "");
    } else if (!good || !arguments_read_words(a, line, argc, argv) || (a->source.url && a->source.dir) ||
               (line->dir && !line->url && !a->source.dir)) {
        fprintf(stderr, "usage: kudos-central %s %s\n", argv[0], line->usage);
        code = KD_EXIT_USAGE;
    } else if (kd_source_load(&a->source, t.file, t.sets, t.set_count, error) != KD_OK) {
        fprintf(stderr, "kudos-central %s: %s\n", argv[0], error);
        code = KD_EXIT_USAGE;
    }
    if (code < 0 && line->url && !a->source.url && !a->source.dir) arguments_default_url(a);
    free(t.sets);
    return code;
}

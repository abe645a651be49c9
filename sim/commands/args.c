/*
 * args.c - parses `--name value` and `--name=value` by a table. Everything unknown, missing or out of bounds
 * is named.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/commands/args.h"

static void args_print_help(const sim_args *a)
{
    printf("usage: kudos-sim %s%s%s [options]\n\n%s\n\n", a->command, a->positional ? " " : "",
           a->positional ? a->positional : "", a->about);
    for (size_t i = 0; i < a->count; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", a->at[i].name, a->at[i].value ? " " : "",
                 a->at[i].value ? a->at[i].value : "");
        printf("  %-24s %s\n", left, a->at[i].help);
    }
    printf("  %-24s %s\n", "-h, --help", "this");
    if (a->more) printf("\n%s\n", a->more);
}

static int complain(const sim_args *a, const char *what, const char *about)
{
    fprintf(stderr, "kudos-sim %s: %s: %s (--help shows all options)\n", a->command, about, what);
    return KD_EXIT_USAGE;
}

static bool parse_uint(const char *text, uint64_t *value)
{
    if (*text < '0' || *text > '9') return false;
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool parse_real(const char *text, double *value)
{
    if (strspn(text, "0123456789.") != strlen(text)) return false;
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

static bool args_within(const sim_arg *arg, double value)
{
    return value >= arg->min && (arg->max <= 0 || value <= arg->max);
}

static int args_take_number(const sim_args *a, const sim_arg *arg, const char *text)
{
    uint64_t whole = 0;
    double real = 0;
    bool ok = arg->kind == KD_ARG_UINT ? parse_uint(text, &whole) : parse_real(text, &real);
    if (!ok) return complain(a, arg->kind == KD_ARG_UINT ? "not a whole number" : "not a number", text);
    if (!args_within(arg, arg->kind == KD_ARG_UINT ? (double)whole : real))
        return complain(a, "out of bounds", text);
    if (arg->kind == KD_ARG_UINT)
        *(uint64_t *)arg->to = whole;
    else
        *(double *)arg->to = real;
    return -1;
}

static int args_take(const sim_args *a, const sim_arg *arg, const char *text)
{
    if (arg->kind == KD_ARG_UINT || arg->kind == KD_ARG_REAL) return args_take_number(a, arg, text);
    if (*text == '\0') return complain(a, "empty", arg->name);
    if (arg->kind == KD_ARG_TEXT) {
        *(const char **)arg->to = text;
        return -1;
    }
    sim_arg_list *list = arg->to;
    if (list->count == KD_ARGS_VALUES_MAX) return complain(a, "given too often", arg->name);
    list->at[list->count++] = text;
    return -1;
}

static const sim_arg *args_find(const sim_args *a, const char *name, size_t len)
{
    for (size_t i = 0; i < a->count; i++) {
        if (strlen(a->at[i].name) == len && strncmp(a->at[i].name, name, len) == 0) return &a->at[i];
    }
    return NULL;
}

static int take_option(const sim_args *a, int argc, char **argv, int *i)
{
    const char *given = argv[*i] + 2;
    const char *equals = strchr(given, '=');
    const sim_arg *arg = args_find(a, given, equals ? (size_t)(equals - given) : strlen(given));
    if (!arg) return complain(a, "unknown option", argv[*i]);
    if (arg->kind == KD_ARG_FLAG) {
        if (equals) return complain(a, "takes no value", argv[*i]);
        *(bool *)arg->to = true;
        return -1;
    }
    if (equals) return args_take(a, arg, equals + 1);
    if (*i + 1 >= argc) return complain(a, "needs a value", argv[*i]);
    return args_take(a, arg, argv[++*i]);
}

bool sim_args_asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int sim_args_parse(const sim_args *a, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int rc = -1;
        if (sim_args_asks_help(argv[i])) {
            args_print_help(a);
            return KD_EXIT_OK;
        }
        if (strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0')
            rc = take_option(a, argc, argv, &i);
        else if (a->positional && !*a->positional_to)
            *a->positional_to = argv[i];
        else
            rc = complain(a, "unexpected argument", argv[i]);
        if (rc >= 0) return rc;
    }
    if (a->positional && !*a->positional_to) return complain(a, "missing", a->positional);
    return -1;
}

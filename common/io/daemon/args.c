/* args.c - see the header. */
#include "common/io/daemon/args.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"

/* What getopt_long returns for the long name of option i is ARGS_LONG + i; a letter is returned as itself. */
enum { ARGS_LONG = 256, ARGS_ERROR_MAX = 256, ARGS_WIDTH = 110, ARGS_INDENT = 8 };

typedef struct {
    const kd_args *args;
    bool given[KD_ARGS_MAX];
    bool help, answer;
    char error[ARGS_ERROR_MAX]; /* the first one; "" while the line is right */
} args_reading;

/* ---- what is told ---- */

static void args_put_name(const kd_args *a, FILE *out)
{
    fprintf(out, "%s%s%s", a->program, a->command[0] ? " " : "", a->command);
}

static void args_put_usage(const kd_args *a, FILE *out)
{
    fputs("usage: ", out);
    args_put_name(a, out);
    fprintf(out, " %s\n", a->usage);
}

/* The words of a text in lines of at most ARGS_WIDTH bytes, each behind an indent. */
static void args_put_wrapped(const char *text)
{
    int column = 0;
    for (const char *word = text + strspn(text, " \n"); *word != '\0';) {
        int len = (int)strcspn(word, " \n");
        bool breaks = column > 0 && column + 1 + len > ARGS_WIDTH;
        if (breaks) putchar('\n');
        if (breaks || column == 0)
            column = printf("%*s%.*s", ARGS_INDENT, "", len, word);
        else
            column += printf(" %.*s", len, word);
        word += len;
        word += strspn(word, " \n");
    }
    putchar('\n');
}

static void args_put_option(const kd_arg *o)
{
    char letter[3] = {'-', o->letter, '\0'};
    printf("  %s%s%s%s%s%s\n", o->letter ? letter : "", o->letter && o->name ? ", " : "", o->name ? "--" : "",
           o->name ? o->name : "", o->value ? " " : "", o->value ? o->value : "");
    args_put_wrapped(o->help);
}

static int args_print_help(const kd_args *a)
{
    static const kd_arg help = {.name = "help", .letter = 'h', .help = "prints this text"};
    kd_buf options = {0};
    args_put_usage(a, stdout);
    printf("\n%s\n\n", a->about);
    for (size_t i = 0; i < a->count; i++) args_put_option(&a->at[i]);
    args_put_option(&help);
    if (a->more) printf("\n%s\n", a->more);
    if (a->options) kd_options_help(a->options, &options);
    if (options.len > 0) fwrite(options.data, 1, options.len, stdout);
    kd_buf_finish(&options);
    return kd_command_end(a->program, a->command, KD_EXIT_OK, "");
}

int kd_args_refuse(const kd_args *a, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    args_put_name(a, stderr);
    fputs(": ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    args_put_usage(a, stderr);
    va_end(list);
    return KD_EXIT_USAGE;
}

/* ---- one option ---- */

/* Later errors may follow from the first one: they are not told. */
static void args_wrong(args_reading *r, const char *option, const char *cause)
{
    if (r->error[0] == '\0') snprintf(r->error, sizeof r->error, "%s%s", option, cause);
}

static void args_wrong_option(args_reading *r, const kd_arg *o, const char *cause)
{
    char shown[64];
    if (o->name)
        snprintf(shown, sizeof shown, "--%s", o->name);
    else
        snprintf(shown, sizeof shown, "-%c", o->letter);
    args_wrong(r, shown, cause);
}

static bool args_parse_uint(const char *text, uint64_t *value)
{
    return kd_text_number(kd_bytes_str(text), value);
}

static bool args_parse_real(const char *text, double *value)
{
    char *end;
    if (strspn(text, "0123456789.") != strlen(text)) return false;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

/* KD_OK, KD_EMALFORMED, or KD_EINVAL for a number out of its bounds; then nothing is written. */
static int args_put_number(const kd_arg *o, const char *text)
{
    uint64_t whole = 0;
    double real = 0;
    bool is_whole = o->type == KD_ARG_TYPE_UINT;
    if (!(is_whole ? args_parse_uint(text, &whole) : args_parse_real(text, &real))) return KD_EMALFORMED;
    if (is_whole) real = (double)whole;
    if (real < o->min || (o->max > 0 && real > o->max)) return KD_EINVAL;
    if (is_whole)
        *(uint64_t *)o->to = whole;
    else
        *(double *)o->to = real;
    return KD_OK;
}

static void args_take_number(args_reading *r, const kd_arg *o, const char *text)
{
    int err = args_put_number(o, text);
    if (err == KD_EINVAL) args_wrong_option(r, o, ": the number is out of bounds");
    if (err == KD_EMALFORMED)
        args_wrong_option(r, o, o->type == KD_ARG_TYPE_UINT ? " takes a whole number" : " takes a number");
}

static void args_take_item(args_reading *r, const kd_arg *o, const char *text)
{
    kd_args_list *list = o->to;
    if (list->count == KD_ARGS_LIST_MAX)
        args_wrong_option(r, o, " is given too often");
    else
        list->at[list->count++] = text;
}

static void args_take_value(args_reading *r, const kd_arg *o, const char *text)
{
    if (*text == '\0')
        args_wrong_option(r, o, ": the value is empty");
    else if (o->type == KD_ARG_TYPE_LIST)
        args_take_item(r, o, text);
    else if (o->type == KD_ARG_TYPE_TEXT)
        *(const char **)o->to = text;
    else if (o->type != KD_ARG_TYPE_DURATION)
        args_take_number(r, o, text);
    else if (!kd_text_duration(kd_bytes_str(text), o->to))
        args_wrong_option(r, o, " takes a time with its unit (" KD_TEXT_DURATION_UNITS ")");
}

static void args_take(args_reading *r, size_t i, const char *value)
{
    const kd_arg *o = &r->args->at[i];
    bool again = r->given[i];
    r->given[i] = true;
    r->answer = r->answer || o->type == KD_ARG_TYPE_ANSWER;
    if (!o->value)
        *(bool *)o->to = true;
    else if (again && r->args->once && o->type != KD_ARG_TYPE_LIST)
        args_wrong_option(r, o, " is given twice");
    else
        args_take_value(r, o, value);
}

/* ---- the line ---- */

/* The index of the option that getopt_long means; args->count is --help. */
static size_t args_index(const kd_args *a, int got)
{
    size_t i = 0;
    if (got >= ARGS_LONG) return (size_t)(got - ARGS_LONG);
    while (i < a->count && a->at[i].letter != (char)got) i++;
    return i;
}

/* The leading ':' asks getopt_long to tell a missing value (':') from an unknown option ('?'). */
static void args_tell_getopt(const kd_args *a, struct option *longs, char *letters)
{
    *letters++ = ':';
    for (size_t i = 0; i < a->count; i++) {
        const kd_arg *o = &a->at[i];
        if (o->name)
            *longs++ = (struct option){o->name, o->value ? required_argument : no_argument, NULL,
                                       ARGS_LONG + (int)i};
        if (o->letter) *letters++ = o->letter;
        if (o->letter && o->value) *letters++ = ':';
    }
    *longs++ = (struct option){"help", no_argument, NULL, ARGS_LONG + (int)a->count};
    *longs = (struct option){0};
    *letters++ = 'h';
    *letters = '\0';
}

/* `word` is the word of the line that getopt_long refused; a value that may stand in it is not shown. */
static void args_take_refused(args_reading *r, int got, const char *word)
{
    char shown[80];
    if (optopt >= ARGS_LONG)
        snprintf(shown, sizeof shown, "--%s",
                 args_index(r->args, optopt) < r->args->count ? r->args->at[optopt - ARGS_LONG].name
                                                              : "help");
    else if (optopt != 0)
        snprintf(shown, sizeof shown, "-%c", optopt);
    else
        snprintf(shown, sizeof shown, "%.*s", (int)KD_MIN(strcspn(word, "="), sizeof shown - 1), word);
    args_wrong(r, shown,
               got == ':'            ? " needs a value"
               : optopt >= ARGS_LONG ? " takes no value"
                                     : ": unknown option");
}

static void args_take_options(args_reading *r, int argc, char **argv)
{
    struct option longs[KD_ARGS_MAX + 2];
    char letters[2 * KD_ARGS_MAX + 3];
    args_tell_getopt(r->args, longs, letters);
    optind = 0; /* glibc: start anew, also when another line was read before */
    opterr = 0; /* it would print words of its own */
    for (int got; (got = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        size_t i = args_index(r->args, got);
        if (got == '?' || got == ':')
            args_take_refused(r, got, argv[optind - 1]);
        else if (i < r->args->count)
            args_take(r, i, optarg);
        else
            r->help = true;
    }
}

static void args_take_operands(args_reading *r, int argc, char **argv)
{
    const kd_args *a = r->args;
    uint32_t count = (uint32_t)(argc - optind);
    if (count > a->operands_max) args_wrong(r, "", "there is an argument too many");
    if (count < a->operands_min) args_wrong(r, "", "an argument is missing");
    for (uint32_t i = 0; i < KD_MIN(count, a->operands_max); i++) a->operands[i] = argv[optind + (int)i];
}

int kd_args_read(const kd_args *a, int argc, char **argv)
{
    args_reading r = {.args = a};
    KD_ASSERT(a->count <= KD_ARGS_MAX);
    args_take_options(&r, argc, argv);
    args_take_operands(&r, argc, argv);
    for (size_t i = 0; i < a->count; i++)
        if (a->at[i].required && !r.given[i]) args_wrong_option(&r, &a->at[i], " is missing");
    if (r.help) return args_print_help(a);
    return r.answer || r.error[0] == '\0' ? -1 : kd_args_refuse(a, "%s", r.error);
}

/*
 * args.h - the command line of a program, or of one of its commands: a table drives the parser and `--help`.
 *
 *     static const kd_arg table[] = {
 *         KD_ARG_TEXT("dir", "DIR", &dir, "data directory of an edge that does not run", .required = true),
 *         KD_ARG_FLAG("forget", &forget, "takes the sums away after naming them"),
 *     };
 *     const kd_args args = {.program = "kudos-edge", .command = "aside", .usage = "--dir DIR [--forget]",
 *                           .about = "Names the sums that ...", .at = table, .count = KD_COUNT(table)};
 *     int code = kd_args_read(&args, argc, argv);
 *     if (code >= 0) return code;
 *
 * getopt_long reads the line, so its rules hold: `--name VALUE`, `--name=VALUE`, `-n VALUE`, `-nVALUE`; an unambiguous beginning of a long name is
 * enough; options and operands come in any order; behind `--` all is operands. `-h` and `--help` are added to every table.
 *
 * A wrong line is one line of cause and the usage on standard error, and KD_EXIT_USAGE. No value is ever printed: it may be a secret.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_ARGS_H
#define KUDOS_COMMON_IO_DAEMON_ARGS_H

#include "common/conf/options.h"
#include "common/io/daemon/exit_code.h"

enum { KD_ARGS_MAX = 32, KD_ARGS_LIST_MAX = 512 };

/* How an option is read, and the type of the variable that it is written to. Variables hold the defaults before the line is read. */
typedef enum {
    KD_ARG_TYPE_FLAG, /* bool; takes no value, sets true */
    KD_ARG_TYPE_ANSWER, /* bool; a FLAG that is answered like --help: then nothing that the line lacks or has wrong is told */
    KD_ARG_TYPE_TEXT,     /* const char *, into argv; never empty */
    KD_ARG_TYPE_LIST,     /* kd_args_list; every value that is given, in order */
    KD_ARG_TYPE_UINT,     /* uint64_t; digits only; min..max */
    KD_ARG_TYPE_REAL,     /* double; digits and a point; min..max */
    KD_ARG_TYPE_DURATION, /* uint64_t in us; text needs a unit, as in 10s */
} kd_arg_type;

/* The texts point into argv. */
typedef struct {
    const char *at[KD_ARGS_LIST_MAX];
    uint32_t count;
} kd_args_list;

typedef struct {
    const char *name;  /* without its dashes; NULL: the option has a letter only */
    const char *value; /* name of the value for --help; NULL: FLAG or ANSWER */
    kd_arg_type type;
    void *to;
    const char *help; /* without a full stop; --help breaks the lines */
    double min, max;  /* UINT and REAL; max 0: no upper bound */
    char letter;      /* 'c': -c; 0: none; 'h' is taken */
    bool required;    /* a line without it is wrong */
} kd_arg;

/* Behind the help text: .letter, .required, .min, .max. */
#define KD_ARG_(kind, ctype, n, v, target, text, ...)                                                        \
    {                                                                                                        \
        .name = n, .value = v, .type = KD_ARG_TYPE_##kind, .to = 1 ? (target) : (ctype *)NULL, .help = text, \
        __VA_ARGS__                                                                                          \
    }
#define KD_ARG_FLAG(n, ...) KD_ARG_(FLAG, bool, n, NULL, __VA_ARGS__, )
#define KD_ARG_ANSWER(n, ...) KD_ARG_(ANSWER, bool, n, NULL, __VA_ARGS__, )
#define KD_ARG_TEXT(n, v, ...) KD_ARG_(TEXT, const char *, n, v, __VA_ARGS__, )
#define KD_ARG_LIST(n, v, ...) KD_ARG_(LIST, kd_args_list, n, v, __VA_ARGS__, )
#define KD_ARG_UINT(n, v, ...) KD_ARG_(UINT, uint64_t, n, v, __VA_ARGS__, )
#define KD_ARG_REAL(n, v, ...) KD_ARG_(REAL, double, n, v, __VA_ARGS__, )
#define KD_ARG_DURATION(n, v, ...) KD_ARG_(DURATION, uint64_t, n, v, __VA_ARGS__, )

typedef struct {
    const char *program; /* "kudos-edge" */
    const char *command; /* "aside"; "" for the line of the program itself */
    const char *usage;   /* the rest of the line, behind the two names */
    const char *about;   /* what it does, for --help; lines are printed as they are */
    const kd_arg *at;
    size_t count; /* at most KD_ARGS_MAX */
    const char *
        *operands; /* room for operands_max pointers, which the caller has set to NULL; filled in order */
    uint32_t operands_min, operands_max;
    bool once; /* an option with one value is wrong when it is given twice; else the last value holds */
    const kd_options *options; /* a configuration that --help lists, or NULL */
    const char *more;          /* last paragraph of --help, or NULL */
} kd_args;

/* Reads argv[1] and what follows (argv[0] is skipped; getopt reorders argv). -1: go on, all `to` are written. Else the exit code to end with:
 * KD_EXIT_OK after --help, KD_EXIT_USAGE after an error was told. --help wins over errors. On one thread: getopt has global state. */
int kd_args_read(const kd_args *args, int argc, char **argv);

/* For what a table cannot say, such as options that exclude each other: tells the cause like kd_args_read does. Returns KD_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int kd_args_refuse(const kd_args *args, const char *format, ...);

#endif

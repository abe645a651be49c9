/*
 * args.h - command lines of the sub commands: one table per command drives the parser and `--help`.
 */
#ifndef KUDOS_SIM_COMMANDS_ARGS_H
#define KUDOS_SIM_COMMANDS_ARGS_H

#include "common/io/daemon/options_file.h" /* the exit codes */

enum { KD_ARGS_VALUES_MAX = 64 };

typedef enum { KD_ARG_FLAG, KD_ARG_UINT, KD_ARG_REAL, KD_ARG_TEXT, KD_ARG_LIST } sim_arg_kind;

/* What an option given several times gathers; the texts are argv's. */
typedef struct {
    const char *at[KD_ARGS_VALUES_MAX];
    uint32_t count;
} sim_arg_list;

typedef struct {
    const char *name;  /* without the dashes */
    const char *value; /* name of the value in --help; NULL for a flag */
    sim_arg_kind kind;
    void *to; /* bool *, uint64_t *, double *, const char **, sim_arg_list *; holds the default */
    const char *help;
    double min, max; /* UINT and REAL; max 0: no bound */
} sim_arg;

typedef struct {
    const char *command;    /* "replay" */
    const char *about;      /* what it does, for --help */
    const char *positional; /* "FILE", or NULL */
    const char **positional_to;
    const sim_arg *at;
    size_t count;
    const char *more; /* last paragraph of --help, or NULL */
} sim_args;

/* Whether the word is `--help` or `-h`. */
bool sim_args_asks_help(const char *word);
/* -1: go on; else the exit code with which the command ends (0 after --help; 2 after a message on stderr). */
int sim_args_parse(const sim_args *args, int argc, char **argv);

#endif

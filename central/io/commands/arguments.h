/*
 * arguments.h - the command line of the operator's commands, from a table each:
 *
 *     NAME [WORD]... --option VALUE... [--help]
 *
 * --help prints the usage, what the command does and what each option is for.
 */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_ARGUMENTS_H
#define KUDOS_CENTRAL_IO_COMMANDS_ARGUMENTS_H

#include "central/io/commands/source.h"
#include "common/io/daemon/options_file.h"

typedef struct {
    const char *name;    /* of --name; one letter: -n */
    const char *metavar; /* NULL: a switch */
    const char **value;  /* where the value of an option goes; given twice is an error */
    bool *given;         /* set by a switch */
    const char *doc;
} kd_argument;

/* Options of one command, with those that every command has and those that say where central is. */
enum { KD_ARGUMENTS_MAX = 16 };

typedef struct {
    const char *usage; /* what stands behind the names of program and command */
    const char *about; /* paragraphs */
    const kd_argument *options;
    size_t option_count;
    uint32_t words_min, words_max;
    bool settings; /* takes -c and --set; implied by url and dir */
    /* Takes --url, takes --dir. A command that takes --url and got neither asks the admin port that -c names, or the default one. */
    bool url, dir;
} kd_command_line;

typedef struct {
    kd_source source;
    const char *words[8];
    uint32_t word_count;
    char url[256]; /* source.url points here when --url was left out */
} kd_arguments;

/* Reads the command line and loads the settings. -1: go on, and finish a->source at the end; else the code to exit with, after --help or an error,
 * which are printed. */
int kd_arguments_read(kd_arguments *a, const kd_command_line *line, int argc, char **argv);

#endif

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
    const char **value;  /* of an option with one */
    bool *given;         /* of a switch */
    const char *doc;
} kd_argument;

/* Of one command, those by which it is told where central is included. */
enum { KD_ARGUMENTS_MAX = 16 };

typedef struct {
    const char *usage; /* behind the program's and the command's name */
    const char *about; /* paragraphs */
    const kd_argument *options;
    size_t option_count;
    uint32_t words_min, words_max;
    bool settings; /* takes -c and --set, as --url and --dir imply */
    bool url, dir; /* takes --url, takes --dir; neither given: --url of -c or the default */
} kd_command_line;

typedef struct {
    kd_source source;
    const char *words[8];
    uint32_t word_count;
    char url[256]; /* of the admin port, when --url was left out */
} kd_arguments;

/* -1 to go on, and the caller finishes the source; or the code to exit with. */
int kd_arguments_read(kd_arguments *a, const kd_command_line *line, int argc, char **argv);

#endif

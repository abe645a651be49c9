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
#include "common/io/daemon/args.h"

enum { KD_ARGUMENTS_WORDS_MAX = 64 };

typedef struct {
    const char *usage; /* what stands behind the names of program and command */
    const char *about; /* paragraphs */
    const kd_arg *options;
    size_t option_count;
    uint32_t words_min, words_max; /* at most KD_ARGUMENTS_WORDS_MAX */
    bool settings;                 /* takes -c and --set, as --url and --dir imply */
    bool token;                    /* takes --token-file, as url implies */
    bool url, dir;                 /* takes --url, takes --dir; neither given: --url of -c or the default */
} kd_command_line;

typedef struct {
    kd_source source;
    const char *words[KD_ARGUMENTS_WORDS_MAX];
    uint32_t word_count;
    char url[256]; /* source.url points here when --url was left out */
} kd_arguments;

/* Reads the command line and loads the settings. -1: go on, and finish a->source at the end; else the code to exit with, after --help or an error,
 * which are printed. */
int kd_arguments_read(kd_arguments *a, const kd_command_line *line, int argc, char **argv);

#endif

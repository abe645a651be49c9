/* line_file.h - the lines of a text file that may be compressed (gzip), one after the other. */
#ifndef KUDOS_COMMON_IO_DAEMON_LINE_FILE_H
#define KUDOS_COMMON_IO_DAEMON_LINE_FILE_H

#include "kudos/base.h"

enum { KD_LINE_FILE_LINE_MAX = 4096 /* bytes of a line */, KD_LINE_FILE_ERROR_MAX = 256 };

/* Takes a line without its newline. KD_OK; any other kd_err ends the reading, and *why is a static text. */
typedef int (*kd_line_file_fn)(void *arg, kd_bytes line, const char **why);
/* Calls `fn` for each line; the last newline may be missing. KD_OK; what `fn` returned, KD_EMALFORMED (a line that is too long) or KD_EIO (also a
 * compressed file that was cut short), each with "file:line: reason" in `error` (KD_LINE_FILE_ERROR_MAX bytes). */
int kd_line_file_each(const char *file, kd_line_file_fn fn, void *arg, char *error);

#endif

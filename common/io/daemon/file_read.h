/* file_read.h - whole files read into memory, and what has to be true of a file that holds a secret. */
#ifndef KUDOS_COMMON_IO_DAEMON_FILE_READ_H
#define KUDOS_COMMON_IO_DAEMON_FILE_READ_H

#include "kudos/base.h"

/* Reads a whole regular file into *out, which is cleared first. KD_OK; KD_ENOTFOUND; KD_ETOOBIG: more than `max` bytes; KD_EIO: no regular file,
 * too. */
int kd_file_read(const char *path, size_t max, kd_buf *out);

/* Whether a file may hold a secret: a regular one that this process can read, and that neither group nor others may open. KD_OK; or KD_EINVAL with
 * `error`, which names the file and says what to do. A path at which there is no file is not shown: somebody may have written the secret itself
 * there. */
int kd_secret_check(const char *path, char *error, size_t size);
/* kd_secret_check and kd_file_read of one and the same file; KD_EINVAL also when it holds more than `max` bytes. *out is cleared first, and ended by
 * kd_secret_finish in any case. */
int kd_secret_read(const char *path, size_t max, kd_buf *out, char *error, size_t size);
/* Wipes what was read, and frees it. */
void kd_secret_finish(kd_buf *secret);

#endif

/* options_file.h - configuration from a file, and checks of the addresses and directories that it names. */
#ifndef KUDOS_COMMON_IO_DAEMON_OPTIONS_FILE_H
#define KUDOS_COMMON_IO_DAEMON_OPTIONS_FILE_H

#include "common/conf/options.h"
#include "common/io/daemon/exit_code.h"

/* Loads a file (regular, at most KD_OPTIONS_FILE_MAX) with overrides and checks paths that must exist and secrets.
 * KD_OK or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_options_load_file(const kd_options *options, const char *path, const char *const *sets,
                         size_t set_count, void *config, char *error);
/* Whether a program can listen on an address, and on both of two: literal addresses are some, and not the same one. Names are
 * not looked up. Empty addresses are fine. KD_OK, or KD_EINVAL with `error`, which names the options. */
int kd_address_check(const char *option, const kd_address *address, char *error);
int kd_addresses_check(const char *option, const kd_address *address, const char *other_option,
                       const kd_address *other, char *error);
/* Whether a directory can be there, without making it: KD_OK, or KD_EINVAL with `error`. */
int kd_directory_check(const char *option, const char *path, char *error);
/* Reads a whole small file into *out (cleared): KD_OK, KD_ENOTFOUND, KD_ETOOBIG or KD_EIO. */
int kd_file_read(const char *path, size_t max, kd_buf *out);

#endif

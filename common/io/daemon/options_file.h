/* options_file.h - configuration from a file, and checks of the addresses and directories that it names. */
#ifndef KUDOS_COMMON_IO_DAEMON_OPTIONS_FILE_H
#define KUDOS_COMMON_IO_DAEMON_OPTIONS_FILE_H

#include "common/conf/options.h"
#include "common/io/daemon/exit_code.h"

/* Loads a regular file of at most KD_OPTIONS_FILE_MAX bytes with overrides "section.key=value", and checks the files that options name: that they
 * exist, and that only their owner can read a secret. KD_OK, and the caller finishes *config; or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX
 * bytes). */
int kd_options_load_file(const kd_options *options, const char *path, const char *const *sets,
                         size_t set_count, void *config, char *error);
/* The same without a look at the files that options name, for a program that holds their content already. */
int kd_options_load_again(const kd_options *options, const char *path, const char *const *sets,
                          size_t set_count, void *config, char *error);
/* Whether a program can listen on an address: a literal is well-formed. Names are not looked up; an empty address is fine. KD_OK, or KD_EINVAL with
 * `error`, which names the option. */
int kd_address_check(const char *option, const kd_address *address, char *error);
/* kd_address_check of both, and that they are not the same port of the same address, or of one that covers the other. */
int kd_addresses_check(const char *option, const kd_address *address, const char *other_option,
                       const kd_address *other, char *error);
/* Whether a directory is there or could be made, without making it: KD_OK, or KD_EINVAL with `error`, which names the option. */
int kd_directory_check(const char *option, const char *path, char *error);

#endif

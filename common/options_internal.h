/* common/options_internal.h - shared by the files of the option table only. */
#ifndef KUDOS_COMMON_OPTIONS_INTERNAL_H
#define KUDOS_COMMON_OPTIONS_INTERNAL_H

#include "common/options.h"

/* For %.*s */
#define KD_PRINT(b) (int)(b).len, (const char *)(b).data

/* Whether the option takes every key of its section. */
static inline bool kd_option_is_section(const kd_option *option)
{
    return option->key[0] == 0;
}

/* A NUL-terminated copy. */
char *kd_option_copy(kd_bytes b);
/* Appends formatted text of at most a few hundred bytes, without the NUL. */
__attribute__((format(printf, 2, 3))) void kd_option_printf(kd_buf *out, const char *format, ...);
/* The value as it may be shown in a message: printable, at most 60 bytes. `out` holds 64 bytes. */
const char *kd_option_shown(kd_bytes value, char *out);
/* Frees what the field owns and zeroes it. */
void kd_option_clear(const kd_option *option, void *field);
/* Adds one key of a whole section to its field: KD_OK, or KD_EINVAL with `error`: what is wrong with it. */
int kd_option_add(const kd_option *option, kd_bytes key, kd_bytes value, void *field, char *error);

#endif

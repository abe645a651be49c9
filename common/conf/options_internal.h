/* options_internal.h - shared by the files of the option table only. */
#ifndef KUDOS_COMMON_CONF_OPTIONS_INTERNAL_H
#define KUDOS_COMMON_CONF_OPTIONS_INTERNAL_H

#include "common/conf/options.h"
#include "common/base/text.h"

/* Whether the option takes every key of its section. */
static inline bool kd_option_is_section(const kd_option *option)
{
    return option->key[0] == 0;
}

/* Frees what the field owns and zeroes it. */
void kd_option_clear(const kd_option *option, void *field);
/* Adds one key of a whole section to its field. KD_OK, or KD_EINVAL with `error`, which tells what is allowed. */
int kd_option_add(const kd_option *option, kd_bytes key, kd_bytes value, void *field, char *error);

#endif

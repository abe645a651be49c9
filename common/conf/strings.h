/* strings.h - a list of texts that owns them, as options of type LIST have it. */
#ifndef KUDOS_COMMON_CONF_STRINGS_H
#define KUDOS_COMMON_CONF_STRINGS_H

#include "kudos/base.h"

/* Owns `at` and each text in it; zero-initialised: empty. */
typedef struct {
    char **at;
    uint32_t count;
} kd_strings;

/* A NUL-terminated copy, which the caller frees. */
char *kd_string_copy(kd_bytes b);

/* Whether a text of the list is exactly `value`. */
bool kd_strings_hold(const kd_strings *list, kd_bytes value);
/* The first text of `old` that `fresh` lacks (a view into `old`); NULL: none. */
const char *kd_strings_lacks(const kd_strings *fresh, const kd_strings *old);
/* Copies those of `fresh` that *list lacks behind its texts, whose indices stay as they are. */
void kd_strings_append(kd_strings *list, const kd_strings *fresh);
/* A deep copy, which the caller ends with kd_strings_finish. */
kd_strings kd_strings_copy(const kd_strings *list);
/* Frees the texts and zeroes the list. */
void kd_strings_finish(kd_strings *list);

#endif

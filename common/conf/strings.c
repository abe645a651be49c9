/* strings.c - see the header. */
#include "common/conf/strings.h"

#include <stdlib.h>

char *kd_string_copy(kd_bytes b)
{
    char *s = kd_alloc(b.len + 1);
    if (b.len > 0) memcpy(s, b.data, b.len);
    return s;
}

bool kd_strings_hold(const kd_strings *list, kd_bytes value)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (kd_bytes_eq(kd_bytes_str(list->at[i]), value)) return true;
    return false;
}

const char *kd_strings_lacks(const kd_strings *fresh, const kd_strings *old)
{
    for (uint32_t i = 0; i < old->count; i++)
        if (!kd_strings_hold(fresh, kd_bytes_str(old->at[i]))) return old->at[i];
    return NULL;
}

void kd_strings_append(kd_strings *list, const kd_strings *fresh)
{
    list->at = kd_realloc(list->at, ((size_t)list->count + fresh->count + 1) * sizeof *list->at);
    for (uint32_t i = 0; i < fresh->count; i++)
        if (!kd_strings_hold(list, kd_bytes_str(fresh->at[i])))
            list->at[list->count++] = kd_string_copy(kd_bytes_str(fresh->at[i]));
}

kd_strings kd_strings_copy(const kd_strings *list)
{
    kd_strings copy = {.at = kd_alloc((list->count + 1) * sizeof *copy.at), .count = list->count};
    for (uint32_t i = 0; i < list->count; i++) copy.at[i] = kd_string_copy(kd_bytes_str(list->at[i]));
    return copy;
}

void kd_strings_finish(kd_strings *list)
{
    for (uint32_t i = 0; i < list->count; i++) free(list->at[i]);
    free(list->at);
    *list = (kd_strings){0};
}

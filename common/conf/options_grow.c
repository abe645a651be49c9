/* options_grow.c - lists and counters that a running program is given more of (common/conf/options.h). */
#include "common/conf/options_internal.h"

#include <stdlib.h>

static bool options_grow_holds(const kd_strings *list, const char *value)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i], value) == 0) return true;
    return false;
}

const char *kd_strings_lacks(const kd_strings *fresh, const kd_strings *old)
{
    for (uint32_t i = 0; i < old->count; i++)
        if (!options_grow_holds(fresh, old->at[i])) return old->at[i];
    return NULL;
}

void kd_strings_append(kd_strings *list, const kd_strings *fresh)
{
    list->at = kd_realloc(list->at, ((size_t)list->count + fresh->count + 1) * sizeof *list->at);
    for (uint32_t i = 0; i < fresh->count; i++)
        if (!options_grow_holds(list, fresh->at[i]))
            list->at[list->count++] = kd_option_copy(kd_bytes_str(fresh->at[i]));
}

kd_strings kd_strings_copy(const kd_strings *list)
{
    kd_strings copy = {.at = kd_alloc((list->count + 1) * sizeof *copy.at), .count = list->count};
    for (uint32_t i = 0; i < list->count; i++) copy.at[i] = kd_option_copy(kd_bytes_str(list->at[i]));
    return copy;
}

void kd_strings_finish(kd_strings *list)
{
    for (uint32_t i = 0; i < list->count; i++) free(list->at[i]);
    free(list->at);
    *list = (kd_strings){0};
}

const kd_counter *kd_counters_lacks(const kd_counters *fresh, const kd_counters *old)
{
    for (uint32_t i = 0; i < old->count; i++) {
        const kd_counter *was = &old->at[i];
        int at = kd_counters_by_name(fresh, kd_bytes_str(was->name));
        if (at < 0 || fresh->at[at].id != was->id || fresh->at[at].kind != was->kind) return was;
    }
    return NULL;
}

void kd_counters_append(kd_counters *counters, const kd_counters *fresh)
{
    for (uint32_t i = 0; i < fresh->count; i++) {
        if (kd_counters_by_id(counters, fresh->at[i].id) >= 0) continue;
        KD_ASSERT(counters->count < KD_COUNTERS_MAX);
        counters->at[counters->count++] = fresh->at[i];
    }
}

/* options_field.c - the fields behind options: size, freeing, comparing. */
#include "common/conf/options_internal.h"

#include <stdlib.h>

static size_t field_size(kd_option_type type)
{
    switch (type) {
    case KD_OPTION_TYPE_UINT:
    case KD_OPTION_TYPE_DURATION:
    case KD_OPTION_TYPE_SIZE:
        return sizeof(uint64_t);
    case KD_OPTION_TYPE_BOOL:
        return sizeof(bool);
    case KD_OPTION_TYPE_ENUM:
        return sizeof(uint32_t);
    case KD_OPTION_TYPE_STRING:
    case KD_OPTION_TYPE_PATH:
        return sizeof(char *);
    case KD_OPTION_TYPE_ADDRESS:
        return sizeof(kd_address);
    case KD_OPTION_TYPE_LIST:
        return sizeof(kd_strings);
    case KD_OPTION_TYPE_COUNTERS:
        return sizeof(kd_counters);
    case KD_OPTION_TYPE_PAIRS:
        return sizeof(kd_pairs);
    }
    KD_ASSERT(!"an option has a known type");
    return 0;
}

static void free_pairs(kd_pairs *pairs)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        free(pairs->at[i].key);
        free(pairs->at[i].value);
    }
    free(pairs->at);
}

void kd_option_clear(const kd_option *option, void *field)
{
    if (option->type == KD_OPTION_TYPE_STRING || option->type == KD_OPTION_TYPE_PATH) free(*(char **)field);
    if (option->type == KD_OPTION_TYPE_LIST) kd_strings_finish(field);
    if (option->type == KD_OPTION_TYPE_PAIRS) free_pairs(field);
    memset(field, 0, field_size(option->type));
}

void kd_options_finish(const kd_options *options, void *config)
{
    for (size_t i = 0; i < options->count; i++)
        kd_option_clear(&options->at[i], (char *)config + options->at[i].offset);
}

/* NULL, an empty option, equals NULL alone. */
static bool texts_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool strings_equal(const kd_strings *a, const kd_strings *b)
{
    bool equal = a->count == b->count;
    for (uint32_t i = 0; equal && i < a->count; i++) equal = texts_equal(a->at[i], b->at[i]);
    return equal;
}

static bool pairs_equal(const kd_pairs *a, const kd_pairs *b)
{
    bool equal = a->count == b->count;
    for (uint32_t i = 0; equal && i < a->count; i++)
        equal = texts_equal(a->at[i].key, b->at[i].key) && texts_equal(a->at[i].value, b->at[i].value);
    return equal;
}

static bool counters_equal(const kd_counters *a, const kd_counters *b)
{
    bool equal = a->count == b->count;
    for (uint32_t i = 0; equal && i < a->count; i++)
        equal = texts_equal(a->at[i].name, b->at[i].name) && a->at[i].id == b->at[i].id &&
                a->at[i].kind == b->at[i].kind;
    return equal;
}

static bool addresses_equal(const kd_address *a, const kd_address *b)
{
    return a->port == b->port && texts_equal(a->host, b->host);
}

static bool fields_equal(kd_option_type type, const void *a, const void *b)
{
    switch (type) {
    case KD_OPTION_TYPE_STRING:
    case KD_OPTION_TYPE_PATH:
        return texts_equal(*(char *const *)a, *(char *const *)b);
    case KD_OPTION_TYPE_LIST:
        return strings_equal(a, b);
    case KD_OPTION_TYPE_PAIRS:
        return pairs_equal(a, b);
    case KD_OPTION_TYPE_COUNTERS:
        return counters_equal(a, b);
    case KD_OPTION_TYPE_ADDRESS:
        return addresses_equal(a, b);
    default:
        return memcmp(a, b, field_size(type)) == 0;
    }
}

const kd_option *kd_options_fixed_change(const kd_options *options, const void *old_config,
                                         const void *new_config, const kd_option *last)
{
    for (const kd_option *o = last ? last + 1 : options->at; o < options->at + options->count; o++) {
        const void *before = (const char *)old_config + o->offset,
                   *after = (const char *)new_config + o->offset;
        if (!o->reloadable && !fields_equal(o->type, before, after)) return o;
    }
    return NULL;
}

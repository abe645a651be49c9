/* options_value.c - one value from its text, and in words what an option allows. */
#include "common/base/text.h"
#include "common/conf/ini.h"
#include "common/conf/options_internal.h"

#include <stdio.h>
#include <stdlib.h>

bool kd_option_concealed(const kd_option *o)
{
    return o->secret || o->type == KD_OPTION_TYPE_PAIRS;
}

static bool in_range(const kd_option *o, uint64_t number)
{
    return number >= o->min && (o->max == 0 || number <= o->max);
}

static bool parse_plain(const kd_option *o, kd_bytes value, void *field)
{
    uint64_t number;
    if (!kd_text_number(value, &number) || !in_range(o, number)) return false;
    memcpy(field, &number, sizeof number);
    return true;
}

static bool parse_unit(const kd_option *o, kd_bytes value, void *field)
{
    uint64_t number;
    bool read =
        o->type == KD_OPTION_TYPE_DURATION ? kd_text_duration(value, &number) : kd_text_size(value, &number);
    if (!read || !in_range(o, number)) return false;
    memcpy(field, &number, sizeof number);
    return true;
}

static bool parse_bool(kd_bytes value, bool *field)
{
    *field = kd_bytes_eq(value, kd_bytes_str("true"));
    return *field || kd_bytes_eq(value, kd_bytes_str("false"));
}

static bool parse_enum(const kd_option *o, kd_bytes value, uint32_t *field)
{
    for (uint32_t i = 0; o->choices[i] != NULL; i++) {
        if (!kd_bytes_eq(value, kd_bytes_str(o->choices[i]))) continue;
        *field = i;
        return true;
    }
    return false;
}

/* Control characters are refused everywhere: values go into log lines, paths and messages. */
static bool has_control(kd_bytes value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < 0x20 || value.data[i] == 0x7F) return true;
    return false;
}

static bool parse_string(const kd_option *o, kd_bytes value, char **field)
{
    if (value.len == 0) return true;
    if (has_control(value) || (o->valid != NULL && !o->valid(value))) return false;
    *field = kd_string_copy(value);
    return true;
}

static bool parse_path(kd_bytes value, const char *base_dir, char **field)
{
    enum { PATH_BYTES = 4095 };
    if (value.len == 0) return true;
    if (has_control(value)) return false;
    kd_buf path = {0};
    if (value.data[0] != '/') {
        kd_buf_put(&path, base_dir, strlen(base_dir));
        if (path.len == 0 || path.data[path.len - 1] != '/') kd_buf_put_u8(&path, '/');
    }
    kd_buf_put(&path, value.data, value.len);
    bool fits = path.len <= PATH_BYTES;
    if (fits) *field = kd_string_copy(kd_buf_view(&path));
    kd_buf_finish(&path);
    return fits;
}

/* Only an IPv6 literal is bracketed, since its colons would hide the port. */
static bool host_valid(kd_bytes host, bool bracketed)
{
    const char *allowed = bracketed ? "0123456789abcdefABCDEF:."
                                    : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    if (host.len == 1 && host.data[0] == '*') return !bracketed;
    for (size_t i = 0; i < host.len; i++)
        if (host.data[i] == 0 || strchr(allowed, host.data[i]) == NULL) return false;
    return host.len > 0;
}

static bool parse_address(kd_bytes value, kd_address *field)
{
    if (value.len == 0) return true;
    const uint8_t *colon = memrchr(value.data, ':', value.len);
    if (colon == NULL) return false;
    kd_bytes host = kd_bytes_of(value.data, (size_t)(colon - value.data));
    kd_bytes port = kd_bytes_of(colon + 1, value.len - host.len - 1);
    bool bracketed = host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    if (bracketed) host = kd_bytes_of(host.data + 1, host.len - 2);
    uint64_t number;
    if (!host_valid(host, bracketed) || host.len >= sizeof field->host) return false;
    if (!kd_text_number(port, &number) || number > UINT16_MAX) return false;
    memcpy(field->host, host.data, host.len);
    field->port = (uint16_t)number;
    return true;
}

static bool options_list_add(const kd_option *o, kd_bytes value, kd_strings *list, uint32_t *cap)
{
    if (list->count == KD_OPTIONS_LIST_MAX || kd_strings_hold(list, value) || has_control(value))
        return false;
    if (o->valid != NULL && !o->valid(value)) return false;
    list->at = kd_grow(list->at, list->count, cap, sizeof *list->at);
    list->at[list->count++] = kd_string_copy(value);
    return true;
}

static bool parse_list(const kd_option *o, kd_bytes value, kd_strings *list)
{
    uint32_t cap = 0;
    for (size_t i = 0, len; i < value.len; i += len + 1) {
        for (len = 0; i + len < value.len && strchr(", \t", value.data[i + len]) == NULL;) len++;
        if (len > 0 && !options_list_add(o, kd_bytes_of(value.data + i, len), list, &cap)) return false;
    }
    return list->count > 0 || !o->required; /* commas alone name nothing */
}

static bool options_value_parse_field(const kd_option *o, kd_bytes value, const char *base_dir, void *field)
{
    switch (o->type) {
    case KD_OPTION_TYPE_UINT:
        return parse_plain(o, value, field);
    case KD_OPTION_TYPE_DURATION:
    case KD_OPTION_TYPE_SIZE:
        return parse_unit(o, value, field);
    case KD_OPTION_TYPE_BOOL:
        return parse_bool(value, field);
    case KD_OPTION_TYPE_STRING:
        return parse_string(o, value, field);
    case KD_OPTION_TYPE_ENUM:
        return parse_enum(o, value, field);
    case KD_OPTION_TYPE_PATH:
        return parse_path(value, base_dir, field);
    case KD_OPTION_TYPE_ADDRESS:
        return parse_address(value, field);
    case KD_OPTION_TYPE_LIST:
        return parse_list(o, value, field);
    case KD_OPTION_TYPE_COUNTERS:
    case KD_OPTION_TYPE_PAIRS:
        break;
    }
    KD_ASSERT(!"a whole section has no single value");
    return false;
}

int kd_option_parse(const kd_option *o, kd_bytes value, const char *base_dir, void *field, char *error)
{
    bool missing = o->required && value.len == 0;
    if (!missing && options_value_parse_field(o, value, base_dir, field)) return KD_OK;
    kd_option_clear(o, field);
    kd_buf allowed = {0};
    kd_option_allowed(o, &allowed);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s%.*s", missing ? "is required: " : "must be ", (int)allowed.len,
             (const char *)allowed.data);
    kd_buf_finish(&allowed);
    return KD_EINVAL;
}

static int add_counter(kd_bytes key, kd_bytes value, kd_counters *counters, char *error)
{
    uint64_t id;
    kd_bytes name = value, kind;
    bool sum = false,
         ok = kd_name_valid(key) && kd_text_take_number(&value, &id) && id >= 1 && id <= KD_COUNTER_ID_MAX;
    kind = kd_text_trim(value);
    ok = ok && kind.data > name.data && (kind.data[-1] == ' ' || kind.data[-1] == '\t');
    sum = kd_bytes_eq(kind, kd_bytes_str("sum"));
    if (!ok || (!sum && !kd_bytes_eq(kind, kd_bytes_str("set")))) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "must be a number on the wire from 1 to %d and set or sum, as in: like = 1 set",
                 KD_COUNTER_ID_MAX);
        return KD_EINVAL;
    }
    if (counters->count == KD_COUNTERS_MAX || kd_counters_by_id(counters, (uint8_t)id) >= 0) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "must be one of at most %d counters, each with a number of its own", KD_COUNTERS_MAX);
        return KD_EINVAL;
    }
    kd_counter *c = &counters->at[counters->count++];
    *c = (kd_counter){.id = (uint8_t)id, .kind = sum ? KD_SUM : KD_SET};
    memcpy(c->name, key.data, key.len);
    return KD_OK;
}

static int add_pair(kd_bytes key, kd_bytes value, kd_pairs *pairs, char *error)
{
    if (pairs->count == KD_OPTIONS_LIST_MAX || has_control(key) || has_control(value)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "must be one of at most %d printable pairs",
                 KD_OPTIONS_LIST_MAX);
        return KD_EINVAL;
    }
    pairs->at = kd_realloc(pairs->at, (pairs->count + 1) * sizeof *pairs->at);
    pairs->at[pairs->count++] = (kd_pair){.key = kd_string_copy(key), .value = kd_string_copy(value)};
    return KD_OK;
}

int kd_option_add(const kd_option *o, kd_bytes key, kd_bytes value, void *field, char *error)
{
    if (o->type == KD_OPTION_TYPE_COUNTERS) return add_counter(key, value, field, error);
    KD_ASSERT(o->type == KD_OPTION_TYPE_PAIRS);
    return add_pair(key, value, field, error);
}

static void options_value_put_bound(kd_buf *out, const kd_option *o, uint64_t bound)
{
    if (o->type == KD_OPTION_TYPE_DURATION)
        kd_text_put_duration(out, bound);
    else if (o->type == KD_OPTION_TYPE_SIZE)
        kd_text_put_size(out, bound);
    else
        kd_text_printf(out, "%llu", (unsigned long long)bound);
}

static void put_range(kd_buf *out, const kd_option *o)
{
    if (o->max == 0 && o->min == 0) return;
    kd_text_printf(out, o->max == 0 ? ", at least " : " from ");
    options_value_put_bound(out, o, o->min);
    if (o->max == 0) return;
    kd_text_printf(out, " to ");
    options_value_put_bound(out, o, o->max);
}

static void put_choices(kd_buf *out, const kd_option *o)
{
    for (size_t i = 0; o->choices[i] != NULL; i++)
        kd_text_printf(out, "%s%s", i == 0 ? "one of " : ", ", o->choices[i]);
}

void kd_option_allowed(const kd_option *o, kd_buf *out)
{
    switch (o->type) {
    case KD_OPTION_TYPE_UINT:
        kd_text_printf(out, "a whole number");
        put_range(out, o);
        break;
    case KD_OPTION_TYPE_DURATION:
        kd_text_printf(out, "a duration with its unit (" KD_TEXT_DURATION_UNITS ")");
        put_range(out, o);
        break;
    case KD_OPTION_TYPE_SIZE:
        kd_text_printf(out, "a size with its unit (" KD_TEXT_SIZE_UNITS ")");
        put_range(out, o);
        break;
    case KD_OPTION_TYPE_BOOL:
        kd_text_printf(out, "true or false");
        break;
    case KD_OPTION_TYPE_STRING:
        kd_text_printf(out, "%s", o->allowed ? o->allowed : "printable text");
        break;
    case KD_OPTION_TYPE_ENUM:
        put_choices(out, o);
        break;
    case KD_OPTION_TYPE_PATH:
        kd_text_printf(out, o->secret ? "a file that only its owner can read" : "a path");
        break;
    case KD_OPTION_TYPE_ADDRESS:
        kd_text_printf(out, "host:port, [IPv6]:port or *:port, port at most 65535");
        break;
    case KD_OPTION_TYPE_LIST:
        kd_text_printf(out, "a list, parted by commas, without repetition, of %s",
                       o->allowed ? o->allowed : "words");
        break;
    case KD_OPTION_TYPE_COUNTERS:
        kd_text_printf(out, "name = wire number, then set or sum");
        break;
    case KD_OPTION_TYPE_PAIRS:
        kd_text_printf(out, "any key = value");
        break;
    }
}

/*
 * json_writer.h - appends JSON to a kd_buf. Commas are placed by the writer; nesting is the caller's duty and
 * asserted at the ends. Strings are escaped; bytes that are not UTF-8 become U+FFFD.
 *
 *     kd_json j = kd_json_of(&buf);
 *     kd_json_object(&j);
 *     kd_json_key(&j, "item"), kd_json_str(&j, item);
 *     kd_json_end_object(&j);
 */
#ifndef KUDOS_COMMON_JSON_JSON_WRITER_H
#define KUDOS_COMMON_JSON_JSON_WRITER_H

#include "kudos/base.h"

typedef struct {
    kd_buf *out;
    uint32_t depth;
    bool comma; /* a value stands before the next one */
} kd_json;

static inline kd_json kd_json_of(kd_buf *out)
{
    return (kd_json){.out = out, .depth = 0, .comma = false};
}

void kd_json_object(kd_json *j);
void kd_json_end_object(kd_json *j);
void kd_json_array(kd_json *j);
void kd_json_end_array(kd_json *j);
void kd_json_key_plain(kd_json *j, const char *key, size_t len);
/* A literal that needs no escaping; inline, so that its length is known. */
static inline void kd_json_key(kd_json *j, const char *key)
{
    kd_json_key_plain(j, key, strlen(key));
}
void kd_json_key_bytes(kd_json *j, kd_bytes key); /* any key, escaped */
void kd_json_str(kd_json *j, kd_bytes value);
void kd_json_cstr(kd_json *j, const char *value);
void kd_json_u64(kd_json *j, uint64_t value);
void kd_json_i64(kd_json *j, int64_t value);
void kd_json_bool(kd_json *j, bool value);
void kd_json_null(kd_json *j);
/* A value that is JSON already. */
void kd_json_raw(kd_json *j, kd_bytes value);
/* A member of an object: a key as of kd_json_key, and its value. */
static inline void kd_json_put_u64(kd_json *j, const char *key, uint64_t value)
{
    kd_json_key(j, key);
    kd_json_u64(j, value);
}
static inline void kd_json_put_str(kd_json *j, const char *key, kd_bytes value)
{
    kd_json_key(j, key);
    kd_json_str(j, value);
}

/* Decimal digits of v into out (20 bytes, no NUL); returns how many. */
size_t kd_decimal(uint64_t v, char *out);

#endif

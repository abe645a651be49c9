/*
 * json_writer.h - appends JSON to a kd_buf, or the same values as MessagePack (https://msgpack.org), so that an answer has the same fields in both. The
 * writer places the commas. The caller closes what it opens and gives each member a key: only a bracket too many is asserted. Strings are escaped; a
 * byte that is not part of valid UTF-8 becomes U+FFFD. In MessagePack a number is an integer, a string str, `null` nil.
 *
 *     kd_json j = kd_json_of(&buf);
 *     kd_json_object(&j);
 *     kd_json_key(&j, "item"), kd_json_str(&j, item);
 *     kd_json_end_object(&j);
 */
#ifndef KUDOS_COMMON_JSON_JSON_WRITER_H
#define KUDOS_COMMON_JSON_JSON_WRITER_H

#include "kudos/base.h"

enum { KD_JSON_PACKED_DEPTH = 8, KD_DECIMAL_MAX = 20 };

/* Decimal digits of v into out (KD_DECIMAL_MAX bytes at most, no NUL); returns how many. */
size_t kd_decimal(uint64_t v, char *out);

typedef struct {
    kd_buf *out;
    uint32_t depth;
    bool comma;  /* the next key or value needs a comma before it */
    bool packed; /* MessagePack */
    bool keyed;  /* of MessagePack: the next value is that of a key */
    struct {
        size_t at;
        uint32_t count;
    } open[KD_JSON_PACKED_DEPTH]; /* of MessagePack: maps and arrays that are not closed, `depth` of them */
} kd_json;

static inline kd_json kd_json_of(kd_buf *out)
{
    return (kd_json){.out = out, .depth = 0, .comma = false};
}

/* A writer of MessagePack, nested at most KD_JSON_PACKED_DEPTH deep (asserted). */
static inline kd_json kd_json_packed_of(kd_buf *out)
{
    return (kd_json){.out = out, .packed = true};
}

/* Opens an object, as a value. */
void kd_json_object(kd_json *j);
/* Closes the innermost object. */
void kd_json_end_object(kd_json *j);
/* Opens an array, as a value. */
void kd_json_array(kd_json *j);
/* Closes the innermost array. */
void kd_json_end_array(kd_json *j);
/* A key that needs no escaping, of known length; kd_json_key is the way to call it. */
void kd_json_key_plain(kd_json *j, const char *key, size_t len);
/* A key: a literal that needs no escaping. Inline, so that the compiler knows its length. */
static inline void kd_json_key(kd_json *j, const char *key)
{
    kd_json_key_plain(j, key, strlen(key));
}
void kd_json_key_bytes(kd_json *j, kd_bytes key); /* any key, escaped */
void kd_json_str(kd_json *j, kd_bytes value);     /* a string, escaped */
void kd_json_cstr(kd_json *j, const char *value); /* a string that ends with a NUL, escaped; not NULL */
void kd_json_u64(kd_json *j, uint64_t value);     /* exact, also above 2^53 */
void kd_json_i64(kd_json *j, int64_t value);      /* exact, also beyond +-2^53 */
void kd_json_bool(kd_json *j, bool value);        /* `true` or `false` */
void kd_json_null(kd_json *j);                    /* `null` */
/* A value that is JSON already, or several with commas between; copied unchecked. Not in MessagePack (asserted). */
void kd_json_raw(kd_json *j, kd_bytes value);

/* ---- members of an object: a key as kd_json_key takes it, and its value ---- */

/* For what follows, in JSON: puts the key, makes room for `more` bytes behind it, and returns where they go. Inline, as all of these: answers are made
 * of members, and a key of known length is a few moves. */
static inline uint8_t *kd_json_member(kd_json *j, const char *key, size_t len, size_t more)
{
    kd_buf *out = j->out;
    if (len + 4 + more > out->cap - out->len) kd_buf_reserve(out, len + 4 + more);
    uint8_t *at = out->data + out->len;
    at[0] = ',';
    at += j->comma;
    at[0] = '"';
    memcpy(at + 1, key, len);
    at[len + 1] = '"';
    at[len + 2] = ':';
    j->comma = true;
    return at + len + 3;
}
/* The value ends before `at`. */
static inline void kd_json_member_end(const kd_json *j, const uint8_t *at)
{
    j->out->len = (size_t)(at - j->out->data);
}
static inline void kd_json_put_u64(kd_json *j, const char *key, uint64_t value)
{
    if (j->packed) {
        kd_json_key(j, key);
        kd_json_u64(j, value);
        return;
    }
    uint8_t *at = kd_json_member(j, key, strlen(key), KD_DECIMAL_MAX);
    kd_json_member_end(j, at + kd_decimal(value, (char *)at));
}
static inline void kd_json_put_null(kd_json *j, const char *key)
{
    if (j->packed) {
        kd_json_key(j, key);
        kd_json_null(j);
        return;
    }
    uint8_t *at = kd_json_member(j, key, strlen(key), 4);
    static const char null[4] = {'n', 'u', 'l', 'l'};
    memcpy(at, null, sizeof null);
    kd_json_member_end(j, at + 4);
}
static inline void kd_json_put_bool(kd_json *j, const char *key, bool value)
{
    if (j->packed) {
        kd_json_key(j, key);
        kd_json_bool(j, value);
        return;
    }
    uint8_t *at = kd_json_member(j, key, strlen(key), 5);
    static const char words[2][5] = {{'f', 'a', 'l', 's', 'e'}, {'t', 'r', 'u', 'e'}};
    memcpy(at, words[value], sizeof words[value]);
    kd_json_member_end(j, at + 5 - value);
}
/* A string that needs no escaping, such as a name or an id. */
static inline void kd_json_put_plain(kd_json *j, const char *key, kd_bytes value)
{
    if (j->packed) {
        kd_json_key(j, key);
        kd_json_str(j, value);
        return;
    }
    uint8_t *at = kd_json_member(j, key, strlen(key), value.len + 2);
    at[0] = '"';
    if (value.len > 0) memcpy(at + 1, value.data, value.len);
    at[value.len + 1] = '"';
    kd_json_member_end(j, at + value.len + 2);
}
static inline void kd_json_put_str(kd_json *j, const char *key, kd_bytes value)
{
    if (j->packed)
        kd_json_key(j, key);
    else
        kd_json_member_end(j, kd_json_member(j, key, strlen(key), 0)), j->comma = false;
    kd_json_str(j, value);
}

#endif

/*
 * json_reader.h - reads JSON (RFC 8259) from one buffer, pull by pull, without building a tree or
 * allocating for plain strings: a batch of a thousand operations costs little more than its bytes.
 *
 *     kd_json_in j = kd_json_in_of(body, &scratch);
 *     kd_bytes key;
 *     if (!kd_json_in_object(&j)) ...;
 *     while (kd_json_in_key(&j, &key)) { ... one value is read or skipped for each key ... }
 *     if (!kd_json_in_end(&j)) ...;
 *
 * Every reading function answers false when the next value is not what was asked for or the text is not JSON;
 * the reader then stays bad and answers false to everything. Members come in their order, duplicates
 * included: who collects them notices by a bit per key. Nesting is at most KD_JSON_DEPTH_MAX.
 */
#ifndef KUDOS_COMMON_JSON_JSON_READER_H
#define KUDOS_COMMON_JSON_JSON_READER_H

#include "kudos/base.h"

enum { KD_JSON_DEPTH_MAX = 32 };

typedef struct {
    const uint8_t *p, *end;
    kd_buf *scratch; /* for strings with escapes; the reader's until the views are done with */
    uint32_t depth;
    uint32_t started; /* a bit per open level: a member or element was read, so a comma must come next */
    bool bad;
} kd_json_in;

/* Clears the scratch buffer. Views into it and into `text` live until either changes. */
kd_json_in kd_json_in_of(kd_bytes text, kd_buf *scratch);

/* Enters the next value, which must be an object; members follow by kd_json_in_key. Deeper than KD_JSON_DEPTH_MAX is bad. */
bool kd_json_in_object(kd_json_in *j);
/* Enters the next value, which must be an array; elements follow by kd_json_in_element. Deeper than KD_JSON_DEPTH_MAX is bad. */
bool kd_json_in_array(kd_json_in *j);
/* Reads the next key of the innermost object, with its colon; one value must be read or skipped before the next call. False behind the last member,
 * which closes the object, or when bad. *key lives as long as a value of kd_json_in_str. */
bool kd_json_in_key(kd_json_in *j, kd_bytes *key);
/* Whether the innermost array has another element, which must be read or skipped next. False closes the array, or the text is bad. */
bool kd_json_in_element(kd_json_in *j);

/* A string, unescaped: a view into the text, or into the scratch buffer when it has escapes. UTF-8 is not checked. */
bool kd_json_in_str(kd_json_in *j, kd_bytes *value);
/* Digits alone: a sign, a fraction, an exponent, a leading zero and what exceeds 64 bits are refused. */
bool kd_json_in_u64(kd_json_in *j, uint64_t *value);
/* `true` or `false`. */
bool kd_json_in_bool(kd_json_in *j, bool *value);
/* `null`. */
bool kd_json_in_null(kd_json_in *j);
/* Passes over the next value with all that is in it; it must be well-formed JSON. */
bool kd_json_in_skip(kd_json_in *j);
/* First byte of the next value (one of { [ " t f n - 0..9), 0 when there is none. */
uint8_t kd_json_in_peek(kd_json_in *j);
/* Nothing but blanks is left, everything is closed, and nothing was bad. */
bool kd_json_in_end(kd_json_in *j);

#endif

/*
 * fields.h - lines of a word and its fields, as programs tell each other what they did: `void-part partition=3 withdrawn=12 state=over`. Words are parted by
 * blanks, so no value has one. The order of the fields means nothing, and one that the reader does not know is passed over.
 */
#ifndef KUDOS_COMMON_BASE_FIELDS_H
#define KUDOS_COMMON_BASE_FIELDS_H

#include "kudos/base.h"

typedef struct {
    kd_bytes line; /* within the text that it was taken from */
    bool lacking;  /* a field was asked for that is not there, or is not what was asked for */
} kd_fields;

/* Takes the next line off the front of *text, as kd_text_take_line; false: none is left. */
bool kd_fields_take(kd_fields *f, kd_bytes *text);
/* Whether the line begins with this word. */
bool kd_fields_are(const kd_fields *f, const char *word);
/* The value of a field, within the line. Where it is missing: empty, and `lacking` is set. */
kd_bytes kd_fields_bytes(kd_fields *f, const char *name);
/* As a number. Where it is missing or none, or beyond `max`: 0, and `lacking` is set. */
uint64_t kd_fields_number(kd_fields *f, const char *name, uint64_t max);
/* As a string into `out`. Where it is missing or has no room: empty, and `lacking` is set. */
void kd_fields_string(kd_fields *f, const char *name, char *out, size_t size);

#endif

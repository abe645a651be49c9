/* fields.c - see the header. */
#include "common/base/fields.h"

#include <string.h>

#include "common/base/text.h"

bool kd_fields_take(kd_fields *f, kd_bytes *text)
{
    *f = (kd_fields){.line = kd_text_take_line(text, NULL)};
    return f->line.len > 0;
}

/* The next word of the line, taken off the front of *rest; empty: none is left. */
static kd_bytes fields_word(kd_bytes *rest)
{
    size_t begin = 0;
    while (begin < rest->len && kd_text_is_blank(rest->data[begin])) begin++;
    size_t end = begin;
    while (end < rest->len && !kd_text_is_blank(rest->data[end])) end++;
    kd_bytes word = kd_bytes_of(rest->data + begin, end - begin);
    *rest = kd_bytes_of(rest->data + end, rest->len - end);
    return word;
}

bool kd_fields_are(const kd_fields *f, const char *word)
{
    kd_bytes rest = f->line;
    return kd_bytes_eq(fields_word(&rest), kd_bytes_str(word));
}

kd_bytes kd_fields_bytes(kd_fields *f, const char *name)
{
    size_t len = strlen(name);
    kd_bytes rest = f->line;
    for (kd_bytes word; (word = fields_word(&rest)).len > 0;)
        if (word.len > len && word.data[len] == '=' && memcmp(word.data, name, len) == 0)
            return kd_bytes_of(word.data + len + 1, word.len - len - 1);
    f->lacking = true;
    return kd_bytes_str("");
}

uint64_t kd_fields_number(kd_fields *f, const char *name, uint64_t max)
{
    uint64_t number;
    if (kd_text_number(kd_fields_bytes(f, name), &number) && number <= max) return number;
    f->lacking = true;
    return 0;
}

void kd_fields_string(kd_fields *f, const char *name, char *out, size_t size)
{
    kd_bytes value = kd_fields_bytes(f, name);
    bool fits = value.len < size;
    f->lacking |= !fits;
    if (!fits) value.len = 0;
    memcpy(out, value.data, value.len);
    out[value.len] = '\0';
}

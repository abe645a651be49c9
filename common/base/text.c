/* text.c - lines, and numbers with units from and to text. */
#include "common/base/text.h"

#include <strings.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct {
    const char *name;
    uint64_t factor;
} unit;

static const unit duration_units[] = {{"d", 86400000000u}, {"h", 3600000000u}, {"m", 60000000u},
                                      {"s", 1000000u},     {"ms", 1000u},      {"us", 1u}};
static const unit size_units[] = {{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"B", 1u}};

kd_bytes kd_text_trim(kd_bytes text)
{
    while (text.len > 0 && kd_text_is_blank(text.data[0])) text.data++, text.len--;
    while (text.len > 0 && kd_text_is_blank(text.data[text.len - 1])) text.len--;
    return text;
}

kd_bytes kd_text_trim_field(kd_bytes text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) text.data++, text.len--;
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) text.len--;
    return text;
}

bool kd_text_is_word(kd_bytes text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

kd_bytes kd_text_take_line(kd_bytes *text, uint32_t *number)
{
    while (text->len > 0) {
        const uint8_t *end = memchr(text->data, '\n', text->len);
        size_t len = end ? (size_t)(end - text->data) : text->len, taken = end ? len + 1 : len;
        kd_bytes line = kd_text_trim(kd_bytes_of(text->data, len));
        *text = kd_bytes_of(text->data + taken, text->len - taken);
        if (number) (*number)++;
        if (line.len > 0 && line.data[0] != '#') return line;
    }
    return kd_bytes_of(NULL, 0);
}

bool kd_text_take_number(kd_bytes *b, uint64_t *number)
{
    size_t i = 0;
    *number = 0;
    for (; i < b->len && b->data[i] >= '0' && b->data[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(b->data[i] - '0');
        if (*number > (UINT64_MAX - digit) / 10) return false;
        *number = *number * 10 + digit;
    }
    *b = kd_bytes_of(b->data + i, b->len - i);
    return i > 0;
}

bool kd_text_number(kd_bytes text, uint64_t *number)
{
    return kd_text_take_number(&text, number) && text.len == 0;
}

static bool take_amount(kd_bytes text, const unit *units, size_t count, uint64_t *amount)
{
    uint64_t number;
    if (!kd_text_take_number(&text, &number)) return false;
    for (size_t i = 0; i < count; i++) {
        if (!kd_bytes_eq(text, kd_bytes_str(units[i].name))) continue;
        if (number > UINT64_MAX / units[i].factor) return false;
        *amount = number * units[i].factor;
        return true;
    }
    return false;
}

bool kd_text_duration(kd_bytes text, uint64_t *us)
{
    return take_amount(text, duration_units, KD_COUNT(duration_units), us);
}

bool kd_text_size(kd_bytes text, uint64_t *bytes)
{
    return take_amount(text, size_units, KD_COUNT(size_units), bytes);
}

static void put_amount(kd_buf *out, uint64_t number, const unit *units, size_t count)
{
    size_t i = 0;
    while (i + 1 < count && (number < units[i].factor || number % units[i].factor != 0)) i++;
    kd_text_printf(out, "%llu%s", (unsigned long long)(number / units[i].factor), units[i].name);
}

void kd_text_put_duration(kd_buf *out, uint64_t us)
{
    put_amount(out, us, duration_units, KD_COUNT(duration_units));
}

void kd_text_put_size(kd_buf *out, uint64_t bytes)
{
    put_amount(out, bytes, size_units, KD_COUNT(size_units));
}

void kd_text_printf(kd_buf *out, const char *format, ...)
{
    char text[KD_TEXT_PRINTF_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    KD_ASSERT(len >= 0);
    kd_buf_put(out, text, KD_MIN((size_t)len, sizeof text - 1));
}

const char *kd_text_shown(kd_bytes value, char *out)
{
    enum { SHOWN = 60 };
    size_t len = KD_MIN(value.len, (size_t)SHOWN);
    for (size_t i = 0; i < len; i++)
        out[i] = value.data[i] < 0x20 || value.data[i] == 0x7F ? '?' : (char)value.data[i];
    memcpy(out + len, value.len > SHOWN ? "..." : "", value.len > SHOWN ? 4 : 1);
    return out;
}

const char *kd_text_url_shown(const char *url, char *out)
{
    const char *at = strrchr(url, '@'), *authority = strstr(url, "://");
    kd_buf text = {0};
    if (at == NULL) return kd_text_shown(kd_bytes_str(url), out);
    if (authority != NULL && authority < at) kd_buf_put(&text, url, (size_t)(authority + 3 - url));
    kd_buf_put(&text, at + 1, strlen(at + 1));
    kd_text_shown(kd_buf_view(&text), out);
    kd_buf_finish(&text);
    return out;
}

uint32_t kd_text_cut_list(char *list, char **words, uint32_t max)
{
    uint32_t n = 0;
    char *rest = list, *word;
    while ((word = strsep(&rest, ",")) != NULL) {
        kd_bytes text = kd_text_trim(kd_bytes_str(word));
        if (text.len == 0) continue;
        if (n == max) return max + 1;
        words[n] = word + ((const char *)text.data - word);
        words[n++][text.len] = '\0';
    }
    return n;
}

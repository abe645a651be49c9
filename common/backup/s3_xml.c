/* s3_xml.c - see the header. */
#include "common/backup/s3_xml.h"

#include <stdio.h>

#include "common/base/text.h"

enum { TAG_MAX = 64 };

/* Without the blanks and ends of lines at its ends. */
static kd_bytes xml_trim(kd_bytes text)
{
    while (text.len > 0 && (*text.data == '\n' || kd_text_is_blank(*text.data)))
        text = kd_bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || kd_text_is_blank(text.data[text.len - 1])))
        text.len--;
    return text;
}

/* Takes a text that begins with these words and goes on to the first '>' off the front. */
static bool xml_take_tag(kd_bytes *text, const char *words)
{
    size_t len = strlen(words);
    if (text->len <= len || memcmp(text->data, words, len) != 0) return false;
    const uint8_t *end = memchr(text->data, '>', text->len);
    if (!end) return false;
    size_t taken = (size_t)(end - text->data) + 1;
    *text = kd_bytes_of(text->data + taken, text->len - taken);
    return true;
}

bool kd_s3_xml_root(kd_bytes document, const char *element, kd_bytes *content)
{
    char plain[TAG_MAX], with_attributes[TAG_MAX], close[TAG_MAX];
    snprintf(plain, sizeof plain, "<%s>", element);
    snprintf(with_attributes, sizeof with_attributes, "<%s ", element);
    size_t close_len = (size_t)snprintf(close, sizeof close, "</%s>", element);
    KD_ASSERT(close_len < sizeof close);
    kd_bytes left = xml_trim(document);
    if (xml_take_tag(&left, "<?xml ")) left = xml_trim(left);
    if (!xml_take_tag(&left, plain) && !xml_take_tag(&left, with_attributes)) return false;
    if (left.len < close_len || memcmp(left.data + left.len - close_len, close, close_len) != 0) return false;
    *content = kd_bytes_of(left.data, left.len - close_len);
    return true;
}

bool kd_s3_xml_next(kd_bytes *xml, const char *element, kd_bytes *content)
{
    char open[TAG_MAX], close[TAG_MAX];
    size_t open_len = (size_t)snprintf(open, sizeof open, "<%s>", element);
    size_t close_len = (size_t)snprintf(close, sizeof close, "</%s>", element);
    KD_ASSERT(close_len < sizeof close);
    if (xml->len == 0) return false;
    const uint8_t *begin = memmem(xml->data, xml->len, open, open_len), *end = xml->data + xml->len;
    if (!begin) return false;
    begin += open_len;
    const uint8_t *last = memmem(begin, (size_t)(end - begin), close, close_len);
    if (!last) return false;
    *content = kd_bytes_of(begin, (size_t)(last - begin));
    *xml = kd_bytes_of(last + close_len, (size_t)(end - last) - close_len);
    return true;
}

kd_bytes kd_s3_xml_text(kd_bytes xml, const char *element)
{
    kd_bytes content;
    return kd_s3_xml_next(&xml, element, &content) ? content : kd_bytes_of(NULL, 0);
}

/* s3_xml.c - see the header. */
#include "common/backup/s3_xml.h"

#include <stdio.h>

enum { TAG_MAX = 64 };

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

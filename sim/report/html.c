/*
 * html.c - escaping. What comes out is well-formed whatever goes in.
 */
#include "sim/report/html.h"

#include <stdarg.h>
#include <stdio.h>

void sim_html_put(kd_buf *out, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    kd_buf_reserve(out, 256);
    size_t room = out->cap - out->len;
    int len = vsnprintf((char *)out->data + out->len, room, format, args);
    KD_ASSERT(len >= 0);
    if ((size_t)len >= room) {
        kd_buf_reserve(out, (size_t)len + 1);
        vsnprintf((char *)out->data + out->len, (size_t)len + 1, format, again);
    }
    out->len += (size_t)len;
    va_end(again);
    va_end(args);
}

/* The length of the UTF-8 sequence at p that XML admits; 0: there is none. */
static size_t sequence(const uint8_t *p)
{
    if (p[0] < 0x80) return p[0] >= 0x20 || p[0] == '\t' || p[0] == '\n' ? 1 : 0;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4) return 0;
    uint32_t point = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0; /* the final 0 as well */
        point = point << 6 | (p[i] & 0x3fu);
    }
    bool overlong = (len == 3 && point < 0x800) || (len == 4 && point < 0x10000);
    bool forbidden = (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff || point == 0xfffe ||
                     point == 0xffff || point < 0xa0;
    return overlong || forbidden ? 0 : len;
}

static const char *entity(uint8_t c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void sim_html_text(kd_buf *out, const char *text)
{
    if (!text) return;
    for (const uint8_t *p = (const uint8_t *)text; *p;) {
        size_t len = sequence(p);
        const char *name = len == 1 ? entity(*p) : NULL;
        if (len == 0)
            kd_buf_put(out, "\xef\xbf\xbd", 3);
        else if (name)
            kd_buf_put(out, name, strlen(name));
        else
            kd_buf_put(out, p, len);
        p += len ? len : 1;
    }
}

void sim_html_element(kd_buf *out, const char *tag, const char *class, const char *text)
{
    if (class)
        sim_html_put(out, "<%s class=\"%s\">", tag, class);
    else
        sim_html_put(out, "<%s>", tag);
    sim_html_text(out, text);
    sim_html_put(out, "</%s>", tag);
}

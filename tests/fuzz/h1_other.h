/*
 * h1_other.h - the second opinion of fuzz_h1.c: what Debian's http-parser reads in the same bytes, message by message. Strings are kept in the form in
 * which both sides are compared: names in lower case, values without blanks around them, the host of an absolute target as the field :authority.
 */
#ifndef KUDOS_TESTS_FUZZ_H1_OTHER_H
#define KUDOS_TESTS_FUZZ_H1_OTHER_H

#include <http_parser.h>

#include "kudos/base.h"

enum { OTHER_MESSAGES = 32, OTHER_FIELDS = 64 };

typedef struct {
    kd_buf name, value;
    bool tab; /* one stood behind the value */
} other_field;

typedef struct {
    kd_buf method, url, body;
    kd_buf framing; /* the bytes of the message without those of its body */
    size_t head;    /* how many of them are the head, with what stands before it */
    other_field fields[OTHER_FIELDS];
    size_t field_count; /* more than OTHER_FIELDS are counted, not kept */
    int minor, major;
    unsigned flags;
    bool keep;
    bool upgrade;
} other_message;

typedef struct {
    http_parser parser;
    other_message messages[OTHER_MESSAGES];
    size_t count;        /* complete ones; the next one may have begun */
    const uint8_t *done; /* up to here the bytes are in the framing, or in a body */
    bool headed, in_value;
} other;

static inline other_message *other_present(http_parser *p)
{
    other *o = p->data;
    return &o->messages[o->count];
}

static inline void other_put(kd_buf *to, const char *at, size_t len)
{
    if (len > 0) kd_buf_put(to, at, len);
}

static inline int other_on_url(http_parser *p, const char *at, size_t len)
{
    other_put(&other_present(p)->url, at, len);
    return 0;
}

static inline int other_on_name(http_parser *p, const char *at, size_t len)
{
    other *o = p->data;
    other_message *m = other_present(p);
    if (o->headed) return 0; /* trailers */
    if (o->in_value || m->field_count == 0) m->field_count++;
    o->in_value = false;
    if (m->field_count > OTHER_FIELDS) return 0;
    for (size_t i = 0; i < len; i++) {
        char c = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] + 32) : at[i];
        other_put(&m->fields[m->field_count - 1].name, &c, 1);
    }
    return 0;
}

static inline int other_on_value(http_parser *p, const char *at, size_t len)
{
    other *o = p->data;
    other_message *m = other_present(p);
    if (o->headed) return 0;
    o->in_value = true;
    if (m->field_count <= OTHER_FIELDS) other_put(&m->fields[m->field_count - 1].value, at, len);
    return 0;
}

static inline int other_on_headed(http_parser *p)
{
    other *o = p->data;
    other_message *m = other_present(p);
    const char *method = http_method_str((enum http_method)p->method);
    other_put(&m->method, method, strlen(method));
    m->major = p->http_major;
    m->minor = p->http_minor;
    o->headed = true;
    return 0;
}

/* Everything up to the body's bytes is framing. */
static inline int other_on_body(http_parser *p, const char *at, size_t len)
{
    other *o = p->data;
    other_message *m = other_present(p);
    const uint8_t *begin = (const uint8_t *)at;
    if (begin > o->done) other_put(&m->framing, (const char *)o->done, (size_t)(begin - o->done));
    o->done = begin + len;
    other_put(&m->body, at, len);
    return 0;
}

static inline int other_on_complete(http_parser *p)
{
    other_message *m = other_present(p);
    m->keep = http_should_keep_alive(p);
    m->flags = p->flags;
    m->upgrade = p->upgrade;
    http_parser_pause(p, 1);
    return 0;
}

static inline void other_trim(other_field *f)
{
    for (kd_buf *b = &f->value; b->len > 0 && (b->data[b->len - 1] == ' ' || b->data[b->len - 1] == '\t');
         b->len--)
        f->tab |= b->data[b->len - 1] == '\t';
}

/* The length of the head in the framing: up to its empty line, however its lines end. */
static inline size_t other_head(const kd_buf *f)
{
    size_t begin = 0;
    while (begin < f->len && (f->data[begin] == '\r' || f->data[begin] == '\n')) begin++;
    for (size_t i = begin; i < f->len; i++) {
        if (f->data[i] != '\n') continue;
        size_t next = i + 1;
        if (next < f->len && f->data[next] == '\r') next++;
        if (next < f->len && f->data[next] == '\n') return next + 1;
    }
    return f->len;
}

/* Reads all messages, up to the first error or the end of the bytes. http_errno of the parser says which: HPE_OK at the end. */
static inline void other_read(other *o, kd_bytes in)
{
    static const http_parser_settings settings = {.on_url = other_on_url,
                                                  .on_header_field = other_on_name,
                                                  .on_header_value = other_on_value,
                                                  .on_headers_complete = other_on_headed,
                                                  .on_body = other_on_body,
                                                  .on_message_complete = other_on_complete};
    http_parser_init(&o->parser, HTTP_REQUEST);
    o->parser.data = o;
    o->done = in.data;
    for (size_t used = 0; used < in.len && o->count < OTHER_MESSAGES - 1;) {
        used += http_parser_execute(&o->parser, &settings, (const char *)in.data + used, in.len - used);
        if (HTTP_PARSER_ERRNO(&o->parser) != HPE_PAUSED) return;
        http_parser_pause(&o->parser, 0);
        o->parser.upgrade = 0;
        other_message *m = &o->messages[o->count++];
        other_put(&m->framing, (const char *)o->done, (size_t)(in.data + used - o->done));
        m->head = other_head(&m->framing);
        for (size_t i = 0; i < KD_MIN(m->field_count, (size_t)OTHER_FIELDS); i++) other_trim(&m->fields[i]);
        o->done = in.data + used;
        o->headed = o->in_value = false;
        if (!m->keep) return; /* what follows is not read by anybody */
    }
}

static inline void other_clear(other *o)
{
    size_t used = o->count + 1; /* the last one has perhaps begun */
    for (size_t k = 0; k < used; k++) {
        other_message *m = &o->messages[k];
        kd_buf_finish(&m->method), kd_buf_finish(&m->url), kd_buf_finish(&m->body),
            kd_buf_finish(&m->framing);
        for (size_t i = 0; i < KD_MIN(m->field_count, (size_t)OTHER_FIELDS); i++)
            kd_buf_finish(&m->fields[i].name), kd_buf_finish(&m->fields[i].value);
    }
    memset(o->messages, 0, used * sizeof o->messages[0]);
    o->count = 0;
    o->headed = o->in_value = false;
}

#endif

/*
 * trace.c - see the header. Formatting is our own: it is a good part of a run's time, and printf is slow and depends on the locale. The digest is
 * OpenSSL's, which uses the processor's instructions for SHA-256.
 */
#include "sim/world/trace.h"

#include <stdarg.h>

enum { LINE_MAX_BYTES = 1024 };

void sim_trace_init(sim_trace *t, FILE *file)
{
    t->sha = EVP_MD_CTX_new();
    KD_ASSERT(t->sha && EVP_DigestInit_ex(t->sha, EVP_sha256(), NULL) == 1);
    t->file = file;
    t->len = 0;
}

static void trace_flush(sim_trace *t)
{
    KD_ASSERT(EVP_DigestUpdate(t->sha, t->buf, t->len) == 1);
    if (t->file) fwrite(t->buf, 1, t->len, t->file);
    t->len = 0;
}

void sim_trace_finish(sim_trace *t, uint8_t sha256[32])
{
    trace_flush(t);
    KD_ASSERT(EVP_DigestFinal_ex(t->sha, sha256, NULL) == 1);
    EVP_MD_CTX_free(t->sha);
}

/* Inline, so that each base is a constant and no digit takes a division. */
static inline __attribute__((always_inline)) char *trace_put_digits(char *out, uint64_t value, uint32_t base)
{
    char digits[24];
    uint32_t n = 0;
    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (n) *out++ = digits[--n];
    return out;
}

static char *trace_put_number(char *out, uint64_t value)
{
    return trace_put_digits(out, value, 10);
}

static char *trace_put_text(char *out, const char *end, const char *text, size_t len)
{
    size_t room = (size_t)(end - out);
    len = KD_MIN(len, room);
    memcpy(out, text, len);
    return out + len;
}

static char *trace_put_signed(char *out, int64_t value)
{
    if (value < 0) *out++ = '-';
    return trace_put_number(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void sim_trace_line(sim_trace *t, uint64_t at_us, const char *format, ...)
{
    if (sizeof(t->buf) - t->len < LINE_MAX_BYTES) trace_flush(t);
    char *out = t->buf + t->len, *end = out + LINE_MAX_BYTES - 64;
    va_list args;
    va_start(args, format);
    out = trace_put_number(out, at_us);
    *out++ = ' ';
    for (const char *f = format; *f && out < end; f++) {
        if (*f != '%') {
            *out++ = *f;
            continue;
        }
        switch (*++f) {
        case 's': {
            const char *text = va_arg(args, const char *);
            out = trace_put_text(out, end, text, strlen(text));
            break;
        }
        case 'b': {
            kd_bytes bytes = va_arg(args, kd_bytes);
            out = trace_put_text(out, end, (const char *)bytes.data, bytes.len);
            break;
        }
        case 'u':
            out = trace_put_number(out, va_arg(args, uint32_t));
            break;
        case 'l':
            out = trace_put_number(out, va_arg(args, uint64_t));
            break;
        case 'x':
            out = trace_put_digits(out, va_arg(args, uint64_t), 16);
            break;
        case 'd':
            out = trace_put_signed(out, va_arg(args, int64_t));
            break;
        default:
            KD_ASSERT(!"a conversion of trace.h");
        }
    }
    va_end(args);
    *out++ = '\n';
    t->len = (uint32_t)(out - t->buf);
}

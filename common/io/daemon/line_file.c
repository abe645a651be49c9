/* line_file.c - see the header. */
#include "common/io/daemon/line_file.h"

#include <errno.h>
#include <stdio.h>
#include <zlib.h>

typedef struct {
    const char *file;
    char *error;
    kd_line_file_fn fn;
    void *arg;
    uint64_t line;
} line_file_place;

static int line_file_fail(const line_file_place *at, const char *why, int rc)
{
    snprintf(at->error, KD_LINE_FILE_ERROR_MAX, "%s:%llu: %s", at->file, (unsigned long long)at->line, why);
    return rc;
}

static int line_file_take(line_file_place *at, kd_bytes line)
{
    const char *why = "";
    at->line++;
    if (line.len > KD_LINE_FILE_LINE_MAX) return line_file_fail(at, "the line is too long", KD_EMALFORMED);
    int rc = at->fn(at->arg, line, &why);
    return rc == KD_OK ? KD_OK : line_file_fail(at, why, rc);
}

/* Takes the whole lines in the buffer and moves the rest, the beginning of a line, to the front. */
static int line_file_take_whole(line_file_place *at, kd_buf *buf, bool end)
{
    size_t from = 0;
    while (from < buf->len) {
        const uint8_t *newline = memchr(buf->data + from, '\n', buf->len - from);
        if (!newline && !end) break;
        size_t len = newline ? (size_t)(newline - buf->data) - from : buf->len - from;
        int rc = line_file_take(at, kd_bytes_of(buf->data + from, len));
        if (rc != KD_OK) return rc;
        from += len + (newline ? 1 : 0);
    }
    if (buf->len - from > KD_LINE_FILE_LINE_MAX) {
        at->line++;
        return line_file_fail(at, "the line is too long", KD_EMALFORMED);
    }
    if (from > 0) memmove(buf->data, buf->data + from, buf->len - from);
    buf->len -= from;
    return KD_OK;
}

static int line_file_read(line_file_place *at, gzFile in)
{
    enum { CHUNK = 64 * 1024 };
    kd_buf buf = {0};
    int rc = KD_OK, n;
    do {
        kd_buf_reserve(&buf, CHUNK);
        n = gzread(in, buf.data + buf.len, CHUNK);
        if (n < 0) {
            int code;
            at->line++;
            rc = line_file_fail(at, gzerror(in, &code), KD_EIO);
            break;
        }
        buf.len += (size_t)n;
        rc = line_file_take_whole(at, &buf, n == 0);
    } while (rc == KD_OK && n > 0);
    kd_buf_finish(&buf);
    return rc;
}

int kd_line_file_each(const char *file, kd_line_file_fn fn, void *arg, char *error)
{
    line_file_place at = {.file = file, .error = error, .fn = fn, .arg = arg};
    errno = 0;
    gzFile in = gzopen(file, "rb");
    if (!in) return line_file_fail(&at, errno ? strerror(errno) : "cannot be opened", KD_EIO);
    int rc = line_file_read(&at, in);
    /* gzread does not tell that a compressed file was cut short: only gzclose_r does. */
    if (gzclose_r(in) != Z_OK && rc == KD_OK)
        rc = line_file_fail(&at, "the file ends in the middle of its compressed data", KD_EIO);
    return rc;
}

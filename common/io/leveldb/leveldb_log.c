/* leveldb_log.c - see the header. */
#include "common/io/leveldb/leveldb_log.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { HEADER = 7, LENGTH_AT = 4, TYPE_AT = 6 };
enum { ZERO, FULL, FIRST, MIDDLE, LAST };

static int read_block(kd_leveldb_log *log, char *err, size_t size)
{
    log->block_at += log->len;
    log->len = log->pos = 0;
    while (log->len < sizeof log->block) {
        ssize_t n = pread(log->fd, log->block + log->len, sizeof log->block - log->len,
                          (off_t)(log->block_at + log->len));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            snprintf(err, size, "cannot be read: %s", strerror(errno));
            return KD_EIO;
        }
        if (n == 0) break;
        log->len += (size_t)n;
    }
    log->last = log->len < sizeof log->block;
    return KD_OK;
}

static int leveldb_log_damaged(const kd_leveldb_log *log, const char *what, char *err, size_t size)
{
    snprintf(err, size, "%s at byte %llu", what, (unsigned long long)log->block_at + log->pos);
    return KD_EMALFORMED;
}

/* The next part. KD_ENOTFOUND at the end. */
static int next_part(kd_leveldb_log *log, uint8_t *type, kd_bytes *part, char *err, size_t size)
{
    while (log->len - log->pos < HEADER) {
        if (log->last && log->len > 0) log->torn = log->torn || log->pos < log->len;
        if (log->last) return KD_ENOTFOUND;
        int rc = read_block(log, err, size);
        if (rc != KD_OK) return rc;
    }
    const uint8_t *p = log->block + log->pos;
    size_t len = (size_t)p[LENGTH_AT] | (size_t)p[LENGTH_AT + 1] << 8;
    *type = p[TYPE_AT];
    if (*type == ZERO) return leveldb_log_damaged(log, "a hole (zeros instead of a record)", err, size);
    if (*type > LAST) return leveldb_log_damaged(log, "no record", err, size);
    if (len > log->len - log->pos - HEADER) {
        if (!log->last) return leveldb_log_damaged(log, "a record of a wrong length", err, size);
        log->pos = log->len;
        log->torn = true;
        return KD_ENOTFOUND;
    }
    *part = kd_bytes_of(p + HEADER, len);
    log->pos += HEADER + len;
    return KD_OK;
}

int kd_leveldb_log_next(kd_leveldb_log *log, char *err, size_t size)
{
    uint8_t type;
    kd_bytes part;
    bool begun = false;
    kd_buf_clear(&log->record);
    for (;;) {
        int rc = next_part(log, &type, &part, err, size);
        if (rc == KD_ENOTFOUND) log->torn = log->torn || begun;
        if (rc != KD_OK) return rc;
        if (begun != (type == MIDDLE || type == LAST))
            return leveldb_log_damaged(log, "a part of a record is missing before the one that ends", err,
                                       size);
        kd_buf_put(&log->record, part.data, part.len);
        if (type == FULL || type == LAST) return KD_OK;
        begun = true;
    }
}

void kd_leveldb_log_finish(kd_leveldb_log *log)
{
    kd_buf_finish(&log->record);
}

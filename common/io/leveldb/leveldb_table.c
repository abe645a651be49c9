/* leveldb_table.c - see the header. */
#include "common/io/leveldb/leveldb_table.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOOTER = 48, TRAILER = 5, BLOCK_MAX = 1 << 28, NUMBER = 8 };

static const uint64_t MAGIC = 0xdb4775248b80fb57;

/* A block's entries one after the other. */
typedef struct {
    uint8_t *data;
    kd_reader entries;
    kd_buf key;
    kd_bytes value;
} block;

static uint64_t leveldb_table_read_le(const uint8_t *p, size_t len)
{
    uint64_t v = 0;
    while (len > 0) v = v << 8 | p[--len];
    return v;
}

static int read_at(int fd, uint64_t at, uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = pread(fd, data, len, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return KD_EIO;
        if (n == 0) return KD_EMALFORMED;
        data += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return KD_OK;
}

static int block_open(block *b, int fd, uint64_t file_len, kd_reader *handle)
{
    uint64_t at = kd_read_varint(handle), len = kd_read_varint(handle);
    *b = (block){.data = NULL};
    if (handle->bad || len < 4 || len > BLOCK_MAX || at > file_len || len + TRAILER > file_len - at)
        return KD_EMALFORMED;
    b->data = kd_alloc((size_t)len + TRAILER);
    int rc = read_at(fd, at, b->data, (size_t)len + TRAILER);
    if (rc != KD_OK) return rc;
    uint64_t restarts = 4 * (leveldb_table_read_le(b->data + len - 4, 4) + 1);
    if (b->data[len] != 0 || restarts > len) return KD_EMALFORMED;
    b->entries = kd_reader_of(kd_bytes_of(b->data, (size_t)(len - restarts)));
    return KD_OK;
}

static void block_close(block *b)
{
    free(b->data);
    kd_buf_finish(&b->key);
}

/* KD_ENOTFOUND at the end. */
static int block_next(block *b)
{
    kd_reader *r = &b->entries;
    if (kd_reader_left(r) == 0) return KD_ENOTFOUND;
    uint64_t shared = kd_read_varint(r), unshared = kd_read_varint(r), len = kd_read_varint(r);
    kd_bytes more = kd_read_bytes(r, (size_t)unshared);
    b->value = kd_read_bytes(r, (size_t)len);
    if (r->bad || shared > b->key.len) return KD_EMALFORMED;
    b->key.len = (size_t)shared;
    kd_buf_put(&b->key, more.data, more.len);
    return b->key.len >= NUMBER ? KD_OK : KD_EMALFORMED;
}

static int last_of_block(int fd, uint64_t file_len, kd_bytes handle, uint64_t *last)
{
    kd_reader r = kd_reader_of(handle);
    block b;
    int rc = block_open(&b, fd, file_len, &r);
    while (rc == KD_OK && (rc = block_next(&b)) == KD_OK)
        *last = KD_MAX(*last, leveldb_table_read_le(b.key.data + b.key.len - NUMBER, NUMBER) >> 8);
    block_close(&b);
    return rc == KD_ENOTFOUND ? KD_OK : rc;
}

int kd_leveldb_table_last(int fd, uint64_t *last)
{
    uint8_t footer[FOOTER];
    struct stat st;
    block index;
    *last = 0;
    if (fstat(fd, &st) != 0) return KD_EIO;
    uint64_t len = (uint64_t)st.st_size;
    int rc = len < FOOTER ? KD_EMALFORMED : read_at(fd, len - FOOTER, footer, FOOTER);
    if (rc != KD_OK) return rc;
    if (leveldb_table_read_le(footer + FOOTER - 8, 8) != MAGIC) return KD_EMALFORMED;
    kd_reader r = kd_reader_of(kd_bytes_of(footer, FOOTER - 8));
    kd_read_varint(&r); /* the meta index */
    kd_read_varint(&r);
    rc = block_open(&index, fd, len, &r);
    while (rc == KD_OK && (rc = block_next(&index)) == KD_OK) rc = last_of_block(fd, len, index.value, last);
    block_close(&index);
    return rc == KD_ENOTFOUND ? KD_OK : rc;
}

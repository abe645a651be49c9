/* backup_list.c - see the header. */
#include "common/backup/backup_list.h"

static const char magic[4] = {'K', 'D', 'L', '1'};

enum { ENTRY = KD_BACKUP_DIGEST + 8 };

void kd_backup_list_end(kd_buf *list)
{
    if (list->len == 0) kd_buf_put(list, magic, sizeof magic);
}

bool kd_backup_list_put(kd_buf *list, const kd_backup_chunk *chunk)
{
    kd_backup_list_end(list);
    if (list->len + ENTRY > KD_BACKUP_LIST_MAX) return false;
    kd_buf_put(list, chunk->digest, sizeof chunk->digest);
    kd_buf_put_be32(list, chunk->rows);
    kd_buf_put_be32(list, chunk->bytes);
    return true;
}

bool kd_backup_list_begin(kd_bytes list, kd_reader *reader)
{
    *reader = kd_reader_of(list);
    return kd_bytes_eq(kd_read_bytes(reader, sizeof magic), kd_bytes_of(magic, sizeof magic));
}

bool kd_backup_list_next(kd_reader *reader, kd_backup_chunk *chunk)
{
    if (reader->bad || kd_reader_left(reader) == 0) return false;
    kd_bytes digest = kd_read_bytes(reader, sizeof chunk->digest);
    chunk->rows = kd_read_be32(reader);
    chunk->bytes = kd_read_be32(reader);
    if (chunk->bytes > KD_BACKUP_RAW_MAX) reader->bad = true;
    if (reader->bad) return false;
    memcpy(chunk->digest, digest.data, sizeof chunk->digest);
    return true;
}

/* backup_cut.c - see the header. */
#include "common/backup/backup_cut.h"

#include "kudos/id.h"

bool kd_backup_cut_after(size_t bytes, kd_bytes key)
{
    if (bytes >= KD_BACKUP_CHUNK_MAX) return true;
    return bytes >= KD_BACKUP_CHUNK_MIN && kd_hash(key) % KD_BACKUP_CUT_ROWS == 0;
}

/* Of members, counts and the two indices (central/core/row.h) there are many rows. */
static bool cut_many(uint8_t first)
{
    return first == 'l' || first == 'm' || first == 'n' || first == 'u';
}

bool kd_backup_cut_between(uint8_t before, uint8_t next)
{
    return before != next && (cut_many(before) || cut_many(next));
}

void kd_backup_row_put(kd_buf *chunk, kd_bytes key, kd_bytes value)
{
    kd_buf_put_be32(chunk, (uint32_t)key.len);
    kd_buf_put_be32(chunk, (uint32_t)value.len);
    kd_buf_put(chunk, key.data, key.len);
    kd_buf_put(chunk, value.data, value.len);
}

bool kd_backup_row_take(kd_reader *chunk, kd_bytes *key, kd_bytes *value)
{
    const uint32_t klen = kd_read_be32(chunk), vlen = kd_read_be32(chunk);
    *key = kd_read_bytes(chunk, klen);
    *value = kd_read_bytes(chunk, vlen);
    return !chunk->bad;
}

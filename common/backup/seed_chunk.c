/* seed_chunk.c - see the header. */
#include "common/backup/seed_chunk.h"

#include "common/backup/backup_cut.h"

static const char seed_chunk_begin[] = {'K', 'D', 'S', '1'};
enum { SEED_LAST = 1, SEED_SAME = 2 };

void kd_seed_chunk_put(kd_buf *out, const kd_seed_chunk *chunk)
{
    KD_ASSERT(chunk->end.len <= KD_SEED_KEY_MAX);
    kd_buf_put(out, seed_chunk_begin, sizeof seed_chunk_begin);
    kd_buf_put_be64(out, chunk->seed);
    kd_buf_put_u8(out, (uint8_t)((chunk->last ? SEED_LAST : 0) | (chunk->same ? SEED_SAME : 0)));
    kd_buf_put_be64(out, chunk->done);
    kd_buf_put_be64(out, chunk->whole);
    kd_buf_put(out, chunk->digest, sizeof chunk->digest);
    kd_buf_put_be16(out, (uint16_t)chunk->end.len);
    kd_buf_put(out, chunk->end.data, chunk->end.len);
    kd_buf_put(out, chunk->packed.data, chunk->packed.len);
}

int kd_seed_chunk_read(kd_bytes in, kd_seed_chunk *chunk)
{
    kd_reader r = kd_reader_of(in);
    kd_bytes begin = kd_read_bytes(&r, sizeof seed_chunk_begin);
    if (r.bad || memcmp(begin.data, seed_chunk_begin, sizeof seed_chunk_begin) != 0) return KD_EVERSION;
    chunk->seed = kd_read_be64(&r);
    const uint8_t flags = kd_read_u8(&r);
    chunk->done = kd_read_be64(&r);
    chunk->whole = kd_read_be64(&r);
    kd_bytes digest = kd_read_bytes(&r, sizeof chunk->digest);
    chunk->end = kd_read_bytes(&r, kd_read_be16(&r));
    if (r.bad || flags > (SEED_LAST | SEED_SAME) || chunk->end.len > KD_SEED_KEY_MAX) return KD_EMALFORMED;
    memcpy(chunk->digest, digest.data, sizeof chunk->digest);
    chunk->last = flags & SEED_LAST;
    chunk->same = flags & SEED_SAME;
    chunk->packed = kd_read_bytes(&r, kd_reader_left(&r));
    return chunk->same && chunk->packed.len > 0 ? KD_EMALFORMED : KD_OK;
}

/* ---- cutting ---- */

enum { CUT_ENDS = 1 };

typedef struct {
    kd_buf *rows, *end;
    bool any;
    uint8_t kind; /* the first byte of the last row's key */
} seed_cutting;

static int seed_cut_row(void *arg, kd_bytes key, kd_bytes value)
{
    seed_cutting *c = arg;
    const uint8_t kind = key.len > 0 ? key.data[0] : 0;
    if (key.len > KD_SEED_KEY_MAX || value.len > KD_BACKUP_RAW_MAX / 2) return KD_ETOOBIG;
    if (c->any && kd_backup_cut_between(c->kind, kind)) return CUT_ENDS;
    kd_backup_row_put(c->rows, key, value);
    kd_buf_clear(c->end);
    kd_buf_put(c->end, key.data, key.len);
    c->any = true;
    c->kind = kind;
    return kd_backup_cut_after(c->rows->len, key) ? CUT_ENDS : KD_OK;
}

void kd_seed_behind(kd_bytes after, kd_buf *out)
{
    if (after.len == 0) return;
    kd_buf_put(out, after.data, after.len);
    kd_buf_put_u8(out, 0);
}

int kd_seed_cut(const kd_store *store, kd_bytes after, kd_buf *rows, kd_buf *end, bool *last)
{
    kd_buf from = {0};
    seed_cutting c = {.rows = rows, .end = end};
    kd_seed_behind(after, &from);
    kd_buf_clear(rows);
    kd_buf_clear(end);
    kd_buf_put(end, after.data, after.len);
    int err = store->scan(store->ctx, kd_buf_view(&from), (kd_bytes){0}, seed_cut_row, &c);
    kd_buf_finish(&from);
    *last = err == KD_OK;
    return err == CUT_ENDS ? KD_OK : err;
}

/* ---- applying ---- */

typedef struct {
    kd_writes *writes;
    uint32_t left;
} seed_clearing;

static int seed_clear_row(void *arg, kd_bytes key, kd_bytes value)
{
    seed_clearing *c = arg;
    (void)value;
    if (c->left == 0) return KD_EAGAIN;
    c->left--;
    kd_writes_delete(c->writes, key);
    return KD_OK;
}

static int seed_clear(const kd_store *store, kd_bytes after, kd_bytes end, bool last, uint32_t limit,
                      kd_writes *writes)
{
    kd_buf from = {0}, to = {0};
    seed_clearing c = {.writes = writes, .left = limit};
    kd_seed_behind(after, &from);
    if (!last) kd_seed_behind(end, &to);
    int err = store->scan(store->ctx, kd_buf_view(&from), kd_buf_view(&to), seed_clear_row, &c);
    kd_buf_finish(&from);
    kd_buf_finish(&to);
    return err;
}

/* Also that the last one is `end`: the next chunk begins there. */
static int seed_put_rows(kd_bytes after, kd_bytes end, kd_bytes rows, kd_writes *writes)
{
    kd_reader reader = kd_reader_of(rows);
    kd_bytes key, value, before = after;
    while (kd_reader_left(&reader) > 0) {
        bool good = kd_backup_row_take(&reader, &key, &value);
        if (!good || key.len == 0 || kd_bytes_cmp(key, before) <= 0) return KD_EMALFORMED;
        kd_writes_put(writes, key, value);
        before = key;
    }
    return kd_bytes_eq(before, end) ? KD_OK : KD_EMALFORMED;
}

int kd_seed_apply(const kd_store *store, kd_bytes after, kd_bytes end, bool last, kd_bytes rows,
                  uint32_t limit, kd_writes *writes)
{
    int order = kd_bytes_cmp(end, after);
    if (order < 0 || (order == 0 && !last)) return KD_EMALFORMED; /* it would be asked for without end */
    int err = seed_clear(store, after, end, last, limit, writes);
    return err == KD_OK ? seed_put_rows(after, end, rows, writes) : err;
}

/* backup_rows.c - see the header. */
#include "central/io/backup/backup_rows.h"

#include <sodium.h>

enum { PROGRESS_ROWS = 4096 };

typedef struct {
    const kd_backup_rows *rows;
    kd_scan_fn take;
    void *arg;
    crypto_generichash_state hash;
    kd_backup_sums *sums;
} backup_rows_walk;

static void backup_rows_hash_number(backup_rows_walk *w, size_t n)
{
    const uint8_t be[] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    crypto_generichash_update(&w->hash, be, sizeof(be));
}

static int backup_rows_take(void *arg, kd_bytes key, kd_bytes value)
{
    backup_rows_walk *w = arg;
    const kd_backup_rows *r = w->rows;
    backup_rows_hash_number(w, key.len);
    backup_rows_hash_number(w, value.len);
    crypto_generichash_update(&w->hash, key.data, key.len);
    crypto_generichash_update(&w->hash, value.data, value.len);
    w->sums->bytes += key.len + value.len;
    if (++w->sums->rows % PROGRESS_ROWS == 0 && !r->progress(r->progress_arg, r->partition, w->sums->rows))
        return KD_EAGAIN;
    return w->take ? w->take(w->arg, key, value) : 0;
}

int kd_backup_rows_each(const kd_backup_rows *rows, kd_scan_fn take, void *arg, kd_backup_sums *sums)
{
    backup_rows_walk w = {.rows = rows, .take = take, .arg = arg, .sums = sums};
    *sums = (kd_backup_sums){.rows = 0};
    crypto_generichash_init(&w.hash, NULL, 0, KD_BACKUP_DIGEST);
    int err = rows->store->scan(rows->store->ctx, (kd_bytes){0}, (kd_bytes){0}, backup_rows_take, &w);
    crypto_generichash_final(&w.hash, sums->digest, KD_BACKUP_DIGEST);
    return err;
}

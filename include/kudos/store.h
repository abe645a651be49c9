/*
 * store.h - what the cores need of storage: point reads, ordered scans, and writes as data.
 *
 * A core never writes. It fills a kd_writes; the shell applies that atomically and synced, then reports to the core.
 * Implementations: LevelDB (common/io/leveldb/leveldb_store.h), memory with crashes (tests and simulator).
 */
#ifndef KUDOS_STORE_H
#define KUDOS_STORE_H

#include "kudos/base.h"

/* Visits one row; key and value live during the call. Return 0 to go on, another value to stop the scan, which then returns that value. */
typedef int (*kd_scan_fn)(void *arg, kd_bytes key, kd_bytes value);

typedef struct {
    void *ctx; /* the implementation's; first argument of both */
    /* KD_OK and the value appended to *value (cleared first); KD_ENOTFOUND; KD_EIO. */
    int (*get)(void *ctx, kd_bytes key, kd_buf *value);
    /* Rows with from <= key < to in key order (`to` empty: to the end). KD_OK, fn's value, or KD_EIO. */
    int (*scan)(void *ctx, kd_bytes from, kd_bytes to, kd_scan_fn fn, void *arg);
} kd_store;

/*
 * An atomic group of puts and deletes, in order, in one buffer:
 *
 *     put:    1 | klen be32 | vlen be32 | key | value
 *     delete: 2 | klen be32 | key
 */
typedef struct {
    kd_buf buf;
    uint32_t count;
} kd_writes;

/* Key and value are copied. Writes to the same key apply in order: the last one stands. */
void kd_writes_put(kd_writes *w, kd_bytes key, kd_bytes value);
void kd_writes_delete(kd_writes *w, kd_bytes key); /* deleting what is not there is no error */
void kd_writes_clear(kd_writes *w);                /* empties the group and keeps its memory */
void kd_writes_finish(kd_writes *w);               /* frees the memory */
static inline bool kd_writes_empty(const kd_writes *w)
{
    return w->count == 0;
}

/* What kd_writes_visit calls; views live during the call. */
typedef struct {
    void (*put)(void *arg, kd_bytes key, kd_bytes value);
    void (*del)(void *arg, kd_bytes key);
} kd_writes_visitor;
/* Replays the group in order. Aborts when the buffer is not a group: it is made by this process alone. */
void kd_writes_visit(const kd_writes *w, const kd_writes_visitor *v, void *arg);

/* Writes to the cleared *out the smallest key above every key with this prefix; leaves it empty where there is none (a prefix of 0xff alone). */
void kd_prefix_end(kd_bytes prefix, kd_buf *out);

#endif

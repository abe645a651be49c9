/*
 * disk.c - the rows that can be read (rows.c), and the groups that a crash may lose: those that wait for their sync, and, on a disk that lies, those
 * that were applied without one. For the latter the rows as they were before are kept, so that a crash can undo them.
 */
#include "sim/world/disk.h"

#include "kudos/id.h"
#include "sim/world/rows.h"

#include <stdlib.h>

enum {
    QUEUE_MAX = 4,  /* groups submitted and not synced */
    UNDOS_MAX = 64, /* groups of a lying disk that a crash may undo: older ones have reached it in the end */
};

struct sim_disk {
    sim_rows *rows;
    uint64_t reads_left;
    kd_writes queue[QUEUE_MAX]; /* oldest first */
    kd_writes undos[UNDOS_MAX]; /* oldest first: the rows before each group that a lying disk applied */
    uint32_t queued, undo_count;
    bool full, unreadable, read_failed, sync_fails, broken, lies, ignores;
};

/* ---- rows ---- */

sim_disk *sim_disk_create(void)
{
    sim_disk *m = kd_alloc(sizeof(*m));
    m->rows = sim_rows_create();
    m->reads_left = UINT64_MAX;
    return m;
}

static void disk_drop_groups(sim_disk *m)
{
    m->queued = 0;
    for (int i = 0; i < QUEUE_MAX; i++) kd_writes_finish(&m->queue[i]);
    while (m->undo_count) kd_writes_finish(&m->undos[--m->undo_count]);
}

void sim_disk_destroy(sim_disk *m)
{
    if (!m) return;
    disk_drop_groups(m);
    sim_rows_destroy(m->rows);
    free(m);
}

void sim_disk_put(sim_disk *m, kd_bytes key, kd_bytes value)
{
    sim_rows_put(m->rows, key, value);
}

void sim_disk_delete(sim_disk *m, kd_bytes key)
{
    sim_rows_delete(m->rows, key);
}

sim_disk *sim_disk_clone(const sim_disk *m)
{
    sim_disk *copy = sim_disk_create();
    sim_rows_copy(copy->rows, m->rows);
    return copy;
}

static void disk_apply_put(void *arg, kd_bytes key, kd_bytes value)
{
    sim_disk_put(arg, key, value);
}

static void disk_apply_delete(void *arg, kd_bytes key)
{
    sim_disk_delete(arg, key);
}

void sim_disk_apply(sim_disk *m, const kd_writes *writes)
{
    kd_writes_visit(writes, &(kd_writes_visitor){.put = disk_apply_put, .del = disk_apply_delete}, m);
}

void sim_disk_wipe(sim_disk *m)
{
    disk_drop_groups(m);
    sim_rows_clear(m->rows);
    m->broken = false;
}

/* ---- groups ---- */

/* Slots behind the end of the queue keep their buffers for the next group. */
static void disk_copy_group(kd_writes *to, const kd_writes *from)
{
    kd_writes_clear(to);
    to->count = from->count;
    kd_buf_put(&to->buf, from->buf.data, from->buf.len);
}

void sim_disk_submit(sim_disk *m, const kd_writes *writes)
{
    KD_ASSERT(m->queued < QUEUE_MAX);
    disk_copy_group(&m->queue[m->queued++], writes);
}

typedef struct {
    const sim_disk *m;
    kd_writes *undo;
} disk_undo_recorder;

static void disk_remember(void *arg, kd_bytes key, kd_bytes value)
{
    disk_undo_recorder *r = arg;
    (void)value;
    kd_bytes stood;
    if (sim_rows_get(r->m->rows, key, &stood))
        kd_writes_put(r->undo, key, stood);
    else
        kd_writes_delete(r->undo, key);
}

static void disk_remember_delete(void *arg, kd_bytes key)
{
    disk_remember(arg, key, (kd_bytes){0});
}

/* Keeps, for every key of the group, the row that it is about to replace. */
static void disk_push_undo(sim_disk *m, const kd_writes *group)
{
    if (m->undo_count == UNDOS_MAX) {
        kd_writes_finish(&m->undos[0]);
        memmove(m->undos, m->undos + 1, --m->undo_count * sizeof(m->undos[0]));
    }
    disk_undo_recorder r = {m, &m->undos[m->undo_count++]};
    *r.undo = (kd_writes){0};
    kd_writes_visit(group, &(kd_writes_visitor){.put = disk_remember, .del = disk_remember_delete}, &r);
}

static void disk_shift_queue(sim_disk *m)
{
    kd_writes done = m->queue[0];
    memmove(m->queue, m->queue + 1, --m->queued * sizeof(m->queue[0]));
    m->queue[m->queued] = done;
}

int sim_disk_sync(sim_disk *m, bool *synced)
{
    KD_ASSERT(m->queued > 0);
    if (m->full || m->sync_fails) m->broken = true;
    m->sync_fails = false;
    *synced = !m->broken && !m->lies;
    if (m->broken && !m->ignores) return KD_EIO; /* stays in the queue: a crash decides what is left of it */
    if (!*synced) disk_push_undo(m, &m->queue[0]);
    sim_disk_apply(m, &m->queue[0]);
    disk_shift_queue(m);
    return KD_OK;
}

uint32_t sim_disk_unsynced(const sim_disk *m)
{
    return m->undo_count + m->queued;
}

static void disk_take_back(sim_disk *m, const sim_disk *of, uint32_t survive)
{
    for (uint32_t i = of->undo_count; i > survive; i--) sim_disk_apply(m, &of->undos[i - 1]);
}

void sim_disk_crash(sim_disk *m, uint32_t survive)
{
    disk_take_back(m, m, survive);
    for (uint32_t i = m->undo_count; i < survive && m->queued > 0; i++) {
        sim_disk_apply(m, &m->queue[0]);
        disk_shift_queue(m);
    }
    disk_drop_groups(m);
    m->broken = m->read_failed = false;
}

sim_disk *sim_disk_copy_crashed(const sim_disk *m, uint32_t survive)
{
    sim_disk *copy = sim_disk_clone(m);
    disk_take_back(copy, m, survive);
    for (uint32_t i = 0; i < m->queued && m->undo_count + i < survive; i++)
        sim_disk_apply(copy, &m->queue[i]);
    return copy;
}

void sim_disk_unreadable(sim_disk *m, bool unreadable)
{
    m->unreadable = unreadable;
}

void sim_disk_fill(sim_disk *m, bool full)
{
    m->full = full;
}

void sim_disk_fail_sync(sim_disk *m)
{
    m->sync_fails = true;
}

void sim_disk_lie(sim_disk *m)
{
    m->lies = true;
}

void sim_disk_ignore_errors(sim_disk *m)
{
    m->ignores = true;
}

/* ---- reading ---- */

bool sim_disk_read_failed(const sim_disk *m)
{
    return m->read_failed;
}

static bool disk_read_fails(sim_disk *m)
{
    if (m->unreadable) return m->read_failed = true;
    if (m->reads_left == UINT64_MAX) return false;
    if (m->reads_left == 0) return true;
    m->reads_left--;
    return false;
}

static int disk_store_get(void *ctx, kd_bytes key, kd_buf *value)
{
    sim_disk *m = ctx;
    kd_buf_clear(value);
    if (disk_read_fails(m)) return KD_EIO;
    kd_bytes found;
    if (!sim_rows_get(m->rows, key, &found)) return KD_ENOTFOUND;
    kd_buf_put(value, found.data, found.len);
    return KD_OK;
}

static int disk_store_scan(void *ctx, kd_bytes from, kd_bytes to, kd_scan_fn fn, void *arg)
{
    sim_disk *m = ctx;
    if (disk_read_fails(m)) return KD_EIO;
    kd_bytes key, value;
    for (sim_rows_walk w = sim_rows_between(m->rows, from, to); sim_rows_next(&w, &key, &value);) {
        int stop = fn(arg, key, value);
        if (stop) return stop;
    }
    return KD_OK;
}

kd_store sim_disk_view(sim_disk *m)
{
    return (kd_store){.ctx = m, .get = disk_store_get, .scan = disk_store_scan};
}

void sim_disk_fail_after(sim_disk *m, uint64_t reads)
{
    m->reads_left = reads;
}

size_t sim_disk_rows(const sim_disk *m)
{
    return sim_rows_count(m->rows);
}

bool sim_disk_equal(const sim_disk *a, const sim_disk *b)
{
    if (sim_disk_rows(a) != sim_disk_rows(b)) return false;
    kd_bytes key, value, other;
    sim_rows_walk w = sim_rows_between(a->rows, (kd_bytes){0}, (kd_bytes){0});
    while (sim_rows_next(&w, &key, &value))
        if (!sim_rows_get(b->rows, key, &other) || !kd_bytes_eq(value, other)) return false;
    return true;
}

uint64_t sim_disk_digest(const sim_disk *m)
{
    uint64_t digest = 0;
    kd_buf row = {0};
    kd_bytes key, value;
    sim_rows_walk w = sim_rows_between(m->rows, (kd_bytes){0}, (kd_bytes){0});
    while (sim_rows_next(&w, &key, &value)) {
        kd_buf_clear(&row);
        kd_buf_put_be64(&row, digest);
        kd_buf_put_be32(&row, (uint32_t)key.len);
        kd_buf_put(&row, key.data, key.len);
        kd_buf_put(&row, value.data, value.len);
        digest = kd_hash(kd_buf_view(&row));
    }
    kd_buf_finish(&row);
    return digest;
}

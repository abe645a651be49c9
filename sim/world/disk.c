/*
 * disk.c - a skip list (Pugh 1990) of rows in key order, a table by hash to find one row in one step, and behind them the groups that a
 * crash may forget. Heights come from a fixed seed, so that a run is the same every time.
 *
 *     head -> node -> node -> ...      each node: key and value behind it; a value that grew stands apart
 *
 * The table is open-addressed with linear probing and at most half full; every node but the head is in it.
 */
#include "sim/world/disk.h"

#include "kudos/id.h"

#include <stdlib.h>

enum {
    HEIGHT_MAX = 20,
    QUEUE_MAX = 4,  /* groups submitted and not synced */
    UNDOS_MAX = 64, /* of a disk that lies: the system writes the oldest back in the end */
    TABLE_MIN = 64,
};

typedef struct node {
    uint64_t hash;
    uint8_t *value; /* behind the key while it fits */
    uint32_t value_len, value_cap, key_len;
    uint32_t height;
    struct node *next[]; /* height pointers, then the key */
} node;

/* The hash stands here too: most of what is looked at on the way is told apart without a look at the row. */
typedef struct {
    uint64_t hash;
    node *row; /* NULL: empty */
} table_entry;

struct sim_disk {
    node *head;
    table_entry *table;
    size_t table_cap; /* a power of two */
    size_t rows;
    int levels; /* in use */
    uint64_t seed;
    uint64_t reads_left;
    kd_writes queue[QUEUE_MAX]; /* oldest first */
    kd_writes undos
        [UNDOS_MAX]; /* of groups whose rows can be read and are not safe, oldest first: what stood there */
    uint32_t queued, undo_count;
    bool full, sync_fails, broken, lies, ignores;
};

static kd_bytes node_key(const node *n)
{
    return kd_bytes_of((const uint8_t *)n + sizeof(node) + n->height * sizeof(node *), n->key_len);
}

static kd_bytes node_value(const node *n)
{
    return kd_bytes_of(n->value, n->value_len);
}

static node *node_create(uint32_t height, kd_bytes key, size_t room)
{
    size_t key_at = sizeof(node) + height * sizeof(node *);
    node *n = kd_alloc(key_at + key.len + room);
    n->height = height;
    n->key_len = (uint32_t)key.len;
    n->value_cap = (uint32_t)room;
    n->value = (uint8_t *)n + key_at + key.len;
    if (key.len) memcpy((uint8_t *)n + key_at, key.data, key.len);
    return n;
}

static bool value_inside(const node *n)
{
    return n->value == node_key(n).data + n->key_len;
}

static void node_destroy(node *n)
{
    if (!value_inside(n)) free(n->value);
    free(n);
}

static void node_set(node *n, kd_bytes value)
{
    if (value.len > n->value_cap) {
        n->value = kd_realloc(value_inside(n) ? NULL : n->value, value.len);
        n->value_cap = (uint32_t)value.len;
    }
    if (value.len) memcpy(n->value, value.data, value.len);
    n->value_len = (uint32_t)value.len;
}

/* ---- the table ---- */

static size_t slot_next(const sim_disk *m, size_t slot)
{
    return (slot + 1) & (m->table_cap - 1);
}

static void table_add(sim_disk *m, node *n)
{
    size_t slot = n->hash & (m->table_cap - 1);
    while (m->table[slot].row) slot = slot_next(m, slot);
    m->table[slot] = (table_entry){n->hash, n};
}

static void table_reserve(sim_disk *m, size_t rows)
{
    if (2 * rows <= m->table_cap) return;
    free(m->table);
    m->table_cap = KD_MAX(2 * m->table_cap, (size_t)TABLE_MIN);
    while (2 * rows > m->table_cap) m->table_cap *= 2;
    m->table = kd_alloc(m->table_cap * sizeof(m->table[0]));
    for (node *n = m->head->next[0]; n; n = n->next[0]) table_add(m, n);
}

/* The slot of the key, or the empty one where it would be. */
static size_t table_slot(const sim_disk *m, kd_bytes key, uint64_t hash)
{
    size_t slot = hash & (m->table_cap - 1);
    for (const table_entry *e; (e = &m->table[slot])->row; slot = slot_next(m, slot))
        if (e->hash == hash && kd_bytes_eq(node_key(e->row), key)) break;
    return slot;
}

static node *find(const sim_disk *m, kd_bytes key, uint64_t hash)
{
    return m->table_cap ? m->table[table_slot(m, key, hash)].row : NULL;
}

/* What stands behind the gap and would not be found over it moves into it. */
static void table_remove(sim_disk *m, const node *n)
{
    size_t gap = table_slot(m, node_key(n), n->hash), mask = m->table_cap - 1;
    for (size_t at = slot_next(m, gap); m->table[at].row; at = slot_next(m, at)) {
        size_t home = m->table[at].hash & mask;
        if (((at - home) & mask) < ((at - gap) & mask)) continue;
        m->table[gap] = m->table[at];
        gap = at;
    }
    m->table[gap].row = NULL;
}

/* ---- rows ---- */

sim_disk *sim_disk_create(void)
{
    sim_disk *m = kd_alloc(sizeof(*m));
    m->head = node_create(HEIGHT_MAX, (kd_bytes){0}, 0);
    m->seed = 1;
    m->reads_left = UINT64_MAX;
    return m;
}

static void drop_groups(sim_disk *m)
{
    m->queued = 0;
    for (int i = 0; i < QUEUE_MAX; i++) kd_writes_finish(&m->queue[i]);
    while (m->undo_count) kd_writes_finish(&m->undos[--m->undo_count]);
}

void sim_disk_destroy(sim_disk *m)
{
    if (!m) return;
    drop_groups(m);
    for (node *n = m->head, *next; n; n = next) {
        next = n->next[0];
        node_destroy(n);
    }
    free(m->table);
    free(m);
}

/* The first node with a key >= key; *before gets the last one below it at each height. */
static node *seek(const sim_disk *m, kd_bytes key, node **before)
{
    node *at = m->head;
    for (int h = m->levels; before && h < HEIGHT_MAX; h++) before[h] = at;
    for (int h = m->levels - 1; h >= 0; h--) {
        while (at->next[h] && kd_bytes_cmp(node_key(at->next[h]), key) < 0) at = at->next[h];
        if (before) before[h] = at;
    }
    return at->next[0];
}

static uint32_t random_height(sim_disk *m)
{
    uint64_t bits = kd_random_next(&m->seed) | (uint64_t)1 << (2 * (HEIGHT_MAX - 1));
    return 1 + (uint32_t)__builtin_ctzll(bits) / 2;
}

static void insert(sim_disk *m, node **before, kd_bytes key, uint64_t hash, kd_bytes value)
{
    table_reserve(m, m->rows + 1);
    node *n = node_create(random_height(m), key, value.len);
    n->hash = hash;
    node_set(n, value);
    table_add(m, n);
    m->levels = KD_MAX(m->levels, (int)n->height);
    for (uint32_t h = 0; h < n->height; h++) {
        n->next[h] = before[h]->next[h];
        before[h]->next[h] = n;
    }
    m->rows++;
}

void sim_disk_put(sim_disk *m, kd_bytes key, kd_bytes value)
{
    node *before[HEIGHT_MAX];
    uint64_t hash = kd_hash(key);
    node *n = find(m, key, hash);
    if (n) {
        node_set(n, value);
        return;
    }
    seek(m, key, before);
    insert(m, before, key, hash, value);
}

void sim_disk_delete(sim_disk *m, kd_bytes key)
{
    node *before[HEIGHT_MAX];
    node *n = find(m, key, kd_hash(key));
    if (!n) return;
    table_remove(m, n);
    seek(m, key, before);
    for (uint32_t h = 0; h < n->height; h++) before[h]->next[h] = n->next[h];
    node_destroy(n);
    m->rows--;
}

sim_disk *sim_disk_clone(const sim_disk *m)
{
    sim_disk *copy = sim_disk_create();
    node *last[HEIGHT_MAX];
    for (int h = 0; h < HEIGHT_MAX; h++) last[h] = copy->head;
    table_reserve(copy, m->rows);
    for (const node *n = m->head->next[0]; n; n = n->next[0]) {
        insert(copy, last, node_key(n), n->hash, node_value(n));
        node *added = last[0]->next[0];
        for (uint32_t h = 0; h < added->height; h++) last[h] = added;
    }
    return copy;
}

static void apply_put(void *arg, kd_bytes key, kd_bytes value)
{
    sim_disk_put(arg, key, value);
}

static void apply_delete(void *arg, kd_bytes key)
{
    sim_disk_delete(arg, key);
}

void sim_disk_apply(sim_disk *m, const kd_writes *writes)
{
    kd_writes_visit(writes, &(kd_writes_visitor){.put = apply_put, .del = apply_delete}, m);
}

void sim_disk_wipe(sim_disk *m)
{
    drop_groups(m);
    for (node *n = m->head->next[0], *next; n; n = next) {
        next = n->next[0];
        node_destroy(n);
    }
    memset(m->head->next, 0, HEIGHT_MAX * sizeof(node *));
    if (m->table_cap) memset(m->table, 0, m->table_cap * sizeof(m->table[0]));
    m->rows = 0;
    m->broken = false;
}

/* ---- groups ---- */

/* What is behind the queue keeps its memory. */
static void copy_group(kd_writes *to, const kd_writes *from)
{
    kd_writes_clear(to);
    to->count = from->count;
    kd_buf_put(&to->buf, from->buf.data, from->buf.len);
}

void sim_disk_submit(sim_disk *m, const kd_writes *writes)
{
    KD_ASSERT(m->queued < QUEUE_MAX);
    copy_group(&m->queue[m->queued++], writes);
}

typedef struct {
    const sim_disk *m;
    kd_writes *undo;
} remembering;

static void remember(void *arg, kd_bytes key, kd_bytes value)
{
    remembering *r = arg;
    (void)value;
    const node *n = find(r->m, key, kd_hash(key));
    if (n)
        kd_writes_put(r->undo, key, node_value(n));
    else
        kd_writes_delete(r->undo, key);
}

static void remember_delete(void *arg, kd_bytes key)
{
    remember(arg, key, (kd_bytes){0});
}

/* What stood at every key of the group before it. */
static void push_undo(sim_disk *m, const kd_writes *group)
{
    if (m->undo_count == UNDOS_MAX) {
        kd_writes_finish(&m->undos[0]);
        memmove(m->undos, m->undos + 1, --m->undo_count * sizeof(m->undos[0]));
    }
    remembering r = {m, &m->undos[m->undo_count++]};
    *r.undo = (kd_writes){0};
    kd_writes_visit(group, &(kd_writes_visitor){.put = remember, .del = remember_delete}, &r);
}

static void shift_queue(sim_disk *m)
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
    if (!*synced) push_undo(m, &m->queue[0]);
    sim_disk_apply(m, &m->queue[0]);
    shift_queue(m);
    return KD_OK;
}

uint32_t sim_disk_unsynced(const sim_disk *m)
{
    return m->undo_count + m->queued;
}

static void take_back(sim_disk *m, const sim_disk *of, uint32_t survive)
{
    for (uint32_t i = of->undo_count; i > survive; i--) sim_disk_apply(m, &of->undos[i - 1]);
}

void sim_disk_crash(sim_disk *m, uint32_t survive)
{
    take_back(m, m, survive);
    for (uint32_t i = m->undo_count; i < survive && m->queued > 0; i++) {
        sim_disk_apply(m, &m->queue[0]);
        shift_queue(m);
    }
    drop_groups(m);
    m->broken = false;
}

sim_disk *sim_disk_copy_crashed(const sim_disk *m, uint32_t survive)
{
    sim_disk *copy = sim_disk_clone(m);
    take_back(copy, m, survive);
    for (uint32_t i = 0; i < m->queued && m->undo_count + i < survive; i++)
        sim_disk_apply(copy, &m->queue[i]);
    return copy;
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

static bool read_fails(sim_disk *m)
{
    if (m->reads_left == UINT64_MAX) return false;
    if (m->reads_left == 0) return true;
    m->reads_left--;
    return false;
}

static int store_get(void *ctx, kd_bytes key, kd_buf *value)
{
    sim_disk *m = ctx;
    kd_buf_clear(value);
    if (read_fails(m)) return KD_EIO;
    const node *n = find(m, key, kd_hash(key));
    if (!n) return KD_ENOTFOUND;
    kd_buf_put(value, n->value, n->value_len);
    return KD_OK;
}

static int store_scan(void *ctx, kd_bytes from, kd_bytes to, kd_scan_fn fn, void *arg)
{
    sim_disk *m = ctx;
    if (read_fails(m)) return KD_EIO;
    for (const node *n = seek(m, from, NULL); n; n = n->next[0]) {
        if (to.len && kd_bytes_cmp(node_key(n), to) >= 0) break;
        int stop = fn(arg, node_key(n), node_value(n));
        if (stop) return stop;
    }
    return KD_OK;
}

kd_store sim_disk_view(sim_disk *m)
{
    return (kd_store){.ctx = m, .get = store_get, .scan = store_scan};
}

void sim_disk_fail_after(sim_disk *m, uint64_t reads)
{
    m->reads_left = reads;
}

size_t sim_disk_rows(const sim_disk *m)
{
    return m->rows;
}

bool sim_disk_equal(const sim_disk *a, const sim_disk *b)
{
    if (a->rows != b->rows) return false;
    const node *x = a->head->next[0], *y = b->head->next[0];
    for (; x && y; x = x->next[0], y = y->next[0])
        if (!kd_bytes_eq(node_key(x), node_key(y)) || !kd_bytes_eq(node_value(x), node_value(y)))
            return false;
    return !x && !y;
}

uint64_t sim_disk_digest(const sim_disk *m)
{
    uint64_t digest = 0;
    kd_buf row = {0};
    for (const node *n = m->head->next[0]; n; n = n->next[0]) {
        kd_buf_clear(&row);
        kd_buf_put_be64(&row, digest);
        kd_buf_put_be32(&row, n->key_len);
        kd_buf_put(&row, node_key(n).data, n->key_len);
        kd_buf_put(&row, n->value, n->value_len);
        digest = kd_hash(kd_buf_view(&row));
    }
    kd_buf_finish(&row);
    return digest;
}

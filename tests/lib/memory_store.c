/*
 * memory_store.c - a skip list (Pugh 1990) of rows in key order. Heights come from a fixed seed, so that a
 * run is the same every time.
 *
 *     head -> node -> node -> ...      each node: key bytes inline, value apart (it may grow)
 */
#include "tests/lib/memory_store.h"

#include "kudos/id.h"

#include <stdlib.h>

enum { HEIGHT_MAX = 20 };

typedef struct node {
    uint8_t *value;
    uint32_t value_len, key_len;
    uint32_t height;
    struct node *next[]; /* height pointers, then the key */
} node;

struct kd_memory_store {
    node *head;
    size_t rows;
    uint64_t seed;
    uint64_t reads_left;
};

static kd_bytes node_key(const node *n)
{
    return kd_bytes_of((const uint8_t *)n + sizeof(node) + n->height * sizeof(node *), n->key_len);
}

static kd_bytes node_value(const node *n)
{
    return kd_bytes_of(n->value, n->value_len);
}

static node *node_create(uint32_t height, kd_bytes key)
{
    node *n = kd_alloc(sizeof(node) + height * sizeof(node *) + key.len);
    n->height = height;
    n->key_len = (uint32_t)key.len;
    if (key.len) memcpy((uint8_t *)n + sizeof(node) + height * sizeof(node *), key.data, key.len);
    return n;
}

static void node_set(node *n, kd_bytes value)
{
    if (value.len != n->value_len || !n->value) n->value = kd_realloc(n->value, value.len);
    if (value.len) memcpy(n->value, value.data, value.len);
    n->value_len = (uint32_t)value.len;
}

kd_memory_store *kd_memory_store_create(void)
{
    kd_memory_store *m = kd_alloc(sizeof(*m));
    m->head = node_create(HEIGHT_MAX, (kd_bytes){0});
    m->seed = 1;
    m->reads_left = UINT64_MAX;
    return m;
}

void kd_memory_store_destroy(kd_memory_store *m)
{
    if (!m) return;
    for (node *n = m->head, *next; n; n = next) {
        next = n->next[0];
        free(n->value);
        free(n);
    }
    free(m);
}

/* The first node with a key >= key; *before gets the last one below it at each height. */
static node *seek(const kd_memory_store *m, kd_bytes key, node **before)
{
    node *at = m->head;
    for (int h = HEIGHT_MAX - 1; h >= 0; h--) {
        while (at->next[h] && kd_bytes_cmp(node_key(at->next[h]), key) < 0) at = at->next[h];
        if (before) before[h] = at;
    }
    return at->next[0];
}

static uint32_t random_height(kd_memory_store *m)
{
    uint64_t bits = kd_random_next(&m->seed) | (uint64_t)1 << (2 * (HEIGHT_MAX - 1));
    return 1 + (uint32_t)__builtin_ctzll(bits) / 2;
}

static void insert(kd_memory_store *m, node **before, kd_bytes key, kd_bytes value)
{
    node *n = node_create(random_height(m), key);
    node_set(n, value);
    for (uint32_t h = 0; h < n->height; h++) {
        n->next[h] = before[h]->next[h];
        before[h]->next[h] = n;
    }
    m->rows++;
}

void kd_memory_store_put(kd_memory_store *m, kd_bytes key, kd_bytes value)
{
    node *before[HEIGHT_MAX];
    node *n = seek(m, key, before);
    if (n && kd_bytes_eq(node_key(n), key))
        node_set(n, value);
    else
        insert(m, before, key, value);
}

void kd_memory_store_delete(kd_memory_store *m, kd_bytes key)
{
    node *before[HEIGHT_MAX];
    node *n = seek(m, key, before);
    if (!n || !kd_bytes_eq(node_key(n), key)) return;
    for (uint32_t h = 0; h < n->height; h++) before[h]->next[h] = n->next[h];
    free(n->value);
    free(n);
    m->rows--;
}

kd_memory_store *kd_memory_store_clone(const kd_memory_store *m)
{
    kd_memory_store *copy = kd_memory_store_create();
    node *last[HEIGHT_MAX];
    for (int h = 0; h < HEIGHT_MAX; h++) last[h] = copy->head;
    for (const node *n = m->head->next[0]; n; n = n->next[0]) {
        insert(copy, last, node_key(n), node_value(n));
        node *added = last[0]->next[0];
        for (uint32_t h = 0; h < added->height; h++) last[h] = added;
    }
    return copy;
}

static void apply_put(void *arg, kd_bytes key, kd_bytes value)
{
    kd_memory_store_put(arg, key, value);
}

static void apply_delete(void *arg, kd_bytes key)
{
    kd_memory_store_delete(arg, key);
}

void kd_memory_store_apply(kd_memory_store *m, const kd_writes *writes)
{
    kd_writes_visit(writes, &(kd_writes_visitor){.put = apply_put, .del = apply_delete}, m);
}

static bool read_fails(kd_memory_store *m)
{
    if (m->reads_left == UINT64_MAX) return false;
    if (m->reads_left == 0) return true;
    m->reads_left--;
    return false;
}

static int store_get(void *ctx, kd_bytes key, kd_buf *value)
{
    kd_memory_store *m = ctx;
    kd_buf_clear(value);
    if (read_fails(m)) return KD_EIO;
    const node *n = seek(m, key, NULL);
    if (!n || !kd_bytes_eq(node_key(n), key)) return KD_ENOTFOUND;
    kd_buf_put(value, n->value, n->value_len);
    return KD_OK;
}

static int store_scan(void *ctx, kd_bytes from, kd_bytes to, kd_scan_fn fn, void *arg)
{
    kd_memory_store *m = ctx;
    if (read_fails(m)) return KD_EIO;
    for (const node *n = seek(m, from, NULL); n; n = n->next[0]) {
        if (to.len && kd_bytes_cmp(node_key(n), to) >= 0) break;
        int stop = fn(arg, node_key(n), node_value(n));
        if (stop) return stop;
    }
    return KD_OK;
}

kd_store kd_memory_store_view(kd_memory_store *m)
{
    return (kd_store){.ctx = m, .get = store_get, .scan = store_scan};
}

void kd_memory_store_fail_after(kd_memory_store *m, uint64_t reads)
{
    m->reads_left = reads;
}

size_t kd_memory_store_rows(const kd_memory_store *m)
{
    return m->rows;
}

bool kd_memory_store_equal(const kd_memory_store *a, const kd_memory_store *b)
{
    if (a->rows != b->rows) return false;
    const node *x = a->head->next[0], *y = b->head->next[0];
    for (; x && y; x = x->next[0], y = y->next[0])
        if (!kd_bytes_eq(node_key(x), node_key(y)) || !kd_bytes_eq(node_value(x), node_value(y)))
            return false;
    return !x && !y;
}

uint64_t kd_memory_store_digest(const kd_memory_store *m)
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

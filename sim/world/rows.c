/*
 * rows.c - a hash table of all rows, open-addressed with linear probing and at most half full; and one shelf for each first byte of a key, which
 * distinguishes the kinds of rows. A shelf is a skip list (Pugh 1990) of the rows that have been walked over, and an unsorted array of the rows that
 * were put since. A walk sorts these in first. Heights in the skip list come from a fixed seed, so that a run is the same every time.
 *
 *     shelf:  head -> row -> row -> ...     in key order
 *             fresh: row, row, ...          each row has its index here, for deletion
 *
 *     row:    head | height pointers | key | value      a value that outgrows its place is allocated on its own
 *
 * Small rows come from chunks, and deleted ones go to free lists by size. So a disk is dropped without a look at each of its rows. Chunk memory that
 * holds no row is poisoned for the address sanitizer, which does not see these allocations otherwise.
 */
#include "sim/world/rows.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    HEIGHT_MAX = 20,
    TABLE_MIN = 64,
    SHELVES = 256,
    PIECE = 16,
    PIECES_MAX = 24, /* larger rows are allocated on their own */
    CHUNK_BYTES = 32768,
};

typedef struct sim_row {
    uint8_t *value; /* behind the key while it fits */
    uint32_t value_len, value_cap;
    uint32_t fresh; /* 1 + its index in shelf.fresh; 0: it is in the skip list */
    uint16_t key_len;
    uint8_t height, pieces; /* pieces 0: allocated on its own */
    struct sim_row *next[];
} rows_entry;

/* With the hash: a probe passes most rows of other keys without touching their memory. */
typedef struct {
    uint64_t hash;
    rows_entry *row; /* NULL: empty */
} table_entry;

typedef struct {
    rows_entry *head;
    int levels; /* in use */
    rows_entry **fresh;
    uint32_t fresh_count, fresh_cap;
} shelf;

typedef struct rows_chunk {
    struct rows_chunk *next;
    uint64_t bytes[CHUNK_BYTES / sizeof(uint64_t)];
} rows_chunk;

struct sim_rows {
    table_entry *table;
    size_t table_cap; /* a power of two */
    size_t count;
    uint64_t seed;
    shelf *shelves[SHELVES];
    rows_chunk *chunks;
    size_t chunk_used;
    rows_entry *given[PIECES_MAX + 1]; /* free lists by size in pieces; linked by `value` */
};

/* ---- memory ---- */

static void rows_add_chunk(sim_rows *r)
{
    rows_chunk *fresh = kd_realloc(NULL, sizeof(*fresh));
    fresh->next = r->chunks;
    ASAN_POISON_MEMORY_REGION(fresh->bytes, sizeof(fresh->bytes));
    r->chunks = fresh;
    r->chunk_used = 0;
}

static void *rows_take(sim_rows *r, size_t pieces)
{
    rows_entry *given = r->given[pieces];
    if (given) {
        ASAN_UNPOISON_MEMORY_REGION(given, pieces * PIECE);
        r->given[pieces] = (rows_entry *)(void *)given->value;
        return given;
    }
    if (!r->chunks || r->chunk_used + pieces * PIECE > CHUNK_BYTES) rows_add_chunk(r);
    void *piece = (uint8_t *)r->chunks->bytes + r->chunk_used;
    r->chunk_used += pieces * PIECE;
    ASAN_UNPOISON_MEMORY_REGION(piece, pieces * PIECE);
    return piece;
}

static kd_bytes row_key(const rows_entry *n)
{
    return kd_bytes_of((const uint8_t *)n + sizeof(rows_entry) + n->height * sizeof(rows_entry *),
                       n->key_len);
}

static kd_bytes row_value(const rows_entry *n)
{
    return kd_bytes_of(n->value, n->value_len);
}

static bool value_inside(const rows_entry *n)
{
    return n->value == row_key(n).data + n->key_len;
}

static rows_entry *row_create(sim_rows *r, uint32_t height, kd_bytes key, size_t value_len)
{
    KD_ASSERT(key.len <= UINT16_MAX);
    size_t key_at = sizeof(rows_entry) + height * sizeof(rows_entry *);
    size_t pieces = (key_at + key.len + value_len + PIECE - 1) / PIECE;
    bool small = pieces <= PIECES_MAX;
    rows_entry *n = small ? rows_take(r, pieces) : kd_realloc(NULL, pieces * PIECE);
    *n = (rows_entry){.value = (uint8_t *)n + key_at + key.len,
                      .value_cap = (uint32_t)(pieces * PIECE - key_at - key.len),
                      .key_len = (uint16_t)key.len,
                      .height = (uint8_t)height,
                      .pieces = (uint8_t)(small ? pieces : 0)};
    memset(n->next, 0, height * sizeof(rows_entry *));
    if (key.len) memcpy((uint8_t *)n + key_at, key.data, key.len);
    return n;
}

static void row_destroy(sim_rows *r, rows_entry *n)
{
    if (!value_inside(n)) free(n->value);
    if (n->pieces == 0) {
        free(n);
        return;
    }
    n->value = (uint8_t *)r->given[n->pieces];
    r->given[n->pieces] = n;
    ASAN_POISON_MEMORY_REGION(n, (size_t)n->pieces * PIECE);
}

static void row_set(rows_entry *n, kd_bytes value)
{
    if (value.len > n->value_cap) {
        n->value = kd_realloc(value_inside(n) ? NULL : n->value, value.len);
        n->value_cap = (uint32_t)value.len;
    }
    if (value.len) memcpy(n->value, value.data, value.len);
    n->value_len = (uint32_t)value.len;
}

/* ---- the table ---- */

static uint64_t rows_hash_of(kd_bytes key)
{
    return XXH3_64bits(key.data, key.len);
}

static size_t slot_next(const sim_rows *r, size_t slot)
{
    return (slot + 1) & (r->table_cap - 1);
}

static void table_add(sim_rows *r, table_entry entry)
{
    size_t slot = entry.hash & (r->table_cap - 1);
    while (r->table[slot].row) slot = slot_next(r, slot);
    r->table[slot] = entry;
}

static void table_reserve(sim_rows *r, size_t rows)
{
    if (2 * rows <= r->table_cap) return;
    table_entry *old = r->table;
    size_t old_cap = r->table_cap;
    r->table_cap = KD_MAX(2 * r->table_cap, (size_t)TABLE_MIN);
    while (2 * rows > r->table_cap) r->table_cap *= 2;
    r->table = kd_alloc(r->table_cap * sizeof(r->table[0]));
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].row) table_add(r, old[i]);
    free(old);
}

/* The slot of the key's row, or the empty slot where a row of this key would go. */
static size_t table_slot(const sim_rows *r, kd_bytes key, uint64_t hash)
{
    size_t slot = hash & (r->table_cap - 1);
    for (const table_entry *e; (e = &r->table[slot])->row; slot = slot_next(r, slot))
        if (e->hash == hash && kd_bytes_eq(row_key(e->row), key)) break;
    return slot;
}

static rows_entry *rows_find(const sim_rows *r, kd_bytes key, uint64_t hash)
{
    return r->table_cap ? r->table[table_slot(r, key, hash)].row : NULL;
}

/* Empties the slot. An entry behind it that a probe from its home slot would no longer reach moves into the gap, which leaves the next gap. */
static void table_remove(sim_rows *r, size_t gap)
{
    size_t mask = r->table_cap - 1;
    for (size_t at = slot_next(r, gap); r->table[at].row; at = slot_next(r, at)) {
        size_t home = r->table[at].hash & mask;
        if (((at - home) & mask) < ((at - gap) & mask)) continue;
        r->table[gap] = r->table[at];
        gap = at;
    }
    r->table[gap].row = NULL;
}

/* ---- order ---- */

static uint32_t shelf_number(kd_bytes key)
{
    return key.len ? key.data[0] : 0;
}

static shelf *shelf_obtain(sim_rows *r, kd_bytes key)
{
    shelf **s = &r->shelves[shelf_number(key)];
    if (!*s) {
        *s = kd_alloc(sizeof(**s));
        (*s)->head = row_create(r, HEIGHT_MAX, (kd_bytes){0}, 0);
    }
    return *s;
}

/* The first row of the skip list whose key is >= `key`. before[h] gets the last row below it at each height; NULL: not wanted. */
static rows_entry *shelf_seek(const shelf *s, kd_bytes key, rows_entry **before)
{
    rows_entry *at = s->head;
    for (int h = s->levels; before && h < HEIGHT_MAX; h++) before[h] = at;
    for (int h = s->levels - 1; h >= 0; h--) {
        while (at->next[h] && kd_bytes_cmp(row_key(at->next[h]), key) < 0) at = at->next[h];
        if (before) before[h] = at;
    }
    return at->next[0];
}

static int shelf_compare_rows(const void *x, const void *y)
{
    return kd_bytes_cmp(row_key(*(rows_entry *const *)x), row_key(*(rows_entry *const *)y));
}

/* Sorts the fresh rows into the skip list. In key order, because then each search goes over rows that the one before has brought into the cache. */
static void shelf_order(shelf *s)
{
    rows_entry *before[HEIGHT_MAX];
    if (s->fresh_count > 1) qsort(s->fresh, s->fresh_count, sizeof(s->fresh[0]), shelf_compare_rows);
    for (uint32_t i = 0; i < s->fresh_count; i++) {
        rows_entry *n = s->fresh[i];
        shelf_seek(s, row_key(n), before);
        s->levels = KD_MAX(s->levels, (int)n->height);
        for (uint32_t h = 0; h < n->height; h++) {
            n->next[h] = before[h]->next[h];
            before[h]->next[h] = n;
        }
        n->fresh = 0;
    }
    s->fresh_count = 0;
}

static void shelf_add(shelf *s, rows_entry *n)
{
    s->fresh = kd_grow(s->fresh, s->fresh_count, &s->fresh_cap, sizeof(s->fresh[0]));
    s->fresh[s->fresh_count++] = n;
    n->fresh = s->fresh_count;
}

static void shelf_remove(shelf *s, rows_entry *n)
{
    rows_entry *before[HEIGHT_MAX];
    if (n->fresh) {
        rows_entry *last = s->fresh[--s->fresh_count];
        s->fresh[n->fresh - 1] = last;
        last->fresh = n->fresh;
        return;
    }
    shelf_seek(s, row_key(n), before);
    for (uint32_t h = 0; h < n->height; h++) before[h]->next[h] = n->next[h];
}

/* ---- rows ---- */

sim_rows *sim_rows_create(void)
{
    sim_rows *r = kd_alloc(sizeof(*r));
    r->seed = 1;
    return r;
}

/* Frees what the row has outside of chunks, when the chunks are freed as well. */
static void row_forget(rows_entry *n)
{
    if (!value_inside(n)) free(n->value);
    if (n->pieces == 0) free(n);
}

void sim_rows_clear(sim_rows *r)
{
    for (size_t i = 0; i < r->table_cap; i++)
        if (r->table[i].row) row_forget(r->table[i].row);
    for (uint32_t i = 0; i < SHELVES; i++) {
        if (!r->shelves[i]) continue;
        row_forget(r->shelves[i]->head);
        free(r->shelves[i]->fresh);
        free(r->shelves[i]);
    }
    for (rows_chunk *c = r->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(r->table);
    *r = (sim_rows){.seed = r->seed};
}

void sim_rows_destroy(sim_rows *r)
{
    if (!r) return;
    sim_rows_clear(r);
    free(r);
}

size_t sim_rows_count(const sim_rows *r)
{
    return r->count;
}

static uint32_t rows_random_height(sim_rows *r)
{
    uint64_t bits = kd_random_next(&r->seed) | (uint64_t)1 << (2 * (HEIGHT_MAX - 1));
    return 1 + (uint32_t)__builtin_ctzll(bits) / 2;
}

static void rows_insert(sim_rows *r, kd_bytes key, uint64_t hash, kd_bytes value)
{
    rows_entry *n = row_create(r, rows_random_height(r), key, value.len);
    row_set(n, value);
    table_reserve(r, r->count + 1);
    table_add(r, (table_entry){hash, n});
    shelf_add(shelf_obtain(r, key), n);
    r->count++;
}

void sim_rows_put(sim_rows *r, kd_bytes key, kd_bytes value)
{
    uint64_t hash = rows_hash_of(key);
    rows_entry *n = rows_find(r, key, hash);
    if (n)
        row_set(n, value);
    else
        rows_insert(r, key, hash, value);
}

void sim_rows_delete(sim_rows *r, kd_bytes key)
{
    if (r->count == 0) return;
    size_t slot = table_slot(r, key, rows_hash_of(key));
    rows_entry *n = r->table[slot].row;
    if (!n) return;
    table_remove(r, slot);
    shelf_remove(r->shelves[shelf_number(key)], n);
    row_destroy(r, n);
    r->count--;
}

bool sim_rows_get(const sim_rows *r, kd_bytes key, kd_bytes *value)
{
    const rows_entry *n = rows_find(r, key, rows_hash_of(key));
    if (n) *value = row_value(n);
    return n != NULL;
}

void sim_rows_copy(sim_rows *to, const sim_rows *from)
{
    table_reserve(to, to->count + from->count);
    for (size_t i = 0; i < from->table_cap; i++) {
        const rows_entry *n = from->table[i].row;
        if (n) sim_rows_put(to, row_key(n), row_value(n));
    }
}

/* ---- walks ---- */

sim_rows_walk sim_rows_between(sim_rows *r, kd_bytes from, kd_bytes to)
{
    uint32_t number = shelf_number(from);
    shelf *s = r->shelves[number];
    if (s) shelf_order(s);
    return (sim_rows_walk){r, s ? shelf_seek(s, from, NULL) : NULL, to, number};
}

/* Whether keys of this shelf can lie below `to`. A shelf that the walk does not reach is not sorted. */
static bool shelf_within(uint32_t number, kd_bytes to)
{
    if (number >= SHELVES) return false;
    return to.len == 0 || number < to.data[0] || (number == to.data[0] && to.len > 1);
}

bool sim_rows_next(sim_rows_walk *w, kd_bytes *key, kd_bytes *value)
{
    while (!w->next) {
        if (!shelf_within(++w->shelf, w->to)) return false;
        shelf *s = w->rows->shelves[w->shelf];
        if (!s) continue;
        shelf_order(s);
        w->next = s->head->next[0];
    }
    *key = row_key(w->next);
    *value = row_value(w->next);
    w->next = w->next->next[0];
    return w->to.len == 0 || kd_bytes_cmp(*key, w->to) < 0;
}

/*
 * table.h - an intrusive hash table from byte keys to the caller's entries.
 *
 * An entry starts with a kd_table_entry and carries its own key, which key_of shows; the table holds pointers
 * only (about 12 bytes an entry) and never frees an entry. It grows by splitting small segments, so that no
 * call moves more than a thousand pointers and memory never doubles at once. Layout and source: table.c.
 *
 * Ownership: entries are the caller's. While an entry is in the table its key must not change, and the entry must not
 * move in memory. One table belongs to one thread.
 */
#ifndef KUDOS_COMMON_BASE_TABLE_H
#define KUDOS_COMMON_BASE_TABLE_H

#include "kudos/base.h"

/* First member of every entry; kd_table_put fills it. */
typedef struct {
    uint32_t hash; /* half of kd_table_hash */
} kd_table_entry;

struct kd_table_segment;

/* A segment, and how many groups it has: the first memory of a segment that a look-up reads is that of its own group. */
typedef struct {
    struct kd_table_segment *segment;
    uint32_t groups;
} kd_table_place;

typedef struct {
    kd_bytes (*key_of)(const void *entry);
    uint64_t seed;
    kd_table_place *directory; /* 2^depth places; neighbours may share a segment */
    uint32_t depth;
    size_t count; /* entries */
} kd_table;

/* `seed` should be secret and random per process where strangers choose the keys. */
void kd_table_init(kd_table *t, kd_bytes (*key_of)(const void *entry), uint64_t seed);
/* Frees the table's own memory; the entries stay. */
void kd_table_finish(kd_table *t);

/* The hash of a key: XXH3_64bits_withSeed. */
uint64_t kd_table_hash(const kd_table *t, kd_bytes key);
/* The entry with that key, or NULL. */
void *kd_table_find(const kd_table *t, kd_bytes key);
/* As kd_table_find, for a caller that has the key's kd_table_hash. */
void *kd_table_find_hashed(const kd_table *t, kd_bytes key, uint64_t hash);
/* Fetches into the cache what kd_table_find reads first for a key of this hash. Call it some work ahead. */
void kd_table_prefetch_hashed(const kd_table *t, uint64_t hash);
/* The entry that probably has a key of this hash, NULL: none has. It is not looked at, so it may be another: to fetch it into the cache, when what
 * kd_table_prefetch_hashed fetches has come. */
const void *kd_table_guess_hashed(const kd_table *t, uint64_t hash);
/* Adds an entry, of which the caller has the kd_table_hash of its key and knows that no entry in the table has that key. */
void kd_table_add_hashed(kd_table *t, void *entry, uint64_t hash);
/* Adds the entry. An entry with the same key is taken out and returned, for its owner to free; else NULL. */
void *kd_table_put(kd_table *t, void *entry);
/* Takes the entry with that key out and returns it, or NULL. */
void *kd_table_remove(kd_table *t, kd_bytes key);
/*
 * Walks all entries, in no order that means anything: start with *cursor = 0, NULL is the end. Entries may be
 * removed on the way, the one just returned as well as others; after a put the walk may miss or repeat some.
 */
void *kd_table_next(const kd_table *t, size_t *cursor);

/* Bytes that the table itself holds, entries not counted. */
size_t kd_table_bytes(const kd_table *t);

#endif

/*
 * bloom.h - a set of 64-bit hashes that answers "surely not" or "perhaps", and grows.
 *
 * A chain of blocked Bloom filters (Putze, Sanders, Singler 2007): 64-byte blocks, so that a filter costs one
 * cache line, 8 probes (one in each word of the block), 12 bits a row. When a filter is full the next one,
 * twice as large, takes over; a question asks all of them, the largest first. There is never a false "surely
 * not". False "perhaps" are near 0.5 % a filter that is full.
 *
 * Memory is bounded by max_bits: what does not fit any more goes into the least crowded filter, and "perhaps"
 * is the answer more and more often; `saturated` says so.
 */
#ifndef KUDOS_COMMON_BASE_BLOOM_H
#define KUDOS_COMMON_BASE_BLOOM_H

#include "kudos/base.h"

enum { KD_BLOOM_FILTERS_MAX = 40 };

typedef struct {
    void *memory;
    uint64_t *words; /* into memory: block_count * 8, aligned to a cache line */
    uint64_t block_count;
    uint64_t rows, capacity;
} kd_bloom_filter;

typedef struct {
    kd_bloom_filter filters[KD_BLOOM_FILTERS_MAX];
    uint32_t filter_count;
    uint64_t rows;     /* added, without those that were "perhaps" there already */
    uint64_t bits;     /* memory held */
    uint64_t max_bits; /* never more than this, except that one block is always there */
    bool saturated;    /* at max_bits and full: correct, but asks the store too often */
} kd_bloom;

/* `expected_rows` sizes the first filter (at least one block, at most max_bits). */
void kd_bloom_init(kd_bloom *b, uint64_t expected_rows, uint64_t max_bits);
/* Frees the filters and zeroes *b. */
void kd_bloom_finish(kd_bloom *b);
/* The hash must be well mixed: all 64 bits are used. May allocate a filter, twice the size of the newest. */
void kd_bloom_add(kd_bloom *b, uint64_t hash);
/* As kd_bloom_maybe asked before, and kd_bloom_add, in one. */
bool kd_bloom_learn(kd_bloom *b, uint64_t hash);
/* Fetches into the cache the blocks that kd_bloom_maybe reads for this hash. Call it some work ahead. */
void kd_bloom_prefetch(const kd_bloom *b, uint64_t hash);
/* False: never added. True: perhaps. */
bool kd_bloom_maybe(const kd_bloom *b, uint64_t hash);

#endif

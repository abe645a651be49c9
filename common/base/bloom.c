/* bloom.c - a chain of blocked Bloom filters; see bloom.h for the source. */
#include "common/base/bloom.h"

#include <stdlib.h>

enum { WORDS = 8, BLOCK_BITS = 512, BITS_PER_ROW = 12, LINE = 64 };

static kd_bloom_filter make_filter(uint64_t blocks)
{
    kd_bloom_filter f = {.block_count = blocks, .capacity = KD_MAX(blocks * BLOCK_BITS / BITS_PER_ROW, 1)};
    f.memory = kd_alloc((size_t)blocks * LINE + LINE);
    f.words = (uint64_t *)(((uintptr_t)f.memory + LINE - 1) & ~(uintptr_t)(LINE - 1));
    return f;
}

static void append_filter(kd_bloom *b, uint64_t blocks)
{
    b->filters[b->filter_count++] = make_filter(blocks);
    b->bits += blocks * BLOCK_BITS;
}

void kd_bloom_init(kd_bloom *b, uint64_t expected_rows, uint64_t max_bits)
{
    *b = (kd_bloom){.max_bits = max_bits};
    uint64_t most = max_bits / BLOCK_BITS;
    uint64_t wanted = expected_rows / (BLOCK_BITS / BITS_PER_ROW) + 1;
    append_filter(b, KD_MAX(KD_MIN(wanted, most), 1));
}

void kd_bloom_finish(kd_bloom *b)
{
    for (uint32_t i = 0; i < b->filter_count; i++) free(b->filters[i].memory);
    *b = (kd_bloom){0};
}

/* The high bits choose the block, so the eight places of six bits come from another mix of all of them. */
static uint64_t *block_of(const kd_bloom_filter *f, uint64_t hash)
{
    uint64_t block = (uint64_t)((unsigned __int128)hash * f->block_count >> 64);
    return f->words + block * WORDS;
}

static uint64_t places_of(uint64_t hash)
{
    return (hash ^ hash >> 29) * 0x9e3779b97f4a7c15u >> 16;
}

/* Whether the block has the places of words `first` and the three behind it. */
static bool block_has(const uint64_t *block, uint64_t places, int first)
{
    uint64_t all = 1;
    for (int i = first; i < first + WORDS / 2; i++) all &= block[i] >> (places >> (6 * i) & 63);
    return all != 0;
}

/* Half of the bits of a full filter are set: most rows that are not there show in the first half of the words. */
static bool filter_maybe(const kd_bloom_filter *f, uint64_t hash, uint64_t places)
{
    const uint64_t *block = block_of(f, hash);
    return block_has(block, places, 0) && block_has(block, places, WORDS / 2);
}

static void filter_add(kd_bloom_filter *f, uint64_t hash)
{
    uint64_t *block = block_of(f, hash), places = places_of(hash);
    for (int i = 0; i < WORDS; i++) block[i] |= 1ull << (places >> (6 * i) & 63);
    f->rows++;
}

/* The filter for the next row: the newest while it has room, a new one while memory allows, else the least
 * crowded. */
static kd_bloom_filter *filter_for_add(kd_bloom *b)
{
    kd_bloom_filter *newest = &b->filters[b->filter_count - 1];
    if (newest->rows < newest->capacity) return newest;
    uint64_t left = b->bits < b->max_bits ? (b->max_bits - b->bits) / BLOCK_BITS : 0;
    if (left > 0 && b->filter_count < KD_BLOOM_FILTERS_MAX) {
        append_filter(b, KD_MIN(left, newest->block_count * 2));
        return &b->filters[b->filter_count - 1];
    }
    b->saturated = true;
    kd_bloom_filter *best = newest;
    for (uint32_t i = 0; i < b->filter_count; i++) {
        kd_bloom_filter *f = &b->filters[i];
        if ((double)f->rows / (double)f->capacity < (double)best->rows / (double)best->capacity) best = f;
    }
    return best;
}

bool kd_bloom_learn(kd_bloom *b, uint64_t hash)
{
    if (kd_bloom_maybe(b, hash)) return true;
    filter_add(filter_for_add(b), hash);
    b->rows++;
    return false;
}

void kd_bloom_add(kd_bloom *b, uint64_t hash)
{
    kd_bloom_learn(b, hash);
}

void kd_bloom_prefetch(const kd_bloom *b, uint64_t hash)
{
    for (uint32_t i = 0; i < b->filter_count; i++) __builtin_prefetch(block_of(&b->filters[i], hash));
}

bool kd_bloom_maybe(const kd_bloom *b, uint64_t hash)
{
    uint64_t places = places_of(hash);
    for (uint32_t i = b->filter_count; i-- > 0;)
        if (filter_maybe(&b->filters[i], hash, places)) return true;
    return false;
}

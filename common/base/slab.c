/*
 * slab.c - chunks of equal pieces; see the header.
 *
 * A chunk lies at a multiple of its size, so a piece tells its chunk by its address. Of each size one chunk without pieces stays, so that a piece that
 * comes and goes does not bring a chunk along each time.
 *
 * Chunks lie side by side in a region. Taken from the heap one by one they lost a third of the memory: glibc looks for twice the room of an aligned
 * chunk, and what it cuts off before the chunk fits no other chunk.
 */
#include "common/base/slab.h"

#include <stdlib.h>

enum { CHUNK = 16 * 1024, REGION_CHUNKS = 64 };

static const uint64_t all_free = UINT64_MAX;

typedef struct kd_slab_region {
    LIST_ENTRY(kd_slab_region) of_room; /* while a chunk of it is free */
    uint8_t *memory;
    uint64_t free; /* a bit for each chunk */
} kd_slab_region;

typedef struct kd_slab_chunk {
    LIST_ENTRY(kd_slab_chunk) of_open;
    kd_slab_region *region;
    void *given;       /* pieces to use again; each holds the next */
    uint8_t *at, *end; /* what was never taken */
    uint32_t taken;
} kd_slab_chunk;

static uint32_t slab_class(size_t size)
{
    KD_ASSERT(size > 0 && size <= KD_SLAB_MAX);
    return (uint32_t)((size - 1) / KD_SLAB_STEP);
}

static size_t slab_piece(uint32_t class)
{
    return (class + (size_t)1) * KD_SLAB_STEP;
}

static kd_slab_region *slab_add_region(kd_slab *s)
{
    kd_slab_region *region = kd_alloc(sizeof *region);
    region->memory = aligned_alloc(CHUNK, (size_t)REGION_CHUNKS * CHUNK);
    KD_ASSERT(region->memory);
    region->free = all_free;
    LIST_INSERT_HEAD(&s->room, region, of_room);
    return region;
}

static void *slab_take_chunk(kd_slab_region *region)
{
    size_t place = (size_t)__builtin_ctzll(region->free);
    region->free &= region->free - 1;
    if (region->free == 0) LIST_REMOVE(region, of_room);
    return region->memory + place * CHUNK;
}

static void slab_give_chunk(kd_slab *s, void *chunk, kd_slab_region *region)
{
    if (region->free == 0) LIST_INSERT_HEAD(&s->room, region, of_room);
    region->free |= UINT64_C(1) << (size_t)((uint8_t *)chunk - region->memory) / CHUNK;
    s->chunks--;
    if (region->free != all_free) return;
    LIST_REMOVE(region, of_room);
    free(region->memory);
    free(region);
}

static kd_slab_chunk *slab_add_chunk(kd_slab *s, uint32_t class)
{
    kd_slab_region *region = LIST_FIRST(&s->room);
    if (!region) region = slab_add_region(s);
    kd_slab_chunk *chunk = slab_take_chunk(region);
    size_t room = CHUNK - sizeof *chunk;
    *chunk = (kd_slab_chunk){.region = region, .at = (uint8_t *)(chunk + 1)};
    chunk->end = chunk->at + room / slab_piece(class) * slab_piece(class);
    LIST_INSERT_HEAD(&s->open[class], chunk, of_open);
    s->chunks++;
    return chunk;
}

static bool slab_full(const kd_slab_chunk *chunk)
{
    return !chunk->given && chunk->at == chunk->end;
}

void *kd_slab_take(kd_slab *s, size_t size)
{
    uint32_t class = slab_class(size);
    kd_slab_chunk *chunk = LIST_FIRST(&s->open[class]);
    if (!chunk) chunk = slab_add_chunk(s, class);
    void *piece = chunk->given;
    if (piece) {
        memcpy(&chunk->given, piece, sizeof(void *));
    } else {
        piece = chunk->at;
        chunk->at += slab_piece(class);
    }
    chunk->taken++;
    if (slab_full(chunk)) LIST_REMOVE(chunk, of_open);
    return memset(piece, 0, slab_piece(class));
}

void kd_slab_give(kd_slab *s, void *piece, size_t size)
{
    kd_slab_chunks *open = &s->open[slab_class(size)];
    kd_slab_chunk *chunk = (kd_slab_chunk *)((uintptr_t)piece & ~(uintptr_t)(CHUNK - 1));
    if (slab_full(chunk)) LIST_INSERT_HEAD(open, chunk, of_open);
    memcpy(piece, &chunk->given, sizeof(void *));
    chunk->given = piece;
    bool only = LIST_FIRST(open) == chunk && !LIST_NEXT(chunk, of_open);
    if (--chunk->taken > 0 || only) return;
    LIST_REMOVE(chunk, of_open);
    slab_give_chunk(s, chunk, chunk->region);
}

void kd_slab_finish(kd_slab *s)
{
    for (size_t i = 0; i < KD_COUNT(s->open); i++) {
        kd_slab_chunk *chunk = LIST_FIRST(&s->open[i]);
        if (!chunk) continue;
        LIST_REMOVE(chunk, of_open);
        slab_give_chunk(s, chunk, chunk->region);
    }
    KD_ASSERT(s->chunks == 0 && LIST_EMPTY(&s->room));
    *s = (kd_slab){0};
}

size_t kd_slab_bytes(const kd_slab *s)
{
    return s->chunks * CHUNK;
}

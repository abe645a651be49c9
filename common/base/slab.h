/*
 * slab.h - many small pieces of memory of several sizes, without a head for each.
 *
 * Pieces of one size, in steps of 8 bytes, share chunks of 16 KiB. A piece costs what it holds, where malloc takes 8 to 23 bytes more. A chunk whose
 * pieces have all come back is free for any size: when other sizes are wanted later, memory moves to them. (Bonwick 1994.) Regions of 64 chunks come
 * from the heap, and go back there when all of theirs are free.
 */
#ifndef KUDOS_COMMON_BASE_SLAB_H
#define KUDOS_COMMON_BASE_SLAB_H

#include <sys/queue.h>

#include "kudos/base.h"

enum { KD_SLAB_STEP = 8, KD_SLAB_MAX = 256 }; /* bytes */

struct kd_slab_chunk;
struct kd_slab_region;
typedef LIST_HEAD(kd_slab_chunks, kd_slab_chunk) kd_slab_chunks;
typedef LIST_HEAD(kd_slab_regions, kd_slab_region) kd_slab_regions;

/* Zero-initialised: empty. */
typedef struct {
    kd_slab_chunks
        open[KD_SLAB_MAX / KD_SLAB_STEP]; /* by size: chunks with room, the one to take from first */
    kd_slab_regions room;                 /* regions with a free chunk */
    size_t chunks;                        /* with pieces, or kept for some */
} kd_slab;

/* A zeroed piece of 1 to KD_SLAB_MAX bytes, aligned for any pointer or 64-bit number; the slab's until kd_slab_give. */
void *kd_slab_take(kd_slab *s, size_t size);
/* Gives back a piece that was taken with this size. */
void kd_slab_give(kd_slab *s, void *piece, size_t size);
/* Frees the memory. All pieces have been given back. */
void kd_slab_finish(kd_slab *s);
/* Bytes of the chunks that are with pieces, or kept for some. */
size_t kd_slab_bytes(const kd_slab *s);

#endif

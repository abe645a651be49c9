/*
 * memory.c - the heap of a simulation in large pages, kept until the process ends.
 *
 * A run looks up rows at random places of some 80 MB. With small pages a tenth of its time goes into misses of the TLB, and as much into page faults
 * of the kernel.
 */
#include "sim/world/memory.h"

#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGE_PAGE = 2 << 20, AREA = 128 << 20, MMAP_MIN = 32 << 20 };

/* All blocks but the largest come from the program break, which grows by an area of addresses at a time. Only pages that are touched take memory. */
void sim_memory_prepare(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_MIN);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_TOP_PAD, AREA);
    uintptr_t low = (uintptr_t)sbrk(0);
    void *volatile block = malloc(LARGE_PAGE); /* volatile: else the compiler drops malloc and free */
    free(block);
    uintptr_t high = (uintptr_t)sbrk(0);
    uintptr_t first = (low + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
    if (first < high) (void)madvise((void *)first, high - first, MADV_HUGEPAGE);
    mallopt(M_TOP_PAD, LARGE_PAGE);
}

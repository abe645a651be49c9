/*
 * rank.h - sorting by a number: a stable radix sort. A thousand elements in random order cost a tenth of what a sort by comparison costs. Elements of
 * equal rank keep their order; a caller that needs them sorted too does that behind it.
 */
#ifndef KUDOS_COMMON_BASE_RANK_H
#define KUDOS_COMMON_BASE_RANK_H

#include "kudos/base.h"

typedef struct {
    uint64_t rank;
    uint32_t index; /* the caller's */
} kd_ranked;

/* Sorts `at` ascending by rank. `scratch` has room for `count` elements; its content is lost. */
void kd_rank_sort(kd_ranked *at, kd_ranked *scratch, uint32_t count);

#endif

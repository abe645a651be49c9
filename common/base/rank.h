/*
 * rank.h - sorting by a number: a stable radix sort, which a thousand elements in no order cost a tenth of what comparing
 * them would. What has equal ranks keeps its order; who needs more order than that makes it behind.
 */
#ifndef KUDOS_COMMON_BASE_RANK_H
#define KUDOS_COMMON_BASE_RANK_H

#include "kudos/base.h"

typedef struct {
    uint64_t rank;
    uint32_t index; /* the caller's */
} kd_ranked;

/* `scratch` has room for as many. */
void kd_rank_sort(kd_ranked *at, kd_ranked *scratch, uint32_t count);

#endif

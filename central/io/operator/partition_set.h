/* partition_set.h - a set of partitions: which an order is for, and which are left. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_PARTITION_SET_H
#define KUDOS_CENTRAL_IO_OPERATOR_PARTITION_SET_H

#include "kudos/base.h"
#include "kudos/limits.h"

enum { KD_PARTITION_SET_TEXT_MAX = KD_PARTITIONS_MAX / 4 + 1 };

typedef struct {
    uint8_t bits[KD_PARTITIONS_MAX / 8];
} kd_partition_set;

static inline bool kd_partition_set_has(const kd_partition_set *s, uint32_t partition)
{
    return s->bits[partition / 8] >> partition % 8 & 1;
}
static inline void kd_partition_set_add(kd_partition_set *s, uint32_t partition)
{
    s->bits[partition / 8] |= (uint8_t)(1u << partition % 8);
}
static inline void kd_partition_set_remove(kd_partition_set *s, uint32_t partition)
{
    s->bits[partition / 8] &= (uint8_t) ~(1u << partition % 8);
}
/* All partitions below `count`, in place of what the set held. */
void kd_partition_set_fill(kd_partition_set *s, uint32_t count);
uint32_t kd_partition_set_count(const kd_partition_set *s);
/* Hexadecimal digits of four partitions each, the lowest first, without zeros at the end; empty: the empty set. */
void kd_partition_set_put(const kd_partition_set *s, char out[KD_PARTITION_SET_TEXT_MAX]);
/* KD_OK; KD_EINVAL: a digit that is none, or too many of them. */
int kd_partition_set_read(kd_partition_set *s, const char *text);

#endif

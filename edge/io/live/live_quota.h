/*
 * live_quota.h - how many live streams the process has, and how many of them each address. Any thread; behind a lock of its own, taken when a stream
 * begins and when it ends.
 */
#ifndef KUDOS_EDGE_IO_LIVE_LIVE_QUOTA_H
#define KUDOS_EDGE_IO_LIVE_LIVE_QUOTA_H

#include "kudos/base.h"

typedef struct kd_live_quota kd_live_quota;

typedef enum { KD_LIVE_TAKEN, KD_LIVE_FULL, KD_LIVE_ADDRESS_FULL } kd_live_verdict;

/* `seed`: of the hash table of addresses. */
kd_live_quota *kd_live_quota_create(uint64_t max, uint64_t max_per_address, uint64_t seed);
/* When no stream is left. NULL is fine. */
void kd_live_quota_destroy(kd_live_quota *q);
/* KD_LIVE_TAKEN: counted until kd_live_quota_give. */
kd_live_verdict kd_live_quota_take(kd_live_quota *q, uint64_t address);
/* A stream that was taken has ended. */
void kd_live_quota_give(kd_live_quota *q, uint64_t address);

#endif

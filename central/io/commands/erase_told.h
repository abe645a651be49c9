/* erase_told.h - what members told of erasures, added up by the commands. */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_ERASE_TOLD_H
#define KUDOS_CENTRAL_IO_COMMANDS_ERASE_TOLD_H

#include "central/io/operator/erase_gone.h"

/* What the partitions remember of one user (KD_ORDER_ERASE_LOOK). */
typedef struct {
    uint64_t stamp_us; /* the largest of an erasure or a void: another erasure is stamped above it */
    uint64_t drift_us; /* D, as the members have it */
    char unfinished[KD_NAME_MAX + 1]; /* an erasure that was broken off; empty: none */
    uint64_t unfinished_us;           /* its stamp */
    uint64_t withdrawn;               /* by it so far */
    kd_partition_set marked;          /* partitions that have its mark */
} kd_erase_known;

/* Fills *k from lines erase-mark; other lines are passed over. */
void kd_erase_known_read(kd_erase_known *k, const kd_buf *text);

/* Of an erasure that was carried out: returns how many likes it withdrew, and tells when the id is gone. */
uint64_t kd_erase_told_read(const kd_buf *text, kd_gone *gone);

/* Prints a line for each erasure that is remembered, the latest first, KD_ERASE_LISTED_MAX at most. Returns how many. */
uint32_t kd_erase_list_print(const kd_buf *text, uint64_t partitions);

enum { KD_ERASE_LISTED_MAX = 1000 };

#endif

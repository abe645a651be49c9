/* void_told.h - what members told of a void, partition by partition, added up by the command. */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_VOID_TOLD_H
#define KUDOS_CENTRAL_IO_COMMANDS_VOID_TOLD_H

#include "kudos/base.h"
#include "kudos/limits.h"

/* Of the voids that partitions remember (KD_ORDER_VOID_LIST). */
typedef struct {
    uint64_t stamp_us;           /* of the job; 0: no partition remembers it */
    uint64_t withdrawn, skipped; /* of the job so far */
    bool over;                   /* the job is being undone somewhere, or is over */
    uint64_t *taken;             /* stamps of other voids */
    uint32_t taken_count, taken_cap;
} kd_void_known;

/* Fills *k from lines void-job; the caller finishes it. Other lines are passed over. */
void kd_void_known_read(kd_void_known *k, const char *job, const kd_buf *text);
void kd_void_known_finish(kd_void_known *k); /* zero-initialised is fine */
/* The stamp of the job's tombstones: its own where it is remembered, else the first above `to_us` that no other void has. */
uint64_t kd_void_known_stamp(const kd_void_known *k, uint64_t to_us);

/* Of a void that was carried out. */
typedef struct {
    uint64_t users, items, picked, withdrawn, skipped, put_back;
    kd_buf effects; /* the hundred largest, a line each, largest first; the caller finishes it */
} kd_void_told;

/* Fills *t from lines void-part and effect. */
void kd_void_told_read(kd_void_told *t, const kd_buf *text);

#endif

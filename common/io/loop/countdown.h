/*
 * countdown.h - several threads each do their part of one step, and a loop hears once that all of them are done.
 *
 * A step is begun with the number of reports that end it. The last report posts to the loop. What a reporter has posted to that loop before its report
 * is run before `fn`.
 */
#ifndef KUDOS_COMMON_IO_LOOP_COUNTDOWN_H
#define KUDOS_COMMON_IO_LOOP_COUNTDOWN_H

#include "common/io/loop/loop.h"

typedef struct {
    kd_post post;
    kd_loop *loop;
    void (*fn)(void *arg);
    void *arg;
    uint32_t left; /* atomic: reports that the step still waits for */
} kd_countdown;

/* `fn` runs on the thread of `loop` at the end of each step; it may begin the next one. A step that ends after the loop has stopped calls it within
 * kd_loop_destroy. *c outlives the loop. */
void kd_countdown_init(kd_countdown *c, kd_loop *loop, void (*fn)(void *arg), void *arg);
/* Begins a step of `reports` reports, before any thread is told to do its part. Never while `fn` of the step before is still to come. */
void kd_countdown_begin(kd_countdown *c, uint32_t reports);
/* From any thread: one part of the step is done. As often as the step was begun with, at most. */
void kd_countdown_report(kd_countdown *c);
/* From any thread: the parts of the step that are not done. */
uint32_t kd_countdown_left(const kd_countdown *c);

#endif

/*
 * failure.h - the failure that ends the process, told by any thread to the main loop, which drains for a moment and exits. Of several failures the
 * first one decides about exit code and reason.
 */
#ifndef KUDOS_EDGE_IO_DAEMON_FAILURE_H
#define KUDOS_EDGE_IO_DAEMON_FAILURE_H

#include "common/io/loop/loop.h"

typedef struct {
    kd_loop *loop; /* the main loop */
    kd_post post;
    int told;         /* atomic: 1 from the first failure on */
    int code;         /* exit code; valid on the main loop once `post` has run */
    char reason[256]; /* "event: cause" for the last line of the log; empty: nothing has failed */
} kd_failure;

/* `fn` runs once, on the main loop, after the first failure; its argument is the embedded `post`. Before any other thread starts. */
void kd_failure_init(kd_failure *f, kd_loop *loop, void (*fn)(kd_post *post));
/* From any thread: the process cannot go on and ends with exit code `code`. `event` and `cause` are copied into the reason. Calls after the first do
 * nothing. */
void kd_failure_tell(kd_failure *f, int code, const char *event, const char *cause);
/* From any thread. */
bool kd_failure_told(const kd_failure *f);

#endif

/*
 * fail.h - fail-stop: the log says why, then the process ends at once, with nothing more written or acknowledged. The protocol survives a crash at
 * any moment; it does not survive a program that goes on with a store that lies.
 */
#ifndef KUDOS_CENTRAL_IO_DAEMON_FAIL_H
#define KUDOS_CENTRAL_IO_DAEMON_FAIL_H

#include "kudos/base.h"

/* From any thread: logs `event` with `cause` and the partition (UINT32_MAX: no partition in particular), and ends the process with `code`, one of
 * KD_EXIT_*. Runs no destructor and syncs nothing. */
_Noreturn void kd_fail_stop(int code, const char *event, uint32_t partition, const char *cause);

#endif

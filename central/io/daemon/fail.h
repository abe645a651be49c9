/*
 * fail.h - fail-stop: says why, then ends the process at once, with nothing more written or
 * acknowledged. The protocol survives a crash at any moment; it does not survive a program that goes on with
 * a store that lies.
 */
#ifndef KUDOS_CENTRAL_IO_DAEMON_FAIL_H
#define KUDOS_CENTRAL_IO_DAEMON_FAIL_H

#include "kudos/base.h"

/* partition UINT32_MAX: none in particular. code: one of KD_EXIT_*. */
_Noreturn void kd_fail_stop(int code, const char *event, uint32_t partition, const char *cause);

#endif

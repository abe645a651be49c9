/*
 * jwt_source.h - where the keys of users' tokens come from: files, which are read again when they change and on SIGHUP, or an address, which is fetched
 * again and again. A text that cannot be used changes nothing: the last good set stays in use. On the main loop.
 */
#ifndef KUDOS_COMMON_IO_JWT_JWT_SOURCE_H
#define KUDOS_COMMON_IO_JWT_JWT_SOURCE_H

#include "common/io/jwt/jwt_metrics.h"
#include "common/io/jwt/jwt_ring.h"
#include "common/io/jwt/jwt_settings.h"
#include "common/io/loop/loop.h"
#include "common/io/jwt/jwt_budget.h"

typedef struct kd_jwt_source kd_jwt_source;

/* Reads the keys; waits for a fetch for up to two seconds, and goes on without keys when it has not ended then. Borrows the settings. KD_OK; or KD_EINVAL
 * or KD_EIO with `error` (KD_OPTIONS_ERROR_MAX bytes). *source is NULL where [jwt] is not configured, which all functions take. */
int kd_jwt_source_create(kd_jwt_source **source, const kd_jwt_settings *settings, kd_loop *loop, char *error);
/* After all gates of its ring, before the loop. */
void kd_jwt_source_destroy(kd_jwt_source *source);
/* SIGHUP: reads the files again, or orders a fetch. */
void kd_jwt_source_reload(kd_jwt_source *source);
/* Lives as long as the source; NULL for NULL. */
kd_jwt_ring *kd_jwt_source_ring(kd_jwt_source *source);
/* What all verifiers of the process spend on worthless tokens. Likewise. */
kd_jwt_budget *kd_jwt_source_budget(kd_jwt_source *source);
/* The metrics as they are now; those of no keys for NULL. */
kd_jwt_source_metrics kd_jwt_source_measure(const kd_jwt_source *source);

#endif

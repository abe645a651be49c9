/*
 * jwt_scope.h - what a token allows, by those of its scopes that begin with `kudos:` (docs/api.md has the table). Other scopes are other programs'.
 * A token without any may do what a user may do for himself. Pure.
 */
#ifndef KUDOS_COMMON_JWT_JWT_SCOPE_H
#define KUDOS_COMMON_JWT_JWT_SCOPE_H

#include "kudos/base.h"

enum { KD_JWT_SCOPES_MAX = 512 }; /* bytes of the kudos: scopes of a token, with a blank between two */

/* A right that a scope gives, one bit each. */
typedef enum {
    KD_SCOPE_READ_ONLY = 1,     /* kudos:read-only: takes writing away */
    KD_SCOPE_LIKERS = 2,        /* kudos:likers, and kudos:likers:detail */
    KD_SCOPE_LIKERS_DETAIL = 4, /* kudos:likers:detail */
    KD_SCOPE_SERVICE = 8,       /* kudos:service */
    KD_SCOPE_ACT_AS = 16,       /* kudos:act-as */
} kd_jwt_right;

/* Of one scope: 0 and its bits in *rights (0 for kudos:write:...); true also for a scope that is not ours. False: it begins with kudos: and is no
 * scope of the table. */
bool kd_jwt_scope_read(kd_bytes scope, uint32_t *rights);
/* Whether a scope is ours: it begins with kudos: */
bool kd_jwt_scope_ours(kd_bytes scope);
/* Whether writing to this counter of this collection is allowed. `scopes`: the valid kudos: scopes of a token, with blanks between; empty: all is. */
bool kd_jwt_scope_writes(kd_bytes scopes, kd_bytes collection, kd_bytes counter);
/* Takes the next scope off a text with blanks between; empty at the end. */
kd_bytes kd_jwt_scope_next(kd_bytes *scopes);

#endif

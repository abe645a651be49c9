/*
 * erase.h - users whose likes were all withdrawn, by an operator's word (docs/protocol.md, rule 28), as the store of a partition remembers them: a snapshot
 * of one that runs will do. Nothing is written here; decisions are (kudos/decide.h). Their rows are found by kd_void_walk.
 */
#ifndef KUDOS_ERASE_H
#define KUDOS_ERASE_H

#include "kudos/base.h"
#include "kudos/limits.h"
#include "kudos/store.h"

/* Author of what is withdrawn from an erased user. */
#define KD_ERASE_AUTHOR "_erase"

enum { KD_USER_DIGEST_BYTES = 16 };

/* What a partition remembers of an erased user. It is forgotten when no operation that the erasure concerns can count any more. */
typedef struct {
    uint64_t stamp_us;    /* nothing of the user that is stamped up to it counts */
    uint64_t finished_us; /* when the last decision was written; 0: rows of the user may be left */
    uint64_t withdrawn;   /* likes */
    uint64_t version;     /* of the commit with the last decision; 0: not finished */
    char job[KD_NAME_MAX + 1];
} kd_erased;

/* Gets one of them; another value than 0 ends the scan, which returns it. Views. */
typedef int (*kd_erased_fn)(void *arg, kd_bytes digest, const kd_erased *told);
/* Visits what the store remembers. KD_OK, the value of `fn`, KD_EIO, KD_EMALFORMED. */
int kd_erased_each(const kd_store *store, kd_erased_fn fn, void *arg);
/* The user of that id, if the store remembers him: KD_OK, KD_ENOTFOUND, KD_EIO, KD_EMALFORMED. */
int kd_erased_find(const kd_store *store, kd_bytes user, kd_erased *told);

#endif

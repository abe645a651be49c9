/*
 * erased.h - users of whom an operator ordered that all their likes be withdrawn (rule 28).
 *
 * An erased user is remembered by a mark: nothing of him stamped up to the mark's stamp counts, of whatever item. So the mark is a tombstone of all his pairs
 * at once, and it goes as a tombstone does: stamped below the floor (collect.c). A tombstone of his own, or of a void, that the mark covers says nothing that
 * the mark does not say: where one would be written, the row is deleted, and his id with it.
 *
 * The rows are named by decisions to withdraw. Behind the mark no operation can change them any more but a later word of the user. Who is erased is a function
 * of the decisions read.
 *
 * A mark does not name the user, but a digest of his id, keyed by the store: whoever chooses ids cannot aim at somebody else's digest, and a copy of the mark
 * alone names nobody. No central needs another's digests, as the decision names the user.
 */
#ifndef KUDOS_CENTRAL_CORE_ERASED_H
#define KUDOS_CENTRAL_CORE_ERASED_H

#include "common/base/table.h"
#include "kudos/central.h"
#include "kudos/erase.h"

struct kd_commit;

typedef struct {
    kd_table_entry link;
    uint8_t digest[KD_USER_DIGEST_BYTES];
    kd_erased told;
} kd_erased_user;

typedef struct {
    kd_table users;
    uint64_t key; /* of the digests; 0: none was chosen yet */
    uint64_t
        version; /* of the commit with the last erasure that was finished: redo up to it may name its user (redo.c) */
    uint64_t ignored; /* operations, since the start */
} kd_eraser;

/* An empty table; kd_erased_finish frees it. */
void kd_erased_init(kd_central *c);
void kd_erased_finish(kd_central *c);
/* Reads the rows: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_erased_load(kd_central *c);

/* The user of that id; NULL: he is not remembered. */
kd_erased_user *kd_erased_user_find(const kd_central *c, kd_bytes user);
/* The same, for a decision to fill; adds him. */
kd_erased_user *kd_erased_user_obtain(kd_central *c, kd_bytes user);
/* Puts his row into the open commit. */
void kd_erased_user_put(kd_central *c, const kd_erased_user *u);

/* Whether an operation of the user with that stamp counts no more. Counts nothing. */
bool kd_erased_covers(const kd_central *c, kd_bytes user, uint64_t time_us);
/* The same while records are read: counts what is ignored. */
bool kd_erased_ignores(kd_central *c, kd_bytes user, uint64_t time_us);
/* When the floor has risen, by the commit that stores it: forgets the marks that no late operation needs any more. */
void kd_erased_collect(kd_central *c, struct kd_commit *k);

#endif

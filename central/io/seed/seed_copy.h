/*
 * seed_copy.h - the copy of a partition that a member makes of another one's, DATA/seeding-NNNN: from the front of the key space to its end, chunk by chunk
 * (common/backup/seed_chunk.h). What is there already, of a copy that was broken off or of whatever store, is compared by digest and not fetched again. Of one
 * thread.
 */
#ifndef KUDOS_CENTRAL_IO_SEED_SEED_COPY_H
#define KUDOS_CENTRAL_IO_SEED_SEED_COPY_H

#include "central/io/daemon/settings.h"
#include "common/backup/seed_chunk.h"

typedef struct kd_seed_copy kd_seed_copy;

/* Opens what is there, or begins an empty copy; at its front. KD_OK, or a kd_err with `error` (KD_OPTIONS_ERROR_MAX bytes), as all below; what is damaged is
 * removed, and begun anew by the next call. libsodium is initialised. */
int kd_seed_copy_open(kd_seed_copy **copy, const kd_central_settings *settings, uint32_t partition,
                      char *error);
/* Back to its front: another source, or another copy of the same one, is compared with what is there. */
void kd_seed_copy_rewind(kd_seed_copy *copy);
/* The key behind which the next chunk begins; a view until the next call. */
kd_bytes kd_seed_copy_after(const kd_seed_copy *copy);
/* Looks at what is there of the next chunk: *has, and its digest. KD_OK or KD_EIO. */
int kd_seed_copy_look(kd_seed_copy *copy, bool *has, uint8_t digest[KD_BACKUP_DIGEST], char *error);
/* Takes an answer to that: verifies its rows, and makes the copy hold them and nothing else there. KD_OK and what of the answer stays true without it; KD_EMALFORMED,
 * KD_EVERSION: no such chunk can be; KD_EFULL: the disk has no room for all of it; KD_EIO. */
int kd_seed_copy_take(kd_seed_copy *copy, kd_bytes answer, kd_seed_chunk *chunk, char *error);
/* Bytes of rows that were found here, and not fetched, since it was opened. */
uint64_t kd_seed_copy_kept(const kd_seed_copy *copy);
/* All was taken: finds it to be a store of that partition, makes it another one than its source's, and durable. KD_OK, KD_EMISMATCH, KD_EIO; closed in any case. */
int kd_seed_copy_end(kd_seed_copy *copy, char *error);
/* Closes it; what was taken stays. NULL is fine. */
void kd_seed_copy_close(kd_seed_copy *copy);
/* Removes a copy that is not open. */
void kd_seed_copy_drop(const kd_central_settings *settings, uint32_t partition);

#endif

/*
 * import_send.h - brings the chunks of a file to a running central: each partition's one after the other, those of different partitions side by side.
 *
 * What central has of the job already is not sent. A chunk that is not merged in time is posted again: central merges it once.
 */
#ifndef KUDOS_CENTRAL_IO_IMPORT_IMPORT_SEND_H
#define KUDOS_CENTRAL_IO_IMPORT_IMPORT_SEND_H

#include "central/io/import/import_plan.h"
#include "common/io/admin/admin_client.h"

typedef struct kd_import_send kd_import_send;

/* How many partitions central has: KD_EXIT_OK; else an exit code with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_import_partitions(kd_admin_client *client, uint32_t *partitions, char *error);

/* `chunks`: how many each partition will get, so that the last one says so; borrowed, as the client and the job's name. KD_EXIT_OK with *out; else an
 * exit code with `error`. */
int kd_import_send_create(kd_import_send **out, kd_admin_client *client, const char *job,
                          const uint64_t *chunks, uint32_t partitions, char *error);
void kd_import_send_destroy(kd_import_send *s); /* NULL is fine */
/* Sends it when central has merged the one before it in its partition; copies what it needs. Returns an exit code with `error`. */
int kd_import_send_chunk(kd_import_send *s, const kd_import_chunk *chunk, char *error);
/* Waits until all is merged and durable. Returns an exit code with `error`. */
int kd_import_send_end(kd_import_send *s, char *error);
/* Lines of chunks whose merge is durable, those of earlier runs included. */
uint64_t kd_import_send_acked(const kd_import_send *s);

#endif

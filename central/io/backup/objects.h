/*
 * objects.h - the objects below one address of an object store, a bucket or a directory, named as common/backup/object_name.h tells. An object is there as a whole or not at all,
 * and what was put is listed at once: S3 has promised so since December 2020, the usual servers do, and so does a directory.
 *
 * Calls wait on the caller's thread: for a server with a limit, for a directory as long as the system does. They return KD_OK or, with `error` (KD_OPTIONS_ERROR_MAX bytes),
 * as kd_s3_ask, or KD_EIO: a disk.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_OBJECTS_H
#define KUDOS_CENTRAL_IO_BACKUP_OBJECTS_H

#include "central/io/daemon/settings.h"
#include "common/backup/object_name.h"
#include "common/io/objects/object_each.h"

typedef struct kd_objects kd_objects;

/* Opens the address (s3://... or file:///...) by the options of [backup]. KD_EINVAL with `error`: it is no such address, or the options do not do. `go_on` false: what
 * waits is given up. All is borrowed. */
int kd_objects_open(kd_objects **objects, const char *address, const kd_central_settings *settings,
                    bool (*go_on)(void *arg), void *arg, char *error);
/* NULL is fine. */
void kd_objects_close(kd_objects *objects);
/* The address. */
const char *kd_objects_address(const kd_objects *objects);
/* Bytes of objects that were put so far. */
uint64_t kd_objects_sent_bytes(const kd_objects *objects);

/* Puts an object, over one of that name. */
int kd_objects_put(kd_objects *objects, const char *name, kd_bytes body, char *error);
/* Gets an object of at most `max` bytes. KD_ENOTFOUND: there is none. */
int kd_objects_get(kd_objects *objects, const char *name, size_t max, kd_buf *body, char *error);
/* Removes an object. One that is not there is fine. */
int kd_objects_remove(kd_objects *objects, const char *name, char *error);
/* Calls `each` for the objects of a folder (empty, or with a slash at its end), in the order of their names; what it returns, unless it is KD_OK, ends
 * the list. An object may come and go meanwhile. */
int kd_objects_list(kd_objects *objects, const char *folder,
                    int (*each)(void *arg, const kd_object_seen *seen, char *error), void *arg, char *error);

#endif

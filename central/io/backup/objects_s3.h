/* objects_s3.h - objects in a bucket of a server that speaks S3. */
#ifndef KUDOS_CENTRAL_IO_BACKUP_OBJECTS_S3_H
#define KUDOS_CENTRAL_IO_BACKUP_OBJECTS_S3_H

#include "central/io/backup/objects_backend.h"

/* As kd_objects_open, of s3://BUCKET/PREFIX. *arg goes with *backend. */
int kd_objects_s3_open(const kd_objects_options *options, const kd_objects_backend **backend, void **arg,
                       char *error);

#endif

/* objects_dir.h - objects as files of a directory (common/io/objects/object_files.h), which lies in no data directory or backup. */
#ifndef KUDOS_CENTRAL_IO_BACKUP_OBJECTS_DIR_H
#define KUDOS_CENTRAL_IO_BACKUP_OBJECTS_DIR_H

#include "central/io/backup/objects_backend.h"

/* As kd_objects_open, of file:///DIR. *arg goes with *backend. */
int kd_objects_dir_open(const kd_objects_options *options, const kd_objects_backend **backend, void **arg,
                        char *error);

#endif

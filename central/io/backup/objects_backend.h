/* objects_backend.h - what holds the objects of objects.h: a bucket (objects_s3.h) or a directory (objects_dir.h). */
#ifndef KUDOS_CENTRAL_IO_BACKUP_OBJECTS_BACKEND_H
#define KUDOS_CENTRAL_IO_BACKUP_OBJECTS_BACKEND_H

#include "central/io/backup/objects.h"

/* The words of kd_objects_open; all is borrowed. */
typedef struct {
    const char *address;
    const kd_central_settings *settings;
    bool (*go_on)(void *arg);
    void *arg;
} kd_objects_options;

/* As the calls of objects.h. */
typedef struct {
    int (*put)(void *arg, const char *name, kd_bytes body, char *error);
    int (*get)(void *arg, const char *name, size_t max, kd_buf *body, char *error);
    int (*remove)(void *arg, const char *name, char *error);
    int (*list)(void *arg, const char *folder, const kd_object_each *each, char *error);
    uint64_t (*sent_bytes)(const void *arg);
    void (*close)(void *arg);
} kd_objects_backend;

#endif

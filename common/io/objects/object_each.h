/* object_each.h - what a list of objects tells of each one, wherever they are. */
#ifndef KUDOS_COMMON_IO_OBJECTS_OBJECT_EACH_H
#define KUDOS_COMMON_IO_OBJECTS_OBJECT_EACH_H

#include "kudos/base.h"

typedef struct {
    kd_bytes name; /* without the folder; valid for the call */
    int64_t age_s; /* since it was put, by the store's own clock */
} kd_object_seen;

/* What is called for each one, in the order of their names. What it returns, unless it is KD_OK, ends the list; `error` as the call that lists has it. */
typedef struct {
    int (*call)(void *arg, const kd_object_seen *seen, char *error);
    void *arg;
} kd_object_each;

#endif

/* liker.h - a member of an item as the answers about likers show it: {"user", "at", "region"}. */
#ifndef KUDOS_CENTRAL_IO_API_LIKER_H
#define KUDOS_CENTRAL_IO_API_LIKER_H

#include "common/json/json_writer.h"
#include "kudos/central.h"

typedef struct {
    kd_json *j;
    bool detail; /* time and region are told */
} kd_liker_writing;

/* A kd_member_fn: writes the member as one value; `arg` is a kd_liker_writing. */
int kd_liker_write(void *arg, const kd_member *m);

#endif

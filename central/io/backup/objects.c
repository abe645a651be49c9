/* objects.c - see the header. */
#include "central/io/backup/objects.h"

#include <stdlib.h>

#include "central/io/backup/objects_dir.h"
#include "central/io/backup/objects_s3.h"

struct kd_objects {
    const char *address;
    const kd_objects_backend *backend;
    void *arg;
};

int kd_objects_open(kd_objects **objects, const char *address, const kd_central_settings *settings,
                    bool (*go_on)(void *arg), void *arg, char *error)
{
    const kd_objects_options options = {.address = address, .settings = settings, .go_on = go_on, .arg = arg};
    kd_objects *o = kd_alloc(sizeof *o);
    o->address = address;
    *objects = NULL;
    int err = kd_object_place_is_dir(address) ? kd_objects_dir_open(&options, &o->backend, &o->arg, error)
                                              : kd_objects_s3_open(&options, &o->backend, &o->arg, error);
    if (err == KD_OK)
        *objects = o;
    else
        free(o);
    return err;
}

void kd_objects_close(kd_objects *o)
{
    if (!o) return;
    o->backend->close(o->arg);
    free(o);
}

const char *kd_objects_address(const kd_objects *o)
{
    return o->address;
}

uint64_t kd_objects_sent_bytes(const kd_objects *o)
{
    return o->backend->sent_bytes(o->arg);
}

int kd_objects_put(kd_objects *o, const char *name, kd_bytes body, char *error)
{
    return o->backend->put(o->arg, name, body, error);
}

int kd_objects_get(kd_objects *o, const char *name, size_t max, kd_buf *body, char *error)
{
    return o->backend->get(o->arg, name, max, body, error);
}

int kd_objects_remove(kd_objects *o, const char *name, char *error)
{
    return o->backend->remove(o->arg, name, error);
}

int kd_objects_list(kd_objects *o, const char *folder,
                    int (*each)(void *arg, const kd_object_seen *seen, char *error), void *arg, char *error)
{
    const kd_object_each call = {.call = each, .arg = arg};
    return o->backend->list(o->arg, folder, &call, error);
}

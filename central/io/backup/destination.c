/* destination.c - see the header. */
#include "central/io/backup/destination.h"

#include "central/io/backup/backup_dir.h"
#include "central/io/backup/backup_objects.h"
#include "central/io/backup/backup_parts.h"

int kd_destination_open(kd_destination *d, const char *where, const char *name, const char *member,
                        const kd_central_settings *settings, bool (*go_on)(void *arg), void *arg, char *error)
{
    *d = (kd_destination){.objects = NULL};
    if (!kd_object_place_is(where)) {
        if (member)
            kd_backup_parts_sink(&d->sink, where, name, member);
        else
            kd_backup_dir_sink(&d->sink, where);
        return KD_OK;
    }
    int err = kd_objects_open(&d->objects, where, settings, go_on, arg, error);
    if (err == KD_OK) kd_backup_objects_sink(&d->sink, d->objects, name, member != NULL);
    return err;
}

void kd_destination_close(kd_destination *d)
{
    d->sink.close(d->sink.arg);
    kd_objects_close(d->objects);
}

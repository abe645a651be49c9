/* objects_dir.c - see the header. */
#include "central/io/backup/objects_dir.h"

#include <stdio.h>

#include "central/io/backup/mark.h"
#include "central/io/backup/place.h"
#include "common/io/objects/object_files.h"

static int objects_dir_put(void *arg, const char *name, kd_bytes body, char *error)
{
    return kd_object_files_put(arg, name, body, error);
}

static int objects_dir_get(void *arg, const char *name, size_t max, kd_buf *body, char *error)
{
    return kd_object_files_get(arg, name, max, body, error);
}

static int objects_dir_remove(void *arg, const char *name, char *error)
{
    return kd_object_files_remove(arg, name, error);
}

static int objects_dir_list(void *arg, const char *folder, const kd_object_each *each, char *error)
{
    return kd_object_files_list(arg, folder, each, error);
}

static uint64_t objects_dir_sent_bytes(const void *arg)
{
    return kd_object_files_sent_bytes(arg);
}

static void objects_dir_close(void *arg)
{
    kd_object_files_destroy(arg);
}

static const kd_objects_backend objects_dir_backend = {.put = objects_dir_put,
                                                       .get = objects_dir_get,
                                                       .remove = objects_dir_remove,
                                                       .list = objects_dir_list,
                                                       .sent_bytes = objects_dir_sent_bytes,
                                                       .close = objects_dir_close};

/* Objects in a data directory or a backup would be a stranger's files there. */
static int objects_dir_check(const char *root, char *error)
{
    char inside[KD_PATH_MAX], found[KD_PATH_MAX];
    snprintf(inside, sizeof inside, "%s/%s", root, "new");
    if (!kd_place_lies_in(root, found) && !kd_place_lies_in(inside, found)) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, KD_PLACE_LIES_IN, root, found);
    return KD_EINVAL;
}

int kd_objects_dir_open(const kd_objects_options *options, const kd_objects_backend **backend, void **arg,
                        char *error)
{
    const char *root = kd_object_place_dir(options->address);
    kd_object_files *files = root ? kd_object_files_create(root, KD_MARK_LEASE_S) : NULL;
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "%.300s is no address of a directory: file:///DIR, of %d bytes at most", options->address,
             KD_OBJECT_FILES_ROOT_MAX - 1);
    if (!files) return KD_EINVAL;
    int err = objects_dir_check(kd_object_files_root(files), error);
    *backend = &objects_dir_backend;
    *arg = files;
    if (err != KD_OK) kd_object_files_destroy(files);
    return err;
}

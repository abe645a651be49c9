/*
 * leveldb_dir.c - makes or checks the directory of a database.
 *
 * LevelDB makes one level of directories, never syncs the parent, creates an empty database wherever CURRENT
 * is missing and creates the directory even when told not to. Each of these could lose acknowledged rows or
 * hide their loss.
 */
#include "common/io/leveldb/leveldb_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/leveldb/leveldb_acked.h"
#include "kudos/base.h"

static int fail_errno(const char *what, char *err, size_t size)
{
    snprintf(err, size, "%s: %s", what, strerror(errno));
    return KD_EIO;
}

/* A new directory survives a power cut only when its parent is synced. */
static int dir_sync_parent(const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(parent, sizeof(parent), ".");
    else
        snprintf(parent, sizeof(parent), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    int rc = fsync(fd);
    close(fd);
    return rc;
}

static int make_one(const char *path)
{
    if (mkdir(path, 0750) == 0) return dir_sync_parent(path);
    return errno == EEXIST ? 0 : -1;
}

static int make_all(const char *dir, char *err, size_t size)
{
    char path[PATH_MAX];
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/') len--;
    if (len == 0 || len >= sizeof(path)) {
        snprintf(err, size, "the path is empty or too long");
        return KD_EIO;
    }
    memcpy(path, dir, len);
    path[len] = 0;
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        char keep = path[i];
        path[i] = 0;
        if (make_one(path) != 0) return fail_errno("cannot be made", err, size);
        path[i] = keep;
    }
    return KD_OK;
}

static bool dir_ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

static int check_no_data(const char *dir, char *err, size_t size)
{
    DIR *d = opendir(dir);
    if (!d) return fail_errno("cannot be read", err, size);
    int rc = KD_OK;
    for (struct dirent *e = readdir(d); e && rc == KD_OK; e = readdir(d)) {
        if (!dir_ends_with(e->d_name, ".ldb") && !dir_ends_with(e->d_name, ".log")) continue;
        snprintf(err, size, "corrupted: it holds %s but no CURRENT file", e->d_name);
        rc = KD_EMALFORMED;
    }
    closedir(d);
    if (rc == KD_OK && kd_leveldb_acked_any(dir)) {
        snprintf(err, size, "corrupted: %s says that it held rows, and it holds none", KD_LEVELDB_ACKED);
        rc = KD_EMALFORMED;
    }
    return rc;
}

int kd_leveldb_dir_prepare(const char *dir, bool create, char *err, size_t size)
{
    char current[PATH_MAX];
    if (snprintf(current, sizeof(current), "%s/CURRENT", dir) >= (int)sizeof(current)) {
        snprintf(err, size, "the path is too long");
        return KD_EIO;
    }
    if (access(current, F_OK) == 0) return KD_OK;
    if (errno != ENOENT) return fail_errno("cannot be read", err, size);
    if (create) {
        int rc = make_all(dir, err, size);
        return rc == KD_OK ? check_no_data(dir, err, size) : rc;
    }
    if (access(dir, F_OK) != 0) {
        snprintf(err, size, "missing");
        return KD_ENOTFOUND;
    }
    int rc = check_no_data(dir, err, size);
    if (rc != KD_OK) return rc;
    snprintf(err, size, "holds no database");
    return KD_ENOTFOUND;
}

bool kd_leveldb_dir_has(const char *dir)
{
    char current[PATH_MAX];
    return snprintf(current, sizeof(current), "%s/CURRENT", dir) < (int)sizeof(current) &&
           access(current, F_OK) == 0;
}

bool kd_leveldb_any_holds_rows(const char *parent, const char *prefix)
{
    char path[PATH_MAX];
    bool found = false;
    DIR *d = opendir(parent);
    if (!d) return false;
    for (const struct dirent *e; !found && (e = readdir(d));) {
        if (strncmp(e->d_name, prefix, strlen(prefix)) != 0) continue;
        if (snprintf(path, sizeof(path), "%s/%s", parent, e->d_name) < (int)sizeof(path))
            found = kd_leveldb_acked_any(path);
    }
    closedir(d);
    return found;
}

void kd_leveldb_dir_trim_log(const char *dir)
{
    char path[PATH_MAX];
    struct stat st;
    if (snprintf(path, sizeof(path), "%s/LOG", dir) >= (int)sizeof(path)) return;
    if (stat(path, &st) != 0 || st.st_size <= KD_LEVELDB_LOG_MAX) return;
    if (truncate(path, 0) != 0) return; /* LOG is for a reader only: a failure to shorten it does no harm */
}

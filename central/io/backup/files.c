/* files.c - see the header. */
#include "central/io/backup/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int central_files_failed(const char *what, const char *path, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s %s: %s", path, what, strerror(errno));
    return KD_EIO;
}

bool kd_path_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool kd_path_same(const char *a, const char *b)
{
    struct stat of_a, of_b;
    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool kd_dir_is_free(const char *path)
{
    if (!kd_path_exists(path)) return true;
    DIR *d = opendir(path);
    if (d == NULL) return false;
    bool free_ = true;
    errno = 0;
    for (const struct dirent *e; (e = readdir(d)) != NULL;) free_ = free_ && is_dots(e->d_name);
    free_ = free_ && errno == 0; /* what cannot be read may hold something */
    closedir(d);
    return free_;
}

int kd_dir_sync(const char *path, char *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int cause = errno;
    if (fd >= 0) close(fd);
    errno = cause;
    return rc == 0 ? KD_OK : central_files_failed("cannot be synced", path, error);
}

static int central_files_sync_parent(const char *path, char *error)
{
    char parent[KD_PATH_MAX];
    snprintf(parent, sizeof(parent), "%s", path);
    size_t len = strlen(parent);
    while (len > 1 && parent[len - 1] == '/') parent[--len] = '\0';
    char *slash = strrchr(parent, '/');
    if (slash == NULL) return kd_dir_sync(".", error);
    slash[slash == parent] = '\0';
    return kd_dir_sync(parent, error);
}

int kd_dir_make(const char *path, char *error)
{
    if (mkdir(path, 0750) != 0) return central_files_failed("cannot be made", path, error);
    return central_files_sync_parent(path, error);
}

/* ---- files ---- */

static int sync_file(const char *path, char *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int cause = errno;
    if (fd >= 0) close(fd);
    errno = cause;
    return rc == 0 ? KD_OK : central_files_failed("cannot be synced", path, error);
}

static int central_files_write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

int kd_file_write(const char *path, kd_bytes content, char *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    int rc = fd < 0 ? -1 : central_files_write_all(fd, content.data, content.len);
    if (rc == 0) rc = fsync(fd);
    int cause = errno;
    if (fd >= 0) close(fd);
    errno = cause;
    return rc == 0 ? central_files_sync_parent(path, error)
                   : central_files_failed("cannot be written", path, error);
}

static int central_files_copy_bytes(int from, int to)
{
    uint8_t page[64 * 1024];
    for (;;) {
        ssize_t n = read(from, page, sizeof(page));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) return fsync(to);
        if (central_files_write_all(to, page, (size_t)n) != 0) return -1;
    }
}

static int central_files_copy_file(const char *from, const char *to, char *error)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, rc = KD_OK;
    if (in < 0) return central_files_failed("cannot be read", from, error);
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (out < 0)
        rc = central_files_failed("cannot be made", to, error);
    else if (central_files_copy_bytes(in, out) != 0)
        rc = central_files_failed("cannot be copied", from, error);
    close(in);
    if (out >= 0) close(out);
    return rc;
}

/* ---- directories ---- */

/* Calls fn with the path of each entry; all of them, or it is an error. */
static int each_entry(const char *path, int (*fn)(void *arg, const char *path, const char *name, char *error),
                      void *arg, char *error)
{
    char entry[KD_PATH_MAX];
    DIR *d = opendir(path);
    if (d == NULL) return central_files_failed("cannot be read", path, error);
    int rc = KD_OK;
    for (const struct dirent *e; rc == KD_OK && (errno = 0, e = readdir(d)) != NULL;) {
        if (is_dots(e->d_name)) continue;
        errno = ENAMETOOLONG;
        bool fits = snprintf(entry, sizeof(entry), "%s/%s", path, e->d_name) < (int)sizeof(entry);
        rc = fits ? fn(arg, entry, e->d_name, error) : central_files_failed("cannot be read", path, error);
    }
    if (rc == KD_OK && errno != 0) rc = central_files_failed("cannot be read to its end", path, error);
    closedir(d);
    return rc;
}

static int sync_entry(void *arg, const char *path, const char *name, char *error)
{
    (void)arg;
    (void)name;
    return sync_file(path, error);
}

int kd_dir_sync_files(const char *path, char *error)
{
    int rc = each_entry(path, sync_entry, NULL, error);
    return rc == KD_OK ? kd_dir_sync(path, error) : rc;
}

static int central_files_copy_entry(void *arg, const char *path, const char *name, char *error)
{
    char to[KD_PATH_MAX];
    if (strcmp(name, "LOCK") == 0 || strcmp(name, "LOG") == 0 || strcmp(name, "LOG.old") == 0) return KD_OK;
    snprintf(to, sizeof(to), "%s/%s", (const char *)arg, name);
    return central_files_copy_file(path, to, error);
}

int kd_dir_copy_database(const char *from, const char *to, char *error)
{
    char target[KD_PATH_MAX];
    snprintf(target, sizeof(target), "%s", to);
    int rc = kd_dir_make(to, error);
    if (rc == KD_OK) rc = each_entry(from, central_files_copy_entry, target, error);
    return rc == KD_OK ? kd_dir_sync(to, error) : rc;
}

int kd_dir_rename(const char *from, const char *to, char *error)
{
    if (rename(from, to) != 0) return central_files_failed("cannot be moved to its place", from, error);
    int rc = central_files_sync_parent(from, error);
    return rc == KD_OK ? central_files_sync_parent(to, error) : rc;
}

int kd_dir_exchange(const char *a, const char *b, char *error)
{
    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) != 0) {
        central_files_failed("cannot be moved to its place", a, error);
        return KD_EUNAVAILABLE;
    }
    int rc = central_files_sync_parent(a, error);
    return rc == KD_OK ? central_files_sync_parent(b, error) : rc;
}

static int remove_entry(void *arg, const char *path, const char *name, char *error)
{
    (void)name;
    if (unlink(path) == 0) return KD_OK;
    if (arg != NULL) each_entry(path, remove_entry, NULL, error);
    rmdir(path);
    return KD_OK;
}

void kd_dir_remove(const char *path)
{
    char error[KD_OPTIONS_ERROR_MAX];
    char deeper;
    each_entry(path, remove_entry, &deeper, error);
    rmdir(path);
}

bool kd_database_is_held(const char *path)
{
    char lock[KD_PATH_MAX];
    struct flock what = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    snprintf(lock, sizeof(lock), "%s/LOCK", path);
    int fd = open(lock, O_RDWR | O_CLOEXEC);
    if (fd < 0) return false;
    bool held = fcntl(fd, F_GETLK, &what) == 0 && what.l_type != F_UNLCK;
    close(fd);
    return held;
}

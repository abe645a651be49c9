/* files.c - see the header. */
#include "common/io/daemon/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int files_failed(const char *failure, const char *path, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s %s: %s", path, failure, strerror(errno));
    return KD_EIO;
}

bool kd_path_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool kd_path_is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
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
    if (!d) return false;
    bool is_free = true;
    errno = 0;
    for (const struct dirent *e; (e = readdir(d)) != NULL;) is_free = is_free && is_dots(e->d_name);
    is_free = is_free && errno == 0; /* a directory that cannot be read to its end may hold something */
    closedir(d);
    return is_free;
}

int kd_dir_sync(const char *path, char *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int cause = errno;
    if (fd >= 0) close(fd);
    errno = cause;
    return rc == 0 ? KD_OK : files_failed("cannot be synced", path, error);
}

static int files_sync_parent(const char *path, char *error)
{
    char parent[KD_PATH_MAX];
    snprintf(parent, sizeof(parent), "%s", path);
    size_t len = strlen(parent);
    while (len > 1 && parent[len - 1] == '/') parent[--len] = '\0';
    char *slash = strrchr(parent, '/');
    if (!slash) return kd_dir_sync(".", error);
    slash[slash == parent] = '\0';
    return kd_dir_sync(parent, error);
}

int kd_dir_make(const char *path, char *error)
{
    if (mkdir(path, 0750) != 0) return files_failed("cannot be made", path, error);
    return files_sync_parent(path, error);
}

/* ---- files ---- */

static int files_sync(const char *path, char *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int cause = errno;
    if (fd >= 0) close(fd);
    errno = cause;
    return rc == 0 ? KD_OK : files_failed("cannot be synced", path, error);
}

static int files_write_all(int fd, const uint8_t *data, size_t len)
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
    int rc = fd < 0 ? -1 : files_write_all(fd, content.data, content.len);
    if (rc == 0) rc = fsync(fd);
    int cause = errno;
    if (fd >= 0) close(fd);
    errno = cause;
    return rc == 0 ? files_sync_parent(path, error) : files_failed("cannot be written", path, error);
}

static int files_copy_bytes(int from, int to)
{
    uint8_t page[64 * 1024];
    for (;;) {
        ssize_t n = read(from, page, sizeof(page));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) return fsync(to);
        if (files_write_all(to, page, (size_t)n) != 0) return -1;
    }
}

static int files_copy_file(const char *from, const char *to, char *error)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, rc = KD_OK;
    if (in < 0) return files_failed("cannot be read", from, error);
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (out < 0)
        rc = files_failed("cannot be made", to, error);
    else if (files_copy_bytes(in, out) != 0)
        rc = files_failed("cannot be copied", from, error);
    close(in);
    if (out >= 0) close(out);
    return rc;
}

/* ---- directories ---- */

/* Calls fn for each entry. A directory that cannot be read to its end is an error: a copy of it would lack files. */
static int files_each(const char *path, int (*fn)(void *arg, const char *path, const char *name, char *error),
                      void *arg, char *error)
{
    char entry[KD_PATH_MAX];
    DIR *d = opendir(path);
    if (!d) return files_failed("cannot be read", path, error);
    int rc = KD_OK;
    for (const struct dirent *e; rc == KD_OK && (errno = 0, e = readdir(d)) != NULL;) {
        if (is_dots(e->d_name)) continue;
        errno = ENAMETOOLONG;
        bool fits = snprintf(entry, sizeof(entry), "%s/%s", path, e->d_name) < (int)sizeof(entry);
        rc = fits ? fn(arg, entry, e->d_name, error) : files_failed("cannot be read", path, error);
    }
    if (rc == KD_OK && errno != 0) rc = files_failed("cannot be read to its end", path, error);
    closedir(d);
    return rc;
}

static int files_sync_entry(void *arg, const char *path, const char *name, char *error)
{
    (void)arg;
    (void)name;
    return files_sync(path, error);
}

int kd_dir_sync_files(const char *path, char *error)
{
    int rc = files_each(path, files_sync_entry, NULL, error);
    return rc == KD_OK ? kd_dir_sync(path, error) : rc;
}

static int files_copy_entry(void *arg, const char *path, const char *name, char *error)
{
    char to[KD_PATH_MAX];
    if (strcmp(name, "LOCK") == 0 || strcmp(name, "LOG") == 0 || strcmp(name, "LOG.old") == 0) return KD_OK;
    snprintf(to, sizeof(to), "%s/%s", (const char *)arg, name);
    return files_copy_file(path, to, error);
}

int kd_dir_copy_database(const char *from, const char *to, char *error)
{
    char target[KD_PATH_MAX];
    snprintf(target, sizeof(target), "%s", to);
    int rc = kd_dir_make(to, error);
    if (rc == KD_OK) rc = files_each(from, files_copy_entry, target, error);
    return rc == KD_OK ? kd_dir_sync(to, error) : rc;
}

int kd_dir_rename(const char *from, const char *to, char *error)
{
    if (rename(from, to) != 0) return files_failed("cannot be moved to its place", from, error);
    int rc = files_sync_parent(from, error);
    return rc == KD_OK ? files_sync_parent(to, error) : rc;
}

int kd_dir_exchange(const char *a, const char *b, char *error)
{
    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) != 0) {
        files_failed("cannot be moved to its place", a, error);
        return KD_EUNAVAILABLE;
    }
    int rc = files_sync_parent(a, error);
    return rc == KD_OK ? files_sync_parent(b, error) : rc;
}

/* `arg` not NULL: a directory may be gone into. */
static int files_remove_entry(void *arg, const char *path, const char *name, char *error)
{
    (void)name;
    if (unlink(path) == 0) return KD_OK;
    if (arg) files_each(path, files_remove_entry, NULL, error);
    rmdir(path);
    return KD_OK;
}

void kd_dir_remove(const char *path)
{
    char error[KD_OPTIONS_ERROR_MAX];
    char deeper;
    files_each(path, files_remove_entry, &deeper, error);
    rmdir(path);
}

bool kd_database_is_held(const char *path)
{
    char lock[KD_PATH_MAX];
    struct flock lock_of_another = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    snprintf(lock, sizeof(lock), "%s/LOCK", path);
    int fd = open(lock, O_RDWR | O_CLOEXEC);
    if (fd < 0) return false;
    bool held = fcntl(fd, F_GETLK, &lock_of_another) == 0 && lock_of_another.l_type != F_UNLCK;
    close(fd);
    return held;
}

/* file_read.c - see the header. */
#include "common/io/daemon/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A descriptor, or -1 with errno. A FIFO would block the opening. */
static int file_read_open(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static int file_read_all(int fd, size_t max, kd_buf *out)
{
    for (;;) {
        kd_buf_reserve(out, 4096);
        ssize_t got = read(fd, out->data + out->len, out->cap - out->len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return KD_EIO;
        if (got == 0) return KD_OK;
        out->len += (size_t)got;
        if (out->len > max) return KD_ETOOBIG;
    }
}

int kd_file_read(const char *path, size_t max, kd_buf *out)
{
    struct stat info;
    kd_buf_clear(out);
    int fd = file_read_open(path);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? KD_ENOTFOUND : KD_EIO;
    int err = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? KD_OK : KD_EIO;
    if (err == KD_OK) err = file_read_all(fd, max, out);
    close(fd);
    return err;
}

/* ---- files that hold a secret ---- */

/* `fd` is what the opening of `path` gave, -1 included. */
static int secret_judge(int fd, const char *path, char *error, size_t size)
{
    struct stat info;
    if ((fd < 0 ? stat(path, &info) : fstat(fd, &info)) != 0)
        snprintf(error, size, "%s",
                 errno == ENOENT || errno == ENOTDIR ? "there is no such file" : strerror(errno));
    else if (!S_ISREG(info.st_mode))
        snprintf(error, size, "%.300s: must be a regular file", path);
    else if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        snprintf(error, size, "%.300s: holds a secret and is open to group or others (mode %03o); chmod 600",
                 path, (unsigned)info.st_mode & 0777U);
    else if (fd < 0)
        snprintf(error, size, "%.300s: belongs to user %u, and user %u cannot read it; chown it", path,
                 (unsigned)info.st_uid, (unsigned)geteuid());
    else
        return KD_OK;
    return KD_EINVAL;
}

int kd_secret_check(const char *path, char *error, size_t size)
{
    int fd = file_read_open(path), err = secret_judge(fd, path, error, size);
    if (fd >= 0) close(fd);
    return err;
}

int kd_secret_read(const char *path, size_t max, kd_buf *out, char *error, size_t size)
{
    kd_buf_clear(out);
    int fd = file_read_open(path), err = secret_judge(fd, path, error, size);
    if (err == KD_OK && (err = file_read_all(fd, max, out)) != KD_OK) {
        if (err == KD_ETOOBIG)
            snprintf(error, size, "%.300s: holds more than %zu bytes", path, max);
        else
            snprintf(error, size, "%.300s: cannot be read", path);
        err = KD_EINVAL;
    }
    if (fd >= 0) close(fd);
    return err;
}

void kd_secret_finish(kd_buf *secret)
{
    if (secret->cap > 0) explicit_bzero(secret->data, secret->cap);
    kd_buf_finish(secret);
}

/* leveldb_acked.c - see the header. */
#include "common/io/leveldb/leveldb_acked.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "kudos/base.h"

/* Every line has this length and lies in one page, so a reader never finds half of a line. */
enum { LINE = sizeof "acked 00000000000000000000\n" - 1 };

static int acked_fail(const char *what, char *err, size_t size)
{
    snprintf(err, size, "%s %s: %s", KD_LEVELDB_ACKED, what, strerror(errno));
    return KD_EIO;
}

/* 0: a->acked is read; 1: the file is empty; -1: errno; -2: the content is no ACKED line. */
static int acked_parse(kd_leveldb_acked *a)
{
    char line[LINE + 2], again[LINE + 2];
    ssize_t n = pread(a->fd, line, LINE + 1, 0);
    if (n <= 0) return n == 0 ? 1 : -1;
    line[n] = 0;
    unsigned long long acked;
    if (sscanf(line, "acked %llu", &acked) != 1) return -2;
    snprintf(again, sizeof again, "acked %020llu\n", acked);
    if (strcmp(line, again) != 0) return -2;
    a->acked = acked;
    return 0;
}

int kd_leveldb_acked_write(kd_leveldb_acked *a)
{
    char line[LINE + 1];
    snprintf(line, sizeof line, "acked %020llu\n", (unsigned long long)a->acked);
    ssize_t n = pwrite(a->fd, line, LINE, 0);
    if (n >= 0 && n < LINE) errno = ENOSPC;
    return n == LINE ? 0 : -1;
}

int kd_leveldb_acked_sync(const kd_leveldb_acked *a)
{
    return fdatasync(a->fd);
}

/* Fills a new file. Without the sync of its directory a power cut could take the file itself. */
static int acked_make(kd_leveldb_acked *a, const char *dir)
{
    if (kd_leveldb_acked_write(a) != 0 || fsync(a->fd) != 0) return -1;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    int rc = fsync(fd);
    close(fd);
    return rc;
}

static bool has_database(const char *dir)
{
    char path[PATH_MAX];
    return snprintf(path, sizeof path, "%s/CURRENT", dir) < (int)sizeof path && access(path, F_OK) == 0;
}

/* `made`: the file was not there and has just been created. */
static int lock_and_read(kd_leveldb_acked *a, const char *dir, bool made, char *err, size_t size)
{
    if (flock(a->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return acked_fail("cannot be locked", err, size);
        snprintf(err, size, "in use by another process or handle");
        return KD_EUNAVAILABLE;
    }
    int found = acked_parse(a);
    if (found == -2) {
        snprintf(err, size, "corrupted: %s does not decode", KD_LEVELDB_ACKED);
        return KD_EMALFORMED;
    }
    if (found == -1) return acked_fail("cannot be read", err, size);
    /* ACKED is filled before its database is made: an empty one beside a database was emptied. */
    if (found == 1 && !made && has_database(dir)) {
        snprintf(err, size, "corrupted: %s is empty", KD_LEVELDB_ACKED);
        return KD_EMALFORMED;
    }
    return found == 0 || acked_make(a, dir) == 0 ? KD_OK : acked_fail("cannot be written", err, size);
}

int kd_leveldb_acked_open(kd_leveldb_acked *a, const char *dir, char *err, size_t size)
{
    char path[PATH_MAX];
    *a = (kd_leveldb_acked){.fd = -1};
    if (snprintf(path, sizeof path, "%s/" KD_LEVELDB_ACKED, dir) >= (int)sizeof path) {
        snprintf(err, size, "the path is too long");
        return KD_EIO;
    }
    a->fd = open(path, O_RDWR | O_CLOEXEC);
    bool made = a->fd < 0 && errno == ENOENT;
    if (made) a->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (a->fd < 0) return acked_fail("cannot be opened", err, size);
    int rc = lock_and_read(a, dir, made, err, size);
    if (rc != KD_OK) kd_leveldb_acked_close(a);
    return rc;
}

void kd_leveldb_acked_close(kd_leveldb_acked *a)
{
    if (a->fd >= 0) close(a->fd);
    a->fd = -1;
}

bool kd_leveldb_acked_any(const char *dir)
{
    char path[PATH_MAX];
    kd_leveldb_acked a = {.fd = -1};
    snprintf(path, sizeof path, "%s/" KD_LEVELDB_ACKED, dir);
    a.fd = open(path, O_RDONLY | O_CLOEXEC);
    int found = a.fd >= 0 ? acked_parse(&a) : 1;
    kd_leveldb_acked_close(&a);
    if (found != 1) return found != 0 || a.acked > 0; /* unreadable: assume that something was acknowledged */
    return has_database(dir);
}

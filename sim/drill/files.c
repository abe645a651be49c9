/* files.c - see the header. */
#include "sim/drill/files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <dirent.h>
#include <unistd.h>

enum { TREE_FDS = 16, COPY_BYTES = 64 * 1024, PORT_FIRST = 10000, PORT_COUNT = 6000, PORT_TRIES = 200 };

int sim_files_make(const char *directory)
{
    char path[PATH_MAX];
    size_t len = strlen(directory);
    if (len == 0 || len >= sizeof path) {
        errno = ENAMETOOLONG;
        return KD_EIO;
    }
    memcpy(path, directory, len + 1);
    for (char *p = path + 1;; p++) {
        if (*p && *p != '/') continue;
        char was = *p;
        *p = 0;
        if (mkdir(path, 0700) != 0 && errno != EEXIST) return KD_EIO;
        if (!was) return KD_OK;
        *p = was;
    }
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

int sim_files_remove(const char *directory)
{
    if (nftw(directory, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT) return KD_OK;
    return KD_EIO;
}

static int sim_files_copy_bytes(int from, int to)
{
    static char piece[COPY_BYTES];
    for (;;) {
        ssize_t n = read(from, piece, sizeof piece);
        if (n == 0) return KD_OK;
        if (n < 0 || write(to, piece, (size_t)n) != n) return KD_EIO;
    }
}

static int sim_files_copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0) return KD_EIO;
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = out < 0 ? KD_EIO : sim_files_copy_bytes(in, out);
    int cause = errno;
    close(in);
    if (out >= 0 && close(out) != 0) rc = KD_EIO;
    if (rc != KD_OK && cause) errno = cause;
    return rc;
}

static int copy_tree(const char *from, const char *to, const char *skip);

static int sim_files_copy_entry(const char *from, const char *to, const char *skip, const char *name)
{
    char source[PATH_MAX], target[PATH_MAX];
    struct stat st;
    if (snprintf(source, sizeof source, "%s/%s", from, name) >= (int)sizeof source ||
        snprintf(target, sizeof target, "%s/%s", to, name) >= (int)sizeof target) {
        errno = ENAMETOOLONG;
        return KD_EIO;
    }
    if (lstat(source, &st) != 0) return KD_EIO;
    if (S_ISDIR(st.st_mode)) return copy_tree(source, target, skip);
    return S_ISREG(st.st_mode) && strcmp(name, skip) != 0 ? sim_files_copy_file(source, target) : KD_OK;
}

static int copy_tree(const char *from, const char *to, const char *skip)
{
    DIR *d = opendir(from);
    if (!d) return KD_EIO;
    int rc = sim_files_make(to);
    struct dirent *e;
    while (rc == KD_OK && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = sim_files_copy_entry(from, to, skip, e->d_name);
    }
    int cause = errno;
    closedir(d);
    errno = cause;
    return rc;
}

int sim_files_copy(const char *from, const char *to, const char *skip)
{
    int rc = sim_files_remove(to);
    return rc == KD_OK ? copy_tree(from, to, skip) : rc;
}

int sim_files_write(const char *path, kd_bytes text)
{
    char half[PATH_MAX];
    if (snprintf(half, sizeof half, "%s.new", path) >= (int)sizeof half) {
        errno = ENAMETOOLONG;
        return KD_EIO;
    }
    int fd = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return KD_EIO;
    bool whole = write(fd, text.data, text.len) == (ssize_t)text.len;
    if (close(fd) != 0 || !whole) return KD_EIO;
    return rename(half, path) == 0 ? KD_OK : KD_EIO;
}

int sim_files_read_end(const char *path, size_t most, kd_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? KD_ENOTFOUND : KD_EIO;
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)most ? size - (off_t)most : 0;
    kd_buf_reserve(out, most);
    ssize_t n = size < 0 ? -1 : pread(fd, out->data + out->len, most, from);
    close(fd);
    if (n < 0) return KD_EIO;
    out->len += (size_t)n;
    return KD_OK;
}

static bool sim_files_port_is_free(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    at.sin_port = htons(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool is = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return is;
}

uint16_t sim_files_free_port(uint64_t *random)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + kd_random_next(random) % PORT_COUNT);
        if (sim_files_port_is_free(port)) return port;
    }
    return 0;
}

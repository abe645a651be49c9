/*
 * powercut.c - a library to preload into a daemon, so that a kill -9 of it can be made a power cut: what was written and not
 * synced is gone.
 *
 * A kill alone loses nothing that reached the kernel, so a daemon that never syncs would pass every kill. This library watches which
 * bytes of which file below KUDOS_POWERCUT_DIR were synced, and keeps that in a file beside it: FILE.synced holds the length,
 * 8 bytes, as of the last fsync or fdatasync. After the kill whoever plays the power cut truncates every file that has one to that length and removes
 * files that were never synced (sim/drill does).
 *
 * The file that KUDOS_SYNC_ORDER names, while it is there, holds two numbers: whether syncs fail (EIO), and how many microseconds one takes longer.
 *
 * KUDOS_KILL_AT=NAME:N ends the process at the N-th pass of a point that lies in LevelDB (common/io/loop/point.h): when a table or a manifest is
 * synced, before or after, and before CURRENT names a new manifest.
 *
 * Files are written from the front to the end (LevelDB's logs, tables and manifests are), so a length says all. A rename moves
 * the note along. A sync of a directory makes the files in it exist, empty where nothing of them was synced: an empty note.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *root(void)
{
    static const char *dir;
    if (!dir) dir = getenv("KUDOS_POWERCUT_DIR");
    return dir ? dir : "";
}

/* The path of an open file when it is below the root. */
static int watched(int fd, char *path)
{
    char link[64];
    size_t n = strlen(root());
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH_MAX - 1);
    if (n == 0 || len < 0) return 0;
    path[len] = 0;
    return strncmp(path, root(), n) == 0;
}

static void powercut_note(const char *path, uint64_t length)
{
    char name[PATH_MAX + 16];
    snprintf(name, sizeof name, "%s.synced", path);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return;
    ssize_t written = pwrite(fd, &length, sizeof length, 0);
    (void)written; /* without its note a file loses more in the power cut, never less */
    close(fd);
}

static int powercut_ends_with(const char *path, const char *end)
{
    size_t len = strlen(path), n = strlen(end);
    return len >= n && strcmp(path + len - n, end) == 0;
}

/* A synced directory makes the names of its files durable: each gets an empty note, unless it has one. O_EXCL: another thread may be writing it
 * just now. */
static void note_entries(const char *directory)
{
    DIR *d = opendir(directory);
    char name[2 * PATH_MAX + 16];
    struct stat st;
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(name, sizeof name, "%s/%s", directory, e->d_name);
        if (powercut_ends_with(name, ".synced") || stat(name, &st) != 0 || !S_ISREG(st.st_mode)) continue;
        size_t len = strlen(name);
        snprintf(name + len, sizeof name - len, ".synced");
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0) close(fd);
    }
    if (d) closedir(d);
}

/* Waits as long as KUDOS_SYNC_ORDER says. False: this sync is to fail. */
static int powercut_obey(void)
{
    const char *path = getenv("KUDOS_SYNC_ORDER");
    FILE *f = path ? fopen(path, "re") : NULL;
    int fails = 0;
    unsigned slow_us = 0;
    if (!f) return 1;
    if (fscanf(f, "%d %u", &fails, &slow_us) != 2) fails = 0;
    fclose(f);
    if (slow_us) usleep(slow_us);
    return !fails;
}

static void pass(const char *point)
{
    static atomic_long passes;
    const char *at = getenv("KUDOS_KILL_AT");
    size_t n = strlen(point);
    if (!at || strncmp(at, point, n) != 0 || at[n] != ':') return;
    if (atomic_fetch_add(&passes, 1) + 1 == atol(at + n + 1)) raise(SIGKILL);
}

static int synced(int fd, const char *call)
{
    int (*real)(int) = (int (*)(int))(intptr_t)dlsym(RTLD_NEXT, call);
    char path[PATH_MAX];
    struct stat before;
    int below = watched(fd, path) && fstat(fd, &before) == 0;
    int known = below && S_ISREG(before.st_mode);
    if (known && !powercut_obey()) {
        errno = EIO;
        return -1;
    }
    if (known && powercut_ends_with(path, ".ldb")) pass("table-written");
    if (known && strstr(path, "/MANIFEST-")) pass("manifest-written");
    int rc = real(fd);
    if (known && rc == 0) powercut_note(path, (uint64_t)before.st_size);
    if (below && rc == 0 && S_ISDIR(before.st_mode)) note_entries(path);
    if (known && powercut_ends_with(path, ".ldb")) pass("table-synced");
    return rc;
}

int fsync(int fd)
{
    return synced(fd, "fsync");
}
int fdatasync(int fd)
{
    return synced(fd, "fdatasync");
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) =
        (int (*)(const char *, const char *))(intptr_t)dlsym(RTLD_NEXT, "rename");
    char note_from[PATH_MAX + 16], note_to[PATH_MAX + 16];
    if (root()[0] && strncmp(from, root(), strlen(root())) == 0 && powercut_ends_with(to, "/CURRENT"))
        pass("current-written");
    int rc = real(from, to), kept = errno;
    if (rc == 0 && strncmp(from, root(), strlen(root())) == 0 && root()[0]) {
        snprintf(note_from, sizeof note_from, "%s.synced", from);
        snprintf(note_to, sizeof note_to, "%s.synced", to);
        real(note_from, note_to);
    }
    errno = kept;
    return rc;
}

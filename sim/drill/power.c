/* power.c - see the header. */
#include "sim/drill/power.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_FDS = 16 };

static const char NOTE[] = ".synced";
static uint64_t *chance; /* of cut_one: nftw passes nothing on to it. One thread */

static bool is_note(const char *path)
{
    size_t len = strlen(path);
    return len >= sizeof NOTE - 1 && strcmp(path + len - (sizeof NOTE - 1), NOTE) == 0;
}

/* False: there is no note, so the file was never synced. An empty note: the name of the file is durable, none of its bytes are. */
static bool read_note(const char *path, uint64_t *length)
{
    char name[PATH_MAX + sizeof NOTE];
    snprintf(name, sizeof name, "%s%s", path, NOTE);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t got = read(fd, length, sizeof *length);
    close(fd);
    if (got == 0) *length = 0;
    return got == 0 || got == sizeof *length;
}

static int note_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    char name[PATH_MAX + sizeof NOTE];
    uint64_t length = (uint64_t)st->st_size;
    (void)at;
    if (kind != FTW_F || is_note(path)) return 0;
    snprintf(name, sizeof name, "%s%s", path, NOTE);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    bool whole = write(fd, &length, sizeof length) == sizeof length;
    return close(fd) == 0 && whole ? 0 : -1;
}

static int cut_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    uint64_t length, size = (uint64_t)st->st_size;
    (void)at;
    if (kind != FTW_F || is_note(path)) return 0;
    if (!read_note(path, &length)) return unlink(path);
    if (size <= length) return 0;
    uint64_t drawn = kd_random_next(chance);
    if (drawn % 2) length += (drawn >> 1) % (size - length); /* a disk may hold more than was synced */
    return truncate(path, (off_t)length);
}

static int walk(const char *directory, __nftw_func_t fn)
{
    return nftw(directory, fn, TREE_FDS, FTW_PHYS) == 0 || errno == ENOENT ? KD_OK : KD_EIO;
}

int sim_power_on(const char *directory)
{
    return walk(directory, note_one);
}

int sim_power_cut(const char *directory, uint64_t *random)
{
    chance = random;
    return walk(directory, cut_one);
}

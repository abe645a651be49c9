/* clock_file.c - see the header. One line, "boot-id shift_us", written beside and renamed: a crash leaves the old file or the new one. */
#include "edge/io/upstream/clock_file.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

enum { BOOT_ID_MAX = 40 };

/* The kernel's random id of this boot. The monotonic clock, to which the shift belongs, begins anew with each boot. */
static bool boot_id(char id[BOOT_ID_MAX])
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    bool ok = f && fscanf(f, "%39s", id) == 1;
    if (f) fclose(f);
    return ok;
}

bool kd_clock_file_load(const char *data_dir, kd_clock *clock)
{
    char path[PATH_MAX], now[BOOT_ID_MAX], then[BOOT_ID_MAX];
    int64_t shift_us;
    if (!boot_id(now) || snprintf(path, sizeof path, "%s/clock", data_dir) >= (int)sizeof path) return false;
    FILE *f = fopen(path, "re");
    if (!f) return false;
    bool ok = fscanf(f, "%39s %" SCNd64, then, &shift_us) == 2 && strcmp(now, then) == 0;
    fclose(f);
    if (ok) kd_clock_resume(clock, shift_us);
    return ok;
}

void kd_clock_file_save(const char *data_dir, kd_clock *clock)
{
    char path[PATH_MAX], half[PATH_MAX + 8], id[BOOT_ID_MAX];
    if (!boot_id(id) || snprintf(path, sizeof path, "%s/clock", data_dir) >= (int)sizeof path) return;
    snprintf(half, sizeof half, "%s.new", path);
    FILE *f = fopen(half, "we");
    if (!f) return;
    bool ok = fprintf(f, "%s %" PRId64 "\n", id, kd_clock_drift(clock).shift_us) > 0;
    if (fclose(f) != 0 || !ok || rename(half, path) != 0) remove(half);
}

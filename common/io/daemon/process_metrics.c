/* process_metrics.c - see the header. Read from /proc and getrusage when asked for. */
#include "common/io/daemon/process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/base/metrics.h"
#include "kudos/limits.h"

/* start_time is a moment, not an age; kind AGE because that renders us as seconds. */
#define KD_PROCESS_METRICS(X)                                                                                \
    X(cpu, CPU, "process_cpu_seconds_total", "", "User and system CPU time.")                                \
    X(rss, GAUGE, "process_resident_memory_bytes", "", "Resident memory.")                                   \
    X(open_fds, GAUGE, "process_open_fds", "", "Open file descriptors.")                                     \
    X(max_fds, GAUGE, "process_max_fds", "", "File descriptors that the process may open.")                  \
    X(start_time, AGE, "process_start_time_seconds", "", "Start of the process, in seconds since 1970.")
typedef struct {
    KD_PROCESS_METRICS(KD_METRIC_FIELD)
} process_metrics;
#define PROCESS_ROW(...) KD_METRIC_ROW(process_metrics, __VA_ARGS__)
static const kd_metric_info process_rows[] = {KD_PROCESS_METRICS(PROCESS_ROW)};
static const kd_metric_table process_table = {process_rows, KD_COUNT(process_rows)};

static int64_t us_of(int64_t seconds, int64_t ns)
{
    return seconds * 1000000 + ns / 1000;
}

static int64_t process_cpu_us(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0 ? us_of(t.tv_sec, t.tv_nsec) : KD_METRIC_NONE;
}

static int64_t process_rss(void)
{
    long long pages = -1;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*d %lld", &pages) != 1) pages = -1;
    if (f) fclose(f);
    return pages < 0 ? KD_METRIC_NONE : pages * sysconf(_SC_PAGESIZE);
}

static int64_t process_open_fds(void)
{
    int64_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir) return KD_METRIC_NONE;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) n += entry->d_name[0] != '.';
    closedir(dir);
    return n - 1; /* without the directory's own */
}

static int64_t process_max_fds(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return KD_METRIC_NONE;
    return (int64_t)KD_MIN(limit.rlim_cur, (rlim_t)INT64_MAX);
}

/* Start of the process in us since 1970. Field 22 of /proc/self/stat has it in ticks since boot; fields are counted from the ")" that ends field 2,
 * since the name in it may hold blanks. */
static int64_t process_started_us(void)
{
    char line[1024] = "";
    unsigned long long ticks = 0;
    struct timespec wall, boot;
    FILE *f = fopen("/proc/self/stat", "re");
    const char *rest = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    bool read =
        rest &&
        sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &ticks) == 1;
    if (f) fclose(f);
    if (!read || clock_gettime(CLOCK_REALTIME, &wall) != 0 || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
        return KD_METRIC_NONE;
    int64_t since_boot_us = (int64_t)(ticks * 1000000 / (unsigned long long)sysconf(_SC_CLK_TCK));
    return us_of(wall.tv_sec, wall.tv_nsec) - us_of(boot.tv_sec, boot.tv_nsec) + since_boot_us;
}

static void process_write_build(kd_buf *out)
{
    char labels[96];
    snprintf(labels, sizeof labels, "version=\"%s\",wire=\"%d\",storage=\"%d\"", KD_PROGRAM_VERSION,
             (int)KD_WIRE_SCHEMA, (int)KD_STORAGE_SCHEMA);
    const kd_metric_info row = {0, KD_METRIC_GAUGE, "kudos_build_info", labels,
                                "1; the labels tell what runs."};
    const kd_metric_table table = {&row, 1};
    const kd_metric one = {1};
    const void *instance = &one;
    kd_metrics_render(&table, &instance, 1, out);
}

void kd_process_metrics_write(kd_buf *out)
{
    static int64_t started_us; /* computed once, so that a step of the wall clock does not move it */
    process_metrics m;
    const void *instance = &m;
    if (started_us == 0) started_us = process_started_us();
    kd_metric_set(&m.cpu, process_cpu_us());
    kd_metric_set(&m.rss, process_rss());
    kd_metric_set(&m.open_fds, process_open_fds());
    kd_metric_set(&m.max_fds, process_max_fds());
    kd_metric_set(&m.start_time, started_us);
    process_write_build(out);
    kd_metrics_render(&process_table, &instance, 1, out);
}

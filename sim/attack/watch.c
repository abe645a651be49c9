/* watch.c - see the header. */
#include "sim/attack/watch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "sim/drill/ask.h"

enum {
    PROC_EVERY_US = 20000,
    METRICS_EVERY_US = 200000,
    METRICS_DEADLINE_S = 1,
    INODES_MAX = 256,
    TCP_LISTEN = 10
};

struct sim_watch {
    const sim_target *target;
    struct event_base *base;
    int pid; /* 0: not found; the metrics are asked */
    bool gone;
    kd_client_url admin;
    struct evhttp_connection *connection; /* NULL: there is no --admin */
    bool asking;
    uint64_t due_us, now, max;
    uint64_t cpu_us; /* of the metrics */
};

/* ---- whose socket is it ---- */

/* Adds the inodes of sockets that listen on the port; /proc/net/tcp has port and state in hexadecimal. */
static size_t watch_inodes(const char *path, uint16_t port, unsigned long *inodes, size_t count)
{
    char line[512];
    FILE *f = fopen(path, "re");
    while (f && count < INODES_MAX && fgets(line, sizeof line, f)) {
        unsigned at = 0, state = 0;
        unsigned long inode = 0;
        int found = sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*u %*d %lu", &at, &state, &inode);
        if (found == 3 && at == port && state == TCP_LISTEN) inodes[count++] = inode;
    }
    if (f) fclose(f);
    return count;
}

static bool watch_is_one(const char *link, const unsigned long *inodes, size_t count)
{
    unsigned long inode;
    if (sscanf(link, "socket:[%lu]", &inode) != 1) return false;
    for (size_t i = 0; i < count; i++)
        if (inodes[i] == inode) return true;
    return false;
}

static bool watch_holds(const char *pid, const unsigned long *inodes, size_t count)
{
    char path[300], link[64];
    bool holds = false;
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *dir = opendir(path);
    for (struct dirent *fd; dir && !holds && (fd = readdir(dir)) != NULL;) {
        ssize_t len = readlinkat(dirfd(dir), fd->d_name, link, sizeof link - 1);
        if (len <= 0) continue;
        link[len] = '\0';
        holds = watch_is_one(link, inodes, count);
    }
    if (dir) closedir(dir);
    return holds;
}

int sim_watch_listener(uint16_t port)
{
    unsigned long inodes[INODES_MAX];
    size_t count = watch_inodes("/proc/net/tcp", port, inodes, 0);
    int pid = 0;
    count = watch_inodes("/proc/net/tcp6", port, inodes, count);
    DIR *dir = count > 0 ? opendir("/proc") : NULL;
    for (struct dirent *e; dir && pid == 0 && (e = readdir(dir)) != NULL;)
        if (isdigit((unsigned char)e->d_name[0]) && watch_holds(e->d_name, inodes, count))
            pid = (int)strtol(e->d_name, NULL, 10);
    if (dir) closedir(dir);
    return pid;
}

/* ---- samples ---- */

static void watch_sample(sim_watch *w, uint64_t bytes)
{
    if (bytes == 0) return;
    w->now = bytes;
    w->max = KD_MAX(w->max, bytes);
}

static void watch_process(sim_watch *w)
{
    char path[64];
    unsigned long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", w->pid);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%*u %lu", &pages) != 1) pages = 0;
    if (f) fclose(f);
    w->gone = w->gone || pages == 0; /* that of a zombie is 0 */
    watch_sample(w, pages * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void watch_on_metrics(struct evhttp_request *request, void *arg)
{
    sim_watch *w = arg;
    w->asking = false;
    if (!request || evhttp_request_get_response_code(request) != 200) return;
    struct evbuffer *in = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(in);
    kd_bytes text = kd_bytes_of(len ? evbuffer_pullup(in, -1) : NULL, len);
    watch_sample(w, (uint64_t)sim_ask_metric(text, "process_resident_memory_bytes"));
    w->cpu_us = (uint64_t)(1e6 * sim_ask_metric(text, "process_cpu_seconds_total"));
}

static void watch_ask(sim_watch *w)
{
    if (w->asking) return;
    struct evhttp_request *request = evhttp_request_new(watch_on_metrics, w);
    KD_ASSERT(request);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Host", w->admin.authority);
    w->asking = evhttp_make_request(w->connection, request, EVHTTP_REQ_GET, "/metrics") == 0;
}

void sim_watch_tick(sim_watch *w)
{
    uint64_t now_us = kd_clock_mono_us();
    if (now_us < w->due_us) return;
    w->due_us = now_us + (w->pid ? PROC_EVERY_US : METRICS_EVERY_US);
    if (w->pid)
        watch_process(w);
    else if (w->connection)
        watch_ask(w);
}

uint64_t sim_watch_now(const sim_watch *w)
{
    return w->now;
}

uint64_t sim_watch_cpu_us(const sim_watch *w)
{
    clockid_t id;
    struct timespec used;
    if (!w->pid) return w->cpu_us;
    if (clock_getcpuclockid(w->pid, &id) != 0 || clock_gettime(id, &used) != 0) return 0;
    return (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

bool sim_watch_is_here(const sim_watch *w)
{
    return w->pid != 0;
}

uint64_t sim_watch_take_max(sim_watch *w)
{
    uint64_t max = w->max;
    w->max = w->now;
    return max;
}

bool sim_watch_gone(const sim_watch *w)
{
    return w->gone;
}

/* ---- its life ---- */

/* On this machine is what has an address of it: then a socket can be bound to that address. */
static bool watch_here(const sim_target *t)
{
    struct sockaddr_storage to = t->to;
    ((struct sockaddr_in *)&to)->sin_port = 0; /* sin6_port is at the same place */
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool here = fd >= 0 && bind(fd, (const struct sockaddr *)&to, t->to_len) == 0;
    if (fd >= 0) close(fd);
    return here;
}

sim_watch *sim_watch_create(const sim_target *target, struct event_base *base)
{
    sim_watch *w = kd_alloc(sizeof *w);
    *w = (sim_watch){.target = target, .base = base};
    uint16_t port = (uint16_t)strtoul(target->parts.port, NULL, 10);
    if (!target->admin && watch_here(target)) w->pid = sim_watch_listener(port);
    if (target->admin && kd_client_url_parse(&w->admin, target->admin) == KD_OK) {
        uint16_t admin_port = (uint16_t)strtoul(w->admin.port, NULL, 10);
        w->connection = evhttp_connection_base_new(base, NULL, w->admin.host, admin_port);
        KD_ASSERT(w->connection);
        evhttp_connection_set_timeout(w->connection, METRICS_DEADLINE_S);
    }
    sim_watch_tick(w);
    return w;
}

void sim_watch_destroy(sim_watch *w)
{
    if (!w) return;
    if (w->connection) evhttp_connection_free(w->connection); /* tells a question under way that it failed */
    free(w);
}

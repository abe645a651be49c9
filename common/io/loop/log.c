/*
 * log.c - structured lines.
 *
 * A line is built by its caller and handed over in one write() of at most KD_LOG_LINE_MAX bytes, which is
 * PIPE_BUF: lines of several threads never mix, and a pipe that polls writable takes it whole without
 * blocking. A lock is held from the poll to the write, or another thread could take the room in between. A
 * reader that hangs is waited for once, before the lock, for KD_LOG_WAIT_MS; from then on lines are dropped
 * at once until it reads again.
 */
#include "common/io/loop/log.h"

#include "common/base/display.h"
#include "common/io/loop/clock.h"
#include "common/json/json_writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

_Static_assert(KD_LOG_LINE_MAX <= PIPE_BUF, "a line is written to a pipe whole or not at all");

const char *const kd_log_levels[] = {"debug", "info", "warn", "error", NULL};

static _Atomic int level_now = KD_INFO;
static _Atomic int fd_now = STDERR_FILENO;
static _Atomic bool stuck;
static _Atomic uint64_t dropped;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

void kd_log_set_level(kd_log_level level)
{
    atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

void kd_log_set_fd(int fd)
{
    atomic_store(&fd_now, fd);
    atomic_store(&stuck, false);
}

bool kd_log_enabled(kd_log_level level)
{
    return (int)level >= atomic_load_explicit(&level_now, memory_order_relaxed);
}

uint64_t kd_log_dropped(void)
{
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

/* Whether this line of the call site may be written. When two threads begin a new second at once a few lines more get through, which is still
 * bounded. */
static bool log_admit(kd_log_site *site, uint64_t second)
{
    if (atomic_exchange_explicit(&site->second, second, memory_order_relaxed) != second)
        atomic_store_explicit(&site->written, 0, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&site->written, 1, memory_order_relaxed) < KD_LOG_BURST) return true;
    atomic_fetch_add_explicit(&site->suppressed, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
    return false;
}

static void log_put_field(kd_json *j, const kd_log_field *f)
{
    kd_json_key(j, f->key);
    switch (f->type) {
    case KD_LOG_STR:
        kd_json_str(j, f->is.str);
        break;
    case KD_LOG_I64:
        kd_json_i64(j, f->is.i64);
        break;
    case KD_LOG_U64:
        kd_json_u64(j, f->is.u64);
        break;
    case KD_LOG_BOOL:
        kd_json_bool(j, f->is.boolean);
        break;
    }
}

/* Appends fields while they fit, with room left for "suppressed" and the end of the line. */
static void put_fields(kd_json *j, const kd_log_field *fields, size_t count)
{
    enum { ROOM_BEHIND = 64 };
    for (size_t i = 0; i < count; i++) {
        kd_json before = *j;
        size_t len = j->out->len;
        bool fits = fields[i].type != KD_LOG_STR || fields[i].is.str.len < KD_LOG_LINE_MAX;
        if (fits) log_put_field(j, &fields[i]);
        if (fits && j->out->len + ROOM_BEHIND <= KD_LOG_LINE_MAX) continue;
        *j = before;
        j->out->len = len;
        kd_json_key(j, "truncated"), kd_json_bool(j, true);
        return;
    }
}

static bool log_ready(int wait_ms)
{
    struct pollfd p = {.fd = atomic_load(&fd_now), .events = POLLOUT};
    return poll(&p, 1, wait_ms) == 1 && (p.revents & POLLOUT) != 0;
}

/* Writes the line if that can be done at once. */
static bool log_take(kd_bytes line)
{
    pthread_mutex_lock(&writing);
    bool taken = log_ready(0) && write(atomic_load(&fd_now), line.data, line.len) == (ssize_t)line.len;
    pthread_mutex_unlock(&writing);
    return taken;
}

static void log_write_line(kd_bytes line)
{
    bool ready = log_ready(atomic_load(&stuck) ? 0 : KD_LOG_WAIT_MS);
    atomic_store(&stuck, !ready);
    if (!ready || !log_take(line)) atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}

/* A line with its end, which the caller frees. suppressed 0: the line does not mention it. */
static kd_buf log_line(uint64_t now_us, kd_log_level level, const char *event, const kd_log_field *fields,
                       size_t count, uint32_t suppressed)
{
    char time[KD_TIME_US_MAX];
    kd_display_time_us(now_us, time);
    kd_buf line = {0};
    kd_buf_reserve(&line, 512);
    kd_json j = kd_json_of(&line);
    kd_json_object(&j);
    kd_json_key(&j, "time"), kd_json_cstr(&j, time);
    kd_json_key(&j, "level"), kd_json_cstr(&j, kd_log_levels[level]);
    kd_json_key(&j, "event"), kd_json_cstr(&j, event);
    put_fields(&j, fields, count);
    if (suppressed > 0) kd_json_key(&j, "suppressed"), kd_json_u64(&j, suppressed);
    kd_json_end_object(&j);
    kd_buf_put_u8(&line, '\n');
    return line;
}

void kd_log_write(kd_log_site *site, kd_log_level level, const char *event, const kd_log_field *fields,
                  size_t count)
{
    int saved = errno;
    uint64_t now_us = kd_clock_wall_us();
    if (!log_admit(site, now_us / 1000000)) return;
    uint32_t suppressed = atomic_exchange_explicit(&site->suppressed, 0, memory_order_relaxed);
    kd_buf line = log_line(now_us, level, event, fields, count, suppressed);
    log_write_line(kd_buf_view(&line));
    kd_buf_finish(&line);
    errno = saved;
}

bool kd_log_try(kd_log_level level, const char *event, const kd_log_field *fields, size_t count)
{
    int saved = errno;
    kd_buf line = log_line(kd_clock_wall_us(), level, event, fields, count, 0);
    bool taken = log_take(kd_buf_view(&line));
    kd_buf_finish(&line);
    errno = saved;
    return taken;
}

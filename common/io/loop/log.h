/*
 * log.h - one JSON object per line, one write() per line, bounded floods.
 *
 *     KD_LOG(KD_INFO, "edge-started", KD_STR("edge", name), KD_U64("incarnation", n));
 *     {"time":"2026-01-02T03:04:05.678901Z","level":"info","event":"edge-started","edge":"mum-1","incarnation":7}
 *
 * Each call site writes at most KD_LOG_BURST lines a second; its next line has the member "suppressed", how many were left out. A line is at most
 * KD_LOG_LINE_MAX bytes; a longer one lacks its last fields and has "truncated":true instead. When the reader of the log hangs, lines are lost and
 * counted; a caller waits for at most KD_LOG_WAIT_MS, once. Thread-safe.
 */
#ifndef KUDOS_COMMON_IO_LOOP_LOG_H
#define KUDOS_COMMON_IO_LOOP_LOG_H

#include "kudos/base.h"
#include <stdatomic.h>

enum { KD_LOG_LINE_MAX = 4096, KD_LOG_BURST = 20, KD_LOG_WAIT_MS = 100 };

typedef enum { KD_DEBUG, KD_INFO, KD_WARN, KD_ERROR } kd_log_level;

/* Names for an ENUM option, NULL at the end, in the order of kd_log_level. */
extern const char *const kd_log_levels[];

typedef struct {
    const char *key; /* a literal of [a-z0-9_] */
    enum { KD_LOG_STR, KD_LOG_I64, KD_LOG_U64, KD_LOG_BOOL } type;
    union {
        kd_bytes str;
        int64_t i64;
        uint64_t u64;
        bool boolean;
    } is;
} kd_log_field;

static inline kd_log_field kd_log_str_(const char *key, const char *s)
{
    return (kd_log_field){.key = key, .type = KD_LOG_STR, .is.str = kd_bytes_str(s != NULL ? s : "")};
}
#define KD_STR(k, v) kd_log_str_(k, v)
#define KD_BYTES(k, v) ((kd_log_field){.key = (k), .type = KD_LOG_STR, .is.str = (v)})
#define KD_I64(k, v) ((kd_log_field){.key = (k), .type = KD_LOG_I64, .is.i64 = (int64_t)(v)})
#define KD_U64(k, v) ((kd_log_field){.key = (k), .type = KD_LOG_U64, .is.u64 = (uint64_t)(v)})
#define KD_BOOL(k, v) ((kd_log_field){.key = (k), .type = KD_LOG_BOOL, .is.boolean = (v)})
/* "error": the text of a kd_err. */
#define KD_ERR(v) kd_log_str_("error", kd_strerror(v))

/* The state of one call site; zero-initialised. */
typedef struct {
    _Atomic uint64_t second;
    _Atomic uint32_t written;
    _Atomic uint32_t suppressed;
} kd_log_site;

void kd_log_set_level(kd_log_level level); /* default KD_INFO */
void kd_log_set_fd(int fd);                /* default standard error; the caller keeps owning it */
bool kd_log_enabled(kd_log_level level);   /* whether lines of this level are written */
uint64_t kd_log_dropped(void);             /* lines suppressed or not written since the start, for a metric */
/* Writes one line; by KD_LOG only, which asks kd_log_enabled first. Keeps errno. */
void kd_log_write(kd_log_site *site, kd_log_level level, const char *event, const kd_log_field *fields,
                  size_t count);

/* Writes one line without the bound of a call site: the caller has one. Never waits for the reader. Whoever calls has asked kd_log_enabled. False: the
 * line is lost, and kd_log_dropped does not count it. Keeps errno. */
bool kd_log_try(kd_log_level level, const char *event, const kd_log_field *fields, size_t count);

/* Logs one line. event: a literal, dash-separated; then any number of fields. */
#define KD_LOG(level, event, ...)                                                                            \
    do {                                                                                                     \
        static kd_log_site kd_site_;                                                                         \
        if (kd_log_enabled(level)) {                                                                         \
            const kd_log_field kd_fields_[] = {{.key = NULL}, ##__VA_ARGS__};                                \
            kd_log_write(&kd_site_, level, event, kd_fields_ + 1, KD_COUNT(kd_fields_) - 1);                 \
        }                                                                                                    \
    } while (0)

#endif

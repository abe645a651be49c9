/*
 * replay_log.h - a log of likes to replay: `unix milliseconds, user, item, op`, tab-separated, plain or
 * gzip.
 *
 * op is `1` (like) or `-1` (unlike). An item `collection/id` names its collection; one without `/` belongs to
 * the collection given. Users and ids of foreign logs may hold any byte but tab and newline, while an id of
 * the API is made of [A-Za-z0-9._~:@=+-]: every other byte is written as `=XX` (two upper-case hex digits),
 * and so is `=` itself, so that different names stay different. (This is percent-encoding with `=` for `%`,
 * because `%` is no id byte either.)
 */
#ifndef KUDOS_SIM_REPLAY_REPLAY_LOG_H
#define KUDOS_SIM_REPLAY_REPLAY_LOG_H

#include "kudos/base.h"
#include "sim/users/names.h"

enum { KD_REPLAY_LINE_MAX = 4096, KD_REPLAY_ERROR_MAX = 256 };

typedef struct {
    uint64_t at_ms;
    uint32_t user, item; /* numbers in the log's names */
    bool liked;
} sim_replay_event;

/* Zero-initialise. */
typedef struct {
    sim_replay_event *events;
    uint32_t count, cap;
    sim_names users; /* as they are sent: bytes that an id cannot hold are written as =XX */
    sim_names items; /* likewise, as collection/id */
} sim_replay_log;

/* Adds the event of one line, which comes without its newline. KD_OK; KD_EMALFORMED and *why, a static text, when nothing was added. */
int sim_replay_log_line(sim_replay_log *log, kd_bytes line, const char *collection, const char **why);
/* Adds all lines of a file. KD_OK; KD_EMALFORMED or KD_EIO with "file:line: reason" in `error`, and then the lines before it are added. */
int sim_replay_log_load(sim_replay_log *log, const char *file, const char *collection,
                        char error[KD_REPLAY_ERROR_MAX]);
/* Frees everything; *log is empty again. */
void sim_replay_log_finish(sim_replay_log *log);

#endif

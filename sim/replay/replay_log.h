/* replay_log.h - a log of likes to replay, plain or gzip; a line is what common/base/like_line.h says. */
#ifndef KUDOS_SIM_REPLAY_REPLAY_LOG_H
#define KUDOS_SIM_REPLAY_REPLAY_LOG_H

#include "common/io/daemon/line_file.h"
#include "sim/users/names.h"

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
                        char error[KD_LINE_FILE_ERROR_MAX]);
/* Frees everything; *log is empty again. */
void sim_replay_log_finish(sim_replay_log *log);

#endif

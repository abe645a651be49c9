/*
 * replay_log.c - the strict reading of a log. A malformed line ends the reading: skipping it would change the right counts.
 */
#include "sim/replay/replay_log.h"

#include <stdlib.h>

#include "common/base/like_line.h"

int sim_replay_log_line(sim_replay_log *log, kd_bytes line, const char *collection, const char **why)
{
    kd_like_line l;
    int rc = kd_like_line_read(&l, line, collection, why);
    if (rc != KD_OK) return rc;
    *why = "too many events";
    if (log->count >= UINT32_MAX / 4) return KD_EMALFORMED;
    sim_replay_event e = {.at_ms = l.at_ms, .liked = l.liked};
    e.user = sim_names_add(&log->users, kd_bytes_of(l.user, l.user_len));
    e.item = sim_names_add(&log->items, kd_bytes_of(l.item, l.item_len));
    log->events = kd_grow(log->events, log->count, &log->cap, sizeof *log->events);
    log->events[log->count++] = e;
    return KD_OK;
}

typedef struct {
    sim_replay_log *log;
    const char *collection;
} replay_log_reading;

static int replay_log_take(void *arg, kd_bytes line, const char **why)
{
    const replay_log_reading *r = arg;
    return sim_replay_log_line(r->log, line, r->collection, why);
}

int sim_replay_log_load(sim_replay_log *log, const char *file, const char *collection,
                        char error[KD_LINE_FILE_ERROR_MAX])
{
    replay_log_reading r = {log, collection};
    return kd_line_file_each(file, replay_log_take, &r, error);
}

void sim_replay_log_finish(sim_replay_log *log)
{
    free(log->events);
    sim_names_finish(&log->users);
    sim_names_finish(&log->items);
    *log = (sim_replay_log){0};
}

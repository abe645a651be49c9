/* job_watch.c - see the header. */
#include "central/io/commands/job_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "common/io/daemon/progress.h"

enum { BUSY_WAIT_US = 30000000, POLL_MIN_US = 20000, POLL_MAX_US = 500000, SILENT_MAX = 3 };

static int job_watch_start(kd_admin_client *c, const kd_order *order, kd_admin_answer *answer, char *error)
{
    kd_buf query = {0};
    char path[KD_ORDER_QUERY_MAX + 32];
    kd_order_to_query(order, &query);
    snprintf(path, sizeof(path), "/admin/%s?%s", kd_order_slow(order->kind) ? "job" : "act",
             (const char *)query.data);
    kd_buf_finish(&query);
    uint64_t until = kd_clock_mono_us() + BUSY_WAIT_US;
    for (;;) {
        int code = kd_admin_client_post(c, path, order->body, answer, error);
        if (code == KD_EXIT_OK || answer->status != 409 || kd_clock_mono_us() > until) return code;
        usleep(POLL_MAX_US);
    }
}

static bool state_is(const kd_admin_answer *a, const char *state)
{
    kd_buf text = {0};
    bool is = kd_admin_str(a, "state", &text) && kd_bytes_eq(kd_buf_view(&text), kd_bytes_str(state));
    kd_buf_finish(&text);
    return is;
}

static int job_watch_ended(const kd_admin_answer *a, uint64_t id, char *error)
{
    kd_buf text = {0};
    if (kd_admin_number(a, "job") != id) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "central was started anew or began another job meanwhile");
        return KD_EXIT_UNAVAILABLE;
    }
    if (state_is(a, "done")) return KD_EXIT_OK;
    static const char untold[] =
        "the answer tells neither a result nor an error: is this central's admin port?";
    bool told = kd_admin_str(a, "error", &text);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.*s",
             told ? (int)KD_MIN(text.len, KD_OPTIONS_ERROR_MAX - 1) : (int)sizeof untold,
             told ? (const char *)text.data : untold);
    kd_buf_finish(&text);
    return state_is(a, "unavailable") ? KD_EXIT_UNAVAILABLE
           : state_is(a, "refused")   ? KD_EXIT_USAGE
                                      : KD_EXIT_FAILED;
}

int kd_job_watch(kd_admin_client *c, const kd_order *order, kd_admin_answer *answer, char *error)
{
    char path[64];
    kd_progress progress = {0};
    uint64_t pause_us = POLL_MIN_US;
    int silent = 0, code = job_watch_start(c, order, answer, error);
    if (code != KD_EXIT_OK) return code;
    const uint64_t id = kd_admin_number(answer, "job");
    snprintf(path, sizeof(path), "/admin/%s?job=%" PRIu64, kd_order_slow(order->kind) ? "job" : "act", id);
    for (;;) {
        usleep((useconds_t)pause_us);
        pause_us = KD_MIN(pause_us * 3 / 2, (uint64_t)POLL_MAX_US);
        code = kd_admin_client_get(c, path, answer, error);
        /* A central under load may miss an answer; the job goes on meanwhile. */
        if (code != KD_EXIT_OK && ++silent == SILENT_MAX) return code;
        if (code != KD_EXIT_OK) continue;
        silent = 0;
        if (kd_admin_number(answer, "job") != id || !state_is(answer, "running"))
            return job_watch_ended(answer, id, error);
        kd_progress_show(&progress, "progress", kd_admin_number(answer, "partition"),
                         kd_admin_number(answer, "of"), kd_admin_number(answer, "rows"));
    }
}

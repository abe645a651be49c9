/*
 * replay_view.c - the line while a replay runs, renewed in place on a terminal and written anew
 * every two seconds elsewhere, and the table at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "sim/replay/replay.h"
#include "sim/replay/replay_line.h"

enum { RENEW_MS = 250, LOG_MS = 2000, COLUMNS = 80, NAME_WIDTH = 32, COLUMN_WIDTH = 8 };

/* One less than the terminal has: some go on to the next line once the last column is written. */
static uint32_t columns(void)
{
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return COLUMNS - 1;
    return size.ws_col - 1u;
}

static sim_replay_phase phase_of(const sim_replay_view *v, bool last)
{
    if (!v->check->begun) return KD_REPLAY_SENDING;
    if (v->check->right) return KD_REPLAY_CONVERGED;
    return last ? KD_REPLAY_APART : KD_REPLAY_CONVERGING;
}

static const char *trouble_of(const sim_replay_check *c, char out[64])
{
    for (uint32_t i = 0; i < c->count; i++) {
        const sim_replay_target *t = &c->targets[i];
        if (t->error == 0) continue;
        snprintf(out, 64, "%s: %s", t->name, t->error < 0 ? kd_strerror(t->error) : "refuses");
        return out;
    }
    return NULL;
}

static void view_show(sim_replay_view *v, bool last)
{
    char line[KD_REPLAY_LINE_SIZE], trouble[64];
    const sim_replay_sent *s = v->sent;
    const sim_replay_check *c = v->check;
    uint64_t at_us = kd_clock_mono_us(), until_us = c->right ? c->converged_us : at_us;
    sim_replay_now now = {
        .phase = phase_of(v, last),
        .events = v->log->count,
        .acked = s->acked,
        .likes_per_s = (s->acked - v->acked_before) * 1000000 / KD_MAX(at_us - v->at_us, (uint64_t)1),
        .retries = s->retries,
        .backlog = sim_replay_poll_sum(v->poll, at_us),
        .items = v->log->items.count,
        .exact = v->log->items.count - c->wrong_items,
        .pending = c->pending,
        .judged = c->judged,
        .waited_us = until_us - s->last_ack_us,
        .trouble = trouble_of(c, trouble),
    };
    sim_replay_line(&now, v->terminal ? columns() : UINT32_MAX, line);
    if (v->terminal)
        fprintf(stderr, "\r%s\033[K%s", line, last ? "\n" : "");
    else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    v->acked_before = s->acked;
    v->at_us = at_us;
}

static void view_on_time(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    view_show(arg, false);
}

void sim_replay_view_init(sim_replay_view *v, struct event_base *base)
{
    const char *kind = getenv("TERM");
    v->terminal = isatty(STDERR_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
    v->at_us = kd_clock_mono_us();
    uint32_t ms = v->terminal ? RENEW_MS : LOG_MS;
    const struct timeval every = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    v->timer = event_new(base, -1, EV_PERSIST, view_on_time, v);
    KD_ASSERT(v->timer != NULL);
    event_add(v->timer, &every);
}

void sim_replay_view_finish(sim_replay_view *v)
{
    event_free(v->timer);
    v->timer = NULL;
    view_show(v, true);
}

static void row(const sim_replay_view *v, uint32_t item)
{
    printf("%-*.*s", NAME_WIDTH, NAME_WIDTH, sim_names_at(&v->log->items, item));
    for (uint32_t i = 0; i < v->check->count; i++) {
        int64_t count = v->check->targets[i].counts[item];
        if (count == KD_REPLAY_NULL)
            printf(" %*s", COLUMN_WIDTH, "null");
        else
            printf(" %*lld", COLUMN_WIDTH, (long long)count);
    }
    printf(" %*llu\n", COLUMN_WIDTH, (unsigned long long)v->oracle->counts[item]);
}

static void trouble(const sim_replay_view *v)
{
    for (uint32_t i = 0; i < v->check->count; i++) {
        const sim_replay_target *t = &v->check->targets[i];
        if (t->error < 0) printf("%s could not be read: %s\n", t->name, kd_strerror(t->error));
        if (t->error > 0) printf("%s could not be read: status %d\n", t->name, t->error);
    }
}

static void header(const sim_replay_view *v, const char *title)
{
    printf("%-*s", NAME_WIDTH, title);
    for (uint32_t i = 0; i < v->check->count; i++)
        printf(" %*.*s", COLUMN_WIDTH, COLUMN_WIDTH, v->check->targets[i].name);
    printf(" %*s\n", COLUMN_WIDTH, "exact");
}

void sim_replay_view_table(const sim_replay_view *v, uint32_t top)
{
    enum { TOP_MAX = 100 };
    uint32_t items[TOP_MAX], shown = 0;
    uint32_t count = sim_replay_oracle_top(v->oracle, v->log, items, KD_MIN(top, (uint32_t)TOP_MAX));
    trouble(v);
    header(v, "item");
    for (uint32_t i = 0; i < count; i++) row(v, items[i]);
    if (v->check->wrong_items == 0) return;
    header(v, "wrong");
    for (uint32_t item = 0; item < v->log->items.count && shown < KD_MAX(top, 1u); item++) {
        if (!sim_replay_item_wrong(v->check, v->oracle, item)) continue;
        row(v, item);
        shown++;
    }
}

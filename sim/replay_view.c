/*
 * replay_view.c - what a person sees: one line that renews itself while it runs, and the table at the end.
 */
#include <stdio.h>
#include <unistd.h>

#include "sim/replay.h"

enum { RENEW_MS = 250, NAME_WIDTH = 32, COLUMN_WIDTH = 11 };

static void show_sending(const kd_replay_view *v, uint64_t per_s)
{
    const kd_replay_sent *s = v->sent;
    double share = v->log->count ? 100.0 * (double)s->acked / (double)v->log->count : 100;
    fprintf(stderr, "\r\033[Ksending  %5.1f %%  %llu of %u acknowledged  %llu likes/s  %llu retries", share,
            (unsigned long long)s->acked, v->log->count, (unsigned long long)per_s,
            (unsigned long long)s->retries);
}

static void show_checking(const kd_replay_view *v, uint64_t now_us)
{
    fprintf(stderr, "\r\033[Kconverging  %.1f s", (double)(now_us - v->sent->last_ack_us) / 1e6);
    for (uint32_t i = 0; i < v->check->count; i++) {
        const kd_replay_target *t = &v->check->targets[i];
        double share = t->read ? 100.0 * t->right / t->read : 0;
        if (t->error)
            fprintf(stderr, "  %s %s", t->name, t->error < 0 ? kd_strerror(t->error) : "refuses");
        else
            fprintf(stderr, "  %s %.1f %% (%llu pending)", t->name, share, (unsigned long long)t->pending);
    }
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_replay_view *v = arg;
    uint64_t now = kd_replay_now_us();
    uint64_t per_s = (v->sent->acked - v->acked_before) * 1000000 / KD_MAX(now - v->at_us, (uint64_t)1);
    if (v->check->rounds == 0)
        show_sending(v, per_s);
    else
        show_checking(v, now);
    fflush(stderr);
    v->acked_before = v->sent->acked;
    v->at_us = now;
    v->shown = true;
}

void kd_replay_view_init(kd_replay_view *v, struct event_base *base)
{
    const struct timeval every = {.tv_sec = 0, .tv_usec = RENEW_MS * 1000};
    v->at_us = kd_replay_now_us();
    if (!isatty(STDERR_FILENO)) return;
    v->timer = event_new(base, -1, EV_PERSIST, on_time, v);
    KD_ASSERT(v->timer != NULL);
    event_add(v->timer, &every);
}

void kd_replay_view_finish(kd_replay_view *v)
{
    if (v->timer) event_free(v->timer);
    v->timer = NULL;
    if (v->shown) fprintf(stderr, "\r\033[K");
}

static void row(const kd_replay_view *v, uint32_t item)
{
    printf("%-*.*s", NAME_WIDTH, NAME_WIDTH, kd_names_at(&v->log->items, item));
    for (uint32_t i = 0; i < v->check->count; i++) {
        printf(" %*lld", COLUMN_WIDTH, (long long)v->check->targets[i].counts[item]);
    }
    printf(" %*llu\n", COLUMN_WIDTH, (unsigned long long)v->oracle->counts[item]);
}

static void trouble(const kd_replay_view *v)
{
    for (uint32_t i = 0; i < v->check->count; i++) {
        const kd_replay_target *t = &v->check->targets[i];
        if (t->error < 0) printf("%s could not be read: %s\n", t->name, kd_strerror(t->error));
        if (t->error > 0) printf("%s could not be read: status %d\n", t->name, t->error);
    }
}

static bool is_wrong(const kd_replay_view *v, uint32_t item)
{
    for (uint32_t i = 0; i < v->check->count; i++) {
        if (v->check->targets[i].counts[item] != (int64_t)v->oracle->counts[item]) return true;
    }
    return false;
}

static void header(const kd_replay_view *v, const char *title)
{
    printf("%-*s", NAME_WIDTH, title);
    for (uint32_t i = 0; i < v->check->count; i++)
        printf(" %*.*s", COLUMN_WIDTH, COLUMN_WIDTH, v->check->targets[i].name);
    printf(" %*s\n", COLUMN_WIDTH, "exact");
}

void kd_replay_view_table(const kd_replay_view *v, uint32_t top)
{
    enum { TOP_MAX = 100 };
    uint32_t items[TOP_MAX], shown = 0;
    uint32_t count = kd_replay_oracle_top(v->oracle, v->log, items, KD_MIN(top, (uint32_t)TOP_MAX));
    trouble(v);
    header(v, "item");
    for (uint32_t i = 0; i < count; i++) row(v, items[i]);
    if (v->check->wrong_items == 0) return;
    header(v, "wrong");
    for (uint32_t item = 0; item < v->log->items.count && shown < KD_MAX(top, 1u); item++) {
        if (!is_wrong(v, item)) continue;
        row(v, item);
        shown++;
    }
}

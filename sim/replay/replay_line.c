/*
 * replay_line.c - builds the line part by part, as long as there is room.
 */
#include <stdarg.h>
#include <stdio.h>

#include "sim/replay/replay_line.h"

typedef struct {
    char *text;
    size_t len, room; /* room: without the NUL */
    bool full;
} line;

/* Once a part does not fit, no later part is added: else a short part would take the place of a longer and more important one. */
__attribute__((format(printf, 2, 3))) static void part(line *l, const char *format, ...)
{
    char text[KD_REPLAY_LINE_SIZE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t len = KD_MIN((size_t)n, sizeof text - 1), gap = l->len ? 2 : 0;
    if (l->len == 0) len = KD_MIN(len, l->room);
    l->full = l->full || l->len + gap + len > l->room;
    if (l->full) return;
    memcpy(l->text + l->len, "  ", gap);
    memcpy(l->text + l->len + gap, text, len);
    l->len += gap + len;
    l->text[l->len] = 0;
}

/* A part in per cent, rounded down: 100.0 means all. */
static void share(line *l, const char *what, uint64_t of, uint64_t all)
{
    uint64_t permille = all ? of * 1000 / all : 1000;
    part(l, "%s %llu.%llu %%", what, (unsigned long long)permille / 10, (unsigned long long)permille % 10);
}

static void size(line *l, uint64_t bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    size_t unit = 0;
    for (; bytes >= 10000 && unit + 1 < KD_COUNT(units); unit++) bytes /= 1000;
    part(l, "%llu %s", (unsigned long long)bytes, units[unit]);
}

static void backlog(line *l, const sim_replay_backlog *b)
{
    unsigned long long sealed = b->sealed, merged = b->merged, waiting = b->waiting;
    if (b->edge && b->central)
        part(l, "batches %llu sealed %llu merged", sealed, merged);
    else if (b->edge)
        part(l, "batches %llu sealed", sealed);
    else if (b->central)
        part(l, "batches %llu merged", merged);
    if (!b->edge) return;
    part(l, "lag %llu%s", waiting, b->partial ? "+?" : ""); /* an edge that does not answer may hold more */
    if (waiting) size(l, b->waiting_bytes);
}

static void sending(line *l, const sim_replay_now *n)
{
    share(l, "sending", n->acked, n->events);
    part(l, "%llu likes/s", (unsigned long long)n->likes_per_s);
    backlog(l, &n->backlog);
    part(l, "%llu of %llu", (unsigned long long)n->acked, (unsigned long long)n->events);
    part(l, "%llu retries", (unsigned long long)n->retries);
}

static void settling(line *l, const sim_replay_now *n)
{
    static const char *const names[] = {[KD_REPLAY_CONVERGING] = "converging",
                                        [KD_REPLAY_CONVERGED] = "converged",
                                        [KD_REPLAY_APART] = "not converged"};
    if (n->judged)
        share(l, names[n->phase], n->exact, n->items);
    else
        part(l, "%s", names[n->phase]);
    part(l, "%llu.%llu s", (unsigned long long)n->waited_us / 1000000,
         (unsigned long long)n->waited_us / 100000 % 10);
    if (n->trouble) part(l, "%s", n->trouble);
    backlog(l, &n->backlog);
    if (n->pending) part(l, "%llu pending", (unsigned long long)n->pending);
}

void sim_replay_line(const sim_replay_now *now, uint32_t columns, char out[KD_REPLAY_LINE_SIZE])
{
    line l = {.text = out, .room = KD_MIN(columns, (uint32_t)KD_REPLAY_LINE_SIZE - 1)};
    out[0] = 0;
    if (now->phase == KD_REPLAY_SENDING)
        sending(&l, now);
    else
        settling(&l, now);
}

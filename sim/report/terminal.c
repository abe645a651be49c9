/*
 * terminal.c - the moving line and the closing table. The line is for a person who waits: it goes to standard error and never into a file.
 */
#include "sim/report/terminal.h"

#include <inttypes.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "sim/report/recovery.h"
#include "sim/report/units.h"

enum { BAR = 24, DRAW_EVERY_US = 200000, FAULTS_SHOWN = 24 };

void sim_terminal_init(sim_terminal *t, const char *label)
{
    *t = (sim_terminal){.label = label, .shown = isatty(STDERR_FILENO) == 1, .began_us = kd_clock_mono_us()};
}

void sim_terminal_progress(void *arg, uint64_t now_us, uint64_t end_us, uint64_t acks)
{
    sim_terminal *t = arg;
    if (!t->shown) return;
    uint64_t real_us = kd_clock_mono_us();
    if (real_us - t->drawn_us < DRAW_EVERY_US) return;
    t->drawn_us = real_us;
    uint64_t part = end_us ? KD_MIN(now_us, end_us) * BAR / end_us : 0;
    char bar[BAR + 1], now[UNITS_TEXT_MAX], end[UNITS_TEXT_MAX], count[UNITS_TEXT_MAX];
    for (uint64_t i = 0; i < BAR; i++) bar[i] = i < part ? '#' : '.';
    bar[BAR] = 0;
    sim_units_moment(now_us, end_us, now);
    sim_units_moment(end_us, end_us, end);
    sim_units_count(acks, count);
    double speed = (double)now_us / (double)KD_MAX(real_us - t->began_us, 1);
    fprintf(stderr, "\r\033[K%s [%s] %s of %s, %s acks, %.0f x real time", t->label, bar, now, end, count,
            speed);
    fflush(stderr);
}

void sim_terminal_finish(sim_terminal *t)
{
    if (t->shown && t->drawn_us) fprintf(stderr, "\r\033[K");
    t->drawn_us = 0;
}

static void print_region(FILE *out, const char *name, const sim_record_sample *s)
{
    char acked[UNITS_TEXT_MAX], shown[UNITS_TEXT_MAX] = "null", behind[UNITS_TEXT_MAX], as_of[UNITS_TEXT_MAX];
    sim_units_count(s->acked, acked);
    sim_units_span(s->staleness_us, behind);
    if (s->shown != UINT64_MAX) snprintf(shown, sizeof shown, "%" PRIu64, s->shown);
    if (s->as_of_lag_us == UINT64_MAX)
        snprintf(as_of, sizeof as_of, "null");
    else
        sim_units_span(s->as_of_lag_us, as_of);
    fprintf(out, "  %-14s %10s %8" PRIu64 " %8s %8" PRIu64 " %10s %10s %7" PRIu64 "  %s\n", name, acked,
            s->refused, shown, s->pending, behind, as_of, s->outbox_batches,
            !s->up        ? "down"
            : s->refusing ? "refuses writes"
                          : "up");
}

static void print_regions(FILE *out, const sim_drill_record *r, const sim_record_view *v)
{
    if (v->moments == 0 || v->regions == 0) return;
    const sim_record_sample *last = v->samples + (size_t)(v->moments - 1) * v->regions;
    fprintf(out, "  %-14s %10s %8s %8s %8s %10s %10s %7s  %s\n", "region", "acks", "refused", "shown",
            "pending", "age", "as_of lag", "outbox", "state");
    for (uint32_t i = 0; i < v->regions; i++) print_region(out, sim_record_region(r, i), last + i);
    const sim_record_instant *end = v->instants + (v->moments - 1);
    if (!*v->item) return;
    fprintf(out, "  %s of %s: ", v->counter, v->item);
    if (end->central == UINT64_MAX)
        fprintf(out, "central is down");
    else
        fprintf(out, "central has %" PRIu64, end->central);
    fprintf(out, ", the clients' journal says %" PRIu64, end->least);
    if (end->most != end->least) fprintf(out, " to %" PRIu64, end->most);
    fputc('\n', out);
}

static bool same_fault(const sim_record_band *a, const sim_record_band *b)
{
    return strcmp(a->who, b->who) == 0 && strcmp(a->what, b->what) == 0;
}

/* The first time of each fault, with how often and how long in all. False when it stood already. */
static bool print_fault(FILE *out, const sim_record_view *v, uint32_t index, uint64_t length_us)
{
    const sim_record_band *f = &v->bands[index];
    uint64_t times = 0, lasted_us = 0;
    for (uint32_t i = 0; i < v->faults; i++) {
        if (!same_fault(&v->bands[i], f)) continue;
        if (i < index) return false;
        times++;
        lasted_us += v->bands[i].to_us - v->bands[i].from_us;
    }
    char at[UNITS_TEXT_MAX], span[UNITS_TEXT_MAX];
    sim_units_moment(f->from_us, length_us, at);
    sim_units_span(lasted_us, span);
    fprintf(out, "    %9s %9s  %-12s %s", at, lasted_us ? span : "", f->who, f->what);
    if (times > 1) fprintf(out, "  (%" PRIu64 " times)", times);
    fputc('\n', out);
    return true;
}

static void print_faults(FILE *out, const sim_record_view *v, uint64_t length_us)
{
    if (v->faults == 0) return;
    fprintf(out, "  faults: %" PRIu64 "\n", v->faults + v->faults_dropped);
    uint32_t shown = 0, at = 0;
    for (; at < v->faults && shown < FAULTS_SHOWN; at++) shown += print_fault(out, v, at, length_us);
    if (at < v->faults) fprintf(out, "    ...\n");
}

static void print_figures(FILE *out, const sim_report_facts *f)
{
    for (uint32_t i = 0; i < f->figure_count; i++) {
        bool line = i % 4 == 0, last = i + 1 == f->figure_count || i % 4 == 3;
        fprintf(out, "%s%s %s%s", line ? "  " : ", ", f->figures[i].name, f->figures[i].value,
                last ? "\n" : "");
    }
}

static void print_verdict(FILE *out, const sim_record_view *v, const sim_report_facts *f)
{
    sim_recovery r = sim_recovery_find(v, f);
    char at[UNITS_TEXT_MAX];
    fprintf(out, "  %s", sim_verdict_name(f->verdict));
    if (f->verdict == SIM_HELD) {
        if (r.known) {
            sim_units_span(r.within_us, at);
            fprintf(out, "; recovered within %s of the end of the last fault", at);
        }
        if (f->converged_us) {
            sim_units_span(f->converged_us, at);
            fprintf(out, "; all agreed %s after the users stopped", at);
        }
    } else {
        if (f->checker && *f->checker) fprintf(out, ": %s", f->checker);
        if (f->failed_us) {
            sim_units_moment(f->failed_us, f->length_us, at);
            fprintf(out, " at %s", at);
        }
        if (f->failure && *f->failure) fprintf(out, "\n  %s", f->failure);
    }
    fputc('\n', out);
}

void sim_terminal_summary(FILE *out, const sim_drill_record *r, const sim_report_facts *facts)
{
    sim_record_view v = sim_record_look(r);
    fprintf(out, "%s", facts->title ? facts->title : "drill");
    if (facts->teaches && *facts->teaches) fprintf(out, ": %s", facts->teaches);
    fputc('\n', out);
    print_faults(out, &v, facts->length_us);
    print_regions(out, r, &v);
    print_figures(out, facts);
    print_verdict(out, &v, facts);
}

/* load_answer.c - what became of requests, in figures: see load.h. */
#include <time.h>

#include "sim/client/answer.h"
#include "sim/users/load.h"

bool sim_load_answer_good(const sim_load_answer *a)
{
    return a->result == KD_OK && sim_answer_acks(a->status);
}

void sim_load_note(sim_load_result *result, const sim_load_answer *a)
{
    bool good = sim_load_answer_good(a);
    result->requests++;
    result->window.requests += !result->window.over;
    if (a->result == KD_OK)
        result->answers[KD_MIN(a->status, KD_LOAD_STATUS_MAX - 1)]++;
    else
        result->failed[-a->result]++;
    sim_histogram_add(&result->latency_us, a->latency_us);
    sim_load_tally_note(&result->tally, a->item, a->likes, good);
    if (good) {
        result->likes += a->likes;
        if (!result->window.over) result->window.likes += a->likes;
        return;
    }
    result->errors++;
    if (result->first_status == 0) result->first_status = a->result == KD_OK ? a->status : a->result;
}

/* Processor time that plan->cpu_of has had; 0 without one, or when it is gone. */
static uint64_t load_cpu_us(const sim_load_plan *plan)
{
    clockid_t clock;
    struct timespec spent;
    if (plan->cpu_of == 0 || clock_getcpuclockid((pid_t)plan->cpu_of, &clock) != 0) return 0;
    if (clock_gettime(clock, &spent) != 0) return 0;
    return (uint64_t)spent.tv_sec * 1000000 + (uint64_t)spent.tv_nsec / 1000;
}

void sim_load_window_begin(sim_load_result *result, const sim_load_plan *plan, uint64_t now_us)
{
    result->window = (sim_load_window){.start_us = now_us, .start_cpu_us = load_cpu_us(plan)};
}

void sim_load_window_end(sim_load_result *result, const sim_load_plan *plan, uint64_t now_us)
{
    sim_load_window *w = &result->window;
    if (w->over) return;
    w->over = true;
    w->elapsed_us = now_us - w->start_us;
    w->cpu_us = load_cpu_us(plan) - w->start_cpu_us;
}

void sim_load_window_merge(sim_load_window *to, const sim_load_window *from)
{
    to->requests += from->requests;
    to->likes += from->likes;
    to->elapsed_us = KD_MAX(to->elapsed_us, from->elapsed_us);
    to->cpu_us = KD_MAX(to->cpu_us, from->cpu_us);
}

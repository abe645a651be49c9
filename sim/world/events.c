/* events.c - see the header. */
#include "sim/world/events.h"

#include <stdarg.h>
#include <stdio.h>

static uint64_t world_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t sim_world_draw(const sim_world *w, sim_draw_stream stream, uint64_t entity, uint64_t moment)
{
    uint64_t x = world_mix(w->options->seed + 0x9e3779b97f4a7c15u * (1 + (uint64_t)stream));
    x = world_mix(x ^ (entity + 0x9e3779b97f4a7c15u));
    return world_mix(x ^ (moment * 0xd1342543de82ef95u + 1));
}

void sim_world_at(sim_world *w, uint64_t at_us, sim_event_fn fn, uint32_t a, uint32_t b, uint64_t c)
{
    sim_heap_push(&w->heap, (sim_event){.at_us = KD_MAX(at_us, w->now_us), .fn = fn, .a = a, .b = b, .c = c});
}

void sim_world_fail(sim_world *w, const char *checker, const char *format, ...)
{
    if (w->failure[0]) return;
    va_list args;
    va_start(args, format);
    vsnprintf(w->failure, sizeof(w->failure), format, args);
    va_end(args);
    snprintf(w->checker, sizeof(w->checker), "%s", checker);
    w->failed_us = w->now_us - w->begin_us;
    w->over = true;
}

void sim_world_note(sim_world *w, const char *who, const char *format, ...)
{
    char text[200];
    if (!w->options->record) return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    sim_record_note(w->options->record, w->now_us - w->begin_us, who, text);
}

const char *sim_world_process_name(const sim_world *w, uint32_t process)
{
    if (sim_process_is_central(process) && w->s->member_count > 0)
        return w->s->members[sim_process_slot(process)];
    if (sim_process_is_central(process)) return process == WORLD_SLOTS ? "central" : "central-2";
    return process >= CHECKS_TWIN ? w->twin_names[process - CHECKS_TWIN] : w->s->edges[process];
}

bool sim_world_gone(const sim_world *w, uint32_t process, uint32_t life)
{
    return !w->processes[process].up || w->processes[process].life != life;
}

bool sim_world_frozen(sim_world *w, const sim_event *ev, uint32_t process)
{
    uint64_t until_us = w->processes[process].frozen_until_us;
    if (until_us <= w->now_us) return false;
    sim_world_at(w, until_us, ev->fn, ev->a, ev->b, ev->c);
    return true;
}

/* product_ask.c - see product_internal.h. */
#include <stdarg.h>
#include <stdio.h>

#include "sim/drill/ask.h"
#include "sim/drill/product_internal.h"

enum { ANSWER_US = 10000000, DEADLINE_MS = 5000 };

static void product_on_answer(void *arg, int status, kd_bytes body)
{
    sim_product *p = arg;
    p->status = status;
    p->answer = status == 200 ? json_loadb((const char *)body.data, body.len, 0, NULL) : NULL;
    p->answered = true;
}

static bool product_is_answered(void *arg)
{
    const sim_product *p = arg;
    if (p->facts->tick) p->facts->tick(p->facts->tick_arg);
    return p->answered;
}

json_t *sim_product_ask_of(sim_product *p, const sim_fleet_node *n, const char *path, const char *user,
                           kd_bytes body)
{
    sim_fleet *f = p->facts->fleet;
    p->answered = false;
    p->answer = NULL;
    if (body.len > 0)
        sim_ask_post(f->base, n->port, path, user, body, DEADLINE_MS, product_on_answer, p);
    else
        sim_ask_get(f->base, n->port, path, user, DEADLINE_MS, product_on_answer, p);
    while (!sim_fleet_wait(f, product_is_answered, p, ANSWER_US)) continue; /* the question has a deadline */
    if (p->answer) return p->answer;
    p->out->asked = false;
    snprintf(p->out->text, sizeof p->out->text, "%s answers %.200s with %d", n->name, path, p->status);
    return NULL;
}

json_t *sim_product_ask(sim_product *p, const char *path, const char *user)
{
    return sim_product_ask_of(p, sim_fleet_central(p->facts->fleet), path, user, (kd_bytes){0});
}

bool sim_product_wrong(sim_product *p, const char *checker, const char *format, ...)
{
    va_list args;
    if (p->out->checker) return false;
    p->out->checker = checker;
    va_start(args, format);
    vsnprintf(p->out->text, sizeof p->out->text, format, args);
    va_end(args);
    return false;
}

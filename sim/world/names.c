/* names.c - see the header. */
#include "sim/world/names.h"

#include <stdio.h>
#include <stdlib.h>

uint32_t sim_names_item(const sim_world *w, const char *name)
{
    for (uint32_t i = 0; i < w->item_count; i++)
        if (strcmp(w->item_names[i], name) == 0) return i;
    return UINT32_MAX;
}

uint32_t sim_names_item_of(const sim_world *w, kd_bytes key)
{
    for (uint32_t i = 0; i < w->item_count; i++)
        if (kd_bytes_eq(kd_item_key(&w->items[i]), key)) return i;
    return UINT32_MAX;
}

uint32_t sim_names_user(const sim_world *w, const char *name)
{
    for (uint32_t i = 0; i < w->user_count; i++)
        if (strcmp(w->names_of_users[i], name) == 0) return i;
    return UINT32_MAX;
}

static void names_add_item(sim_world *w, const char *name)
{
    uint32_t i = w->item_count++;
    snprintf(w->item_names[i], SCENARIO_NAME_MAX, "%s", name);
    int err = kd_item_parse(&w->items[i], kd_bytes_str(w->item_names[i]));
    KD_ASSERT(err == KD_OK); /* the reader of scenarios checks names */
    w->item_partition[i] = kd_partition(kd_item_key(&w->items[i]), w->s->partitions);
}

static void names_add_user(sim_world *w, const char *name)
{
    uint32_t i = w->user_count++;
    snprintf(w->names_of_users[i], SCENARIO_NAME_MAX, "%s", name);
    w->users_names[i] = w->names_of_users[i];
}

/* k^s for s >= 0, s to 20 binary digits. By multiplications and square roots alone: unlike pow(), these are rounded alike on every machine. */
static double names_power(double k, double s)
{
    double result = 1, root = k;
    while (s >= 1) {
        result *= k;
        s -= 1;
    }
    for (int bit = 0; bit < 20; bit++) {
        root = __builtin_sqrt(root);
        s *= 2;
        if (s < 1) continue;
        s -= 1;
        result *= root;
    }
    return result;
}

static void names_weigh_items(sim_world *w)
{
    uint32_t n = w->s->users.items;
    if (n == 0) return;
    double total = 0, sum = 0;
    w->zipf = kd_alloc(n * sizeof(w->zipf[0]));
    for (uint32_t i = 0; i < n; i++) total += 1 / names_power(i + 1, w->s->users.zipf);
    for (uint32_t i = 0; i < n; i++) {
        sum += 1 / names_power(i + 1, w->s->users.zipf);
        w->zipf[i] = (uint32_t)(sum / total * 4294967295.0);
    }
}

static void names_add_scripted(sim_world *w)
{
    char name[SCENARIO_NAME_MAX];
    for (uint32_t i = 0; i < w->s->event_count; i++) {
        const sim_scenario_event *e = &w->s->events[i];
        bool acts = e->kind == SCENARIO_OPERATION;
        if (!acts && e->kind != SCENARIO_IMPORT && !sim_scenario_about_item(e->kind)) continue;
        if (sim_names_item(w, e->item) == UINT32_MAX) names_add_item(w, e->item);
        if (acts && sim_names_user(w, e->user) == UINT32_MAX) names_add_user(w, e->user);
    }
    for (uint32_t i = 0; i < sim_scenario_old_users(w->s); i++) {
        sim_scenario_old_user(i, name);
        if (sim_names_user(w, name) == UINT32_MAX) names_add_user(w, name);
    }
    for (uint32_t i = 0; i < w->s->expectation_count; i++)
        if (sim_names_item(w, w->s->expectations[i].item) == UINT32_MAX)
            names_add_item(w, w->s->expectations[i].item);
}

/* At most so many items and users have names of their own. */
static uint32_t names_count_scripted(const sim_scenario *s)
{
    uint32_t n = sim_scenario_old_users(s);
    for (uint32_t i = 0; i < s->event_count; i++)
        n += s->events[i].kind == SCENARIO_OPERATION || s->events[i].kind == SCENARIO_IMPORT ||
             sim_scenario_about_item(s->events[i].kind);
    return n;
}

void sim_names_open(sim_world *w)
{
    char name[SCENARIO_NAME_MAX];
    uint32_t more = names_count_scripted(w->s);
    uint32_t items = w->s->users.items + more + w->s->expectation_count + 1,
             users = w->s->users.users + more + 1;
    w->items = kd_alloc(items * sizeof(w->items[0]));
    w->item_names = kd_alloc(items * sizeof(w->item_names[0]));
    w->item_partition = kd_alloc(items * sizeof(w->item_partition[0]));
    w->names_of_users = kd_alloc(users * sizeof(w->names_of_users[0]));
    w->users_names = kd_alloc(users * sizeof(w->users_names[0]));
    for (uint32_t i = 0; i < w->s->users.items; i++) {
        snprintf(name, sizeof(name), "posts/%u", i);
        names_add_item(w, name);
    }
    for (uint32_t i = 0; i < w->s->users.users; i++) {
        snprintf(name, sizeof(name), "u%u", i);
        names_add_user(w, name);
    }
    names_add_scripted(w);
    names_weigh_items(w);
}

void sim_names_close(sim_world *w)
{
    free(w->items);
    free(w->item_names);
    free(w->item_partition);
    free(w->names_of_users);
    free(w->users_names);
    free(w->zipf);
    free(w->item_orders);
}

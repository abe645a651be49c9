/* clients.c - see the header: users, and who does what when. An operation on its way is clients_send.c. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/drill/clients_internal.h"

enum {
    PICKS = 4,
    BEHIND_MAX_US = 2000000,
    SAME_ITEM_PERCENT = 25,
    FORGET_PERCENT = 60,
    PROBE_PERCENT = 25,
    HOME_USERS = 8, /* of an edge */
    HOME_LIKE_PERCENT = 60,
};

static uint64_t clients_sooner(const sim_clients *c, uint64_t us)
{
    return (uint64_t)((double)us / c->options.faster);
}

/* ---- what is done ---------------------------------------------------------------------------------------------- */

static sim_client_op *new_op(sim_clients *c, uint32_t number, uint32_t who)
{
    sim_client_op *o = kd_alloc(sizeof *o);
    *o = (sim_client_op){.clients = c, .number = number, .user = who, .amount = 1};
    return o;
}

static void choose_edge(sim_clients *c, sim_client_op *o)
{
    sim_client_user *u = &c->at[o->user];
    uint32_t edges = c->options.scenario->edge_count;
    uint64_t drawn = sim_clients_draw(c, DRAW_USER, o->user);
    if (!u->placed) u->edge = (uint32_t)(drawn % edges);
    u->placed = true;
    if (edges > 1 && sim_clients_chance(c, DRAW_ROAM, o->number, c->options.scenario->users.roam_percent))
        u->edge =
            (u->edge + 1 + (uint32_t)(sim_clients_draw(c, DRAW_ROAM, ~(uint64_t)o->number) % (edges - 1))) %
            edges;
    o->edge = u->edge;
    if (o->verb == KD_ADD && c->options.sums_edges) o->edge %= c->options.sums_edges;
}

static uint32_t choose_item(sim_clients *c, uint32_t number, uint32_t who, uint64_t now_us)
{
    const sim_scenario_users *s = &c->options.scenario->users;
    uint64_t random = sim_clients_draw(c, DRAW_ITEM, number);
    if (now_us >= clients_sooner(c, s->viral_from_us) &&
        sim_clients_chance(c, DRAW_VIRAL, number, s->viral_percent))
        return 0;
    if (sim_clients_chance(c, DRAW_ITEM, ~(uint64_t)number, SAME_ITEM_PERCENT)) return c->at[who].last_item;
    return sim_zipf_pick(&c->zipf, &random);
}

/* An unlike takes back something of what the user likes, as far as he remembers. */
static void choose_unlike(sim_clients *c, sim_client_op *o)
{
    sim_client_user *u = &c->at[o->user];
    o->verb = KD_UNLIKE;
    if (u->liked_count == 0) return;
    uint32_t i = (uint32_t)(sim_clients_draw(c, DRAW_VERB, ~(uint64_t)o->number) % u->liked_count);
    o->item = u->liked[i].item;
    o->counter = u->liked[i].counter;
    if (sim_clients_chance(c, DRAW_VIRAL, ~(uint64_t)o->number, FORGET_PERCENT))
        u->liked[i] = u->liked[--u->liked_count];
}

static void choose_verb(sim_clients *c, sim_client_op *o)
{
    const sim_scenario_users *s = &c->options.scenario->users;
    uint32_t drawn = (uint32_t)(sim_clients_draw(c, DRAW_VERB, o->number) % 100);
    o->verb = KD_LIKE;
    o->counter = SCENARIO_LIKE;
    if (drawn < s->like_percent) return;
    drawn -= s->like_percent;
    if (drawn < s->unlike_percent) {
        choose_unlike(c, o);
    } else if (drawn - s->unlike_percent < s->save_percent) {
        o->counter = SCENARIO_SAVE;
    } else {
        o->counter = SCENARIO_VIEW;
        o->verb = KD_ADD;
    }
}

static void clients_begin_op(sim_clients *c, sim_client_op *o)
{
    sim_client_user *u = &c->at[o->user];
    u->busy = true;
    u->last_item = o->item;
    if (o->verb == KD_LIKE) {
        uint32_t i = u->liked_count < CLIENTS_MEMORY ? u->liked_count++ : o->number % CLIENTS_MEMORY;
        u->liked[i].item = o->item;
        u->liked[i].counter = o->counter;
    }
    c->open++;
    sim_clients_begin(c, o);
}

/* Remembers nothing: no other operation is to follow from it. */
static void begin_probe(sim_clients *c, sim_client_op *o)
{
    o->probe = true;
    c->at[o->user].busy = true;
    c->open++;
    sim_clients_begin(c, o);
}

static void probe_home(sim_clients *c, uint32_t number, uint64_t drawn)
{
    uint32_t edge = (uint32_t)(drawn % c->options.scenario->edge_count);
    uint32_t who = c->home_user + edge * HOME_USERS + (uint32_t)((drawn >> 16) % HOME_USERS);
    if (c->at[who].busy) return;
    sim_client_op *o = new_op(c, number, who);
    o->item = c->home_item + edge;
    o->edge = edge;
    o->verb = (drawn >> 32) % 100 < HOME_LIKE_PERCENT ? KD_LIKE : KD_UNLIKE;
    begin_probe(c, o);
}

static void probe_once(sim_clients *c, uint32_t number, uint64_t drawn)
{
    uint32_t who = (uint32_t)((drawn >> 16) % c->options.scenario->users.users);
    sim_client_user *u = &c->at[who];
    if (u->busy || u->once == c->once || c->once_edges == 0) return;
    u->once = c->once;
    sim_client_op *o = new_op(c, number, who);
    o->item = c->once;
    o->edge = (uint32_t)((drawn >> 32) % c->once_edges);
    o->verb = KD_LIKE;
    begin_probe(c, o);
}

static void clients_act(sim_clients *c, uint64_t now_us)
{
    uint32_t number = c->number++;
    if (c->options.probes && sim_clients_chance(c, DRAW_PROBE, number, PROBE_PERCENT)) {
        uint64_t drawn = sim_clients_draw(c, DRAW_PROBE, ~(uint64_t)number);
        if (drawn >> 63)
            probe_home(c, number, drawn);
        else
            probe_once(c, number, drawn);
        return;
    }
    for (uint32_t i = 0; i < PICKS; i++) {
        uint32_t who = (uint32_t)(sim_clients_draw(c, DRAW_USER, (uint64_t)number << 8 | i) %
                                  c->options.scenario->users.users);
        if (c->at[who].busy) continue;
        sim_client_op *o = new_op(c, number, who);
        o->item = choose_item(c, number, who, now_us);
        choose_verb(c, o);
        choose_edge(c, o);
        clients_begin_op(c, o);
        return;
    }
}

static void act_as_told(sim_clients *c, uint32_t who)
{
    sim_client_user *u = &c->at[who];
    sim_told *t = STAILQ_FIRST(&u->told);
    if (!t || u->busy) return;
    STAILQ_REMOVE_HEAD(&u->told, next);
    sim_client_op *o = new_op(c, c->number++, who);
    o->item = sim_names_add(&c->items, kd_bytes_str(t->event->item));
    o->counter = t->event->counter;
    o->verb = t->event->verb;
    o->told = true;
    o->amount = (uint64_t)KD_MAX(t->event->amount, 1);
    o->edge = u->edge = (uint32_t)t->event->who;
    u->placed = true;
    free(t);
    clients_begin_op(c, o);
}

void sim_clients_told(sim_clients *c, const sim_scenario_event *event)
{
    uint32_t who = sim_names_add(&c->users, kd_bytes_str(event->user));
    sim_client_user *u = &c->at[who];
    sim_told *t = kd_alloc(sizeof *t);
    t->event = event;
    STAILQ_INSERT_TAIL(&u->told, t, next);
    act_as_told(c, who);
}

void sim_clients_tick(sim_clients *c, uint64_t now_us, bool acting)
{
    sim_engine_tick(c->engine);
    if (!acting || c->options.scenario->users.users == 0 || c->options.per_second <= 0) return;
    uint64_t every = (uint64_t)(1e6 / c->options.per_second);
    if (c->next_us + BEHIND_MAX_US < now_us)
        c->next_us = now_us; /* the machine was busy; a burst would only add to that */
    for (; c->next_us <= now_us; c->next_us += every) clients_act(c, now_us);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static void name_all(sim_clients *c)
{
    const sim_scenario *s = c->options.scenario;
    char name[32];
    for (uint32_t i = 0; i < s->users.users; i++) {
        snprintf(name, sizeof name, "u%u", i);
        sim_names_add(&c->users, kd_bytes_str(name));
    }
    for (uint32_t i = 0; i < s->users.items; i++) {
        snprintf(name, sizeof name, "posts/%u", i);
        sim_names_add(&c->items, kd_bytes_str(name));
    }
    for (uint32_t i = 0; i < s->event_count; i++) {
        bool acts = s->events[i].kind == SCENARIO_OPERATION;
        if (acts) sim_names_add(&c->users, kd_bytes_str(s->events[i].user));
        if (acts || s->events[i].kind == SCENARIO_IMPORT || sim_scenario_about_item(s->events[i].kind))
            sim_names_add(&c->items, kd_bytes_str(s->events[i].item));
    }
    for (uint32_t i = 0; i < sim_scenario_old_users(s); i++) {
        sim_scenario_old_user(i, name);
        sim_names_add(&c->users, kd_bytes_str(name));
    }
    for (uint32_t i = 0; i < s->expectation_count; i++)
        sim_names_add(&c->items, kd_bytes_str(s->expectations[i].item));
}

static void name_homes(sim_clients *c)
{
    char name[64];
    c->home_item = c->items.count;
    c->home_user = c->users.count;
    for (uint32_t e = 0; e < c->options.scenario->edge_count; e++) {
        snprintf(name, sizeof name, "posts/home-%s", c->options.scenario->edges[e]);
        sim_names_add(&c->items, kd_bytes_str(name));
        for (uint32_t i = 0; i < HOME_USERS; i++) {
            snprintf(name, sizeof name, "home-%s-%u", c->options.scenario->edges[e], i);
            sim_names_add(&c->users, kd_bytes_str(name));
        }
    }
}

uint32_t sim_clients_home(const sim_clients *c, uint32_t edge)
{
    return c->home_item + edge;
}

uint32_t sim_clients_once(const sim_clients *c)
{
    return c->once;
}

void sim_clients_next_once(sim_clients *c, uint32_t edges)
{
    char name[32];
    snprintf(name, sizeof name, "posts/once-%u", ++c->once_number);
    c->once = sim_names_add(&c->items, kd_bytes_str(name));
    c->once_edges = edges;
}

sim_clients *sim_clients_create(const sim_clients_options *options)
{
    sim_clients *c = kd_alloc(sizeof *c);
    c->options = *options;
    c->freed = act_as_told;
    sim_clients_open(c);
    c->random = options->seed;
    c->run = sim_fleet_wall_us(options->fleet, sim_fleet_now_us(options->fleet));
    c->next_us = sim_fleet_now_us(options->fleet);
    name_all(c);
    for (uint32_t i = 0; options->scenario->life_us > 0 && i < c->items.count; i++)
        sim_journal_closed(options->journal, i, 0); /* nobody tells users when its life is over */
    if (options->probes) name_homes(c);
    sim_zipf_init(&c->zipf, KD_MAX(options->scenario->users.items, 1u), options->scenario->users.zipf);
    c->at = kd_alloc((c->users.count + 1) * sizeof *c->at);
    for (uint32_t i = 0; i < c->users.count; i++) STAILQ_INIT(&c->at[i].told);
    return c;
}

void sim_clients_destroy(sim_clients *c)
{
    if (!c) return;
    sim_clients_close(c);
    for (uint32_t i = 0; i < c->users.count; i++) {
        for (sim_told *t; (t = STAILQ_FIRST(&c->at[i].told));) {
            STAILQ_REMOVE_HEAD(&c->at[i].told, next);
            free(t);
        }
    }
    sim_zipf_finish(&c->zipf);
    sim_names_finish(&c->users);
    sim_names_finish(&c->items);
    free(c->at);
    free(c);
}

void sim_clients_lose(sim_clients *c, uint32_t edge, uint32_t percent)
{
    c->lost_percent[edge] = percent;
}

void sim_clients_forgotten(sim_clients *c, uint32_t edge)
{
    c->forgotten[edge]++;
    c->forgotten_us[edge] = sim_fleet_now_us(c->options.fleet);
}

bool sim_clients_idle(void *clients_)
{
    return ((const sim_clients *)clients_)->open == 0;
}

const sim_names *sim_clients_users(const sim_clients *c)
{
    return &c->users;
}

uint32_t sim_clients_item(sim_clients *c, const char *name)
{
    return sim_names_add(&c->items, kd_bytes_str(name));
}

const sim_names *sim_clients_items(const sim_clients *c)
{
    return &c->items;
}

sim_clients_counts sim_clients_total(const sim_clients *c)
{
    return c->total;
}

sim_clients_counts sim_clients_at(const sim_clients *c, uint32_t edge)
{
    return c->counts[edge];
}

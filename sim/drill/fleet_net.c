/*
 * fleet_net.c - the links of the nodes, and what the faults in force make of each.
 *
 * A link's conditions are always computed from all faults in force, so faults may overlap in any way and end in any order.
 */
#include "sim/drill/fleet_net.h"

static int link_to_brokers(sim_fleet *f, sim_proxy_link **links, sim_proxy_kafka_table *table)
{
    table->count = f->brokers;
    for (uint32_t i = 0; i < f->brokers; i++) {
        links[i] = sim_proxy_link_create(f->base, table, kd_random_next(&f->random));
        if (!links[i]) return KD_EIO;
        table->at[i].to = sim_proxy_link_port(links[i]);
    }
    return KD_OK;
}

int sim_fleet_net_init_own(sim_fleet *f)
{
    return link_to_brokers(f, f->own, &f->own_table);
}

void sim_fleet_net_finish_own(sim_fleet *f)
{
    for (uint32_t i = 0; i < PROXY_KAFKA_BROKERS_MAX; i++) sim_proxy_link_destroy(f->own[i]);
}

int sim_fleet_net_init(sim_fleet_node *n)
{
    sim_fleet *f = n->fleet;
    if (link_to_brokers(f, n->kafka, &n->kafka_table) != KD_OK) return KD_EIO;
    if (!sim_fleet_is_edge(n)) return KD_OK;
    n->users = sim_proxy_link_create(f->base, NULL, kd_random_next(&f->random));
    bool made = n->users != NULL;
    for (uint32_t i = 0; i < sim_fleet_centrals(f) && made; i++) {
        n->central[i] = sim_proxy_link_create(f->base, NULL, kd_random_next(&f->random));
        made = n->central[i] != NULL;
    }
    return made ? KD_OK : KD_EIO;
}

void sim_fleet_net_finish(sim_fleet_node *n)
{
    for (uint32_t i = 0; i < PROXY_KAFKA_BROKERS_MAX; i++) sim_proxy_link_destroy(n->kafka[i]);
    for (uint32_t i = 0; i < SCENARIO_MEMBERS_MAX; i++) sim_proxy_link_destroy(n->central[i]);
    sim_proxy_link_destroy(n->users);
}

/* Whether the fault's peer is that one; `central` is each of its members. */
static bool fleet_net_meets(const sim_scenario_event *e, int peer)
{
    bool any = e->peer == SCENARIO_NOBODY || (e->peer == SCENARIO_CENTRAL && sim_scenario_is_member(peer));
    return any || e->peer == peer;
}

/* Whether the fault is about the link from this node to the peer; *flipped: seen from the other end. */
static bool concerns(const sim_scenario_event *e, int who, int peer, bool *flipped)
{
    *flipped = e->who != who;
    if (e->who == who) return fleet_net_meets(e, peer);
    return e->who == peer && fleet_net_meets(e, who);
}

static void fleet_net_add(sim_proxy_condition *c, const sim_scenario_event *e, int way)
{
    switch (e->kind) {
    case SCENARIO_CUT:
    case SCENARIO_FLAP:
        c->way[way].cut = true;
        return;
    case SCENARIO_DELAY:
        c->way[way].delay_us += (uint64_t)e->amount;
        c->way[way].jitter_us += e->spread_us;
        return;
    case SCENARIO_LOSS:
        c->way[way].loss_percent = KD_MIN(c->way[way].loss_percent + (uint32_t)e->amount, 100u);
        return;
    default:
        if (c->way[way].bytes_per_s == 0 || (uint64_t)e->amount < c->way[way].bytes_per_s)
            c->way[way].bytes_per_s = (uint64_t)e->amount;
    }
}

static sim_proxy_condition condition(const sim_fleet *f, const sim_fleet_node *n, int peer)
{
    sim_proxy_condition c = {.refused = peer == SCENARIO_KAFKA && f->broker_refused};
    for (uint32_t i = 0; i < f->network_count; i++) {
        const sim_scenario_event *e = f->network[i];
        bool flipped;
        if (f->flap_open[i] || !concerns(e, sim_fleet_identity(n), peer, &flipped)) continue;
        if (e->way != SCENARIO_DOWN) fleet_net_add(&c, e, flipped ? PROXY_DOWN : PROXY_UP);
        if (e->way != SCENARIO_UP) fleet_net_add(&c, e, flipped ? PROXY_UP : PROXY_DOWN);
    }
    return c;
}

static void refresh_brokers(const sim_fleet *f, sim_proxy_link **links, sim_proxy_kafka_table *table,
                            const sim_proxy_condition *c)
{
    for (uint32_t i = 0; i < f->brokers; i++) {
        table->at[i].from = f->broker_ports[i];
        sim_proxy_link_target(links[i], f->broker_ports[i]);
        sim_proxy_link_set(links[i], c);
    }
}

static void fleet_net_refresh_link(sim_fleet *f, sim_fleet_node *n)
{
    sim_proxy_condition to_kafka = condition(f, n, SCENARIO_KAFKA);
    refresh_brokers(f, n->kafka, &n->kafka_table, &to_kafka);
    if (!sim_fleet_is_edge(n)) return;
    for (uint32_t i = 0; i < sim_fleet_centrals(f); i++) {
        const sim_fleet_node *central = sim_fleet_central_at(f, i);
        sim_proxy_condition to_central = condition(f, n, sim_fleet_identity(central));
        sim_proxy_link_target(n->central[i], central->port);
        sim_proxy_link_set(n->central[i], &to_central);
    }
    sim_proxy_link_target(n->users, n->port);
}

void sim_fleet_net_refresh(sim_fleet *f)
{
    if (f->own[0]) refresh_brokers(f, f->own, &f->own_table, &(sim_proxy_condition){0});
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists) fleet_net_refresh_link(f, &f->nodes[i]);
    }
}

void sim_fleet_net_begin(sim_fleet *f, const sim_scenario_event *e)
{
    KD_ASSERT(f->network_count < KD_COUNT(f->network));
    f->flap_open[f->network_count] = false;
    f->network[f->network_count++] = e;
    sim_fleet_net_refresh(f);
}

static uint32_t fleet_net_place(const sim_fleet *f, const sim_scenario_event *e)
{
    uint32_t i = 0;
    while (i < f->network_count && f->network[i] != e) i++;
    KD_ASSERT(i < f->network_count);
    return i;
}

void sim_fleet_net_end(sim_fleet *f, const sim_scenario_event *e)
{
    uint32_t i = fleet_net_place(f, e);
    f->network[i] = f->network[--f->network_count];
    f->flap_open[i] = f->flap_open[f->network_count];
    sim_fleet_net_refresh(f);
}

void sim_fleet_net_flap(sim_fleet *f, const sim_scenario_event *e, bool open)
{
    f->flap_open[fleet_net_place(f, e)] = open;
    sim_fleet_net_refresh(f);
}

void sim_fleet_net_fence(sim_fleet *f, int who)
{
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        sim_fleet_node *n = &f->nodes[i];
        for (uint32_t b = 0; b < f->brokers && n->exists && sim_fleet_identity(n) == who; b++)
            sim_proxy_link_fence(n->kafka[b]);
    }
}

void sim_fleet_net_reset(sim_fleet *f, int who)
{
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        sim_fleet_node *n = &f->nodes[i];
        if (!n->exists) continue;
        bool own = sim_fleet_identity(n) == who;
        for (uint32_t b = 0; b < f->brokers && (own || who == SCENARIO_KAFKA); b++)
            sim_proxy_link_reset(n->kafka[b]);
        for (uint32_t c = 0; c < sim_fleet_centrals(f) && n->central[c]; c++)
            if (own || who == sim_fleet_identity(sim_fleet_central_at(f, c)))
                sim_proxy_link_reset(n->central[c]);
        if (n->users && own) sim_proxy_link_reset(n->users);
    }
}

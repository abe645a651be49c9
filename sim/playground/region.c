/* region.c - see the header. */
#include "sim/playground/region.h"

#include <stdio.h>
#include <stdlib.h>

const char *const sim_link_states[] = {
    [SIM_LINK_OPEN] = "open", [SIM_LINK_SILENT] = "silent", [SIM_LINK_REFUSED] = "refused", NULL};

static bool region_port(const char *text, uint16_t *port)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *port = (uint16_t)value;
    return *text >= '1' && *text <= '9' && *end == '\0' && value <= UINT16_MAX;
}

bool sim_region_read(sim_region *r, const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (len == 0 || len > SIM_REGION_NAME_MAX || text[len] != '=') return false;
    memcpy(r->name, text, len);
    r->name[len] = '\0';
    return region_port(text + len + 1, &r->edge);
}

static sim_proxy_link *region_link(struct event_base *base, const sim_proxy_kafka_table *table, uint64_t seed,
                                   uint16_t target)
{
    sim_proxy_link *l = sim_proxy_link_create(base, table, seed);
    if (l) sim_proxy_link_target(l, target);
    return l;
}

int sim_region_open(sim_region *r, struct event_base *base, const sim_region_targets *to, uint64_t seed)
{
    for (uint32_t i = 0; i < to->broker_count; i++) {
        r->brokers[i] = region_link(base, &r->table, kd_random_next(&seed), to->brokers[i]);
        if (!r->brokers[i]) return KD_EIO;
        r->table.at[i].from = to->brokers[i];
        r->table.at[i].to = sim_proxy_link_port(r->brokers[i]);
    }
    r->table.count = to->broker_count;
    r->central = region_link(base, NULL, kd_random_next(&seed), to->central);
    return r->central ? KD_OK : KD_EIO;
}

void sim_region_close(sim_region *r)
{
    for (uint32_t i = 0; i < PROXY_KAFKA_BROKERS_MAX; i++) sim_proxy_link_destroy(r->brokers[i]);
    sim_proxy_link_destroy(r->central);
}

void sim_region_set(sim_region *r, sim_link_state state)
{
    bool silent = state == SIM_LINK_SILENT;
    sim_proxy_condition c = {.way = {{.cut = silent}, {.cut = silent}}, .refused = state == SIM_LINK_REFUSED};
    r->state = state;
    for (uint32_t i = 0; i < r->table.count; i++) sim_proxy_link_set(r->brokers[i], &c);
    sim_proxy_link_set(r->central, &c);
}

size_t sim_region_url(uint16_t port, char out[SIM_REGION_URL_MAX])
{
    return (size_t)snprintf(out, SIM_REGION_URL_MAX, "http://127.0.0.1:%u", (unsigned)port);
}

void sim_region_describe(const sim_region *r, kd_buf *out)
{
    char text[64], url[SIM_REGION_URL_MAX];
    kd_buf_put(out, r->name, strlen(r->name));
    for (uint32_t i = 0; i < r->table.count; i++) {
        int len = snprintf(text, sizeof text, "%c127.0.0.1:%u", i ? ',' : ' ', r->table.at[i].to);
        kd_buf_put(out, text, (size_t)len);
    }
    kd_buf_put_u8(out, ' ');
    kd_buf_put(out, url, sim_region_url(sim_proxy_link_port(r->central), url));
    kd_buf_put_u8(out, '\n');
}

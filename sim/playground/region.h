/*
 * region.h - a region of the playground: its edge, and the two links by which that edge reaches Kafka and central.
 *
 * The links are those of the drills (sim/drill/proxy.h). Both have the same state, since a region that is cut off reaches neither. Users reach their
 * edge directly, whatever the state.
 */
#ifndef KUDOS_SIM_PLAYGROUND_REGION_H
#define KUDOS_SIM_PLAYGROUND_REGION_H

#include "sim/drill/proxy.h"

enum { SIM_REGION_NAME_MAX = 32, SIM_REGIONS_MAX = 8 };

typedef enum {
    SIM_LINK_OPEN,
    SIM_LINK_SILENT, /* a black hole: nothing passes, connections stay */
    SIM_LINK_REFUSED /* connections break, new ones too */
} sim_link_state;

/* "open", "silent", "refused", in this order, NULL at the end. */
extern const char *const sim_link_states[];

/* The ports behind the links. */
typedef struct {
    uint16_t brokers[PROXY_KAFKA_BROKERS_MAX];
    uint32_t broker_count;
    uint16_t central;
} sim_region_targets;

/* Writes the address of a port of this machine, "http://127.0.0.1:8441", with a NUL. Returns its length. */
enum { SIM_REGION_URL_MAX = sizeof "http://127.0.0.1:65535" };
size_t sim_region_url(uint16_t port, char out[SIM_REGION_URL_MAX]);

/* Must not move once it is open: links refer to its table. */
typedef struct {
    char name[SIM_REGION_NAME_MAX + 1];
    uint16_t edge; /* port of the edge's API */
    sim_link_state state;
    sim_proxy_link *brokers[PROXY_KAFKA_BROKERS_MAX], *central;
    sim_proxy_kafka_table table;
} sim_region;

/* Reads "NAME=PORT" into a zeroed region: a name of a-z, 0-9 and '-'. False: the text is something else. */
bool sim_region_read(sim_region *r, const char *text);
/* Makes the links, which are open. KD_OK, or KD_EIO with errno (no port). */
int sim_region_open(sim_region *r, struct event_base *base, const sim_region_targets *to, uint64_t seed);
/* Breaks all connections. A region that was never open is fine. */
void sim_region_close(sim_region *r);
/* Cuts the region off, or heals it. */
void sim_region_set(sim_region *r, sim_link_state state);
/* Appends "NAME BROKER[,BROKER...] CENTRAL\n": what the edge of this region is to be told, addresses of brokers and a URL. */
void sim_region_describe(const sim_region *r, kd_buf *out);

#endif

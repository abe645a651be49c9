/*
 * bench_far.c - a wide network on one machine: ports that lead to others, with a delay each way (sim/drill/proxy.h).
 *
 *     bench-far MILLISECONDS [kafka:]PORT...
 *
 * Every PORT of 127.0.0.1 gets a port that leads to it. Behind `kafka:` stands the port of a broker, whose answers then
 * name the far port instead of its own. The one line `bench-far ports=` tells the far ports, in the same order. It runs
 * until it is killed.
 */
#include "sim/drill/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINKS_MAX = 8 };

static void open_link(struct event_base *base, const char *text, uint64_t delay_us,
                      sim_proxy_kafka_table *table)
{
    static const char kafka[] = "kafka:";
    bool broker = strncmp(text, kafka, strlen(kafka)) == 0;
    uint16_t port = (uint16_t)atoi(broker ? text + strlen(kafka) : text);
    sim_proxy_link *link = sim_proxy_link_create(base, broker ? table : NULL, 1);
    KD_ASSERT(link && port > 0);
    table->at[0].from = port;
    table->at[0].to = sim_proxy_link_port(link);
    table->count = broker;
    sim_proxy_condition far = {0};
    far.way[PROXY_UP].delay_us = far.way[PROXY_DOWN].delay_us = delay_us;
    sim_proxy_link_target(link, port);
    sim_proxy_link_set(link, &far);
    printf("%u", sim_proxy_link_port(link));
}

int main(int argc, char **argv)
{
    static sim_proxy_kafka_table tables[LINKS_MAX];
    if (argc < 3 || argc - 2 > LINKS_MAX || atoi(argv[1]) < 0) {
        fprintf(stderr, "usage: bench-far MILLISECONDS [kafka:]PORT...\n");
        return 2;
    }
    struct event_base *base = event_base_new();
    KD_ASSERT(base);
    printf("bench-far ports=");
    for (int i = 2; i < argc; i++) {
        if (i > 2) printf(",");
        open_link(base, argv[i], (uint64_t)atoi(argv[1]) * 1000, &tables[i - 2]);
    }
    printf("\n");
    fflush(stdout);
    return event_base_dispatch(base) == 0 ? 0 : 1;
}

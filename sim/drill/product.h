/*
 * product.h - what products ask of edges and of central beside counts, at the end of a drill: the newest likers, what a user likes, what is trending, and the milestones that
 * were told. Each must follow from the rows of the export.
 *
 * among        asked of an edge: of some users those who like an item, and its count without them ("among")
 * likers, me   the same pairs with the same times, in the order of time ("index")
 * trending     the likes of the window, of each item, lie within the bounds that are told, in central's list and in bulk at an edge ("trending")
 * milestones   each under one id and possible; of a count that stands above a threshold, told ("milestone")
 */
#ifndef KUDOS_SIM_DRILL_PRODUCT_H
#define KUDOS_SIM_DRILL_PRODUCT_H

#include "sim/drill/clients.h"
#include "sim/drill/log_tool.h"

typedef struct {
    sim_fleet *fleet;
    const sim_clients *clients;
    const sim_journal *journal;
    sim_log_tool *log;
    bool whole;    /* Kafka has lost no record of the milestones topic */
    kd_bytes rows; /* the export */
    const uint64_t (*counts)[SCENARIO_COUNTERS];
    void (*tick)(void *arg); /* while it waits */
    void *tick_arg;
} sim_product_facts;

typedef struct {
    bool asked;          /* false: not all was answered, `text` says what was not; again later */
    const char *checker; /* NULL: all is right */
    char text[320];
} sim_product_result;

/* Runs the loop. All is borrowed. */
void sim_product_judge(const sim_product_facts *facts, sim_product_result *out);

#endif

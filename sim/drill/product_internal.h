/*
 * product_internal.h - between product.c (who likes what, milestones), below it product_trending.c (velocities), and below both product_ask.c (questions, and what
 * is found wrong).
 */
#ifndef KUDOS_SIM_DRILL_PRODUCT_INTERNAL_H
#define KUDOS_SIM_DRILL_PRODUCT_INTERNAL_H

#include <jansson.h>

#include "sim/drill/product.h"

typedef struct {
    kd_bytes counter, item, user;
    uint64_t stamp_us;
    bool told;
} sim_product_row;

typedef struct {
    const sim_product_facts *facts;
    sim_product_result *out;
    sim_product_row *rows;
    uint32_t row_count, row_cap;
    json_t *answer; /* of the question under way; NULL: none, or another status than 200 */
    int status;
    bool answered;
} sim_product;

/* The answer is the caller's to release. NULL: not asked, and out->text says what. Without a body it is a GET. */
json_t *sim_product_ask_of(sim_product *p, const sim_fleet_node *n, const char *path, const char *user,
                           kd_bytes body);
/* A GET of central. */
json_t *sim_product_ask(sim_product *p, const char *path, const char *user);
/* Keeps the first thing that is wrong. Always false. */
bool sim_product_wrong(sim_product *p, const char *checker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What is trending at central, and the velocities of the items that an edge is asked for in bulk. False: wrong, or not asked. */
bool sim_product_judge_trending(sim_product *p);

#endif

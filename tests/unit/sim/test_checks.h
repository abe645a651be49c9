/*
 * test_checks.h - a stage for tests of the simulation's checkers: one edge and one partition of central, driven by hand, with every
 * hook called as a faithful world would. A test plays some of it, then tells the checkers one thing that is not so.
 */
#ifndef KUDOS_TESTS_UNIT_SIM_TEST_CHECKS_H
#define KUDOS_TESTS_UNIT_SIM_TEST_CHECKS_H

#include <criterion/criterion.h>

#include "sim/check/checks.h"
#include "sim/world/disk.h"

enum { STAGE_ITEMS = 3, STAGE_USERS = 3 };
#define STAGE_SECOND 1000000ull

typedef struct {
    sim_scenario s;
    kd_counters counters;
    kd_item items[STAGE_ITEMS];
    uint64_t now_us;
    sim_journal *j;
    sim_checks *c;
    sim_checks_view view;
    sim_disk *edge_disk, *central_disk;
    kd_edge *e;
    kd_central *k;
    kd_key_window key_window; /* of the edge */
    kd_buf record, snapshot;  /* the last batch sent, the last snapshot published */
    kd_position at;
    int64_t likes_offset, counts_offset;
    bool hide_fed; /* stage_feed does not tell the checkers what central was fed */
} check_stage;

extern check_stage st;
void check_stage_open(void);
void check_stage_close(void);

/* An attempt that the edge takes. Returns its number in the journal; it is not on disk and not answered yet. */
uint32_t stage_take(kd_verb verb, uint32_t item, uint32_t user, kd_outcome *out);
/* The edge's group of writes ends with this status; the checkers are told that it was synced, or not. */
void stage_commit(int status, bool synced);
void stage_answer(uint32_t attempt, const kd_outcome *out);
/* stage_take, stage_commit and stage_answer. */
uint32_t stage_do(kd_verb verb, uint32_t item, uint32_t user);
/* Seals and sends one batch; false: none was due. */
bool stage_send(void);
kd_fed stage_feed(void);
/* Central reads an order of an operator about the edge. */
kd_fed stage_order(kd_decided what, const char *edge);
void stage_central_commit(bool synced);
void stage_publish(void);
/* The edge gets the snapshot that was published last. */
void stage_install(void);
/* Everything that was taken is merged and the edge has heard of it. */
void stage_settle(void);
kd_view stage_view(uint32_t item, int *err);

/* An item liked twice, one of them taken back; one viewed; all of it settled, and no checker failed. */
void stage_play(void);

/* The checker that failed, or "", and what it says. */
const char *stage_failed(void);
const char *stage_why(void);
#define HOLDS() cr_assert_str_empty(stage_failed(), "%s", stage_why())
#define FAILS(name) cr_assert_str_eq(stage_failed(), name, "%s", stage_why())

#endif

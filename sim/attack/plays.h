/*
 * plays.h - the table of attacks: `kudos-sim attack --help`, the documentation and the tests name them from here.
 *
 *     plays_flood   frames that cost the server more than the client: as many as it takes
 *     plays_hold    requests and connections that never end: what the server keeps for them
 */
#ifndef KUDOS_SIM_ATTACK_PLAYS_H
#define KUDOS_SIM_ATTACK_PLAYS_H

#include "sim/attack/raw.h"

/* The rows in the order of the table. */
extern const sim_play sim_plays[];
extern const size_t sim_play_count;

/* The row of that name, or NULL. */
const sim_play *sim_play_find(const char *name);

/* ---- for the rows ---- */

/* The path of a bulk read of KD_ITEMS items whose names begin with `word` and go on with numbers from `from` on. `out` is cleared first. */
void sim_play_bulk_path(const sim_raw *raw, const char *word, uint64_t from, kd_buf *out);
/* Appends a request's HEADERS, complete, on the next stream. */
void sim_play_request(sim_raw *raw, const char *method, kd_bytes path, uint8_t flags);
/* Preface with windows that take any answer. */
void sim_play_open(sim_raw *raw);
/* Preface, and the HEADERS of the first stream without their end: no frame but CONTINUATION may follow. */
void sim_play_open_block(sim_raw *raw);

/* ---- plays_flood.c: hooks ---- */

void sim_flood_resets(sim_raw *raw);
void sim_flood_continuation(sim_raw *raw);
void sim_flood_settings(sim_raw *raw);
void sim_flood_pings(sim_raw *raw);
void sim_flood_empty_data(sim_raw *raw);
void sim_flood_windows(sim_raw *raw);
void sim_flood_tiny_begin(sim_raw *raw);
void sim_flood_tiny(sim_raw *raw);
void sim_flood_bomb(sim_raw *raw);
void sim_flood_cold(sim_raw *raw);

/* ---- plays_hold.c: hooks ---- */

void sim_hold_head_begin(sim_raw *raw);
void sim_hold_head_tick(sim_raw *raw);
void sim_hold_slow_body(sim_raw *raw);
void sim_hold_slow_body_tick(sim_raw *raw);
void sim_hold_slow_read_begin(sim_raw *raw);
void sim_hold_slow_read_tick(sim_raw *raw);
void sim_hold_bodies(sim_raw *raw);
void sim_hold_answers_begin(sim_raw *raw);
void sim_hold_answers(sim_raw *raw);
void sim_hold_idle_begin(sim_raw *raw);
void sim_hold_churn_begin(sim_raw *raw);
void sim_hold_churn_tick(sim_raw *raw);

#endif

/*
 * play_hooks.h - what the rows of the table do on a connection: the hooks of sim_play (raw.h).
 *
 *     plays_flood   frames that cost the server more than the client: as many as it takes
 *     plays_tls     what comes before the first frame
 *     plays_token   requests that show tokens
 *     plays_hold    requests and connections that never end: what the server keeps for them
 *     play_words    requests and beginnings that both are made of
 */
#ifndef KUDOS_SIM_ATTACK_PLAY_HOOKS_H
#define KUDOS_SIM_ATTACK_PLAY_HOOKS_H

#include "sim/attack/raw.h"

enum { SIM_PLAY_BULK_ITEMS = 200 /* of a bulk read, which takes no more */ };

/* ---- play_words.c ---- */

/* Writes the path of a read over *out: `count` items whose names are `word` and the numbers from `from` on. */
void sim_play_items_path(const sim_raw *raw, const char *word, uint64_t from, uint32_t count, kd_buf *out);
/* The same of SIM_PLAY_BULK_ITEMS items. */
void sim_play_bulk_path(const sim_raw *raw, const char *word, uint64_t from, kd_buf *out);
/* Appends a request's HEADERS, complete, on the next stream. `flags`: SIM_FRAME_END_STREAM, or 0 for a body to come. */
void sim_play_request(sim_raw *raw, const char *method, kd_bytes path, uint8_t flags);
/* `begin`: the preface, with windows that take any answer. */
void sim_play_open(sim_raw *raw);
/* `begin`: the preface, and the HEADERS of the first stream without their end, after which only CONTINUATION may come. */
void sim_play_open_block(sim_raw *raw);

/* ---- plays_flood.c ---- */

void sim_flood_resets(sim_raw *raw);       /* `more`: reads, each reset at once */
void sim_flood_continuation(sim_raw *raw); /* `more`, after sim_play_open_block */
void sim_flood_settings(sim_raw *raw);     /* `more` */
void sim_flood_pings(sim_raw *raw);        /* `more` */
void sim_flood_empty_data(sim_raw *raw);   /* `more`: a request first */
void sim_flood_windows(sim_raw *raw);      /* `more`: a request first */
void sim_flood_tiny_begin(sim_raw *raw);   /* `begin`: bulk reads on streams whose windows are 1 */
void sim_flood_tiny(sim_raw *raw);         /* `more`: each of these windows opens by 1 */
void sim_flood_bomb(sim_raw *raw); /* `more`: the field that enters the table, then references to it */
void sim_flood_cold(
    sim_raw *raw); /* `more`: as many bulk reads as may be under way, of items with new names */
void sim_flood_hot(sim_raw *raw); /* `more`: likewise, of items that the edge knows since the first of them */
void sim_flood_gets(sim_raw *raw); /* `more`: likewise, reads of one item */
void sim_polite_pages(
    sim_raw *raw);                  /* `more`: reads of a page of the items of sim_flood_hot, few under way */
void sim_polite_gets(sim_raw *raw); /* `more`: the reads of sim_flood_gets, few under way */

/* ---- plays_tls.c ---- */

void sim_tls_hello(sim_raw *raw); /* `begin`: the first message of a handshake */

/* ---- plays_token.c ---- */

void sim_token_forged(
    sim_raw *raw); /* `more`: as many reads as may be under way, each with a forged token of its own */

/* ---- plays_hold.c ---- */

void sim_hold_head_begin(sim_raw *raw);      /* `begin`: HTTP/2 and HTTP/1.1 by turns */
void sim_hold_head_tick(sim_raw *raw);       /* `tick`: a further field of HTTP/1.1 */
void sim_hold_slow_body(sim_raw *raw);       /* `begin`: the requests */
void sim_hold_slow_body_tick(sim_raw *raw);  /* `tick`: a byte of one of them */
void sim_hold_slow_read_begin(sim_raw *raw); /* `begin`: the requests */
void sim_hold_slow_read_tick(sim_raw *raw);  /* `tick`: a few bytes are taken */
void sim_hold_bodies(sim_raw *raw);          /* `more`: requests and their bodies, as far as the windows go */
void sim_hold_answers_begin(sim_raw *raw);   /* `begin`: windows of 0 */
void sim_hold_answers(sim_raw *raw);         /* `more`: bulk reads */
void sim_hold_streams(sim_raw *raw);         /* `more`: live streams */
void sim_hold_idle_begin(sim_raw *raw);      /* `begin`: nothing, the preface or one byte, by turns */

#endif

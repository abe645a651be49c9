/*
 * edge_rig.h - for tests of the edge's core: one shard on a store in memory, and a central that a test scripts.
 */
#ifndef KUDOS_TESTS_LIB_EDGE_RIG_H
#define KUDOS_TESTS_LIB_EDGE_RIG_H

#include "kudos/edge.h"
#include "tests/lib/central_rig.h" /* items and users by number */

enum { ER_LIKE = 0, ER_SAVE = 1, ER_VIEW = 2, ER_LIKE_ID = 1, ER_SAVE_ID = 2, ER_VIEW_ID = 9 };
#define ER_SECOND 1000000ull
#define ER_START (1700000000ull * ER_SECOND)

typedef struct {
    kd_counters counters;
    kd_edge_config config;
    kd_key_window key_window;
    sim_disk *disk;
    kd_edge *e;
    uint64_t now_us;
    int64_t offset; /* of the next snapshot */
    kd_outcome out; /* of the last take */
    kd_buf record;  /* of the last batch; what is decoded points into it */
    kd_batch batch;
    kd_body body;
} edge_rig;

/* An empty store, opened: one partition, 1000 operations or 5 s. Change r->config before er_open for other settings. */
void er_init(edge_rig *r);
void er_finish(edge_rig *r);
/* Drops the core without a commit, as a crash does, and opens again. Returns as kd_edge_open. */
int er_open(edge_rig *r);

/* Fills r->out. The request is a like unless changed. */
kd_request er_request(uint32_t item, uint32_t user);
int er_take(edge_rig *r, const kd_request *rq);
int er_like(edge_rig *r, uint32_t item, uint32_t user);
int er_unlike(edge_rig *r, uint32_t item, uint32_t user);
int er_view_add(edge_rig *r, uint32_t item, uint64_t amount);

/* Begins, applies and ends until there is nothing to write. */
void er_commit(edge_rig *r);
/* Seals what is open and commits. */
void er_seal(edge_rig *r);
/* Decodes the next record to send into r->batch and r->body. Returns as kd_edge_send_next. */
int er_send(edge_rig *r);
/* Sends the next one, which must be there, and lets Kafka take it. */
void er_ship(edge_rig *r);

/* Opened, with three batches of one like of item 1 and one view each, of which none is applied; the first is shipped. */
void er_outstanding(edge_rig *r);
/* Ticks and commits until no row is rehomed and nothing is sent again any more. */
void er_settle(edge_rig *r);

/* A snapshot of central. `applied` and its digest are of this edge; zero: central has never heard of it. */
typedef struct {
    uint64_t epoch, version, previous;
    kd_position applied;
    uint64_t digest, watermark_us, low_us, stable_us;
    uint32_t item, items; /* `items` numbers from `item` on are listed */
    uint64_t likes;       /* of each */
    uint32_t part, parts; /* 0 parts: one */
    kd_chain_link chain[2];
    uint32_t chain_count;
    bool retired; /* this edge */
    bool closed;  /* the items */
} er_word;
/* Hands a snapshot to the edge at the next offset. Returns as kd_edge_snapshot. */
int er_snapshot(edge_rig *r, const er_word *w);
/* The edge asks about w->item, and gets this answer. */
int er_read(edge_rig *r, const er_word *w);
int er_answer(edge_rig *r, const er_word *w);

/* The shown count; *view may be NULL. */
uint64_t er_shown(edge_rig *r, uint32_t item, kd_view *view);
kd_edge_stats er_stats(const edge_rig *r);
uint32_t er_rows(edge_rig *r, char kind); /* of the store, by the first byte of their keys */

#endif

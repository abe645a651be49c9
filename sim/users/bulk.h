/*
 * bulk.h - the like counts of many items of one server, by POST /v1/counts, a few requests at a time.
 *
 *     bulk_body  what is asked, and what an answer says        bulk  the requests
 */
#ifndef KUDOS_SIM_USERS_BULK_H
#define KUDOS_SIM_USERS_BULK_H

#include "common/io/http/client/http_client.h"
#include "kudos/limits.h"

enum { KD_BULK_NAME_MAX = KD_ITEM_KEY_MAX + 1 };

/* Items are numbers from 0 on; `name` tells collection/id, in `room` or elsewhere. */
typedef struct {
    const char *(*name)(void *arg, uint32_t item, char room[KD_BULK_NAME_MAX]);
    /* One item's answer. `count` is NULL where the server says null: it knows no number of central. */
    void (*take)(void *arg, uint32_t item, const int64_t *count, uint64_t pending);
    void (*done)(
        void *arg,
        int error); /* the reading is over: 0, or the first error: a kd_err, or a status that is not 200 */
    void *arg;
} sim_bulk_hooks;

/* ---- bulk_body.c ---- */

/* Appends the request's body for `count` items from `from` on. */
void sim_bulk_ask(const sim_bulk_hooks *hooks, uint32_t from, uint32_t count, kd_buf *body);
/* Calls `take` for each item of the answer, in order. KD_EMALFORMED, possibly after some, when the answer is not about exactly these items in this
 * order. A broken server may say a negative count, which is passed on; a `pending` that is left out is 0. */
int sim_bulk_answer(const sim_bulk_hooks *hooks, uint32_t from, uint32_t count, kd_bytes body);

/* ---- bulk.c ---- */

/* One reading of all items, WINDOW requests in flight at a time. The first three fields are the caller's. */
typedef struct {
    sim_bulk_hooks hooks;
    kd_http_client *client;
    uint32_t items;
    uint32_t next, in_flight; /* its own from here on; zero-initialise */
    int error;
} sim_bulk_read;

/* Begins a reading. `done` is called once, possibly before this returns. After an error nothing more is asked. */
void sim_bulk_read_start(sim_bulk_read *r);

#endif

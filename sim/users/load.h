/*
 * load.h - `kudos-sim load`: as many requests as a server takes, or a fixed rate, and how long they took.
 *
 * A worker is one thread with its own loop, connections and figures. Workers share the plan, which is
 * read-only, and split users among themselves, so that no (user, item) pair is liked twice whatever their
 * number.
 */
#ifndef KUDOS_SIM_USERS_LOAD_H
#define KUDOS_SIM_USERS_LOAD_H

#include "kudos/limits.h"
#include "sim/users/histogram.h"
#include "sim/users/load_tally.h"
#include "sim/users/zipf.h"

typedef enum { KD_LOAD_LIKE, KD_LOAD_READ, KD_LOAD_BATCH, KD_LOAD_PATH } sim_load_mode;

typedef struct {
    sim_load_mode mode;
    const char *edge, *path, *collection, *ca_file;
    uint64_t users, items, seconds, connections, streams, threads, rate, batch_size, seed, deadline_ms;
    double zipf_s;
    bool insecure, keys, check, named;
    sim_zipf zipf;
} sim_load_plan;

enum { KD_LOAD_STATUS_MAX = 600, KD_LOAD_ERRORS_MAX = 32 };
_Static_assert(-KD_EUNTRUSTED < KD_LOAD_ERRORS_MAX, "every kd_err has its place");

typedef struct {
    uint64_t requests, errors, likes;
    uint64_t elapsed_us;
    sim_histogram latency_us;
    uint64_t answers[KD_LOAD_STATUS_MAX]; /* by status */
    uint64_t failed[KD_LOAD_ERRORS_MAX];  /* requests without an answer, by -kd_err */
    int first_status;                     /* of the first answer that was not 2xx, for the message */
    sim_load_tally tally;                 /* with --check */
} sim_load_result;

/* ---- load_ops.c: what is asked next ---- */

/* A worker's place in the sequence of requests. */
typedef struct {
    const sim_load_plan *plan;
    uint32_t index;    /* of the worker */
    uint64_t users;    /* this worker's share */
    uint64_t sequence; /* requests made */
    uint32_t *used;    /* --like: users per item that have liked it */
    uint64_t random;
} sim_load_ops;

enum { KD_LOAD_PATH_MAX = 256, KD_LOAD_BODY_MAX = KD_BULK_OPS_MAX * (KD_ITEM_KEY_MAX + 24) + 32 };

typedef struct {
    const char *method;
    char path[KD_LOAD_PATH_MAX];
    char user[64];
    char key[64]; /* "" without --keys */
    size_t path_len, user_len, key_len;
    kd_buf body;
    uint32_t item, likes; /* that a good answer stands for: one of each of so many items from `item` on */
} sim_load_request;

/* collection/id of an item. */
const char *sim_load_item(const sim_load_plan *plan, uint64_t item, char out[KD_ITEM_KEY_MAX + 1]);
void sim_load_ops_init(sim_load_ops *o, const sim_load_plan *plan, uint32_t index);
/* False when every pair has been used. */
bool sim_load_ops_next(sim_load_ops *o, sim_load_request *r);
void sim_load_ops_finish(sim_load_ops *o);

/* ---- load_worker.c ---- */

/* Runs to the end of the plan in the calling thread. KD_OK, or what kd_http_client_create says. */
int sim_load_work(const sim_load_plan *plan, uint32_t index, sim_load_result *result);

/* ---- load_check.c ---- */

/* Reads the count of every item that the tally knows and prints what it found. True when all of them are
 * what was acknowledged. */
bool sim_load_check(const sim_load_plan *plan, const sim_load_tally *tally);

/* ---- load.c ---- */

/* Appends "answers=200:17,503:4,deadline-passed:2": by status, and in words what became of requests without an answer. */
void sim_load_put_answers(const sim_load_result *r, kd_buf *out);

int sim_sim_load(int argc, char **argv);

#endif

/*
 * load.h - `kudos-sim load`: as many requests as a server takes, or a fixed rate, and how long they took.
 *
 * A worker is one thread with its own loop, connections and figures. Workers share the plan, which is
 * read-only, and split the users among themselves, so that no (user, item) pair is liked twice whatever the number of
 * workers.
 *
 *     load_ops     which request comes next       load_worker  sends it and counts the answer
 *     load_pump    the same by pumps (pump.h), for benches and phones
 *     load_tokens  users' tokens (JWT)            load_answer  what became of a request, and of a window of them
 *     load_tally   what the counts must be        load_check   reads the counts and judges
 *     load         the command
 */
#ifndef KUDOS_SIM_USERS_LOAD_H
#define KUDOS_SIM_USERS_LOAD_H

#include "kudos/limits.h"
#include "sim/users/histogram.h"
#include "sim/users/load_tally.h"
#include "sim/users/load_tokens.h"
#include "sim/users/zipf.h"

typedef enum { KD_LOAD_LIKE, KD_LOAD_READ, KD_LOAD_BATCH, KD_LOAD_PATH } sim_load_mode;

typedef struct {
    sim_load_mode mode;
    const char *edge, *path, *collection, *ca_file;
    const char *jwt_key; /* file; NULL: users are named by X-User-Id */
    uint64_t users, items, seconds, connections, streams, threads, rate, batch_size, seed, deadline_ms;
    uint64_t phones; /* --phones: likes of a user in a row; 0: without it */
    double zipf_s;
    bool insecure, keys, check, named, pump; /* as the options of the command */
    uint64_t cpu_of;                         /* a process whose processor time is told; 0: none */
    sim_zipf zipf;
    sim_load_tokens tokens; /* of all users, with jwt_key */
} sim_load_plan;

/* OTHER: there is an answer, but the client of --pump does not read its status. */
enum { KD_LOAD_STATUS_OTHER = 0, KD_LOAD_STATUS_MAX = 600, KD_LOAD_ERRORS_MAX = 32 };
_Static_assert(-KD_EUNTRUSTED < KD_LOAD_ERRORS_MAX, "every kd_err has its place");

/* From the first request until the plan's seconds are over: rates are of what was answered in it. Answers that come later, while less and less is in flight,
 * count everywhere else. */
typedef struct {
    uint64_t requests, likes;
    uint64_t start_us, elapsed_us;
    uint64_t start_cpu_us, cpu_us; /* of plan->cpu_of */
    bool over;
} sim_load_window;

typedef struct {
    uint64_t requests, errors, likes;
    sim_load_window window;
    sim_histogram latency_us;
    uint64_t answers[KD_LOAD_STATUS_MAX]; /* by status */
    uint64_t failed[KD_LOAD_ERRORS_MAX];  /* requests without an answer, by -kd_err */
    int first_status;     /* of the first request without a good answer: its status, or a kd_err below 0 */
    sim_load_tally tally; /* with --check */
} sim_load_result;

/* ---- load_ops.c: what is asked next ---- */

/* A worker's place in the sequence of requests. */
typedef struct {
    const sim_load_plan *plan;
    uint32_t index;    /* of the worker; with --phones, of the connection */
    uint64_t shares;   /* of the users, one for each index */
    uint64_t users;    /* of this share */
    uint64_t step;     /* sim_coprime_step of it */
    uint64_t sequence; /* requests made */
    uint32_t *used;    /* --like: users per item that have liked it */
    uint64_t random;
} sim_load_ops;

enum { KD_LOAD_PATH_MAX = 256, KD_LOAD_BODY_MAX = KD_BULK_OPS_MAX * (KD_ITEM_KEY_MAX + 24) + 32 };

typedef struct {
    const char *method;
    char path[KD_LOAD_PATH_MAX];
    char user[KD_LOAD_USER_MAX];
    char key[64]; /* "" without --keys */
    size_t path_len, user_len, key_len;
    kd_bytes token;   /* of that user: shown instead of his name. Empty: there are no tokens */
    bool stays, came; /* --phones: the connection belongs to this user; from this request on */
    kd_buf body;
    uint32_t item, likes; /* the request likes each of so many items from `item` on; 0: it reads */
} sim_load_request;

/* Writes collection/id of an item to `out`, which is returned. */
const char *sim_load_item(const sim_load_plan *plan, uint64_t item, char out[KD_ITEM_KEY_MAX + 1]);
/* For worker `index` below plan->threads; with --phones, below threads x connections. The plan must outlive it. */
void sim_load_ops_init(sim_load_ops *o, const sim_load_plan *plan, uint32_t index);
/* Writes the next request over *r, whose body is used again and is the caller's to free at the end. False when every pair has been used. */
bool sim_load_ops_next(sim_load_ops *o, sim_load_request *r);
/* Frees what init allocated. */
void sim_load_ops_finish(sim_load_ops *o);

/* ---- load_worker.c ---- */

/* Runs to the end of the plan in the calling thread and fills *result, which is zero. KD_OK, or what kd_http_client_create says. With
 * plan->check the tally of *result is the caller's to finish. */
int sim_load_work(const sim_load_plan *plan, uint32_t index, sim_load_result *result);

/* ---- load_pump.c ---- */

/* As sim_load_work, on connections that cost the machine little, and with --phones: pump.h. KD_OK, KD_EINVAL for a URL that it does not take, KD_EUNAVAILABLE. */
int sim_load_pump(const sim_load_plan *plan, uint32_t index, sim_load_result *result);

/* ---- load_answer.c: what a request came to ---- */

typedef struct {
    uint32_t item, likes; /* as in sim_load_request */
    int result;           /* a kd_err; KD_OK: there is an answer */
    int status;           /* its status */
    uint64_t latency_us;
} sim_load_answer;

bool sim_load_answer_good(const sim_load_answer *a);
/* Adds it to the figures and to the tally. */
void sim_load_note(sim_load_result *result, const sim_load_answer *a);
void sim_load_window_begin(sim_load_result *result, const sim_load_plan *plan, uint64_t now_us);
/* Nothing, if it has ended before. */
void sim_load_window_end(sim_load_result *result, const sim_load_plan *plan, uint64_t now_us);
/* Adds what another worker did in the same seconds. */
void sim_load_window_merge(sim_load_window *to, const sim_load_window *from);

/* ---- load_check.c ---- */

/* Reads the count of every item that the tally knows, and prints a line of figures and the first wrong item. True when all counts could be read
 * and are right. */
bool sim_load_check(const sim_load_plan *plan, const sim_load_tally *tally);

/* ---- load.c ---- */

/* Appends "answers=200:17,503:4,deadline-passed:2": by status, and in words what became of requests without an answer. */
void sim_load_put_answers(const sim_load_result *r, kd_buf *out);

/* The command; argv[0] is "load". Returns the exit code. */
int sim_sim_load(int argc, char **argv);

#endif

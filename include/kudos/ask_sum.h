/*
 * ask_sum.h - how many questions to central all clients together may cause, shared fairly between them: in fixed memory, however many clients.
 *
 * Each question is held against its client, and against all, for about a second: what is held falls by 1/64 every 1/64 of a second. A client may ask
 * while less is held against it than a quarter of the room that is left of the sum (dynamic thresholds: Choudhury and Hahne 1998). So one client alone
 * gets a fifth of the sum, n who ask without end get 1/(n + 4) each, and 4/(n + 4) stay for those who have asked nothing lately.
 *
 * What is held against a client is kept in two rows of buckets, chosen by its hash, and the lesser one counts (count-min sketch: Cormode and
 * Muthukrishnan 2005). So it is never taken for less than it is. It is taken for more only if in each row the client shares its bucket with others who
 * ask much.
 *
 * Pure. Times are monotonic. One object is used by one thread.
 */
#ifndef KUDOS_ASK_SUM_H
#define KUDOS_ASK_SUM_H

#include "kudos/base.h"

enum { KD_ASK_SUM_ROWS = 2, KD_ASK_SUM_BUCKETS = 4096 };

/* 64 KiB. What is held is counted in 1/1024 of a question. */
typedef struct {
    uint64_t max;  /* of what is held against all; 0: there is no bound */
    uint64_t all;  /* what is held against all */
    uint64_t step; /* 1/64 of a second, up to which it has fallen */
    uint64_t seed;
    uint64_t held[KD_ASK_SUM_ROWS][KD_ASK_SUM_BUCKETS];
} kd_ask_sum;

/* Nothing is held. per_s: questions a second, of which at most a second's worth comes at once; 0: no bound. `seed` should be secret: clients choose
 * their addresses. */
void kd_ask_sum_init(kd_ask_sum *s, uint64_t per_s, uint64_t seed);
/* Holds one question against `client`. False: it has had its share, or nothing is left, and nothing was held against it. */
bool kd_ask_sum_take(kd_ask_sum *s, uint64_t client, uint64_t now_us);

#endif

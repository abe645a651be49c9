/*
 * loop_tsan.c - the loop's inbox, countdowns, metrics, log and carried clock under many threads; built with
 * -fsanitize=thread, under which Criterion does not run, hence a plain program. Exit code 0: every post ran once
 * and in order, and no race was seen.
 */
#include "common/io/loop/clock.h"
#include "common/io/loop/countdown.h"
#include "common/io/loop/log.h"
#include "common/io/loop/loop.h"
#include "common/base/metrics.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOOPS = 3, ROUNDS = 5000, SENDERS = 3 };

typedef struct {
    kd_post post;
    uint32_t hops, number, sender;
} token;

static kd_loop *loops[LOOPS];
static kd_metric done;
static kd_clock shared_clock;
static uint32_t next_number[SENDERS]; /* written by the loop 0 only */
static kd_countdown sending;          /* the senders; it ends on the loop 0 */
static uint32_t sent_all;

/* A token visits every loop in turn and is counted and freed on the last one. */
static void on_token(kd_post *post)
{
    token *t = KD_CONTAINER(post, token, post);
    KD_ASSERT(kd_loop_here(loops[t->hops]));
    if (t->hops == 0) KD_ASSERT(t->number == next_number[t->sender]++);
    if (t->number % 1000 == 0) KD_LOG(KD_INFO, "hop", KD_U64("now", kd_clock_now_us(&shared_clock)));
    if (++t->hops < LOOPS) {
        kd_loop_post(loops[t->hops], post);
        return;
    }
    kd_metric_add(&done, 1);
    free(t);
}

/* All that the senders have posted has begun to run by now. */
static void on_all_sent(void *arg)
{
    (void)arg;
    for (int i = 0; i < SENDERS; i++) KD_ASSERT(next_number[i] == ROUNDS);
    sent_all++;
}

static void *send_tokens(void *arg)
{
    uint32_t sender = *(uint32_t *)arg;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        token *t = kd_alloc(sizeof *t);
        *t = (token){.post.fn = on_token, .number = i, .sender = sender};
        kd_loop_post(loops[0], &t->post);
        if (i % 500 == 0 && sender == 0)
            kd_clock_measure(&shared_clock, kd_clock_mono_us(), kd_clock_wall_us());
    }
    kd_countdown_report(&sending);
    return NULL;
}

int main(void)
{
    pthread_t threads[SENDERS];
    uint32_t numbers[SENDERS];
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    KD_ASSERT(null >= 0);
    kd_log_set_fd(null);
    kd_clock_init(&shared_clock, 500000);
    for (int i = 0; i < LOOPS; i++) KD_ASSERT(kd_loop_create(&loops[i], "hop") == KD_OK);
    for (int i = 0; i < LOOPS; i++) KD_ASSERT(kd_loop_start(loops[i]) == KD_OK);
    kd_countdown_init(&sending, loops[0], on_all_sent, NULL);
    kd_countdown_begin(&sending, SENDERS);
    for (uint32_t i = 0; i < SENDERS; i++) {
        numbers[i] = i;
        KD_ASSERT(pthread_create(&threads[i], NULL, send_tokens, &numbers[i]) == 0);
    }
    for (int i = 0; i < SENDERS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < LOOPS; i++)
        kd_loop_stop(loops[i]),
            kd_loop_join(loops[i]); /* in the order of the token: no loop posts to one that has stopped */
    for (int i = 0; i < LOOPS; i++) kd_loop_destroy(loops[i]);
    kd_clock_finish(&shared_clock);
    KD_ASSERT(sent_all == 1);
    int64_t ran = kd_metric_get(&done);
    printf("loop-tsan posts=%lld expected=%d verdict=%s\n", (long long)ran, SENDERS * ROUNDS,
           ran == SENDERS * ROUNDS ? "held" : "violated");
    return ran == SENDERS * ROUNDS ? 0 : 1;
}

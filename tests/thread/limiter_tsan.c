/*
 * limiter_tsan.c - the limits of a process under many threads; built with -fsanitize=thread, under which Criterion does not run, hence a plain program.
 * Exit code 0: each user had exactly his quota, however many threads asked at once, and no race was seen.
 */
#include "edge/io/shard/limiter.h"

#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 20000, USERS = 16, QUOTA = 1000 };

static kd_limiter *limiter;
static kd_limit limit, fast;
static uint64_t let[USERS]; /* atomic */

static kd_bytes user_name(uint32_t i, char text[16])
{
    int len = snprintf(text, 16, "user-%u", i);
    return kd_bytes_of(text, (size_t)len);
}

/* One operation in seven rounds is given back, as if it had failed. */
static void ask(uint32_t round)
{
    char text[16];
    uint32_t u = round % USERS;
    uint64_t user = kd_limiter_key(limiter, &limit, user_name(u, text));
    uint64_t now_us = 3600000000ull + round;
    uint32_t fits = kd_limiter_take(limiter, &limit, user, 1 + round % 3, now_us).fits;
    if (fits > 0 && round % 7 == 0) {
        kd_limiter_give_back(limiter, &limit, user, 1, now_us);
        fits--;
    }
    __atomic_fetch_add(&let[u], fits, __ATOMIC_RELAXED);
}

static void *hammer(void *arg)
{
    kd_fast_list list;
    char text[16];
    (void)arg;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        ask(round);
        const kd_limiter_pace pace = {.limit = &fast,
                                      .kind = round % 2 ? KD_FAST_ITEM : KD_FAST_USER,
                                      .name = user_name(round % USERS, text),
                                      .count = 1,
                                      .refuse = round % 5 == 0,
                                      .mono_us = 3600000000ull + round,
                                      .wall_us = round};
        kd_limiter_pace_take(limiter, &pace);
        if (round % 500 > 0) continue;
        kd_limiter_fast(limiter, &list);
        KD_ASSERT(list.count <= USERS * 2u && kd_limiter_get_stats(limiter).used <= USERS);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    bool held = true;
    kd_limit_set(&limit, kd_bytes_str("user"), "1000/1h");
    kd_limit_set(&fast, kd_bytes_str("velocity"), "100/1h");
    limiter = kd_limiter_create(1000);
    for (int i = 0; i < THREADS; i++) KD_ASSERT(pthread_create(&threads[i], NULL, hammer, NULL) == 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (uint32_t i = 0; i < USERS; i++) {
        char text[16];
        uint64_t user = kd_limiter_key(limiter, &limit, user_name(i, text));
        uint32_t rest = kd_limiter_take(limiter, &limit, user, QUOTA, 3600000000ull).fits;
        held = held && let[i] + rest == QUOTA && let[i] > QUOTA / 2;
    }
    kd_limiter_destroy(limiter);
    printf("limiter-tsan users=%d quota=%d verdict=%s\n", USERS, QUOTA, held ? "held" : "violated");
    return held ? 0 : 1;
}

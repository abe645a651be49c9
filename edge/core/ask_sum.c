/* ask_sum.c - see the header. Everything falls in the same steps, so that the sum stays that of its parts. */
#include "kudos/ask_sum.h"

/* After FORGOTTEN steps nothing is left of any number of questions that a loop can ask in a second. */
enum { QUESTION = 1024, STEPS_PER_S = 64, FORGOTTEN = 2048, PARTS_LEFT = 4 };

void kd_ask_sum_init(kd_ask_sum *s, uint64_t per_s, uint64_t seed)
{
    *s = (kd_ask_sum){.max = per_s * QUESTION, .seed = seed};
}

static void ask_sum_fall_once(kd_ask_sum *s)
{
    s->all -= s->all / STEPS_PER_S;
    for (int row = 0; row < KD_ASK_SUM_ROWS; row++)
        for (int i = 0; i < KD_ASK_SUM_BUCKETS; i++) s->held[row][i] -= s->held[row][i] / STEPS_PER_S;
}

static void ask_sum_fall(kd_ask_sum *s, uint64_t now_us)
{
    uint64_t step = now_us * STEPS_PER_S / 1000000;
    if (step - s->step > FORGOTTEN) kd_ask_sum_init(s, s->max / QUESTION, s->seed);
    for (; s->step < step && s->all > 0; s->step++) ask_sum_fall_once(s);
    s->step = step;
}

bool kd_ask_sum_take(kd_ask_sum *s, uint64_t client, uint64_t now_us)
{
    uint64_t state = client ^ s->seed, held = UINT64_MAX;
    uint64_t *bucket[KD_ASK_SUM_ROWS];
    if (s->max == 0) return true;
    ask_sum_fall(s, now_us);
    for (int row = 0; row < KD_ASK_SUM_ROWS; row++) {
        bucket[row] = &s->held[row][kd_random_next(&state) % KD_ASK_SUM_BUCKETS];
        held = KD_MIN(held, *bucket[row]);
    }
    if (s->all + PARTS_LEFT * held + QUESTION > s->max) return false;
    s->all += QUESTION;
    for (int row = 0; row < KD_ASK_SUM_ROWS; row++) *bucket[row] += QUESTION;
    return true;
}

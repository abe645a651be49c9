/* countdown.c - see the header. The count falls without the loop, so that the post can be one, embedded and never in the inbox twice. */
#include "common/io/loop/countdown.h"

static void countdown_over(kd_post *post)
{
    kd_countdown *c = KD_CONTAINER(post, kd_countdown, post);
    c->fn(c->arg);
}

void kd_countdown_init(kd_countdown *c, kd_loop *loop, void (*fn)(void *arg), void *arg)
{
    *c = (kd_countdown){.post.fn = countdown_over, .loop = loop, .fn = fn, .arg = arg};
}

void kd_countdown_begin(kd_countdown *c, uint32_t reports)
{
    KD_ASSERT(kd_countdown_left(c) == 0);
    __atomic_store_n(&c->left, reports, __ATOMIC_RELEASE);
}

void kd_countdown_report(kd_countdown *c)
{
    uint32_t before = __atomic_fetch_sub(&c->left, 1, __ATOMIC_ACQ_REL);
    KD_ASSERT(before > 0);
    if (before == 1) kd_loop_post(c->loop, &c->post);
}

uint32_t kd_countdown_left(const kd_countdown *c)
{
    return __atomic_load_n(&c->left, __ATOMIC_ACQUIRE);
}

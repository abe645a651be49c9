/* failure.c - see the header. */
#include "edge/io/daemon/failure.h"

#include <stdio.h>

void kd_failure_init(kd_failure *f, kd_loop *loop, void (*fn)(kd_post *post))
{
    f->loop = loop;
    f->post.fn = fn;
}

void kd_failure_tell(kd_failure *f, int code, const char *event, const char *cause)
{
    if (__atomic_exchange_n(&f->told, 1, __ATOMIC_ACQ_REL)) return;
    f->code = code;
    snprintf(f->reason, sizeof f->reason, "%s: %s", event, cause);
    kd_loop_post(f->loop, &f->post);
}

bool kd_failure_told(const kd_failure *f)
{
    return __atomic_load_n(&f->told, __ATOMIC_ACQUIRE) != 0;
}

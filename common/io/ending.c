/* ending.c - see the header. A thread of its own, for every other one may be the one that hangs. */
#include "common/io/ending.h"

#include <pthread.h>
#include <unistd.h>

#include "common/io/log.h"
#include "kudos/base.h"

static int failed;

static void *watch(void *arg)
{
    unsigned left = KD_ENDING_PATIENCE_S;
    while (left > 0) left = sleep(left);
    KD_LOG(KD_ERROR, "stop-hangs", KD_U64("seconds", KD_ENDING_PATIENCE_S));
    _exit(failed);
    return arg;
}

void kd_ending_begin(int code)
{
    failed = code;
    pthread_t thread;
    if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
}

/*
 * waits.c - a library to preload beside libfaketime: waits of C11's condition variables end when they should although the clock is wrong.
 *
 * librdkafka reckons the end of a wait by the clock that libfaketime moves, and waits by C11's cnd_timedwait, which libfaketime does not know. So with
 * a clock that is ahead each wait takes longer by as much. With one that is behind each wait ends at once: threads spin, and a question to a broker
 * that does not answer within microseconds has timed out. The wait of POSIX, which libfaketime does know, is the same inside.
 */
#include <errno.h>
#include <pthread.h>
#include <threads.h>

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
    int err = pthread_cond_timedwait((pthread_cond_t *)(void *)c, (pthread_mutex_t *)(void *)m, until);
    if (err == 0) return thrd_success;
    return err == ETIMEDOUT ? thrd_timedout : thrd_error;
}

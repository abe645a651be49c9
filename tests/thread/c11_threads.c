/*
 * c11_threads.c - C11's threads as POSIX ones. librdkafka uses C11's, which ThreadSanitizer does not know: it crashes in the first
 * thread made by thrd_create, and sees no mtx_lock. Linked into programs that are built with ThreadSanitizer, in place of the C library's functions;
 * the types of C11 are those of POSIX inside.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

typedef struct {
    thrd_start_t fn;
    void *arg;
} start;

static pthread_mutex_t *mutex_of(mtx_t *m)
{
    return (pthread_mutex_t *)(void *)m;
}

static pthread_cond_t *cond_of(cnd_t *c)
{
    return (pthread_cond_t *)(void *)c;
}

static int said(int err)
{
    if (err == 0) return thrd_success;
    if (err == ETIMEDOUT) return thrd_timedout;
    return err == EBUSY ? thrd_busy : err == ENOMEM || err == EAGAIN ? thrd_nomem : thrd_error;
}

static void *run(void *arg)
{
    start s = *(start *)arg;
    free(arg);
    return (void *)(intptr_t)s.fn(s.arg);
}

int thrd_create(thrd_t *t, thrd_start_t fn, void *arg)
{
    start *s = malloc(sizeof *s);
    if (!s) return thrd_nomem;
    *s = (start){fn, arg};
    int err = pthread_create(t, NULL, run, s);
    if (err != 0) free(s);
    return said(err);
}

int thrd_join(thrd_t t, int *result)
{
    void *value;
    int err = pthread_join(t, &value);
    if (err == 0 && result) *result = (int)(intptr_t)value;
    return said(err);
}

int thrd_detach(thrd_t t)
{
    return said(pthread_detach(t));
}

int mtx_init(mtx_t *m, int type)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    if (type & mtx_recursive) pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    int err = pthread_mutex_init(mutex_of(m), &attr);
    pthread_mutexattr_destroy(&attr);
    return said(err);
}

int mtx_lock(mtx_t *m)
{
    return said(pthread_mutex_lock(mutex_of(m)));
}

int mtx_trylock(mtx_t *m)
{
    return said(pthread_mutex_trylock(mutex_of(m)));
}

int mtx_unlock(mtx_t *m)
{
    return said(pthread_mutex_unlock(mutex_of(m)));
}

void mtx_destroy(mtx_t *m)
{
    pthread_mutex_destroy(mutex_of(m));
}

int cnd_init(cnd_t *c)
{
    return said(pthread_cond_init(cond_of(c), NULL));
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
    return said(pthread_cond_wait(cond_of(c), mutex_of(m)));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
    return said(pthread_cond_timedwait(cond_of(c), mutex_of(m), until));
}

int cnd_signal(cnd_t *c)
{
    return said(pthread_cond_signal(cond_of(c)));
}

int cnd_broadcast(cnd_t *c)
{
    return said(pthread_cond_broadcast(cond_of(c)));
}

void cnd_destroy(cnd_t *c)
{
    pthread_cond_destroy(cond_of(c));
}

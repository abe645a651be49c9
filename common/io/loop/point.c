/* point.c - counts the passes of the one point that the environment names; empty in a build without points. */
#include "common/io/loop/point.h"

#ifdef KUDOS_POINTS
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

static const char *const names[] = {
#define NAME(id, name, text) [KD_POINT_##id] = name,
    KD_POINTS(NAME)
#undef NAME
};

static kd_point wanted = KD_POINT_COUNT;
static atomic_long left;

static void read_environment(void)
{
    const char *at = getenv("KUDOS_KILL_AT");
    const char *colon = at ? strrchr(at, ':') : NULL;
    if (!colon) return;
    for (unsigned i = 0; i < KD_POINT_COUNT; i++)
        if (strlen(names[i]) == (size_t)(colon - at) && memcmp(names[i], at, (size_t)(colon - at)) == 0)
            wanted = (kd_point)i;
    KD_ASSERT(wanted != KD_POINT_COUNT);
    if (wanted >= KD_POINT_TABLE_WRITTEN) wanted = KD_POINT_COUNT; /* the preloaded library's */
    left = atol(colon + 1);
}

void kd_point_pass(kd_point point)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_environment);
    if (point == wanted && atomic_fetch_sub(&left, 1) == 1) raise(SIGKILL);
}
#else
typedef int kd_point_nothing; /* a translation unit is never empty */
#endif

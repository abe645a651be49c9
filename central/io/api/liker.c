/* liker.c - see the header. */
#include "central/io/api/liker.h"

#include "common/base/display.h"

int kd_liker_write(void *arg, const kd_member *m)
{
    const kd_liker_writing *w = arg;
    char at[KD_TIME_MS_MAX];
    kd_json_object(w->j);
    kd_json_put_str(w->j, "user", m->user);
    if (w->detail) {
        kd_json_put_str(w->j, "at", kd_bytes_of(at, kd_display_time_ms(m->time_us, at)));
        kd_json_put_str(w->j, "region", m->region);
    }
    kd_json_end_object(w->j);
    return KD_OK;
}

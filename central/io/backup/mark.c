/* mark.c - see the header. */
#include "central/io/backup/mark.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/io/loop/clock.h"

static const char *const kinds[] = {[KD_MARK_BACKUP] = "backup-", [KD_MARK_PRUNE] = "prune-"};

static int mark_put(kd_mark *m, char *error)
{
    const uint64_t now_us = kd_clock_mono_us(); /* before it is put: the mark is this old at most */
    int err = kd_objects_put(m->objects, m->name, kd_bytes_str("kudos\n"), error);
    if (err == KD_OK) m->put_at_us = now_us;
    return err;
}

/* ---- those of others ---- */

typedef struct {
    const kd_mark *mark;
    bool held;
} mark_look;

static bool mark_is_of(kd_bytes name, kd_mark_kind kind)
{
    size_t len = strlen(kinds[kind]);
    return name.len > len && memcmp(name.data, kinds[kind], len) == 0;
}

static int mark_judge(void *arg, const kd_object_seen *seen, char *error)
{
    mark_look *look = arg;
    const kd_mark *m = look->mark;
    char name[KD_OBJECT_NAME_MAX];
    if (kd_bytes_eq(seen->name, kd_bytes_str(m->name + sizeof KD_OBJECT_RUNNING - 1))) {
        look->held = true;
        return KD_OK;
    }
    if (m->kind == KD_MARK_BACKUP && !mark_is_of(seen->name, KD_MARK_PRUNE)) return KD_OK;
    if (seen->age_s > KD_MARK_LEASE_S) {
        if (seen->name.len > sizeof name - sizeof KD_OBJECT_RUNNING) return KD_OK;
        snprintf(name, sizeof name, KD_OBJECT_RUNNING "%.*s", KD_PRINT(seen->name));
        return kd_objects_remove(m->objects, name, error);
    }
    snprintf(
        error, KD_OPTIONS_ERROR_MAX,
        "%.300s: %.*s is under way there, heard of %lld s ago. Try again when it is done; if it was killed, "
        "%d s after that",
        kd_objects_address(m->objects), (int)KD_MIN(seen->name.len, 64), (const char *)seen->name.data,
        (long long)seen->age_s, KD_MARK_LEASE_S);
    return KD_EAGAIN;
}

static void mark_init(kd_mark *m, kd_objects *objects, kd_mark_kind kind, const char *name)
{
    *m = (kd_mark){.objects = objects, .kind = kind};
    snprintf(m->name, sizeof m->name, KD_OBJECT_RUNNING "%s%s", kinds[kind], name);
}

int kd_mark_begin(kd_mark *m, kd_objects *objects, kd_mark_kind kind, const char *name, char *error)
{
    mark_init(m, objects, kind, name);
    int err = mark_put(m, error);
    return err == KD_OK ? kd_mark_held(m, error) : err;
}

int kd_mark_join(kd_mark *m, kd_objects *objects, const char *name, char *error)
{
    mark_init(m, objects, KD_MARK_BACKUP, name);
    int err = kd_mark_held(m, error);
    if (err == KD_OK) err = mark_put(m, error);
    return err == KD_OK ? kd_mark_held(m, error) : err;
}

int kd_mark_held(kd_mark *m, char *error)
{
    mark_look look = {.mark = m};
    int err = kd_objects_list(m->objects, KD_OBJECT_RUNNING, mark_judge, &look, error);
    if (err != KD_OK || look.held) return err;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: the mark %s was removed by somebody else",
             kd_objects_address(m->objects), m->name);
    return KD_EAGAIN;
}

int kd_mark_keep(kd_mark *m, char *error)
{
    const uint64_t silent_us = kd_clock_mono_us() - m->put_at_us;
    if (silent_us < KD_MARK_KEEP_S * 1000000ull) return KD_OK;
    if (silent_us < (KD_MARK_LEASE_S - KD_MARK_TIMEOUT_MAX_S) * 1000000ull) return mark_put(m, error);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: nothing was done for %llu s, others may have gone on",
             kd_objects_address(m->objects), (unsigned long long)(silent_us / 1000000));
    return KD_EAGAIN;
}

void kd_mark_clear(kd_mark *m)
{
    char ignored[KD_OPTIONS_ERROR_MAX];
    if (m->name[0] != '\0') kd_objects_remove(m->objects, m->name, ignored);
    m->name[0] = '\0';
}

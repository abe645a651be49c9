/*
 * stable.c - up to which stamp edges may forget rows (`stable`, rule 21): the list of backups that may still be restored, and the smallest low
 * watermark among them.
 *
 * After a restore an edge sends again what is stamped above the watermark that the backup holds for it, less 2 D. So a row may go only where every
 * backup holds more. An edge that was registered after a backup has no watermark in it at all, and keeps everything until that backup is off the
 * list.
 *
 * The list says what exists outside of this store. So a command counts in memory at once, before its commit is durable; after a crash in between the
 * operator's command, which was not answered, is given again. A backup that is being made holds `stable` from its first moment on; only when it is
 * complete may `stable` move up to it.
 */
#include "central/core/stable.h"

#include "central/core/commit.h"
#include "central/core/registry.h"
#include "central/core/row.h"
#include "central/core/state.h"
#include "kudos/forget.h"

static kd_bytes backup_id(const kd_backup *b)
{
    return kd_bytes_of(b->id, b->id_len);
}

static int load_backup(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    kd_reader r = kd_reader_of(value);
    kd_bytes id = kd_bytes_of(key.data + 1, key.len - 1);
    kd_backup b = {.low_watermark_us = kd_read_be64(&r), .id_len = (uint8_t)id.len};
    b.version = kd_read_be64(&r);
    b.complete = kd_read_u8(&r) != 0;
    if (r.bad || kd_reader_left(&r) != 0 || !kd_name_valid(id) || c->backup_count == KD_BACKUPS_MAX)
        return KD_EMALFORMED;
    memcpy(b.id, id.data, id.len);
    c->backups[c->backup_count++] = b;
    return KD_OK;
}

int kd_stable_load(kd_central *c)
{
    const uint8_t from[] = {KD_ROW_BACKUP}, to[] = {KD_ROW_BACKUP + 1};
    return c->store.scan(c->store.ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), load_backup, c);
}

/* ---- commands ---- */

static kd_backup *stable_find(kd_central *c, kd_bytes id)
{
    for (uint32_t i = 0; i < c->backup_count; i++)
        if (kd_bytes_eq(backup_id(&c->backups[i]), id)) return &c->backups[i];
    return NULL;
}

static void stable_put(kd_central *c, const kd_backup *b)
{
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_be64(v, b->low_watermark_us);
    kd_buf_put_be64(v, b->version);
    kd_buf_put_u8(v, b->complete);
    kd_writes_put(&kd_commit_open(c)->writes, kd_key_named(&c->key, KD_ROW_BACKUP, backup_id(b)),
                  kd_buf_view(v));
}

int kd_central_backup_begin(kd_central *c, kd_bytes id, uint64_t *version)
{
    if (!kd_name_valid(id)) return KD_EINVAL;
    if (stable_find(c, id)) return KD_EMISMATCH;
    if (c->backup_count == KD_BACKUPS_MAX) return KD_ETOOBIG;
    int err = kd_commit_order(c, version);
    if (err != KD_OK) return err;
    kd_backup *b = &c->backups[c->backup_count++];
    *b = (kd_backup){
        .id_len = (uint8_t)id.len, .low_watermark_us = kd_registry_low_watermark(c), .version = c->version};
    memcpy(b->id, id.data, id.len);
    stable_put(c, b);
    return KD_OK;
}

int kd_central_backup_complete(kd_central *c, kd_bytes id, uint64_t *version)
{
    kd_backup *b = stable_find(c, id);
    if (!b) return KD_ENOTFOUND;
    int err = kd_commit_order(c, version);
    if (err != KD_OK) return err;
    b->complete = true;
    stable_put(c, b);
    return KD_OK;
}

int kd_central_backup_remove(kd_central *c, kd_bytes id, uint64_t *version)
{
    kd_backup *b = stable_find(c, id);
    if (!b) return KD_ENOTFOUND;
    int err = kd_commit_order(c, version);
    if (err != KD_OK) return err;
    kd_writes_delete(&kd_commit_open(c)->writes, kd_key_named(&c->key, KD_ROW_BACKUP, id));
    *b = c->backups[--c->backup_count];
    return KD_OK;
}

uint32_t kd_central_backups(const kd_central *c, kd_central_backup *out, uint32_t max)
{
    uint32_t count = KD_MIN(max, c->backup_count);
    for (uint32_t i = 0; i < count; i++) {
        const kd_backup *b = &c->backups[i];
        out[i] = (kd_central_backup){backup_id(b), b->low_watermark_us, b->version, b->complete};
    }
    return count;
}

/* ---- stable ---- */

typedef struct {
    uint64_t low_us;
    kd_held_by by;
    kd_bytes holder;
} stable_held;

/* An edge that this backup does not know; NULL: none. A retired edge too: if it is alive after all and hears `stable`, it would forget rows that are
 * not in this backup. */
static const kd_registered *stable_newer_edge(const kd_central *c, const kd_backup *b)
{
    for (uint32_t i = 0; i < c->edge_count; i++) {
        const kd_registered *e = &c->edges[i];
        if (kd_planted(c, KD_PLANT_RETIRED_LETS_GO) && e->committed.retired) continue;
        if (kd_registered_is_author(e)) continue; /* he forgets nothing */
        if (e->durable && e->committed.joined > b->version) return e;
    }
    return NULL;
}

static stable_held stable_held_by_backups(const kd_central *c)
{
    stable_held h = {.by = KD_HELD_BY_NO_BACKUP};
    bool any = false;
    for (uint32_t i = 0; i < c->backup_count; i++) {
        const kd_backup *b = &c->backups[i];
        const kd_registered *newer = stable_newer_edge(c, b);
        if (newer) /* this backup has no watermark of it: no row at all may go */
            return (stable_held){.by = KD_HELD_BY_NEW_EDGE, .holder = kd_registered_name(newer)};
        any |= b->complete; /* while none is complete, `stable` is 0 */
        if (i > 0 && b->low_watermark_us >= h.low_us) continue;
        h.low_us = b->low_watermark_us;
        h.holder = backup_id(b);
    }
    if (!any) return (stable_held){.by = KD_HELD_BY_NO_BACKUP};
    h.by = KD_HELD_BY_BACKUP;
    return h;
}

static stable_held stable_held_by_edges(const kd_central *c, bool complete_to)
{
    kd_lowest low = kd_registry_lowest(c, complete_to);
    if (low.unheard.len > 0) return (stable_held){.by = KD_HELD_BY_UNHEARD, .holder = low.unheard};
    if (low.edge < 0) return (stable_held){.by = KD_HELD_BY_EDGE};
    return (stable_held){low.time_us, KD_HELD_BY_EDGE, kd_registered_name(&c->edges[low.edge])};
}

static stable_held stable_now(const kd_central *c)
{
    bool now = c->config.no_backups || kd_planted(c, KD_PLANT_STABLE_NOW);
    return now ? stable_held_by_edges(c, false) : stable_held_by_backups(c);
}

uint64_t kd_central_stable_us(const kd_central *c)
{
    uint64_t low_us = stable_now(c).low_us, margin = 2 * c->config.drift_us;
    return low_us > margin ? low_us - margin : 0;
}

/* ---- what holds it back, for metrics and /debug ---- */

const char *kd_held_by_name(kd_held_by by)
{
    static const char *const names[] = {"nothing",   "edge",     "unheard-edge", "backup",
                                        "no-backup", "new-edge", "alarm",        "setting"};
    return (size_t)by < KD_COUNT(names) ? names[by] : "unknown";
}

void kd_central_get_forgetting(const kd_central *c, kd_central_forgetting *out)
{
    const kd_collector *k = &c->collector;
    stable_held s = stable_now(c), f = stable_held_by_edges(c, true);
    if (k->halted) f = (stable_held){.by = KD_HELD_BY_ALARM};
    if (c->config.tombstone_ttl_us == 0) f = (stable_held){.by = KD_HELD_BY_SETTING};
    *out = (kd_central_forgetting){.stable_us = kd_central_stable_us(c),
                                   .stable_held_by = s.by,
                                   .stable_holder = s.holder,
                                   .floor_us = k->committed_us,
                                   .floor_held_by = f.by,
                                   .floor_holder = f.holder,
                                   .sweeping = k->sweeping,
                                   .collected = k->collected,
                                   .ignored = k->ignored,
                                   .refused = k->refused};
}

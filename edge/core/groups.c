/* groups.c - group commit; see kudos/edge.h for the order of calls, and groups.h. */
#include "edge/core/groups.h"
#include "edge/core/batch.h"
#include "edge/core/identity.h"
#include "edge/core/part.h"
#include "edge/core/spill.h"
#include "edge/core/state.h"

/* Rows that nobody waits for are written with the next operation or seal. An edge that is cut off may have neither for hours: at this size of the
 * open group they are written alone. */
enum { RIDING_BYTES_MAX = 1 << 20 };

bool kd_edge_commit_wanted(const kd_edge *e)
{
    bool much_rides = e->groups.writes[e->groups.gathering].buf.len >= RIDING_BYTES_MAX;
    return (e->groups.wanted || e->poisoned || much_rides || kd_spill_wanted(e)) && e->groups.writing == 0;
}

size_t kd_edge_gathered_bytes(const kd_edge *e)
{
    return e->groups.writes[e->groups.gathering].buf.len;
}

int kd_edge_commit_begin(kd_edge *e, uint64_t now_us, const kd_writes **writes, uint64_t *group)
{
    (void)now_us;
    if (e->poisoned) return KD_EIO;
    if (e->groups.writing != 0) return KD_EAGAIN;
    for (uint32_t i = 0; i < e->part_count; i++) kd_batch_close_fragment(e, &e->parts[i]);
    kd_spill_join_group(e);
    kd_writes *w = kd_edge_writes(e);
    if (kd_writes_empty(w)) return KD_EAGAIN;
    kd_identity_put_last(e);
    *writes = w;
    *group = e->groups.writing = e->groups.open++;
    e->groups.gathering ^= 1;
    e->groups.wanted = false;
    e->stats.groups++;
    return KD_OK;
}

int kd_edge_commit_end(kd_edge *e, uint64_t group, int status)
{
    KD_ASSERT(group == e->groups.writing);
    if (status != KD_OK) e->poisoned = true;
    if (e->poisoned) return KD_EIO;
    uint32_t written = e->groups.gathering ^ 1;
    e->groups.writing = 0;
    e->groups.durable = group;
    kd_spill_durable(e);
    kd_writes_clear(&e->groups.writes[written]);
    return KD_OK;
}

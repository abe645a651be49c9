/* positions.c - see the header. */
#include "sim/drill/positions.h"

#include <stdio.h>

#include "kudos/wire.h"

enum { POSITIONS_MAX = 1 << 22 }; /* bounds memory: a table with so many positions is cleared */

static uint64_t positions_key_of(kd_bytes edge, uint32_t partition, kd_position at)
{
    return sim_check_mix(sim_check_mix(sim_check_hash(partition + 1, edge), at.incarnation), at.seq) | 1;
}

/* The digest under which this position was first seen. On first sight stores `digest` and returns it. */
static uint64_t known(sim_positions *p, uint64_t key, uint64_t digest)
{
    if (p->seen.count >= POSITIONS_MAX) sim_check_map_clear(&p->seen);
    sim_check_cell *cell = sim_check_map_obtain(&p->seen, key);
    if (cell->b == 0) *cell = (sim_check_cell){.key = key, .a = digest, .b = 1};
    return cell->a;
}

bool sim_positions_saw(sim_positions *p, uint32_t partition, kd_bytes record, char *why, size_t size)
{
    kd_batch b;
    if (kd_record_peek(record) != KD_RECORD_BATCH || kd_batch_decode(record, &b) != KD_OK) return true;
    /* An edge put back to an older copy of its directory seals the batch that was open there: its position may have two bodies (rules 5, 6). */
    if (p->careless && kd_bytes_eq(b.edge, kd_bytes_str(p->careless))) return true;
    p->batches++;
    bool same = known(p, positions_key_of(b.edge, partition, b.at), b.digest) == b.digest;
    if (!same)
        snprintf(why, size, "batch %llu.%llu of %.*s in partition %u came with two bodies",
                 (unsigned long long)b.at.incarnation, (unsigned long long)b.at.seq, (int)b.edge.len,
                 (const char *)b.edge.data, partition);
    if (!same || b.after.seq == 0) return same;
    same = known(p, positions_key_of(b.edge, partition, b.after), b.after_digest) == b.after_digest;
    if (!same)
        snprintf(why, size,
                 "batch %llu.%llu of %.*s in partition %u says another digest of %llu.%llu before it",
                 (unsigned long long)b.at.incarnation, (unsigned long long)b.at.seq, (int)b.edge.len,
                 (const char *)b.edge.data, partition, (unsigned long long)b.after.incarnation,
                 (unsigned long long)b.after.seq);
    return same;
}

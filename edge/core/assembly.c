/* assembly.c - see the header. */
#include "edge/core/assembly.h"
#include "edge/core/state.h"

#include <stdlib.h>

void kd_assembly_clear(kd_edge *e, kd_assembly *a)
{
    for (uint32_t i = 0; i < a->parts; i++) {
        e->assembly_bytes -= a->records[i].len;
        kd_buf_finish(&a->records[i]);
    }
    free(a->records);
    *a = (kd_assembly){0};
}

int kd_assembly_compare(const kd_assembly *a, const kd_snapshot *s)
{
    if (a->epoch != s->epoch) return a->epoch < s->epoch ? -1 : 1;
    return a->version < s->version ? -1 : a->version > s->version;
}

bool kd_assembly_add(kd_edge *e, kd_assembly *a, const kd_snapshot *s, kd_bytes record)
{
    if (kd_assembly_compare(a, s) < 0) {
        kd_assembly_clear(e, a);
        *a = (kd_assembly){.epoch = s->epoch, .version = s->version, .parts = s->parts};
        a->records = kd_alloc(s->parts * sizeof(a->records[0]));
    }
    bool ours = s->epoch == a->epoch && s->version == a->version && s->parts == a->parts;
    if (!ours || a->records[s->part].len > 0) return false;
    if (e->assembly_bytes + record.len > KD_ASSEMBLY_BYTES_MAX) {
        kd_assembly_clear(e, a);
        *a = (kd_assembly){.epoch = s->epoch,
                           .version = s->version}; /* so that its other parts do not begin it anew */
        return false;
    }
    kd_buf_put(&a->records[s->part], record.data, record.len);
    e->assembly_bytes += record.len;
    return ++a->have == a->parts;
}

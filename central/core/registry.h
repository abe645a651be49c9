/*
 * registry.h - the edges and regions that this partition has heard of, and how far each edge is merged.
 *
 * Invariants:
 *   - an index, once given, stays: membership rows and redo rows hold it;
 *   - tentative.applied never falls, and is at or above committed.applied;
 *   - an edge is `durable` from the end of the commit that registered it; until then nothing outside is told of it.
 */
#ifndef KUDOS_CENTRAL_CORE_REGISTRY_H
#define KUDOS_CENTRAL_CORE_REGISTRY_H

#include "kudos/central.h"

enum {
    KD_LEFT_MAX = 8,         /* batches remembered per edge, to notice when its edge passes one over */
    KD_EDGE_REGIONS_MAX = 8, /* regions that an edge may bring; more would use up those of the others */
};

struct kd_commit;

/* What is stored of an edge, as the open commit or the last durable one has it. */
typedef struct {
    kd_position applied;
    uint64_t digest;       /* of the body of the batch at applied */
    uint64_t watermark_us; /* rule 12 */
    uint64_t epoch;        /* the highest epoch that a merged envelope of this edge named */
    /* of the envelope at applied; below the watermark while the edge sends something again */
    uint64_t complete_to_us;
    /* version that registered it or took it back: backups made before do not know it (rule 21) */
    uint64_t joined;
    bool retired;    /* rule 23 */
    bool refused;    /* batches came since it was retired */
    uint8_t regions; /* that nobody had named before a batch of this edge did */
    uint64_t amount; /* that merged batches of this edge added to sums; at most KD_EDGE_AMOUNT_MAX */
} kd_registered_state;

typedef struct {
    uint8_t name_len; /* 0: this index is free */
    char name[KD_NAME_MAX];
    uint16_t region;
    bool touched; /* its row is written by the open commit */
    bool durable; /* its row is in the store */
    kd_registered_state tentative, committed;
    /* Positions above tentative.applied; incarnation 0: none (place.c). */
    kd_position left[KD_LEFT_MAX]; /* the lowest batches that were read and not merged, ascending */
    kd_position waits;             /* the lowest batch that waits for a counter: nothing above it is merged */
} kd_registered;

typedef struct {
    uint8_t name_len;
    char name[KD_NAME_MAX];
} kd_region;

/* Views of the entry; an edge and a region keep their place for the life of the core. */
static inline kd_bytes kd_registered_name(const kd_registered *e)
{
    return kd_bytes_of(e->name, e->name_len);
}
/* The author of operators' decisions stands among the edges, since his operations are stored as those of an edge. He sends no batches and has no
 * watermark: nobody waits for him, and nobody outside hears of him as of an edge. */
static inline bool kd_registered_is_author(const kd_registered *e)
{
    return kd_author_valid(kd_registered_name(e));
}
static inline kd_bytes kd_region_name(const kd_region *r)
{
    return kd_bytes_of(r->name, r->name_len);
}

/* Reads the rows of regions and edges: KD_OK, KD_EIO, KD_EMALFORMED (also where indices have a gap). */
int kd_registry_load(kd_central *c);
/* Indices of an edge and of the region that a batch of it names. What is unknown is registered, in the open commit. False, and nothing is registered,
 * where kd_registry_crowded. */
bool kd_registry_admit(kd_central *c, kd_bytes edge, kd_bytes region, uint16_t *edge_index,
                       uint16_t *region_index);
/* Whether the edge, or the region, is one more than a partition can know, or the region one more than an edge may bring. */
bool kd_registry_crowded(const kd_central *c, kd_bytes edge, kd_bytes region);
/* Index of the edge, or author, of that name, or -1. */
int kd_registry_find(const kd_central *c, kd_bytes name);

/* The open commit is to write the edge's row: its tentative state was changed, or is about to be. */
void kd_registry_touch(kd_central *c, uint16_t edge);
/* At the begin of a commit: puts the rows of all touched edges, and notes in the commit what it wrote. */
void kd_registry_put(kd_central *c, struct kd_commit *k);
/* At the end of a commit: the states that it wrote become the committed states of their edges. */
void kd_registry_committed(kd_central *c, const struct kd_commit *k);

/* The smallest watermark, and the edge that has it. */
typedef struct {
    uint64_t time_us; /* 0: unknown */
    int edge;         /* index; -1: none */
    kd_bytes
        unheard; /* an expected edge that was never heard of, because of which the time is unknown; else empty */
} kd_lowest;
/* The smallest watermark of all durable edges that are not retired, without authors, by committed state. Edges that the configuration names count as
 * expected until the log says otherwise (expect.h). `held`: takes the complete_to of an edge's last envelope
 * instead where it is lower, which it is while the edge sends operations again (rules 15, 20). */
kd_lowest kd_registry_lowest(const kd_central *c, bool held);
/* As kd_registry_lowest, held, where the last record stands that was fed: a function of the log. */
uint64_t kd_registry_lowest_here(const kd_central *c);
/* The low watermark in us; 0: unknown, as an expected edge was never heard of, or there is no edge. */
uint64_t kd_registry_low_watermark(const kd_central *c);

#endif

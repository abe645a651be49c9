/* placement.c - see the header. */
#include "kudos/placement.h"

#include <stdlib.h>

#include "kudos/id.h"

typedef struct {
    uint64_t score;
    uint16_t partition;
    uint8_t member;
} placement_pair;

_Static_assert(KD_PARTITIONS_MAX <= UINT16_MAX && KD_MEMBERS_MAX <= UINT8_MAX, "the numbers of a pair fit");

static uint64_t placement_score(kd_bytes name, uint32_t partition)
{
    uint64_t state = kd_hash(name) ^ (partition * 0x9e3779b97f4a7c15u);
    kd_random_next(&state);
    return kd_random_next(&state);
}

/* The highest score first. Equal ones, which hardly are, by their numbers: all members have to agree. */
static int placement_compare(const void *left, const void *right)
{
    const placement_pair *a = left, *b = right;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    if (a->partition != b->partition) return a->partition < b->partition ? -1 : 1;
    return a->member < b->member ? -1 : 1;
}

static placement_pair *placement_pairs(const kd_placed *members, uint32_t count, uint32_t partitions)
{
    placement_pair *pairs = kd_alloc(sizeof(placement_pair) * count * partitions), *next = pairs;
    for (uint32_t p = 0; p < partitions; p++)
        for (uint32_t m = 0; m < count; m++)
            *next++ = (placement_pair){placement_score(members[m].name, p), (uint16_t)p, (uint8_t)m};
    qsort(pairs, (size_t)count * partitions, sizeof(placement_pair), placement_compare);
    return pairs;
}

static void placement_lead(const placement_pair *pairs, uint32_t count, uint32_t partitions, uint32_t copies,
                           uint8_t *out)
{
    uint32_t load[KD_MEMBERS_MAX] = {0}, share = (partitions + count - 1) / count;
    bool *led = kd_alloc(partitions);
    for (size_t i = 0; i < (size_t)count * partitions; i++) {
        if (led[pairs[i].partition] || load[pairs[i].member] == share) continue;
        led[pairs[i].partition] = true;
        load[pairs[i].member]++;
        out[pairs[i].partition * copies] = pairs[i].member;
    }
    free(led);
}

/* 0: it has a copy already; then the higher, the farther away from the copies that there are. */
static int placement_apart(const kd_placed *members, const uint8_t *copy, uint32_t n, uint32_t member)
{
    bool alone = true;
    for (uint32_t i = 0; i < n; i++) {
        if (copy[i] == member) return 0;
        if (kd_bytes_eq(members[copy[i]].zone, members[member].zone)) alone = false;
    }
    if (alone) return 3;
    return kd_bytes_eq(members[copy[0]].zone, members[member].zone) ? 1 : 2;
}

static uint8_t placement_next(const kd_placed *members, uint32_t count, uint32_t partition,
                              const uint8_t *copy, uint32_t n)
{
    uint32_t best = 0;
    uint64_t best_score = 0;
    int best_apart = 0;
    for (uint32_t m = 0; m < count; m++) {
        int apart = placement_apart(members, copy, n, m);
        uint64_t score = placement_score(members[m].name, partition);
        if (apart == 0 || apart < best_apart || (apart == best_apart && score <= best_score)) continue;
        best = m;
        best_apart = apart;
        best_score = score;
    }
    KD_ASSERT(best_apart > 0);
    return (uint8_t)best;
}

void kd_placement_make(const kd_placed *members, uint32_t count, uint32_t partitions, uint32_t replicas,
                       uint8_t *out)
{
    uint32_t copies = kd_placement_copies(count, replicas);
    KD_ASSERT(count >= 1 && count <= KD_MEMBERS_MAX && replicas >= 1 && partitions <= KD_PARTITIONS_MAX);
    placement_pair *pairs = placement_pairs(members, count, partitions);
    placement_lead(pairs, count, partitions, copies, out);
    free(pairs);
    for (uint32_t p = 0; p < partitions; p++)
        for (uint32_t n = 1; n < copies; n++)
            out[p * copies + n] = placement_next(members, count, p, out + p * copies, n);
}

/* seeding.c - see the header. */
#include "kudos/seeding.h"

#include "kudos/backoff.h"

#include <stdlib.h>

typedef struct {
    kd_seed_want want;
    uint64_t since_us;      /* wanted, or unwanted, since */
    uint64_t due_us;        /* no attempt before that */
    uint32_t placed;        /* copies that were put in place, and did not help yet */
    kd_backoff again, late; /* behind an attempt that failed; behind a copy that did not help */
} seeding_partition;

/* A member that failed lately. */
typedef struct {
    char name[KD_NAME_MAX + 1];
    uint64_t until_us;
    kd_backoff left;
} seeding_left;

struct kd_seeding {
    uint32_t partitions;
    uint32_t under_way; /* UINT32_MAX: none */
    uint32_t from;      /* index in `left` of the source under way */
    uint64_t random;
    seeding_partition *at;
    uint32_t left_count;
    seeding_left left[KD_MEMBERS_MAX];
};

kd_seeding *kd_seeding_create(uint32_t partitions, uint64_t seed)
{
    kd_seeding *s = kd_alloc(sizeof *s);
    *s = (kd_seeding){.partitions = partitions, .under_way = UINT32_MAX, .random = seed};
    s->at = kd_alloc(sizeof *s->at * partitions);
    for (uint32_t p = 0; p < partitions; p++)
        s->at[p] =
            (seeding_partition){.again = {KD_SEEDING_AGAIN_US, KD_SEEDING_AGAIN_MAX_US, 0},
                                .late = {KD_SEEDING_PLACED_AGAIN_US, KD_SEEDING_PLACED_AGAIN_MAX_US, 0}};
    return s;
}

void kd_seeding_destroy(kd_seeding *s)
{
    if (!s) return;
    free(s->at);
    free(s);
}

/* ---- what is wanted ---- */

void kd_seeding_want(kd_seeding *s, uint32_t partition, kd_seed_want want, uint64_t mono_us)
{
    seeding_partition *p = &s->at[partition];
    if (want == KD_SEED_UNKNOWN) return;
    bool good = p->want == KD_SEED_UNWANTED && mono_us - p->since_us >= KD_SEEDING_GOOD_US;
    if (good && p->placed > 0) {
        p->placed = 0;
        kd_backoff_reset(&p->late);
    }
    if (want == p->want) return;
    p->want = want;
    p->since_us = mono_us;
}

bool kd_seeding_given_up(const kd_seeding *s, uint32_t partition)
{
    const seeding_partition *p = &s->at[partition];
    return p->want >= KD_SEED_WANTED && p->placed >= KD_SEEDING_PLACED_MAX;
}

uint32_t kd_seeding_due(const kd_seeding *s, uint64_t mono_us)
{
    uint32_t due = UINT32_MAX;
    if (s->under_way != UINT32_MAX) return due;
    for (uint32_t i = 0; i < s->partitions; i++) {
        const seeding_partition *p = &s->at[i];
        if (p->want < KD_SEED_WANTED || p->due_us > mono_us || kd_seeding_given_up(s, i)) continue;
        if (due == UINT32_MAX || p->due_us < s->at[due].due_us) due = i;
    }
    return due;
}

uint32_t kd_seeding_under_way(const kd_seeding *s)
{
    return s->under_way;
}

/* ---- of whom ---- */

static uint32_t seeding_find_left(const kd_seeding *s, kd_bytes name)
{
    uint32_t i = 0;
    while (i < s->left_count && !kd_bytes_eq(kd_bytes_str(s->left[i].name), name)) i++;
    return i;
}

/* Its entry, in place of the one that is over first where the table is full. */
static uint32_t seeding_note_source(kd_seeding *s, kd_bytes name)
{
    uint32_t i = seeding_find_left(s, name);
    if (i < s->left_count) return i;
    if (s->left_count < KD_COUNT(s->left)) {
        i = s->left_count++;
    } else {
        i = 0;
        for (uint32_t k = 1; k < s->left_count; k++)
            if (s->left[k].until_us < s->left[i].until_us) i = k;
    }
    s->left[i] = (seeding_left){.left = {KD_SEEDING_LEFT_US, KD_SEEDING_LEFT_MAX_US, 0}};
    memcpy(s->left[i].name, name.data, KD_MIN(name.len, (size_t)KD_NAME_MAX));
    return i;
}

static bool seeding_may_ask(const kd_seeding *s, const kd_seed_source *source, uint64_t mono_us)
{
    uint32_t i = seeding_find_left(s, source->name);
    return source->url.len > 0 && source->name.len > 0 && source->name.len <= KD_NAME_MAX &&
           (i == s->left_count || s->left[i].until_us <= mono_us);
}

static bool seeding_is_led(const kd_seed_source *sources, uint32_t count)
{
    bool led = false;
    for (uint32_t i = 0; i < count; i++) led |= sources[i].leads;
    return led;
}

/* One by chance among followers, or else the leader. */
static uint32_t seeding_choose(kd_seeding *s, const kd_seed_source *sources, uint32_t count,
                               bool leader_alone, uint64_t mono_us)
{
    uint32_t chosen = UINT32_MAX, followers = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!seeding_may_ask(s, &sources[i], mono_us) || (leader_alone && !sources[i].leads)) continue;
        if (sources[i].leads) {
            if (followers == 0) chosen = i;
        } else if (kd_random_next(&s->random) % ++followers == 0) {
            chosen = i;
        }
    }
    return chosen;
}

static void seeding_wait(kd_seeding *s, seeding_partition *p, kd_backoff *backoff, uint64_t mono_us)
{
    p->due_us = mono_us + kd_backoff_next(backoff, kd_random_next(&s->random));
}

uint32_t kd_seeding_begin(kd_seeding *s, uint32_t partition, const kd_seed_source *sources, uint32_t count,
                          uint64_t mono_us)
{
    seeding_partition *p = &s->at[partition];
    KD_ASSERT(s->under_way == UINT32_MAX && p->want >= KD_SEED_WANTED);
    bool of_leader = p->want == KD_SEED_WANTED_OF_LEADER || p->placed > 0;
    uint32_t chosen = seeding_choose(s, sources, count, of_leader && seeding_is_led(sources, count), mono_us);
    if (chosen == UINT32_MAX) {
        seeding_wait(s, p, &p->again, mono_us);
        return chosen;
    }
    s->under_way = partition;
    s->from = seeding_note_source(s, sources[chosen].name);
    return chosen;
}

/* ---- how it ended ---- */

static void seeding_leave(kd_seeding *s, uint64_t mono_us, bool long_time)
{
    seeding_left *l = &s->left[s->from];
    if (long_time) l->left.current_us = l->left.max_us;
    l->until_us = mono_us + kd_backoff_next(&l->left, kd_random_next(&s->random));
}

void kd_seeding_went_on(kd_seeding *s)
{
    KD_ASSERT(s->under_way != UINT32_MAX);
    kd_backoff_reset(&s->at[s->under_way].again);
    kd_backoff_reset(&s->left[s->from].left);
}

void kd_seeding_ended(kd_seeding *s, kd_seed_end end, uint64_t mono_us)
{
    KD_ASSERT(s->under_way != UINT32_MAX);
    seeding_partition *p = &s->at[s->under_way];
    s->under_way = UINT32_MAX;
    if (end == KD_SEED_DROPPED) return;
    if (end == KD_SEED_PLACED) {
        p->placed++;
        p->want = KD_SEED_UNKNOWN; /* until the new store is known to want one, too */
        seeding_wait(s, p, &p->late, mono_us);
        return;
    }
    if (end != KD_SEED_UNTAKEN) seeding_leave(s, mono_us, end == KD_SEED_REFUSED);
    seeding_wait(s, p, &p->again, mono_us);
}

/*
 * effect.h - what one commit did to the counts, and its form as a redo row.
 *
 * An effect is the change of one membership row that moves a count, or an amount of a sum. Applied to the counts of its item it gives the counts of
 * its version; published to the changes topic it is a change. A redo row holds the effects of one commit:
 *
 *     how many, then for each: flags, shared, rest, rest bytes, edge, region, then
 *         of a set    zigzag(time - time before), and if it was liked: region and day that it is taken from
 *         of a sum    amount, day
 *
 * all varints but flags (one byte). shared and rest code the key of the membership row against that of the effect before it.
 *
 * A commit that takes a like back which it merged itself moves no count by that. But a leader before may have cut its commits elsewhere, and have told others of the like. So a member
 * of a group notes such a row as an effect that `passed`: the next snapshot lists its item, and the changes topic is told what the row says.
 */
#ifndef KUDOS_CENTRAL_CORE_EFFECT_H
#define KUDOS_CENTRAL_CORE_EFFECT_H

#include "central/core/row.h"

typedef struct {
    kd_bytes item, user;  /* item key; user empty: a sum */
    uint64_t time_us;     /* stamp of the row as it is now; 0 of a sum */
    uint64_t amount;      /* of a sum */
    uint64_t old_time_us; /* stamp of the row before, if `was`; the redo row has none */
    uint32_t day;         /* day that it counts on now */
    uint32_t old_day;     /* day that it is taken from, if `was` */
    uint16_t edge, region, old_region;
    uint32_t arrival; /* of the operation; the redo row has none */
    uint8_t counter;  /* wire id */
    bool was,
        is;      /* liked before, and now. Of a sum `was`: the amount is taken back, as its item is deleted */
    bool passed; /* it is what it was, and was the opposite in between */
} kd_effect;

static inline bool kd_effect_is_sum(const kd_effect *e)
{
    return e->user.len == 0;
}
/* Whether consumers of the changes topic are told. They are not of a like that only moved to another region or day, nor of a sum that is taken back. */
static inline bool kd_effect_is_change(const kd_effect *e)
{
    return kd_effect_is_sum(e) ? !e->was : e->was != e->is || e->passed;
}

/* Appends the redo row of these effects. */
void kd_effects_encode(const kd_effect *effects, uint32_t count, kd_buf *out);

/* A place in a redo row. The views of an effect live until the next one is read. */
typedef struct {
    kd_reader r;
    uint64_t left;
    uint64_t time_us;
    size_t key_len;
    uint8_t key[KD_MEMBER_KEY_MAX];
} kd_effects_reader;

/* Begins before the first effect; borrows the row. A damaged row shows with kd_effects_next. */
void kd_effects_open(kd_effects_reader *er, kd_bytes row);
/* KD_OK and the next effect, KD_ENOTFOUND behind the last one, or KD_EMALFORMED. Indices of edges and regions are below their limits, but may be
 * unknown to the registry. */
int kd_effects_next(kd_effects_reader *er, kd_effect *effect);

#endif

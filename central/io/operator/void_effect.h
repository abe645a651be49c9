/* void_effect.h - the items on which a void does most, for its operator. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_VOID_EFFECT_H
#define KUDOS_CENTRAL_IO_OPERATOR_VOID_EFFECT_H

#include "kudos/id.h"

enum { KD_VOID_EFFECTS_MAX = 100 };

typedef struct {
    kd_item item;
    uint64_t before, moved;
    uint8_t counter; /* wire id */
} kd_void_effect;

/* The largest ones first. */
typedef struct {
    kd_void_effect at[KD_VOID_EFFECTS_MAX];
    uint32_t count;
    uint64_t items; /* that were noted; those beyond KD_VOID_EFFECTS_MAX are dropped, the smallest first */
} kd_void_effects;

/* `item`: a valid key. */
void kd_void_effects_note(kd_void_effects *e, uint8_t counter, kd_bytes item, uint64_t before,
                          uint64_t moved);
/* Adds those of other items to *e. */
void kd_void_effects_add(kd_void_effects *e, const kd_void_effects *other);
/* Appends a line each, "effect item= counter= before= withdrawn= after=", or of what was put back. */
void kd_void_effects_put(const kd_void_effects *e, const kd_counters *counters, bool put_back, kd_buf *out);

#endif

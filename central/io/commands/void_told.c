/* void_told.c - see the header. */
#include "central/io/commands/void_told.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "central/io/operator/void_effect.h"
#include "common/base/fields.h"
#include "common/base/text.h"

/* ---- what is remembered ---- */

static void void_known_take(kd_void_known *k, const char *job, kd_fields *f)
{
    char name[KD_NAME_MAX + 1], state[16];
    if (!kd_fields_are(f, "void-job")) return;
    kd_fields_string(f, "job", name, sizeof name);
    kd_fields_string(f, "state", state, sizeof state);
    uint64_t to_us = kd_fields_number(f, "to_us", UINT64_MAX);
    uint64_t withdrawn = kd_fields_number(f, "withdrawn", UINT64_MAX);
    uint64_t skipped = kd_fields_number(f, "skipped", UINT64_MAX);
    if (f->lacking) return;
    if (strcmp(name, job) != 0) {
        k->taken = kd_grow(k->taken, k->taken_count, &k->taken_cap, sizeof *k->taken);
        k->taken[k->taken_count++] = to_us + 1;
        return;
    }
    k->over |= strcmp(state, "withdrawn") != 0;
    if (strcmp(state, "over") != 0) k->stamp_us = KD_MAX(k->stamp_us, to_us + 1);
    k->withdrawn += withdrawn;
    k->skipped += skipped;
}

void kd_void_known_read(kd_void_known *k, const char *job, const kd_buf *text)
{
    kd_fields f;
    kd_bytes rest = kd_buf_view(text);
    *k = (kd_void_known){.taken = NULL};
    while (kd_fields_take(&f, &rest)) void_known_take(k, job, &f);
}

void kd_void_known_finish(kd_void_known *k)
{
    free(k->taken);
}

static bool void_known_is_taken(const kd_void_known *k, uint64_t stamp_us)
{
    for (uint32_t i = 0; i < k->taken_count; i++)
        if (k->taken[i] == stamp_us) return true;
    return false;
}

uint64_t kd_void_known_stamp(const kd_void_known *k, uint64_t to_us)
{
    uint64_t stamp_us = to_us + 1;
    if (k->stamp_us > 0) return k->stamp_us;
    while (void_known_is_taken(k, stamp_us)) stamp_us++;
    return stamp_us;
}

/* ---- what was done ---- */

typedef struct {
    uint64_t moved;
    kd_bytes line; /* within the text of the answers */
} void_effect_line;

typedef struct {
    void_effect_line *at;
    uint32_t count, cap;
} void_effect_lines;

static int void_effect_compare(const void *left, const void *right)
{
    const void_effect_line *a = left, *b = right;
    if (a->moved != b->moved) return a->moved > b->moved ? -1 : 1;
    return kd_bytes_cmp(a->line, b->line);
}

static void void_told_effect(void_effect_lines *l, kd_fields *f)
{
    kd_fields undone = *f;
    uint64_t moved = kd_fields_number(f, "withdrawn", UINT64_MAX);
    if (f->lacking) moved = kd_fields_number(&undone, "put_back", UINT64_MAX);
    if (f->lacking && undone.lacking) return;
    l->at = kd_grow(l->at, l->count, &l->cap, sizeof *l->at);
    l->at[l->count++] = (void_effect_line){.moved = moved, .line = f->line};
}

static void void_told_effects_put(kd_void_told *t, void_effect_lines *l)
{
    if (l->count > 0) qsort(l->at, l->count, sizeof *l->at, void_effect_compare);
    for (uint32_t i = 0; i < KD_MIN(l->count, (uint32_t)KD_VOID_EFFECTS_MAX); i++)
        kd_text_printf(&t->effects, "%.*s\n", KD_PRINT(l->at[i].line));
    free(l->at);
}

static void void_told_part(kd_void_told *t, kd_fields *f)
{
    t->users = kd_fields_number(f, "users", UINT64_MAX);
    t->items += kd_fields_number(f, "items", UINT64_MAX);
    t->picked += kd_fields_number(f, "picked", UINT64_MAX);
    t->withdrawn += kd_fields_number(f, "withdrawn", UINT64_MAX);
    t->skipped += kd_fields_number(f, "skipped", UINT64_MAX);
    t->put_back += kd_fields_number(f, "put_back", UINT64_MAX);
}

void kd_void_told_read(kd_void_told *t, const kd_buf *text)
{
    kd_fields f;
    void_effect_lines effects = {.at = NULL};
    kd_bytes rest = kd_buf_view(text);
    *t = (kd_void_told){.users = 0};
    while (kd_fields_take(&f, &rest)) {
        if (kd_fields_are(&f, "void-part"))
            void_told_part(t, &f);
        else
            void_told_effect(&effects, &f);
    }
    void_told_effects_put(t, &effects);
}

/* void_told.c - see the header. */
#include "central/io/commands/void_told.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "central/io/operator/void_effect.h"
#include "common/base/text.h"

/* ---- what is remembered ---- */

static void void_known_take(kd_void_known *k, const char *job, const char *line)
{
    char name[KD_NAME_MAX + 1], state[16];
    uint64_t to_us, withdrawn, skipped, put_back;
    uint32_t partition;
    _Static_assert(KD_NAME_MAX == 32, "the width below");
    if (sscanf(line,
               "void-job job=%32s partition=%" SCNu32 " to_us=%" SCNu64 " withdrawn=%" SCNu64
               " skipped=%" SCNu64 " put_back=%" SCNu64 " state=%15s",
               name, &partition, &to_us, &withdrawn, &skipped, &put_back, state) != 7)
        return;
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

/* The next line as a string of its own, in *line; false: there is none. */
static bool void_told_line(kd_bytes *text, char *line, size_t size)
{
    kd_bytes next = kd_text_take_line(text, NULL);
    snprintf(line, size, "%.*s", KD_PRINT(next));
    return next.len > 0;
}

void kd_void_known_read(kd_void_known *k, const char *job, const kd_buf *text)
{
    char line[1024];
    kd_bytes rest = kd_buf_view(text);
    *k = (kd_void_known){.taken = NULL};
    while (void_told_line(&rest, line, sizeof(line))) void_known_take(k, job, line);
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
    char *line;
} void_effect_line;

typedef struct {
    void_effect_line *at;
    uint32_t count, cap;
} void_effect_lines;

static int void_effect_compare(const void *left, const void *right)
{
    const void_effect_line *a = left, *b = right;
    if (a->moved != b->moved) return a->moved > b->moved ? -1 : 1;
    return strcmp(a->line, b->line);
}

static void void_told_effect(void_effect_lines *l, const char *line)
{
    const char *moved = strstr(line, " withdrawn=");
    if (!moved) moved = strstr(line, " put_back=");
    if (!moved) return;
    l->at = kd_grow(l->at, l->count, &l->cap, sizeof *l->at);
    l->at[l->count] =
        (void_effect_line){.moved = strtoull(strchr(moved, '=') + 1, NULL, 10), .line = strdup(line)};
    KD_ASSERT(l->at[l->count].line);
    l->count++;
}

static void void_told_effects_put(kd_void_told *t, void_effect_lines *l)
{
    if (l->count > 0) qsort(l->at, l->count, sizeof *l->at, void_effect_compare);
    for (uint32_t i = 0; i < l->count; i++) {
        if (i < KD_VOID_EFFECTS_MAX) kd_text_printf(&t->effects, "%s\n", l->at[i].line);
        free(l->at[i].line);
    }
    free(l->at);
}

static bool void_told_part(kd_void_told *t, const char *line)
{
    uint64_t users, items, picked, withdrawn, skipped, put_back;
    uint32_t partition;
    if (sscanf(line,
               "void-part partition=%" SCNu32 " users=%" SCNu64 " items=%" SCNu64 " picked=%" SCNu64
               " withdrawn=%" SCNu64 " skipped=%" SCNu64 " put_back=%" SCNu64,
               &partition, &users, &items, &picked, &withdrawn, &skipped, &put_back) != 7)
        return false;
    t->users = users;
    t->items += items;
    t->picked += picked;
    t->withdrawn += withdrawn;
    t->skipped += skipped;
    t->put_back += put_back;
    return true;
}

void kd_void_told_read(kd_void_told *t, const kd_buf *text)
{
    char line[1024];
    void_effect_lines effects = {.at = NULL};
    kd_bytes rest = kd_buf_view(text);
    *t = (kd_void_told){.users = 0};
    while (void_told_line(&rest, line, sizeof(line)))
        if (!void_told_part(t, line)) void_told_effect(&effects, line);
    void_told_effects_put(t, &effects);
}

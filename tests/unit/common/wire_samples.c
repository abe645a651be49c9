/* wire_samples.c - see wire_samples.h. */
#include "tests/unit/common/wire_samples.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *sample_alloc(sample_arena *a, size_t size)
{
    a->blocks = kd_grow(a->blocks, a->count, &a->cap, sizeof *a->blocks);
    return a->blocks[a->count++] = kd_alloc(size);
}

void sample_free(sample_arena *a)
{
    for (uint32_t i = 0; i < a->count; i++) free(a->blocks[i]);
    free(a->blocks);
    *a = (sample_arena){0};
}

kd_bytes sample_text(sample_arena *a, const char *format, ...)
{
    char *text = sample_alloc(a, 256);
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, 256, format, args);
    va_end(args);
    return kd_bytes_of(text, (size_t)len);
}

kd_bytes sample_item(sample_arena *a, const char *text)
{
    kd_item *item = sample_alloc(a, sizeof *item);
    KD_ASSERT(kd_item_parse(item, kd_bytes_str(text)) == KD_OK);
    return kd_item_key(item);
}

static uint64_t below(uint64_t *random, uint64_t n)
{
    return kd_random_next(random) % n;
}

/* An id of one of the styles that the codec treats differently, from a range that makes some collide. */
static kd_bytes random_id(sample_arena *a, uint64_t *random)
{
    uint64_t n = below(random, 3) ? below(random, 300) : kd_random_next(random);
    switch (below(random, 12)) {
    case 0:
        return sample_text(a, "%llu", (unsigned long long)(n % 1000000000000000000u));
    case 1:
        return sample_text(a, "conversation:%llu", (unsigned long long)(n % 500));
    case 2:
        return sample_text(a, "a00%llu", (unsigned long long)(n % 50));
    case 3:
        return sample_text(a, "%c", "09azAZ._~:@=+-"[n % 14]);
    case 4:
        return sample_text(a, "%020llu%018llu", (unsigned long long)n, (unsigned long long)(n % 7));
    case 5:
        return sample_text(a, "%08x-0000-4000-8000-%012llx", (unsigned)(n % 97),
                           (unsigned long long)(n % 0xffffff));
    case 6:
        return sample_text(a, "u%08x-0000-4000-8000-%012llX", (unsigned)(n % 97),
                           (unsigned long long)(n % 0xffffff));
    case 7:
        return sample_text(a, "x-%08x-0000-4000-8000-%012llx", (unsigned)(n % 97), 7ull);
    case 8:
        return sample_text(a, "%0128llu", (unsigned long long)n);
    case 9:
        return sample_text(a, "name.%c%c", (int)('a' + n % 5), (int)('a' + n / 5 % 5));
    default:
        return sample_text(a, "user%llu", (unsigned long long)(n % 100000));
    }
}

static kd_bytes random_item(sample_arena *a, uint64_t *random)
{
    static const char *const collections[] = {"posts", "p", "reels", "a-collection_with-the-longest-na"};
    kd_item *item = sample_alloc(a, sizeof *item);
    kd_bytes collection = kd_bytes_str(collections[below(random, KD_COUNT(collections))]);
    KD_ASSERT(kd_item_make(item, collection, random_id(a, random)) == KD_OK);
    return kd_item_key(item);
}

static uint8_t random_counter(uint64_t *random)
{
    return below(random, 3) ? 1 : (uint8_t)(1 + below(random, KD_COUNTER_ID_MAX));
}

static uint64_t random_time(uint64_t *random)
{
    switch (below(random, 8)) {
    case 0:
        return 1;
    case 1:
        return KD_TIME_END_US - 1;
    case 2:
        return 1 + below(random, KD_TIME_END_US - 1);
    default:
        return 1700000000000000u + below(random, 50);
    }
}

static bool op_known(const kd_body *b, const kd_op *op)
{
    for (uint32_t i = 0; i < b->op_count; i++)
        if (b->ops[i].counter == op->counter && kd_bytes_eq(b->ops[i].item, op->item) &&
            kd_bytes_eq(b->ops[i].user, op->user))
            return true;
    return false;
}

static bool sum_known(const kd_body *b, const kd_sum *s)
{
    for (uint32_t i = 0; i < b->sum_count; i++)
        if (b->sums[i].counter == s->counter && b->sums[i].day == s->day &&
            kd_bytes_eq(b->sums[i].item, s->item))
            return true;
    return false;
}

static bool increment_known(const kd_body *b, const kd_increment *n)
{
    for (uint32_t i = 0; i < b->increment_count; i++)
        if (b->increments[i].counter == n->counter && kd_bytes_eq(b->increments[i].item, n->item))
            return true;
    return false;
}

static void add_random(sample_arena *a, uint64_t *random, kd_body *b, kd_bytes item)
{
    kd_op op = {.item = item,
                .user = random_id(a, random),
                .time_us = random_time(random),
                .counter = random_counter(random),
                .liked = below(random, 2) != 0};
    uint64_t amount = below(random, 4) ? 1 + below(random, 100) : 1 + below(random, 1ull << 43);
    uint32_t day = below(random, 4) ? 19700 + (uint32_t)below(random, 3) : (uint32_t)kd_random_next(random);
    kd_sum sum = {.item = item, .amount = amount, .day = day, .counter = random_counter(random)};
    int64_t shown = below(random, 4) ? (int64_t)below(random, 9) - 4 : -(int64_t)KD_AMOUNT_TOTAL_MAX;
    kd_increment n = {.item = item, .shown = shown, .counter = random_counter(random)};
    uint64_t dice = below(random, 10);
    if (dice < 8 && !op_known(b, &op)) b->ops[b->op_count++] = op;
    if (dice == 8 && !sum_known(b, &sum)) b->sums[b->sum_count++] = sum;
    if (dice == 9 && !increment_known(b, &n)) b->increments[b->increment_count++] = n;
}

kd_body sample_body(sample_arena *a, uint64_t *random, uint32_t ops)
{
    kd_body b = {.ops = sample_alloc(a, (ops + 1) * sizeof(kd_op)),
                 .sums = sample_alloc(a, (ops + 1) * sizeof(kd_sum))};
    b.increments = sample_alloc(a, (ops + 1) * sizeof(kd_increment));
    uint64_t item_count = 1 + below(random, 1 + ops / 3);
    kd_bytes *items = sample_alloc(a, item_count * sizeof *items);
    for (uint64_t i = 0; i < item_count; i++) items[i] = random_item(a, random);
    for (uint32_t i = 0; i < ops; i++) add_random(a, random, &b, items[below(random, item_count)]);
    return b;
}

static int compare_counts(const void *left, const void *right)
{
    return kd_bytes_cmp(((const kd_item_counts *)left)->item, ((const kd_item_counts *)right)->item);
}

static void random_counts(sample_arena *a, uint64_t *random, kd_snapshot *s, uint32_t most)
{
    s->items = sample_alloc(a, (most + 1) * sizeof *s->items);
    for (uint32_t i = 0; i < most; i++) s->items[i].item = random_item(a, random);
    qsort(s->items, most, sizeof *s->items, compare_counts);
    for (uint32_t i = 0; i < most; i++)
        if (s->item_count == 0 || compare_counts(&s->items[s->item_count - 1], &s->items[i]) != 0)
            s->items[s->item_count++].item = s->items[i].item;
    for (uint32_t i = 0; i < s->item_count; i++) {
        kd_item_counts *c = &s->items[i];
        c->count = (uint8_t)below(random, KD_COUNTERS_MAX + 1);
        for (uint8_t k = 0; k < c->count; k++) {
            c->at[k].counter = (uint8_t)(1u + k * 7u + below(random, 7));
            c->at[k].value = below(random, 5) ? below(random, 100000) : KD_TIME_END_US - 1;
        }
    }
}

kd_snapshot sample_snapshot(sample_arena *a, uint64_t *random)
{
    kd_snapshot s = {
        .kind = KD_SNAPSHOT_DELTA, .epoch = 1000 + below(random, 9), .version = below(random, 1u << 20)};
    s.previous = s.version / 2;
    if (below(random, 3) == 0) s.kind = KD_SNAPSHOT_READ, s.previous = s.version;
    s.partition = (uint32_t)below(random, KD_PARTITIONS_MAX);
    s.made_us = random_time(random), s.low_watermark_us = random_time(random),
    s.stable_us = random_time(random);
    s.parts = 1 + (uint32_t)below(random, KD_SNAPSHOT_PARTS_MAX);
    s.part = (uint32_t)below(random, s.parts);
    s.chain_count = (uint32_t)below(random, KD_CHAIN_MAX + 1);
    s.chain = sample_alloc(a, s.chain_count * sizeof *s.chain + 1);
    for (uint32_t i = 0; i < s.chain_count; i++)
        s.chain[i] = (kd_chain_link){.epoch = 1 + i * 3, .last = below(random, 99)};
    s.edge_count = (uint32_t)below(random, 20);
    s.edges = sample_alloc(a, s.edge_count * sizeof *s.edges + 1);
    for (uint32_t i = 0; i < s.edge_count; i++) {
        s.edges[i] =
            (kd_applied){.edge = sample_text(a, "edge-%02u", i), .watermark_us = random_time(random)};
        if (below(random, 4))
            s.edges[i].applied = (kd_position){random_time(random), 1 + below(random, 1000)};
        s.edges[i].digest = kd_random_next(random);
        s.edges[i].retired = below(random, 4) == 0;
    }
    random_counts(a, random, &s, (uint32_t)below(random, 200));
    return s;
}

kd_changes sample_changes(sample_arena *a, uint64_t *random)
{
    kd_changes c = {.partition = (uint32_t)below(random, KD_PARTITIONS_MAX), .epoch = 1 + below(random, 99)};
    c.version = below(random, 1u << 30), c.first = (uint32_t)below(random, 5000);
    c.change_count = (uint32_t)below(random, 300);
    c.changes = sample_alloc(a, c.change_count * sizeof *c.changes + 1);
    for (uint32_t i = 0; i < c.change_count; i++) {
        kd_change *x = &c.changes[i];
        *x = (kd_change){.item = random_item(a, random), .counter = random_counter(random)};
        x->edge = sample_text(a, "e%u", (unsigned)below(random, 6)),
        x->region = sample_text(a, "r%u", (unsigned)below(random, 3));
        if (below(random, 4) == 0) {
            x->day = (uint32_t)kd_random_next(random), x->amount = 1 + below(random, KD_AMOUNT_TOTAL_MAX);
        } else {
            x->user = random_id(a, random), x->time_us = random_time(random),
            x->liked = below(random, 2) != 0;
        }
    }
    return c;
}

void assert_bodies_equal(const kd_body *a, const kd_body *b)
{
    cr_assert_eq(a->op_count, b->op_count);
    cr_assert_eq(a->sum_count, b->sum_count);
    cr_assert_eq(a->increment_count, b->increment_count);
    for (uint32_t i = 0; i < a->op_count; i++) {
        const kd_op *x = &a->ops[i], *y = &b->ops[i];
        cr_assert(kd_bytes_eq(x->item, y->item) && kd_bytes_eq(x->user, y->user));
        cr_assert(x->time_us == y->time_us && x->counter == y->counter && x->liked == y->liked);
    }
    for (uint32_t i = 0; i < a->sum_count; i++) {
        const kd_sum *x = &a->sums[i], *y = &b->sums[i];
        cr_assert(kd_bytes_eq(x->item, y->item) && x->amount == y->amount && x->day == y->day &&
                  x->counter == y->counter);
    }
    for (uint32_t i = 0; i < a->increment_count; i++) {
        const kd_increment *x = &a->increments[i], *y = &b->increments[i];
        cr_assert(kd_bytes_eq(x->item, y->item) && x->shown == y->shown && x->counter == y->counter);
    }
}

void assert_snapshots_equal(const kd_snapshot *a, const kd_snapshot *b)
{
    cr_assert(a->kind == b->kind && a->partition == b->partition && a->epoch == b->epoch &&
              a->version == b->version);
    cr_assert(a->previous == b->previous && a->made_us == b->made_us &&
              a->low_watermark_us == b->low_watermark_us);
    cr_assert(a->stable_us == b->stable_us && a->part == b->part && a->parts == b->parts);
    cr_assert(a->chain_count == b->chain_count && a->edge_count == b->edge_count &&
              a->item_count == b->item_count);
    for (uint32_t i = 0; i < a->chain_count; i++)
        cr_assert(a->chain[i].epoch == b->chain[i].epoch && a->chain[i].last == b->chain[i].last);
    for (uint32_t i = 0; i < a->edge_count; i++) {
        const kd_applied *x = &a->edges[i], *y = &b->edges[i];
        cr_assert(kd_bytes_eq(x->edge, y->edge) && kd_position_cmp(x->applied, y->applied) == 0);
        cr_assert(x->digest == y->digest && x->watermark_us == y->watermark_us && x->retired == y->retired);
    }
    for (uint32_t i = 0; i < a->item_count; i++) {
        const kd_item_counts *x = &a->items[i], *y = &b->items[i];
        cr_assert(kd_bytes_eq(x->item, y->item) && x->count == y->count);
        for (uint8_t k = 0; k < x->count; k++)
            cr_assert(x->at[k].counter == y->at[k].counter && x->at[k].value == y->at[k].value);
    }
}

void assert_changes_equal(const kd_changes *a, const kd_changes *b)
{
    cr_assert(a->partition == b->partition && a->epoch == b->epoch && a->version == b->version &&
              a->first == b->first);
    cr_assert_eq(a->change_count, b->change_count);
    for (uint32_t i = 0; i < a->change_count; i++) {
        const kd_change *x = &a->changes[i], *y = &b->changes[i];
        cr_assert(kd_bytes_eq(x->item, y->item) && kd_bytes_eq(x->user, y->user) &&
                  kd_bytes_eq(x->edge, y->edge));
        cr_assert(kd_bytes_eq(x->region, y->region) && x->time_us == y->time_us && x->amount == y->amount);
        cr_assert(x->day == y->day && x->counter == y->counter && x->liked == y->liked);
    }
}

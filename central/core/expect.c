/* expect.c - see the header. */
#include "central/core/expect.h"

#include "central/core/commit.h"
#include "central/core/row.h"
#include "central/core/state.h"

#include <stdlib.h>

/* Index of the first row whose name is not below. */
static uint32_t expect_place(const kd_expectation *l, kd_bytes name)
{
    uint32_t from = 0, to = l->count;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (kd_bytes_cmp(kd_expected_name(&l->at[middle]), name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static kd_expected *expect_at(const kd_expectation *l, kd_bytes name)
{
    uint32_t i = expect_place(l, name);
    return i < l->count && kd_bytes_eq(kd_expected_name(&l->at[i]), name) ? &l->at[i] : NULL;
}

const kd_expected *kd_expect_find(const kd_expectation *l, kd_bytes name)
{
    return expect_at(l, name);
}

static void expect_insert(kd_expectation *l, const kd_expected *e)
{
    uint32_t i = expect_place(l, kd_expected_name(e));
    l->at = kd_grow(l->at, l->count, &l->cap, sizeof *l->at);
    memmove(&l->at[i + 1], &l->at[i], (l->count++ - i) * sizeof *l->at);
    l->at[i] = *e;
}

/* ---- rows ---- */

static int expect_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_expectation *l = arg;
    kd_reader r = kd_reader_of(value);
    kd_bytes name = kd_bytes_of(key.data + 1, key.len - 1);
    kd_expected e = {.name_len = (uint8_t)name.len, .struck = kd_read_u8(&r) != 0};
    kd_bytes region = kd_read_bytes(&r, kd_reader_left(&r));
    bool fits = kd_name_valid(name) && (region.len == 0 || kd_name_valid(region));
    if (r.bad || !fits || l->count == KD_EDGES_MAX) return KD_EMALFORMED;
    e.region_len = (uint8_t)region.len;
    memcpy(e.name, name.data, name.len);
    if (region.len > 0) memcpy(e.region, region.data, region.len);
    expect_insert(l, &e);
    return KD_OK;
}

int kd_expect_load(kd_central *c)
{
    const uint8_t from[] = {KD_ROW_EXPECTED}, to[] = {KD_ROW_EXPECTED + 1};
    return c->store.scan(c->store.ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), expect_load_row,
                         &c->expected);
}

void kd_expect_finish(kd_expectation *l)
{
    free(l->at);
}

static void expect_remove(kd_central *c, uint32_t i)
{
    kd_expectation *l = &c->expected;
    kd_writes_delete(&kd_commit_open(c)->writes,
                     kd_key_named(&c->key, KD_ROW_EXPECTED, kd_expected_name(&l->at[i])));
    memmove(&l->at[i], &l->at[i + 1], (--l->count - i) * sizeof *l->at);
}

static bool expect_make_room(kd_central *c)
{
    kd_expectation *l = &c->expected;
    uint32_t i = 0;
    if (l->count < KD_EDGES_MAX) return true;
    while (i < l->count && !l->at[i].struck) i++;
    if (i == l->count) return false;
    expect_remove(c, i);
    return true;
}

bool kd_expect_put(kd_central *c, const kd_expected *e)
{
    kd_expected *known = expect_at(&c->expected, kd_expected_name(e));
    if (!known && !expect_make_room(c)) return false;
    kd_expected changed = *e;
    changed.version = c->begun + 1;
    if (known)
        *known = changed;
    else
        expect_insert(&c->expected, &changed);
    kd_buf_clear(&c->value);
    kd_buf_put_u8(&c->value, e->struck);
    kd_buf_put(&c->value, e->region, e->region_len);
    kd_writes_put(&kd_commit_open(c)->writes, kd_key_named(&c->key, KD_ROW_EXPECTED, kd_expected_name(e)),
                  kd_buf_view(&c->value));
    return true;
}

/* ---- heard of ---- */

void kd_expect_heard(kd_central *c, kd_bytes name)
{
    kd_expected *e = expect_at(&c->expected, name);
    if (e) e->heard = true;
}

kd_bytes kd_expect_unheard(const kd_expectation *l, uint64_t version)
{
    for (uint32_t i = 0; i < l->count; i++) {
        const kd_expected *e = &l->at[i];
        bool struck = e->struck && e->version <= version;
        if (!struck && !e->heard) return kd_expected_name(e);
    }
    return (kd_bytes){0};
}

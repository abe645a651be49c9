/* registry.c - see the header. Edges are looked up once a batch, so a walk over all of them is fast enough. */
#include "central/core/registry.h"

#include "central/core/commit.h"
#include "central/core/content.h"
#include "central/core/expect.h"
#include "central/core/row.h"
#include "central/core/state.h"

/* The byte `retired` of an edge's row. RETIRED alone says of a row of an older program that batches may have been refused. */
enum { RETIRED = 1, RETIRED_QUIET = 2 };

static uint8_t registry_retired_byte(const kd_registered_state *s)
{
    return !s->retired ? 0 : s->refused ? RETIRED : RETIRED_QUIET;
}

static bool registry_name_is(const char *name, uint8_t len, kd_bytes other)
{
    return len == other.len && memcmp(name, other.data, len) == 0;
}

static int registry_load_region(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    if (key.len != 3 || c->region_count == KD_REGIONS_MAX || !kd_name_valid(value)) return KD_EMALFORMED;
    uint32_t index = (uint32_t)key.data[1] << 8 | key.data[2];
    if (index != c->region_count) return KD_EMALFORMED;
    kd_region *r = &c->regions[c->region_count++];
    r->name_len = (uint8_t)value.len;
    memcpy(r->name, value.data, value.len);
    return KD_OK;
}

static int registry_load_edge(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    kd_reader r = kd_reader_of(value);
    kd_bytes name = kd_bytes_of(key.data + 1, key.len - 1);
    uint16_t index = kd_read_be16(&r), region = kd_read_be16(&r);
    kd_registered_state s = {.applied.incarnation = kd_read_be64(&r)};
    s.applied.seq = kd_read_be64(&r);
    s.digest = kd_read_be64(&r);
    s.watermark_us = kd_read_be64(&r);
    s.epoch = kd_read_be64(&r);
    s.complete_to_us = s.watermark_us;
    if (kd_reader_left(&r) > 0) { /* the row of a store made before edges could be retired ends here */
        s.complete_to_us = kd_read_be64(&r);
        s.joined = kd_read_be64(&r);
        uint8_t retired = kd_read_u8(&r);
        s.retired = retired != 0;
        s.refused = retired == RETIRED;
    }
    if (kd_reader_left(&r) > 0) s.regions = kd_read_u8(&r);  /* and here before they were counted */
    if (kd_reader_left(&r) > 0) s.amount = kd_read_be64(&r); /* and here before amounts were bounded */
    if (r.bad || s.amount > KD_EDGE_AMOUNT_MAX || index >= KD_EDGES_MAX || region >= c->region_count ||
        !(kd_name_valid(name) || kd_author_valid(name)))
        return KD_EMALFORMED;
    kd_registered *e = &c->edges[index];
    if (e->name_len) return KD_EMALFORMED;
    *e = (kd_registered){
        .name_len = (uint8_t)name.len, .region = region, .durable = true, .tentative = s, .committed = s};
    memcpy(e->name, name.data, name.len);
    c->edge_count++;
    kd_expect_heard(c, name);
    return KD_OK;
}

int kd_registry_load(kd_central *c)
{
    const uint8_t edge[] = {KD_ROW_EDGE}, region[] = {KD_ROW_REGION}, edge_end[] = {KD_ROW_EDGE + 1},
                  region_end[] = {KD_ROW_REGION + 1};
    int err = c->store.scan(c->store.ctx, kd_bytes_of(region, 1), kd_bytes_of(region_end, 1),
                            registry_load_region, c);
    if (err == KD_OK)
        err = c->store.scan(c->store.ctx, kd_bytes_of(edge, 1), kd_bytes_of(edge_end, 1), registry_load_edge,
                            c);
    for (uint32_t i = 0; err == KD_OK && i < c->edge_count; i++)
        if (!c->edges[i].name_len) err = KD_EMALFORMED; /* a gap in the indices */
    return err;
}

/* Index of the region of that name, or -1. */
static int registry_find_region(const kd_central *c, kd_bytes name)
{
    for (uint32_t i = 0; i < c->region_count; i++)
        if (registry_name_is(c->regions[i].name, c->regions[i].name_len, name)) return (int)i;
    return -1;
}

int kd_registry_find(const kd_central *c, kd_bytes name)
{
    for (uint32_t i = 0; i < c->edge_count; i++)
        if (registry_name_is(c->edges[i].name, c->edges[i].name_len, name)) return (int)i;
    return -1;
}

static uint16_t registry_add_region(kd_central *c, kd_bytes name)
{
    uint16_t index = (uint16_t)c->region_count++;
    kd_region *r = &c->regions[index];
    r->name_len = (uint8_t)name.len;
    memcpy(r->name, name.data, name.len);
    const uint8_t key[] = {KD_ROW_REGION, (uint8_t)(index >> 8), (uint8_t)index};
    kd_writes_put(&kd_commit_open(c)->writes, kd_bytes_of(key, sizeof key), name);
    return index;
}

static uint16_t registry_add_edge(kd_central *c, kd_bytes name)
{
    uint16_t index = (uint16_t)c->edge_count++;
    kd_registered *e = &c->edges[index];
    const kd_expected *listed = kd_expect_find(&c->expected, name);
    *e = (kd_registered){.name_len = (uint8_t)name.len, .tentative.joined = c->begun + 1};
    e->tentative.retired = listed && listed->struck; /* before anything was heard of it */
    memcpy(e->name, name.data, name.len);
    kd_registry_touch(c, index);
    return index;
}

bool kd_registry_crowded(const kd_central *c, kd_bytes edge, kd_bytes region)
{
    int known = kd_registry_find(c, edge);
    if (known < 0 && c->edge_count == KD_EDGES_MAX) return true;
    if (registry_find_region(c, region) >= 0) return false;
    bool is_edge = known >= 0 && !kd_registered_is_author(&c->edges[known]);
    bool spent = is_edge && c->edges[known].tentative.regions >= KD_EDGE_REGIONS_MAX;
    return spent || c->region_count == KD_REGIONS_MAX;
}

bool kd_registry_admit(kd_central *c, kd_bytes edge, kd_bytes region, uint16_t *edge_index,
                       uint16_t *region_index)
{
    if (kd_registry_crowded(c, edge, region)) return false;
    int known = kd_registry_find(c, edge), where = registry_find_region(c, region);
    *region_index = where >= 0 ? (uint16_t)where : registry_add_region(c, region);
    *edge_index = known >= 0 ? (uint16_t)known : registry_add_edge(c, edge);
    if (known < 0) c->edges[*edge_index].region = *region_index;
    if (where >= 0 || kd_registered_is_author(&c->edges[*edge_index])) return true;
    c->edges[*edge_index].tentative.regions++;
    kd_registry_touch(c, *edge_index);
    return true;
}

void kd_registry_touch(kd_central *c, uint16_t edge)
{
    kd_commit *k = kd_commit_open(c);
    if (c->edges[edge].touched) return; /* listed in the open commit already */
    c->edges[edge].touched = true;
    k->touched = kd_grow(k->touched, k->touched_count, &k->touched_cap, sizeof *k->touched);
    k->touched[k->touched_count++] = (kd_touched){.edge = edge};
}

static void registry_put_edge(kd_central *c, kd_commit *k, const kd_registered *e, uint16_t index,
                              const kd_registered_state *s)
{
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_be16(v, index);
    kd_buf_put_be16(v, e->region);
    kd_buf_put_be64(v, s->applied.incarnation);
    kd_buf_put_be64(v, s->applied.seq);
    kd_buf_put_be64(v, s->digest);
    kd_buf_put_be64(v, s->watermark_us);
    kd_buf_put_be64(v, s->epoch);
    kd_buf_put_be64(v, s->complete_to_us);
    kd_buf_put_be64(v, s->joined);
    kd_buf_put_u8(v, registry_retired_byte(s));
    kd_buf_put_u8(v, s->regions);
    kd_buf_put_be64(v, s->amount);
    kd_writes_put(&k->writes, kd_key_named(&c->key, KD_ROW_EDGE, kd_registered_name(e)), kd_buf_view(v));
}

void kd_registry_put(kd_central *c, kd_commit *k)
{
    for (uint32_t i = 0; i < k->touched_count; i++) {
        uint16_t index = k->touched[i].edge;
        kd_registered *e = &c->edges[index];
        e->touched = false;
        k->touched[i].state = e->tentative; /* until the end: by then the next commit may have moved it on */
        bool late = kd_planted(c, KD_PLANT_POSITION_APART);
        registry_put_edge(c, k, e, index, late ? &e->committed : &e->tentative);
    }
}

void kd_registry_committed(kd_central *c, const kd_commit *k)
{
    for (uint32_t i = 0; i < k->touched_count; i++) {
        kd_registered *e = &c->edges[k->touched[i].edge];
        e->committed = k->touched[i].state;
        if (!e->durable) kd_expect_heard(c, kd_registered_name(e));
        e->durable = true;
    }
}

static bool registry_heard(const kd_central *c, kd_bytes name)
{
    int i = kd_registry_find(c, name);
    return i >= 0 && c->edges[i].durable;
}

/* An edge that is expected and was not heard of; empty: none. What the configuration names is expected from the start on, as the decision that lists it may
 * take a while. */
static kd_bytes registry_unheard(const kd_central *c)
{
    kd_bytes unheard = kd_expect_unheard(&c->expected, c->version);
    if (kd_planted(c, KD_PLANT_UNHEARD_IS_NONE)) return (kd_bytes){0};
    for (uint32_t i = 0; i < c->config.expected_edge_count && unheard.len == 0; i++) {
        kd_bytes name = kd_bytes_str(c->config.expected_edges[i]);
        if (!kd_expect_find(&c->expected, name) && !registry_heard(c, name)) unheard = name;
    }
    return unheard;
}

kd_lowest kd_registry_lowest(const kd_central *c, bool held)
{
    kd_lowest low = {.edge = -1, .unheard = registry_unheard(c)};
    if (low.unheard.len > 0) return low;
    for (uint32_t i = 0; i < c->edge_count; i++) {
        const kd_registered_state *s = &c->edges[i].committed;
        if (!c->edges[i].durable || kd_registered_is_author(&c->edges[i])) continue;
        if (s->retired && !kd_planted(c, KD_PLANT_RETIRED_HOLDS)) continue;
        uint64_t time_us = held ? KD_MIN(s->watermark_us, s->complete_to_us) : s->watermark_us;
        if (low.edge < 0 || time_us < low.time_us) low = (kd_lowest){.time_us = time_us, .edge = (int)i};
    }
    return low;
}

static bool registry_expects_unknown(const kd_central *c)
{
    for (uint32_t i = 0; i < c->expected.count; i++) {
        const kd_expected *e = &c->expected.at[i];
        if (!e->struck && !e->heard && kd_registry_find(c, kd_expected_name(e)) < 0) return true;
    }
    return false;
}

uint64_t kd_registry_lowest_here(const kd_central *c)
{
    uint64_t low_us = UINT64_MAX;
    for (uint32_t i = 0; i < c->edge_count; i++) {
        const kd_registered_state *s = &c->edges[i].tentative;
        if (kd_registered_is_author(&c->edges[i])) continue;
        if (s->retired && !kd_planted(c, KD_PLANT_RETIRED_HOLDS)) continue;
        low_us = KD_MIN(low_us, KD_MIN(s->watermark_us, s->complete_to_us));
    }
    return low_us == UINT64_MAX || registry_expects_unknown(c) ? 0 : low_us;
}

uint64_t kd_registry_low_watermark(const kd_central *c)
{
    return kd_registry_lowest(c, false).time_us;
}

void kd_central_expect(kd_central *c, const char *const *edges, uint32_t count)
{
    c->config.expected_edges = edges;
    c->config.expected_edge_count = count;
}

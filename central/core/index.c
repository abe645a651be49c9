/* index.c - see the header. */
#include "central/core/index.h"

#include "central/core/state.h"

const char *kd_index_stage_name(kd_index_stage stage)
{
    static const char *const names[] = {"off", "building", "complete", "removing"};
    return (size_t)stage < KD_COUNT(names) ? names[stage] : "unknown";
}

const char *kd_index_name(kd_index index)
{
    return index == KD_INDEX_NEWEST ? "newest" : "liked";
}

/* ---- the row of an index ---- */

void kd_index_row_put(const kd_index_row *row, kd_buf *out)
{
    kd_buf_put_u8(out, (uint8_t)row->stage);
    kd_buf_put_be64(out, row->version);
    kd_buf_put_be64(out, row->walked);
    kd_buf_put(out, row->cursor.data, row->cursor.len);
}

static bool index_row_is_sane(kd_index index, const kd_index_row *row)
{
    kd_bytes cursor = row->cursor;
    switch (row->stage) {
    case KD_INDEX_BUILDING:
        return cursor.len > 0 && cursor.data[0] == KD_ROW_MEMBER;
    case KD_INDEX_REMOVING:
        return cursor.len > 1 && cursor.data[0] == kd_index_prefix(index);
    default:
        return row->stage == KD_INDEX_COMPLETE && cursor.len == 0;
    }
}

int kd_index_row_read(kd_bytes value, kd_index index, kd_index_row *row)
{
    kd_reader r = kd_reader_of(value);
    uint8_t stage = kd_read_u8(&r);
    *row = (kd_index_row){.stage = (kd_index_stage)stage, .version = kd_read_be64(&r)};
    row->walked = kd_read_be64(&r);
    row->cursor = kd_read_bytes(&r, kd_reader_left(&r));
    return !r.bad && index_row_is_sane(index, row) ? KD_OK : KD_EMALFORMED;
}

/* ---- keys and values ---- */

static void index_put_user(kd_buf *out, kd_bytes user)
{
    kd_buf_put_u8(out, (uint8_t)user.len);
    kd_buf_put(out, user.data, user.len);
}

void kd_index_range_put(kd_buf *out, kd_index index, uint8_t counter, kd_bytes name)
{
    kd_buf_put_u8(out, kd_index_prefix(index));
    if (index == KD_INDEX_NEWEST) {
        kd_buf_put_u8(out, counter);
        kd_buf_put(out, name.data, name.len);
    } else {
        index_put_user(out, name);
        kd_buf_put_u8(out, counter);
    }
}

void kd_index_key_put(kd_buf *out, kd_index index, const kd_member *m)
{
    bool newest = index == KD_INDEX_NEWEST;
    kd_index_range_put(out, index, m->counter, newest ? m->item : m->user);
    kd_buf_put_be64(out, ~m->time_us); /* the newest first */
    if (newest)
        index_put_user(out, m->user);
    else
        kd_buf_put(out, m->item.data, m->item.len);
}

static kd_bytes index_read_user(kd_reader *r)
{
    size_t len = kd_read_u8(r);
    return kd_read_bytes(r, len);
}

/* Collection and id, each behind its length. */
static kd_bytes index_read_item(kd_reader *r)
{
    const uint8_t *from = r->p;
    kd_read_bytes(r, kd_read_u8(r));
    kd_read_bytes(r, kd_read_u8(r));
    return kd_bytes_of(from, (size_t)(r->p - from));
}

bool kd_index_key_read(kd_index index, kd_bytes key, kd_member *m)
{
    kd_reader r = kd_reader_of(key);
    bool newest = index == KD_INDEX_NEWEST;
    *m = (kd_member){.liked = true};
    bool ours = kd_read_u8(&r) == kd_index_prefix(index);
    if (!newest) m->user = index_read_user(&r);
    m->counter = kd_read_u8(&r);
    if (newest) m->item = index_read_item(&r);
    m->time_us = ~kd_read_be64(&r);
    if (newest)
        m->user = index_read_user(&r);
    else
        m->item = index_read_item(&r);
    return ours && !r.bad && kd_reader_left(&r) == 0;
}

void kd_index_value_put(kd_buf *out, kd_index index, uint16_t region)
{
    if (index == KD_INDEX_NEWEST) kd_buf_put_varint(out, region);
}

int kd_index_value_read(kd_index index, kd_bytes value, uint16_t *region)
{
    kd_reader r = kd_reader_of(value);
    uint64_t read = index == KD_INDEX_NEWEST ? kd_read_varint(&r) : 0;
    if (r.bad || kd_reader_left(&r) != 0 || read >= KD_REGIONS_MAX) return KD_EMALFORMED;
    *region = (uint16_t)read;
    return KD_OK;
}

/* ---- what a commit moves ---- */

kd_effect *kd_index_note(kd_commit *k)
{
    k->moves = kd_grow(k->moves, k->move_count, &k->move_cap, sizeof *k->moves);
    kd_effect *moved = &k->moves[k->move_count++];
    *moved = (kd_effect){0};
    return moved;
}

static kd_bytes index_key(kd_central *c, kd_index index, const kd_member *m)
{
    kd_buf *key = &c->indices.key;
    kd_buf_clear(key);
    kd_index_key_put(key, index, m);
    return kd_buf_view(key);
}

void kd_index_put(kd_central *c, kd_commit *k, kd_index index, const kd_member *m, uint16_t region)
{
    kd_buf_clear(&c->value);
    kd_index_value_put(&c->value, index, region);
    kd_writes_put(&k->writes, index_key(c, index, m), kd_buf_view(&c->value));
}

/* An entry under the time before would stand beside the new one for good. */
static bool index_leaves(const kd_central *c, const kd_effect *e)
{
    if (!e->was || (e->is && e->time_us == e->old_time_us)) return false;
    return !kd_planted(c, e->is ? KD_PLANT_INDEX_KEEPS_STAMP : KD_PLANT_INDEX_KEEPS_UNLIKED);
}

static void index_move_row(kd_central *c, kd_commit *k, kd_index index, const kd_effect *e)
{
    kd_member m = {.item = e->item, .user = e->user, .counter = e->counter, .time_us = e->old_time_us};
    if (index_leaves(c, e)) kd_writes_delete(&k->writes, index_key(c, index, &m));
    m.time_us = e->time_us;
    if (e->is) kd_index_put(c, k, index, &m, e->region);
}

void kd_index_move(kd_central *c, kd_commit *k)
{
    const kd_commit *of = k;
    if (kd_planted(c, KD_PLANT_INDEX_LATE)) of = c->outstanding > 0 ? &c->commits[c->first] : NULL;
    for (kd_index index = 0; of && index < KD_INDICES; index++) {
        if (!kd_index_is_live(&c->indices.at[index])) continue;
        for (uint32_t i = 0; i < of->move_count; i++) index_move_row(c, k, index, &of->moves[i]);
    }
}

/*
 * check_shadow.c - "function" (rules 30, 31): what a central has is a function of what it has read.
 *
 * Each central has a shadow: a core that follows (kudos/follow.h), begins with a copy of its store at its start, is fed the same records, and cuts them
 * into other commits. One shadow in two makes each record a commit of its own; the other one gathers all until it is compared. Whatever a record does to
 * the one it does to the other: `fed` is compared for each, the history and the rows when neither has a commit under way, and each snapshot is compared as
 * a follower does.
 *
 * Half of the shadows sweep no tombstones: those below the floor count as absent, whether they are there or not. What is no function of the log is not
 * compared: these tombstones, versions, rows of deleted items, what is stored for the topics.
 */
#include "central/core/row.h"
#include "central/core/state.h"
#include "kudos/forget.h"
#include "sim/check/checking.h"
#include "sim/world/disk.h"

#include <stdlib.h>

enum { ROWS_A_COMMIT = 64, SELDOM = 16 };

static sim_check_shadow *shadow_of(sim_checks *c, uint32_t slot, uint32_t partition)
{
    return &c->shadows[slot][partition];
}

static void shadow_end(sim_check_shadow *s)
{
    kd_central_close(s->core);
    sim_disk_destroy(s->disk);
    s->core = NULL;
    s->disk = NULL;
}

void sim_check_shadow_closed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    shadow_end(shadow_of(c, slot, partition));
}

/* ---- its life ---- */

static int shadow_copy_row(void *arg, kd_bytes key, kd_bytes value)
{
    if (key.data[0] != KD_ROW_NEWEST && key.data[0] != KD_ROW_LIKED) sim_disk_put(arg, key, value);
    return 0;
}

static void shadow_begin(sim_checks *c, sim_check_shadow *s, const kd_central *core, uint32_t partition)
{
    shadow_end(s);
    s->disk = sim_disk_create();
    s->one_by_one = (++c->shadow_lives + partition) % 2;
    kd_store store = sim_disk_view(s->disk);
    kd_central_config config = core->config;
    config.follows = true;
    config.indices = 0;
    if (c->shadow_lives / 2 % 2) config.tombstone_ttl_us = 0; /* it sweeps nothing */
    bool copied = core->store.scan(core->store.ctx, kd_bytes_of(NULL, 0), kd_bytes_of(NULL, 0),
                                   shadow_copy_row, s->disk) == KD_OK;
    if (!copied || kd_central_open(&config, &store, core->epoch, core->fed_at_us, &s->core) != KD_OK)
        shadow_end(s);
}

void sim_check_shadow_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    const kd_central *core = c->view.central(c->view.world, slot, partition);
    sim_check_shadow *s = shadow_of(c, slot, partition);
    shadow_end(s);
    if (core) shadow_begin(c, s, core, partition);
}

static void shadow_commit(sim_check_shadow *s)
{
    const kd_writes *writes;
    uint64_t version;
    while (kd_central_commit_begin(s->core, &writes, &version) == KD_OK) {
        sim_disk_apply(s->disk, writes);
        kd_central_commit_end(s->core, version, KD_OK);
    }
}

void sim_check_shadow_log(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes found)
{
    sim_check_shadow *s = shadow_of(c, slot, partition);
    if (!s->core) return;
    kd_central_log_check(s->core, found);
    kd_central_log_again(s->core);
}

void sim_check_shadow_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset,
                          kd_fed fed)
{
    sim_check_shadow *s = shadow_of(c, slot, partition);
    const kd_central *core = c->view.central(c->view.world, slot, partition);
    if (!s->core || !core) return;
    if (fed == KD_FED_POISONED || fed == KD_FED_FENCED) { /* it commits nothing more */
        shadow_end(s);
        return;
    }
    kd_fed other = kd_central_feed(s->core, record, offset, core->fed_at_us);
    kd_central_log_again(s->core); /* central reads again from the same place */
    c->made++;
    if (other != fed)
        sim_check_fail(c, "function",
                       "the record at %lld of partition %u: central says %d, and %d where it is cut into "
                       "other commits",
                       (long long)offset, partition, (int)fed, (int)other);
    if (s->one_by_one) shadow_commit(s);
}

/* ---- rows ---- */

typedef struct {
    uint32_t key_at, key_len, value_at, value_len; /* in the bytes */
} shadow_row;

typedef struct {
    kd_central *core;
    uint64_t floor_us;
    uint64_t *walked;
    kd_buf bytes;
    shadow_row *at;
    uint32_t count, cap;
} shadow_rows;

static bool shadow_row_is_free(const shadow_rows *w, kd_bytes key, kd_bytes value)
{
    kd_stored_row row;
    uint8_t counter;
    kd_bytes item, user;
    if (key.data[0] == KD_ROW_DECIDED)
        return key.len == 1; /* its state is compared: the row waits for a commit */
    if (key.data[0] != KD_ROW_MEMBER) return false;
    kd_member_key_parse(key, &counter, &item, &user);
    bool old = kd_stored_row_decode(value, &row) == KD_OK && !row.liked && row.time_us < w->floor_us;
    return old || kd_closed_deleted(w->core, item);
}

/* Bytes of a row that depend on commits: the version of an edge's registration, and whether an item's rows are gone. */
static void shadow_hide(uint8_t prefix, uint8_t *value, size_t len)
{
    enum { JOINED_AT = 2 + 2 + 6 * 8, SWEPT_AT = 1 };
    if (prefix == KD_ROW_EDGE && len >= JOINED_AT + 8) memset(value + JOINED_AT, 0, 8);
    if (prefix == KD_ROW_CLOSED && len > SWEPT_AT) value[SWEPT_AT] = 0;
}

static int shadow_take_row(void *arg, kd_bytes key, kd_bytes value)
{
    shadow_rows *w = arg;
    ++*w->walked;
    if (shadow_row_is_free(w, key, value)) return 0;
    w->at = kd_grow(w->at, w->count, &w->cap, sizeof(w->at[0]));
    shadow_row *r = &w->at[w->count++];
    *r = (shadow_row){(uint32_t)w->bytes.len, (uint32_t)key.len, (uint32_t)(w->bytes.len + key.len),
                      (uint32_t)value.len};
    kd_buf_put(&w->bytes, key.data, key.len);
    kd_buf_put(&w->bytes, value.data, value.len);
    shadow_hide(key.data[0], w->bytes.data + r->value_at, value.len);
    return 0;
}

static bool shadow_take_rows(shadow_rows *w, const char *prefixes)
{
    for (const char *p = prefixes; *p; p++) {
        uint8_t from[] = {(uint8_t)*p, 0}, to[] = {(uint8_t)(*p + 1)}, to_head[] = {(uint8_t)*p, 1};
        bool head = *p == KD_ROW_MILESTONE; /* k 0; k 1 is for a topic */
        kd_bytes end = head ? kd_bytes_of(to_head, 2) : kd_bytes_of(to, 1);
        if (w->core->store.scan(w->core->store.ctx, kd_bytes_of(from, head ? 2 : 1), end, shadow_take_row,
                                w) != KD_OK)
            return false;
    }
    return true;
}

static void shadow_rows_finish(shadow_rows *w)
{
    kd_buf_finish(&w->bytes);
    free(w->at);
}

static kd_bytes shadow_key(const shadow_rows *w, uint32_t i)
{
    return kd_bytes_of(w->bytes.data + w->at[i].key_at, w->at[i].key_len);
}

static kd_bytes shadow_value(const shadow_rows *w, uint32_t i)
{
    return kd_bytes_of(w->bytes.data + w->at[i].value_at, w->at[i].value_len);
}

/* Order of the keys at these places; behind the end all keys are larger. */
static int shadow_order(const shadow_rows *a, uint32_t i, const shadow_rows *b, uint32_t j)
{
    if (i == a->count || j == b->count) return i == a->count ? 1 : -1;
    return kd_bytes_cmp(shadow_key(a, i), shadow_key(b, j));
}

/* Names what differs first: the kind of row, and of its key what can be printed. */
static void shadow_tell(sim_checks *c, uint32_t partition, kd_bytes key, const char *how)
{
    char text[41];
    size_t len = KD_MIN(key.len, sizeof text - 1);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(key.data[i] > ' ' && key.data[i] < 127 ? key.data[i] : '.');
    text[len] = '\0';
    sim_check_fail(c, "function",
                   "central has other rows in partition %u than where the same records are cut into other "
                   "commits: %s, %s",
                   partition, text, how);
}

static void shadow_compare_rows(sim_checks *c, const shadow_rows *a, const shadow_rows *b, uint32_t partition)
{
    uint32_t i = 0, j = 0;
    while ((i < a->count || j < b->count) && !c->failed) {
        int order = shadow_order(a, i, b, j);
        if (order < 0) shadow_tell(c, partition, shadow_key(a, i), "which is missing there");
        if (order > 0) shadow_tell(c, partition, shadow_key(b, j), "which is missing here");
        if (order == 0 && !kd_bytes_eq(shadow_value(a, i), shadow_value(b, j)))
            shadow_tell(c, partition, shadow_key(a, i), "with another value");
        i += order <= 0;
        j += order >= 0;
    }
}

static void shadow_rows_agree(sim_checks *c, sim_check_shadow *s, kd_central *core, uint32_t partition)
{
    static const char prefixes[] = {KD_ROW_MEMBER,
                                    KD_ROW_EDGE,
                                    KD_ROW_REGION,
                                    KD_ROW_CLOSED,
                                    KD_ROW_VOIDED,
                                    KD_ROW_MILESTONE,
                                    KD_ROW_TREND,
                                    KD_ROW_DECIDED,
                                    KD_ROW_EXPECTED,
                                    KD_ROW_QUARANTINE,
                                    0};
    uint64_t floor_us = core->collector.floor_us;
    shadow_rows a = {.core = core, .floor_us = floor_us, .walked = &s->walked};
    shadow_rows b = {.core = s->core, .floor_us = floor_us, .walked = &s->walked};
    c->made++;
    if (shadow_take_rows(&a, prefixes) && shadow_take_rows(&b, prefixes))
        shadow_compare_rows(c, &a, &b, partition);
    shadow_rows_finish(&a);
    shadow_rows_finish(&b);
}

/* ---- counts ---- */

static void shadow_compare_counts(sim_checks *c, sim_check_shadow *s, kd_central *core, uint32_t partition)
{
    for (uint32_t i = 0; i < c->view.item_count && !c->failed; i++) {
        uint64_t totals[2][KD_COUNTERS_MAX] = {{0}};
        kd_bytes item = kd_item_key(&c->view.items[i]);
        if (c->partition[i] != partition || kd_closed_deleted(core, item)) continue;
        s->walked++;
        if (kd_central_totals(core, item, totals[0]) != KD_OK) return;
        if (kd_central_totals(s->core, item, totals[1]) != KD_OK) return;
        c->made++;
        if (memcmp(totals[0], totals[1], sizeof totals[0]) != 0)
            sim_check_fail(
                c, "function",
                "central has other counts of item %u than where the same records are cut into other "
                "commits",
                i);
    }
}

/* ---- commits and snapshots ---- */

static void shadow_compare(sim_checks *c, sim_check_shadow *s, kd_central *core, uint32_t partition)
{
    kd_history ours = kd_central_history(core), other;
    shadow_commit(s);
    other = kd_central_history(s->core);
    c->made++;
    bool decided = core->decider.in_force == s->core->decider.in_force &&
                   core->decider.merges == s->core->decider.merges &&
                   core->decider.forgotten_us == s->core->decider.forgotten_us &&
                   core->collector.floor_us == s->core->collector.floor_us &&
                   core->collector.halted == s->core->collector.halted;
    if (ours.read != other.read || ours.digest != other.digest || !decided) {
        sim_check_fail(c, "function", "central has read %llu records, and its shadow others, in partition %u",
                       (unsigned long long)ours.read, partition);
        return;
    }
    shadow_rows_agree(c, s, core, partition);
    if (!c->failed) shadow_compare_counts(c, s, core, partition);
}

void sim_check_shadow_committed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_shadow *s = shadow_of(c, slot, partition);
    kd_central *core = c->view.central(c->view.world, slot, partition);
    if (!s->core || !core || core->poisoned) return;
    s->commits++;
    bool quiet = core->outstanding == 0 && kd_commit_open(core)->touched_count == 0 &&
                 core->history_tentative.read == core->history_committed.read;
    bool dear = s->walked > ROWS_A_COMMIT * s->commits || (!s->one_by_one && s->commits % SELDOM != 0);
    if (!quiet || dear) return;
    shadow_compare(c, s, core, partition);
}

void sim_check_shadow_published(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record)
{
    sim_check_shadow *s = shadow_of(c, slot, partition);
    kd_snapshot snapshot;
    kd_following f;
    if (!s->core || kd_snapshot_decode(record, &snapshot) != KD_OK) return;
    if (snapshot.kind == KD_SNAPSHOT_DELTA) kd_central_compare(s->core, &snapshot);
    kd_snapshot_finish(&snapshot);
    kd_central_get_following(s->core, &f);
    if (f.state == KD_FOLLOWS_DIFFERS)
        sim_check_fail(c, "function", "who follows in partition %u finds another history told than its own",
                       partition);
}

/*
 * check_index.c - "index": the indices of central (kudos/index.h) say what its membership rows and its counts say, in every state in between. Judged where
 * an index is complete; at the end each that is switched on has to be.
 *
 * As a user could: around each commit, of one item and one user at a time, all pages of the answers are read and compared with the counts, and with the
 * members as the counts have them. Besides, entry by entry: at each start of central, and when all agrees, the store is audited.
 */
#include "central/core/state.h"
#include "kudos/audit.h"
#include "kudos/index.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

#include <stdio.h>

enum { PAGE = 7, FEW_ITEMS = 64 };

typedef struct {
    sim_checks *c;
    kd_central *core;
    uint32_t counter;
    uint64_t told, below_us; /* likes told; the time of the last one */
    bool right;
} index_reading;

static int index_count_one(void *arg, const kd_member *m)
{
    (void)m;
    ++*(uint32_t *)arg;
    return KD_OK;
}

/* Whether the user likes the item in the state of the counts. */
static bool index_likes(const index_reading *r, kd_bytes item, kd_bytes user)
{
    uint32_t found = 0;
    int err = kd_central_among(r->core, r->counter, item, &user, 1, index_count_one, &found);
    return err == KD_OK && found == 1;
}

static int index_read_one(void *arg, const kd_member *m)
{
    index_reading *r = arg;
    r->right &= m->time_us <= r->below_us && index_likes(r, m->item, m->user);
    r->below_us = m->time_us;
    r->told++;
    return KD_OK;
}

typedef int (*index_asker)(kd_central *c, uint32_t counter, kd_bytes name, kd_bytes cursor, uint32_t limit,
                           kd_member_fn fn, void *arg, kd_buf *next);

/* Reads all pages. False: the index is not complete, or the store could not be read. */
static bool index_read(index_reading *r, index_asker ask, kd_bytes name)
{
    kd_buf cursor = {0}, next = {0};
    int err;
    r->below_us = UINT64_MAX;
    r->right = true;
    do {
        kd_buf_clear(&cursor);
        kd_buf_put(&cursor, next.data, next.len);
        err = ask(r->core, r->counter, name, kd_buf_view(&cursor), PAGE, index_read_one, r, &next);
    } while (err == KD_OK && next.len > 0);
    kd_buf_finish(&cursor);
    kd_buf_finish(&next);
    return err == KD_OK;
}

static void index_check_item(sim_checks *c, kd_central *core, uint32_t counter, uint32_t item)
{
    uint64_t totals[KD_COUNTERS_MAX];
    index_reading r = {.c = c, .core = core, .counter = counter};
    kd_bytes key = kd_item_key(&c->view.items[item]);
    if (!index_read(&r, kd_central_newest, key) || kd_central_totals(core, key, totals) != KD_OK) return;
    c->made++;
    if (!r.right || r.told != totals[counter])
        sim_check_fail(c, "index", "central tells %llu who %s %s%s; its count is %llu",
                       (unsigned long long)r.told, c->view.counters->at[counter].name,
                       sim_check_item_name(c, item), r.right ? "" : ", out of order or not so",
                       (unsigned long long)totals[counter]);
}

static void index_check_user(sim_checks *c, kd_central *core, uint32_t partition, uint32_t counter,
                             uint32_t user)
{
    uint64_t likes = 0;
    index_reading r = {.c = c, .core = core, .counter = counter};
    kd_bytes name = kd_bytes_str(c->view.users[user]);
    if (!index_read(&r, kd_central_liked, name)) return;
    for (uint32_t i = 0; i < c->view.item_count; i++)
        if (c->partition[i] == partition) likes += index_likes(&r, kd_item_key(&c->view.items[i]), name);
    c->made++;
    if (!r.right || r.told != likes)
        sim_check_fail(c, "index", "central tells %s of %llu items to %s%s; it has %llu as members",
                       c->view.users[user], (unsigned long long)r.told, c->view.counters->at[counter].name,
                       r.right ? "" : ", out of order or not so", (unsigned long long)likes);
}

void sim_check_index_moved(sim_checks *c, uint32_t slot, uint32_t partition)
{
    kd_central *core = c->view.central(c->view.world, slot, partition);
    uint64_t turn = c->index_turn++;
    if (!core || c->view.item_count > FEW_ITEMS || c->view.user_count == 0) return;
    uint32_t item = (uint32_t)(turn / 2 % c->view.item_count);
    uint32_t counter = turn % 8 < 6 ? SCENARIO_LIKE : SCENARIO_SAVE;
    if (c->partition[item] == partition) index_check_item(c, core, counter, item);
    if (c->failed) return;
    index_check_user(c, core, partition, counter, (uint32_t)(turn / 2 % c->view.user_count));
}

/* ---- entry by entry ---- */

typedef struct {
    uint64_t wrong;
    char first[160];
} index_audit;

static void index_note_wrong(void *arg, const kd_audit_mismatch *m)
{
    index_audit *a = arg;
    if (m->kind != KD_AUDIT_ENTRY || a->wrong++ > 0) return;
    snprintf(a->first, sizeof(a->first), "%s the entry of %.*s in the index %s", m->stored ? "has" : "lacks",
             (int)m->user.len, (const char *)m->user.data, m->index);
}

void sim_check_index_whole(sim_checks *c, uint32_t slot, uint32_t partition)
{
    index_audit found = {0};
    kd_audit_result result;
    kd_central *core = c->view.central(c->view.world, slot, partition);
    const kd_audit_config config = {
        .counters = c->view.counters, .arg = &found, .mismatch = index_note_wrong};
    if (!core || kd_audit_run(&core->store, &config, &result) != KD_OK) return;
    c->made++;
    if (found.wrong > 0)
        sim_check_fail(c, "index", "central %s, against its rows [partition %u, %llu entries]", found.first,
                       partition, (unsigned long long)found.wrong);
}

bool sim_check_index_settled(const sim_checks *c, char *why, size_t size)
{
    for (uint32_t p = 0; p < c->view.scenario->partitions; p++) {
        const kd_central *core = sim_check_leading(c, p);
        if (!core || !kd_central_indexing(core)) continue;
        snprintf(why, size, "central is still building or removing an index [partition %u]", p);
        return false;
    }
    return true;
}

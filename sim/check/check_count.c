/*
 * check_count.c - "counts" (I2, rule 11): at each commit an item's count is that of its members, of its regions and of its days.
 *
 * Members are followed operation by operation: after a commit each pair that it touched is looked up once. When a partition opens, all of it is
 * counted anew.
 */
#include "sim/check/checking.h"
#include "sim/check/words.h"

static uint64_t member_hash(const sim_check_touch *t)
{
    uint64_t hash = sim_check_mix((uint64_t)t->counter << 32 | t->item, t->user);
    return hash ? hash : 1;
}

static void count_note(sim_check_members *m, sim_check_touch t)
{
    m->fed = kd_grow(m->fed, m->fed_count, &m->fed_cap, sizeof(t));
    m->fed[m->fed_count++] = t;
}

void sim_check_count_fed(sim_checks *c, uint32_t slot, uint32_t partition, const kd_batch *b)
{
    kd_body body;
    sim_check_members *m = &c->members[slot][partition];
    if (kd_body_decode(b->body, &body) != KD_OK) return;
    for (uint32_t i = 0; i < body.op_count; i++) {
        const kd_op *op = &body.ops[i];
        sim_check_touch t = {sim_check_item(c, op->item), sim_check_user(c, op->user), 0, 0};
        t.counter = (uint32_t)kd_counters_by_id(c->view.counters, op->counter);
        if (t.item == CHECK_NOTHING || t.user == CHECK_NOTHING) {
            sim_check_fail(c, "counts",
                           "a batch of %.*s names an item or a user that is not in this drill [batch "
                           "%llu/%llu, partition %u]",
                           (int)b->edge.len, b->edge.data, (unsigned long long)b->at.incarnation,
                           (unsigned long long)b->at.seq, partition);
            break;
        }
        count_note(m, t);
    }
    for (uint32_t i = 0; i < body.sum_count; i++) {
        sim_check_touch t = {sim_check_item(c, body.sums[i].item), CHECK_NOTHING, 0, 0};
        t.counter = (uint32_t)kd_counters_by_id(c->view.counters, body.sums[i].counter);
        if (t.item != CHECK_NOTHING) count_note(m, t);
    }
    kd_body_finish(&body);
}

void sim_check_count_touch(sim_checks *c, uint32_t slot, uint32_t partition, uint32_t item)
{
    for (uint32_t counter = 0; counter < SCENARIO_COUNTERS; counter++)
        for (uint32_t user = 0; c->view.counters->at[counter].kind == KD_SET && user < c->view.user_count;
             user++)
            count_note(&c->members[slot][partition], (sim_check_touch){item, user, counter, 0});
}

static void add_part(void *arg, kd_bytes name, uint32_t day, uint64_t count)
{
    (void)name;
    (void)day;
    *(uint64_t *)arg += count;
}

static void check_item_counts(sim_checks *c, uint32_t slot, kd_central *core, uint32_t item)
{
    kd_bytes key = kd_item_key(&c->view.items[item]);
    uint64_t totals[KD_COUNTERS_MAX];
    if (kd_central_totals(core, key, totals) != KD_OK) return;
    for (uint32_t counter = 0; counter < SCENARIO_COUNTERS; counter++) {
        uint64_t regions = 0, days = 0;
        bool set = c->view.counters->at[counter].kind == KD_SET;
        uint64_t members = set ? c->member_count[slot][sim_check_cell_of(c, counter, item)] : totals[counter];
        kd_central_by_region(core, key, counter, add_part, &regions);
        kd_central_by_day(core, key, counter, add_part, &days);
        c->made++;
        if (totals[counter] != members || totals[counter] != regions || totals[counter] != days)
            sim_check_fail(c, "counts",
                           "central's %s count of %s is %llu; by its members it is %llu, by its regions "
                           "%llu, by its days %llu",
                           c->view.counters->at[counter].name, sim_check_item_name(c, item),
                           (unsigned long long)totals[counter], (unsigned long long)members,
                           (unsigned long long)regions, (unsigned long long)days);
    }
}

static void check_count_look_up(sim_checks *c, uint32_t slot, kd_central *core, sim_check_members *m,
                                const sim_check_touch *t)
{
    bool liked = false;
    if (t->user == CHECK_NOTHING) return;
    kd_bytes user = kd_bytes_str(c->view.users[t->user]);
    if (kd_central_member(core, t->counter, kd_item_key(&c->view.items[t->item]), user, &liked) != KD_OK)
        return;
    sim_check_cell *cell = sim_check_map_obtain(&m->members, member_hash(t));
    uint64_t *count = &c->member_count[slot][sim_check_cell_of(c, t->counter, t->item)];
    *count = *count + liked - cell->a;
    cell->a = liked;
}

void sim_check_count_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version)
{
    sim_check_members *m = &c->members[slot][partition];
    for (uint32_t i = m->fed_count; i-- > 0 && m->fed[i].version == 0;) m->fed[i].version = version;
}

/* While another commit is under way its rows are seen already and its counts are not: members wait for the next. */
void sim_check_count_committed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_members *m = &c->members[slot][partition];
    kd_central *core = c->view.central(c->view.world, slot, partition);
    if (!core) return;
    bool quiet = c->positions.tenures[slot][partition].outstanding == 0;
    uint32_t done = 0;
    while (done < m->fed_count && m->fed[done].version != 0) done++;
    for (uint32_t i = 0; quiet && i < done; i++) check_count_look_up(c, slot, core, m, &m->fed[i]);
    for (uint32_t i = 0; i < done && !c->failed; i++) {
        if (i > 0 && m->fed[i].item == m->fed[i - 1].item) continue;
        if (quiet) check_item_counts(c, slot, core, m->fed[i].item);
        sim_check_number_changed(c, slot, m->fed[i].item);
    }
    if (!quiet) return;
    m->fed_count -= done;
    if (m->fed_count) memmove(m->fed, m->fed + done, m->fed_count * sizeof(m->fed[0]));
}

typedef struct {
    sim_checks *c;
    uint32_t slot;
    sim_check_members *m;
} count_walk;

static int count_member(void *arg, const kd_member *member)
{
    const count_walk *w = arg;
    sim_check_touch t = {sim_check_item(w->c, member->item), sim_check_user(w->c, member->user), 0, 0};
    t.counter = (uint32_t)kd_counters_by_id(w->c->view.counters, member->counter);
    if (t.item == CHECK_NOTHING || t.user == CHECK_NOTHING) {
        sim_check_fail(w->c, "counts",
                       "central holds a like of an item or a user that is not in this drill [user %.*s]",
                       (int)member->user.len, (const char *)member->user.data);
        return 1;
    }
    sim_check_map_obtain(&w->m->members, member_hash(&t))->a = 1;
    w->c->member_count[w->slot][sim_check_cell_of(w->c, t.counter, t.item)]++;
    return 0;
}

void sim_check_count_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    kd_central *core = c->view.central(c->view.world, slot, partition);
    count_walk w = {c, slot, &c->members[slot][partition]};
    sim_check_map_clear(&w.m->members);
    w.m->fed_count = 0;
    for (uint32_t i = 0; i < c->view.item_count; i++)
        for (uint32_t counter = 0; c->partition[i] == partition && counter < SCENARIO_COUNTERS; counter++)
            c->member_count[slot][sim_check_cell_of(c, counter, i)] = 0;
    kd_buf cursor = {0}, next = {0};
    do {
        kd_buf_clear(&cursor);
        kd_buf_put(&cursor, next.data, next.len);
    } while (core &&
             kd_central_members(core, 0, (kd_bytes){0}, kd_buf_view(&cursor), 1000, count_member, &w,
                                &next) == KD_OK &&
             next.len > 0);
    kd_buf_finish(&cursor);
    kd_buf_finish(&next);
    for (uint32_t i = 0; core && i < c->view.item_count && !c->failed; i++) {
        if (c->partition[i] != partition) continue;
        check_item_counts(c, slot, core, i);
        sim_check_number_changed(c, slot, i);
    }
}

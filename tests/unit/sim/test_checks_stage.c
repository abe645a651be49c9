/* test_checks_stage.c - see test_checks.h. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/sim/test_checks.h"

#include "kudos/decide.h"
#include "sim/check/checking.h"

check_stage st;
static const char *const users[STAGE_USERS] = {"ana", "ben", "cem"};

static kd_edge *edge_of(void *world, uint32_t slot, uint32_t shard)
{
    (void)world;
    (void)shard;
    return slot == 0 ? st.e : NULL;
}

static uint32_t leader_of(void *world, uint32_t partition)
{
    (void)world, (void)partition;
    return 0;
}

static kd_central *central_of(void *world, uint32_t slot, uint32_t partition)
{
    (void)world;
    (void)partition;
    return slot == 0 ? st.k : NULL;
}

static void open_cores(void)
{
    kd_edge_config edge = {
        .edge = kd_bytes_str("mumbai"), .region = kd_bytes_str("asia"), .shards = 1, .partitions = 1};
    edge.counters = &st.counters;
    edge.drift_us = STAGE_SECOND / 2;
    edge.flush_ops = 100;
    edge.flush_interval_us = edge.idle_interval_max_us = STAGE_SECOND;
    edge.viral_rate = STAGE_USERS;
    edge.viral_flush_interval_us = STAGE_SECOND / 4;
    edge.resend_min_us = edge.resend_max_us = STAGE_SECOND;
    edge.send_window = 8;
    edge.outbox_bytes_max = st.s.outbox_bytes;
    edge.items_max = 100;
    edge.key_window = &st.key_window;
    edge.idempotency_ttl_us = 1000 * STAGE_SECOND;
    static const char *const expected[] = {"mumbai"};
    kd_central_config central = {.name = kd_bytes_str("central"), .partitions = 1, .counters = &st.counters};
    central.drift_us = STAGE_SECOND / 2;
    central.expected_edges = expected;
    central.expected_edge_count = 1;
    central.redo_bytes_max = 4096;
    central.counts_cached_max = 64;
    kd_store edge_store = sim_disk_view(st.edge_disk), central_store = sim_disk_view(st.central_disk);
    KD_ASSERT(kd_edge_open(&edge, &edge_store, st.now_us, &st.e) == KD_OK);
    KD_ASSERT(kd_central_open(&central, &central_store, 1000, st.now_us, &st.k) == KD_OK);
}

void check_stage_open(void)
{
    st = (check_stage){.now_us = 1700000000 * STAGE_SECOND};
    sim_scenario_init(&st.s);
    st.s.edge_count = 2;
    snprintf(st.s.edges[0], SCENARIO_NAME_MAX, "mumbai");
    snprintf(st.s.edges[1], SCENARIO_NAME_MAX, "virginia");
    st.s.partitions = st.s.shards = 1;
    st.s.drift_us = STAGE_SECOND / 2;
    st.s.outbox_bytes = 1 << 20;
    st.counters =
        (kd_counters){.count = 3, .at = {{"like", 1, KD_SET}, {"save", 2, KD_SET}, {"view", 3, KD_SUM}}};
    for (uint32_t i = 0; i < STAGE_ITEMS; i++) {
        char text[16];
        snprintf(text, sizeof(text), "posts/%u", i);
        KD_ASSERT(kd_item_parse(&st.items[i], kd_bytes_str(text)) == KD_OK);
    }
    st.j = sim_journal_create(st.s.drift_us, true);
    st.view =
        (sim_checks_view){.scenario = &st.s, .journal = st.j, .counters = &st.counters, .items = st.items};
    st.view.item_count = STAGE_ITEMS;
    st.view.users = users;
    st.view.user_count = STAGE_USERS;
    st.view.now_us = &st.now_us;
    st.view.items_max = 100;
    st.key_window.max = 100;
    st.view.edge = edge_of;
    st.view.central = central_of;
    st.view.leader = leader_of;
    st.c = sim_checks_create(&st.view);
    st.edge_disk = sim_disk_create();
    st.central_disk = sim_disk_create();
    open_cores();
    sim_checks_edge_opened(st.c, 0, 0);
    sim_checks_central_opened(st.c, 0, 0);
    sim_check_shadow_closed(st.c, 0, 0); /* a shadow would not follow what a test only tells */
    stage_commit(KD_OK, true);
    stage_central_commit(true);
}

void check_stage_close(void)
{
    kd_edge_close(st.e);
    kd_central_close(st.k);
    sim_disk_destroy(st.edge_disk);
    sim_disk_destroy(st.central_disk);
    sim_checks_destroy(st.c);
    sim_journal_destroy(st.j);
    sim_scenario_finish(&st.s);
    kd_buf_finish(&st.record);
    kd_buf_finish(&st.snapshot);
}

uint32_t stage_take(kd_verb verb, uint32_t item, uint32_t user, kd_outcome *out)
{
    st.now_us += 1000;
    sim_journal_attempt a = {.user = user, .item = item, .verb = verb, .first_us = st.now_us};
    a.counter = verb == KD_ADD ? SCENARIO_VIEW : SCENARIO_LIKE;
    a.amount = verb == KD_ADD ? 1 : 0;
    uint32_t id = sim_journal_attempted(st.j, &a);
    kd_request rq = {.item = kd_item_key(&st.items[item]), .user = kd_bytes_str(users[user]), .verb = verb};
    rq.counter = a.counter;
    rq.amount = a.amount;
    KD_ASSERT(kd_edge_take(st.e, &rq, st.now_us, out) == KD_OK);
    sim_checks_taken(st.c, 0, 0, id, out);
    return id;
}

void stage_commit(int status, bool synced)
{
    const kd_writes *writes;
    uint64_t group;
    while (kd_edge_commit_begin(st.e, st.now_us, &writes, &group) == KD_OK) {
        sim_disk_apply(st.edge_disk, writes);
        sim_checks_edge_wrote(st.c, 0, 0, group, writes, status, synced);
        KD_ASSERT(kd_edge_commit_end(st.e, group, KD_OK) == KD_OK);
    }
}

void stage_answer(uint32_t attempt, const kd_outcome *out)
{
    st.now_us += 1000;
    sim_checks_answered(st.c, 0, 0, attempt, out);
    sim_journal_acked(st.j, attempt, st.now_us);
}

uint32_t stage_do(kd_verb verb, uint32_t item, uint32_t user)
{
    kd_outcome out;
    uint32_t id = stage_take(verb, item, user, &out);
    stage_commit(KD_OK, true);
    stage_answer(id, &out);
    return id;
}

bool stage_send(void)
{
    uint32_t partition;
    kd_edge_seal_all(st.e, st.now_us);
    kd_edge_tick(st.e, st.now_us);
    stage_commit(KD_OK, true);
    if (kd_edge_send_next(st.e, st.now_us, &st.record, &partition, &st.at) != KD_OK) return false;
    sim_checks_sent(st.c, 0, 0, partition, st.at, kd_buf_view(&st.record));
    kd_edge_delivered(st.e, partition, st.at, true, st.now_us);
    return true;
}

kd_fed stage_feed(void)
{
    kd_fed fed = kd_central_feed(st.k, kd_buf_view(&st.record), st.likes_offset, st.now_us);
    if (!st.hide_fed) sim_checks_fed(st.c, 0, 0, kd_buf_view(&st.record), st.likes_offset, fed);
    st.likes_offset++;
    return fed;
}

kd_fed stage_order(kd_decided what, const char *edge)
{
    static uint32_t orders;
    char job[24];
    kd_buf record = {0};
    snprintf(job, sizeof job, "order-%u", ++orders);
    const kd_decision d = {
        .job = kd_bytes_str(job), .seq = 1, .last = true, .what = what, .body = kd_bytes_str(edge)};
    KD_ASSERT(kd_central_decide(st.k, &d, st.now_us, &record) == KD_OK);
    kd_fed fed = kd_central_feed(st.k, kd_buf_view(&record), st.likes_offset, st.now_us);
    kd_central_log_again(st.k);
    sim_checks_fed(st.c, 0, 0, kd_buf_view(&record), st.likes_offset++, fed);
    kd_buf_finish(&record);
    return fed;
}

void stage_central_commit(bool synced)
{
    const kd_writes *writes;
    uint64_t version;
    while (kd_central_commit_begin(st.k, &writes, &version) == KD_OK) {
        sim_checks_commit_begun(st.c, 0, 0, version);
        sim_disk_apply(st.central_disk, writes);
        KD_ASSERT(kd_central_commit_end(st.k, version, KD_OK) == KD_OK);
        sim_checks_committed(st.c, 0, 0, version, KD_OK, synced);
    }
}

static void keep(void *arg, kd_bytes record)
{
    (void)arg;
    kd_buf_clear(&st.snapshot);
    kd_buf_put(&st.snapshot, record.data, record.len);
    sim_checks_published(st.c, 0, 0, record);
}

void stage_publish(void)
{
    KD_ASSERT(kd_central_snapshot(st.k, st.now_us, keep, NULL) == KD_OK);
}

void stage_install(void)
{
    int verdict = kd_edge_snapshot(st.e, kd_buf_view(&st.snapshot), st.counts_offset++, st.now_us);
    sim_checks_installed(st.c, 0, 0, kd_buf_view(&st.snapshot), verdict);
    stage_commit(KD_OK, true);
}

static void ask(uint32_t item)
{
    kd_bytes key = kd_item_key(&st.items[item]);
    kd_buf answer = {0};
    kd_view view;
    if (kd_edge_view(st.e, key, &view) == KD_OK || kd_edge_ask(st.e, key) != KD_OK) return;
    KD_ASSERT(kd_central_read(st.k, &key, 1, kd_bytes_str("mumbai"), st.now_us, &answer) == KD_OK);
    sim_checks_published(st.c, 0, 0, kd_buf_view(&answer));
    int err = kd_edge_answer(st.e, key, kd_buf_view(&answer), st.now_us);
    sim_checks_asked_answered(st.c, 0, 0, item, kd_buf_view(&answer), err);
    kd_buf_finish(&answer);
}

void stage_settle(void)
{
    for (uint32_t i = 0; i < 2; i++) {
        st.now_us += 5 * STAGE_SECOND;
        while (stage_send()) stage_feed();
        stage_central_commit(true);
        stage_publish();
        stage_install();
    }
    for (uint32_t i = 0; i < STAGE_ITEMS; i++) ask(i);
}

kd_view stage_view(uint32_t item, int *err)
{
    kd_view view;
    int got = kd_edge_view(st.e, kd_item_key(&st.items[item]), &view);
    if (err) *err = got;
    return view;
}

void stage_play(void)
{
    stage_do(KD_LIKE, 0, 0);
    stage_do(KD_LIKE, 0, 1);
    stage_do(KD_UNLIKE, 0, 1);
    stage_do(KD_ADD, 1, 0);
    stage_settle();
    HOLDS();
}

const char *stage_failed(void)
{
    const char *failed = sim_checks_failed(st.c, NULL, NULL);
    return failed ? failed : "";
}

const char *stage_why(void)
{
    const char *text = "";
    sim_checks_failed(st.c, &text, NULL);
    return text;
}

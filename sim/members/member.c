/* member.c - a central of the run: the counterpart of central/io/partition and central/io/worker. */
#include <stdio.h>

#include "sim/members/members.h"

enum { READ_MAX = 20, SNAPSHOT_US = 100000, RETRY_STEPS = 800 };

static bool member_cut(const member *m, uint64_t until)
{
    return !m->world->healing && m->world->step < until;
}

/* ---- life ---- */

static uint64_t *member_chance(member *m, const kd_outbound *out)
{
    return out == &m->publisher.milestones ? &m->world->milestones_random : &m->world->random;
}

static int member_produce(void *arg, const kd_outbound *out, kd_bytes bytes, kd_outbound_record *record)
{
    member *m = arg;
    members *w = m->world;
    bool claim = out == &m->publisher.claims, decision = out == &m->publisher.decisions;
    sim_log *log = claim || decision ? &w->likes : out == &m->publisher.counts ? &w->counts : NULL;
    uint64_t *random = member_chance(m, out);
    uint64_t due = w->step + 2 + kd_random_next(random) % 4;
    if (claim && members_below(w, 12) == 0) {
        due += 300 + members_below(w, 2000); /* its produce is retried for long */
        w->result->late++;
    }
    members_flight *f = members_fly(w, log, bytes, due);
    f->from = (int)m->number;
    f->life = m->life;
    f->out = record;
    f->acknowledged = kd_random_next(random) % 20 > 0;
    return KD_OK;
}

static void member_part(void *arg, kd_bytes part)
{
    (void)arg;
    (void)part;
}

static void member_open_publisher(member *m)
{
    const kd_publisher_config config = {.snapshot_interval_us = SNAPSHOT_US,
                                        .viral_interval_us = SNAPSHOT_US / 4,
                                        .unpublished_max = 1 << 22,
                                        .publish_changes = true,
                                        .plant = m->world->options->central_plant};
    const kd_publisher_shell shell = {m, member_produce, member_part};
    kd_publisher_init(&m->publisher, m->core, &config, &shell, members_now_us(m->world),
                      members_below(m->world, 1u << 30));
}

static kd_central_config member_config(member *m)
{
    return (kd_central_config){.name = kd_bytes_str(m->name),
                               .partitions = 1,
                               .counters = &m->world->counters,
                               .drift_us = 500000,
                               .redo_bytes_max = 2000,
                               .counts_cached_max = 4,
                               .filter_bytes_max = 1 << 16,
                               .no_backups = true,
                               .publish_changes = true,
                               .thresholds = m->world->thresholds,
                               .untold_max = 1 << 22,
                               .follows = m->follows,
                               .in_group = true,
                               .seed = members_below(m->world, UINT64_MAX),
                               .plant = m->world->options->central_plant};
}

static bool member_has_state(const member *m)
{
    kd_following f;
    if (!m->core || member_leads(m)) return m->core != NULL;
    kd_central_get_following(m->core, &f);
    return m->follows && f.state == KD_FOLLOWS_AGREED;
}

/* The leader's, else that of a follower that agrees: it may have agreed with the leader before, and lack what this one has read. Two such would seed each other for ever. */
static const member *member_source(const member *m)
{
    const members *w = m->world;
    const member *from = NULL;
    for (uint32_t i = 0; i < w->member_count && !(from && member_leads(from)); i++)
        if (i != m->number && member_has_state(&w->at[i])) from = &w->at[i];
    return from;
}

/* It lost its way, or the log does not reach back: its store is made anew from another member's. False: nobody has one. */
static bool member_seed(member *m)
{
    members *w = m->world;
    const member *from = member_source(m), *others[MEMBERS_MAX];
    uint32_t n = 0;
    if (!from) return false;
    for (uint32_t i = 0; i < w->member_count; i++)
        if (i != m->number && member_has_state(&w->at[i])) others[n++] = &w->at[i];
    member_seed_from(m, from, others, n);
    w->result->seeded++;
    return true;
}

static void member_place(member *m)
{
    const members *w = m->world;
    int64_t stored = -1, heard = kd_central_counts_offset(m->core);
    bool known = kd_central_log_position(m->core, &stored);
    int64_t next = kd_central_log_check(m->core, known ? sim_log_read(&w->likes, stored) : (kd_bytes){0});
    if (known && next < 0 && m->follows) kd_central_lose(m->core);
    m->likes_next = next < 0 ? w->likes.start : next;
    m->counts_next = KD_MAX(w->counts.start, heard);
}

void member_open(member *m, bool follows)
{
    members *w = m->world;
    m->follows = follows;
    m->life++;
    m->writing = 0;
    m->log_at_end = m->counts_at_end = false;
    const kd_central_config config = member_config(m);
    kd_store store = sim_disk_view(m->disk);
    uint64_t hint =
        (members_now_us(w) / 1000) << KD_EPOCH_CHANCE_BITS | members_below(w, 1u << KD_EPOCH_CHANCE_BITS);
    int err = kd_central_open(&config, &store, hint, members_now_us(w), &m->core);
    if (err != KD_OK) {
        members_fail(w, "open", "%s does not open: %s", m->name, kd_strerror(err));
        return;
    }
    member_place(m);
    if (!follows) member_open_publisher(m);
}

static void member_close(member *m, uint32_t survive)
{
    if (!m->core) return;
    if (!m->follows) kd_publisher_finish(&m->publisher);
    kd_central_close(m->core);
    m->core = NULL;
    m->life++;
    sim_disk_crash(m->disk, KD_MIN(survive, sim_disk_unsynced(m->disk)));
}

void member_stop(member *m, uint64_t back_at)
{
    member_close(m, (uint32_t)members_below(m->world, 3));
    m->back_at = back_at;
}

void member_finish(member *m)
{
    member_close(m, 0);
    sim_disk_destroy(m->disk);
}

bool member_leads(const member *m)
{
    return m->core && !m->follows && kd_central_durable(m->core) && kd_publisher_claim_stands(&m->publisher);
}

/* ---- commits ---- */

static void member_begin_commit(member *m)
{
    const kd_writes *writes;
    uint64_t version;
    if (m->writing == 2 || kd_central_commit_begin(m->core, &writes, &version) != KD_OK) return;
    sim_disk_submit(m->disk, writes);
    m->versions[m->writing++] = version;
}

static void member_end_commit(member *m)
{
    bool synced;
    if (m->writing == 0) return;
    sim_disk_sync(m->disk, &synced);
    kd_central_commit_end(m->core, m->versions[0], KD_OK);
    m->versions[0] = m->versions[1];
    m->writing--;
    if (!m->follows) kd_publisher_committed(&m->publisher);
}

static void member_settle(member *m)
{
    do {
        member_begin_commit(m);
        member_end_commit(m);
    } while (m->writing > 0);
}

/* ---- reading ---- */

/* A leader stops for a claim that supersedes its own, and for no other. */
static void member_fenced(member *m, kd_bytes record)
{
    members *w = m->world;
    kd_claim claim = {0};
    kd_claim_decode(record, &claim);
    bool led = kd_central_promotion(m->core) == KD_PROMOTION_LEADS;
    if (led && !w->harms && claim.supersedes < kd_central_epoch(m->core))
        members_fail(w, "claims", "%s, which leads with epoch %llx, stops for a claim that supersedes %llx",
                     m->name, (unsigned long long)kd_central_epoch(m->core),
                     (unsigned long long)claim.supersedes);
    w->result->demotions += led;
    member_close(m, 2);
    member_open(m, true);
    m->claims_at = w->step + RETRY_STEPS;
}

static bool member_reads_likes(member *m)
{
    members *w = m->world;
    kd_following f;
    kd_central_get_following(m->core, &f);
    if (m->follows && f.state >= KD_FOLLOWS_DIFFERS) return true; /* it reads no more */
    for (uint32_t n = 0; n < READ_MAX && m->likes_next < w->likes.end; n++) {
        if (m->likes_next < w->likes.start) m->likes_next = w->likes.start;
        kd_bytes record = sim_log_read(&w->likes, m->likes_next);
        kd_fed fed = kd_central_feed(m->core, record, m->likes_next, members_now_us(w));
        if (fed == KD_FED_FENCED) {
            member_fenced(m, record);
            return false;
        }
        m->likes_next++;
        if (members_below(w, 6) == 0) member_begin_commit(m);
    }
    bool at_end = m->likes_next >= w->likes.end;
    m->log_at_end |= at_end;
    if (at_end) kd_central_at_end(m->core, members_now_us(w));
    return true;
}

static void member_reads_counts(member *m)
{
    members *w = m->world;
    for (uint32_t n = 0; n < READ_MAX && m->counts_next < w->counts.end; n++) {
        if (m->counts_next < w->counts.start) m->counts_next = w->counts.start;
        kd_bytes record = sim_log_read(&w->counts, m->counts_next);
        kd_central_hear(m->core, record, m->counts_next);
        m->counts_next++;
    }
    m->counts_at_end |= m->counts_next >= w->counts.end;
    if (!m->follows && m->log_at_end && m->counts_at_end) kd_central_read_to_end(m->core);
}

/* ---- whether it leads ---- */

/* Whether members would make it lead (kudos/members.h): not a store that is empty or unproven beside one that agrees, nor one that knows nothing of the counts topic. */
static bool member_may_lead(const member *m)
{
    const members *w = m->world;
    uint32_t others = 0, with_state = 0, agreed = 0;
    kd_following f;
    for (uint32_t i = 0; i < w->member_count; i++) {
        if (i == m->number || !w->at[i].core) continue;
        kd_central_get_following(w->at[i].core, &f);
        others++;
        with_state += f.ours.read > 0;
        agreed += f.state == KD_FOLLOWS_AGREED || member_leads(&w->at[i]);
    }
    kd_central_get_following(m->core, &f);
    if (others == 0) return true;
    if (!m->log_at_end || !m->counts_at_end || f.state == KD_FOLLOWS_LOST) return false;
    if (f.ours.read == 0) return with_state == 0 && w->counts.end == w->counts.start;
    return agreed == 0 || f.state == KD_FOLLOWS_AGREED;
}

void member_promote(member *m, bool by_operator)
{
    if (!m->core || !m->follows || !(by_operator || member_may_lead(m))) return;
    int64_t counts_next = m->counts_next;
    member_settle(m);
    member_close(m, 2);
    member_open(m, false);
    m->counts_next = KD_MIN(m->counts_next, counts_next);
    m->world->result->promotions++;
}

static void member_made_anew(member *m)
{
    kd_following f;
    kd_central_get_following(m->core, &f);
    if (!m->follows || f.state < KD_FOLLOWS_DIFFERS) return;
    if (!m->world->harms)
        members_fail(m->world, "histories",
                     "%s has another history than its leader, though the log is intact: %s", m->name,
                     kd_follows_name(f.state));
    if (members_below(m->world, 200) > 0) return;
    member_close(m, 0);
    if (member_seed(m)) {
        member_open(m, true);
        return;
    }
    member_open(m, true);
    if (members_below(m->world, 4) == 0) member_promote(m, true);
}

/* ---- one step ---- */

static void member_publishes(member *m)
{
    uint64_t next_us;
    if (m->follows) return;
    if (kd_publisher_run(&m->publisher, members_now_us(m->world), members_now_us(m->world), &next_us) !=
        KD_OK)
        members_fail(m->world, "publish", "%s cannot publish", m->name);
}

void member_step(member *m)
{
    members *w = m->world;
    if (!m->core && w->step >= m->back_at) member_open(m, true);
    if (!m->core || (!w->healing && w->step < m->frozen_until)) return;
    if (members_below(w, 2) && !member_cut(m, m->cut_down_until)) {
        if (!member_reads_likes(m)) return;
        member_reads_counts(m);
    }
    if (members_below(w, 3)) member_begin_commit(m);
    if (members_below(w, 3)) member_end_commit(m);
    member_publishes(m);
    member_made_anew(m);
}

void member_reported(members *w, const members_flight *f)
{
    member *m = &w->at[f->from];
    if (!m->core || m->follows || m->life != f->life) return;
    uint64_t random = kd_random_next(member_chance(m, f->out->out)) % (1u << 30);
    kd_publisher_report(f->out, f->acknowledged, members_now_us(w), random);
}

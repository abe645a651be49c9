/* members_run.c - see the header: the log, what goes wrong, and the verdict. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/members/members.h"

static void members_tell(const members *w, const char *what, const char *who)
{
    if (w->options->tells) fprintf(stderr, "%6llu %s %s\n", (unsigned long long)w->step, what, who);
}

/* ---- records on their way ---- */

static bool flight_waits(const members *w, const members_flight *f)
{
    if (w->healing) return false;
    return f->from >= 0 ? w->step < w->at[f->from].cut_up_until : w->step < w->edges[-1 - f->from].cut_until;
}

/* A frozen process hears of the report when it goes on. */
static bool flight_unheard(const members *w, const members_flight *f)
{
    return f->from >= 0 && !w->healing && w->step < w->at[f->from].frozen_until;
}

/* Versions go on over promotions: a marker of one is above all that was told. That of a leader which took another epoch, as the log had lost a claim, names its present version.
 * What a leader publishes behind the marker of the next one is not heard, and does not count. */
static void members_check_version(members *w, kd_bytes record)
{
    kd_snapshot s;
    kd_marker m;
    if (kd_marker_decode(record, &m) == KD_OK && m.epoch > w->told_epoch) {
        w->told_epoch = m.epoch;
        w->begins = m.version > w->told_version;
    }
    if (kd_snapshot_decode(record, &s) != KD_OK) return;
    if (s.epoch == w->told_epoch && w->begins && s.version <= w->told_version)
        members_fail(w, "versions", "epoch %llx begins with version %llu, %llu was told before",
                     (unsigned long long)s.epoch, (unsigned long long)s.version,
                     (unsigned long long)w->told_version);
    if (s.epoch == w->told_epoch) {
        w->begins = false;
        w->told_version = KD_MAX(w->told_version, s.version);
    }
    kd_snapshot_finish(&s);
}

static void members_check_label(members *w, uint64_t version, uint64_t index, uint64_t content)
{
    const uint64_t label[] = {version, index};
    uint64_t at = kd_hash(kd_bytes_of(label, sizeof label));
    for (uint32_t n = 0; n < MEMBERS_LABELS; n++, at++) {
        uint64_t i = at % MEMBERS_LABELS;
        bool mine = w->labels[i].version == version && w->labels[i].index == index;
        if (w->labels[i].content == 0) {
            w->labels[i].version = version;
            w->labels[i].index = index;
            w->labels[i].content = content;
            return;
        }
        if (mine && w->labels[i].content != content)
            members_fail(w, "labels", "two changes are told as %llu of version %llu",
                         (unsigned long long)index, (unsigned long long)version);
        if (mine) return;
    }
}

/* With the log intact no label stands for two changes, whoever told them. */
static void members_check_labels(members *w, kd_bytes record)
{
    kd_changes changes;
    if (w->harms || kd_record_peek(record) != KD_RECORD_CHANGES) return;
    if (kd_changes_decode(record, &changes) != KD_OK) return;
    for (uint32_t i = 0; i < changes.change_count; i++) {
        const kd_change *c = &changes.changes[i];
        const uint64_t content[] = {kd_hash(c->item), kd_hash(c->user), c->time_us, c->liked};
        members_check_label(w, changes.version, changes.first + i,
                            kd_hash(kd_bytes_of(content, sizeof content)) | 1);
    }
    kd_changes_finish(&changes);
}

static void members_tell_record(const members *w, kd_bytes record)
{
    kd_snapshot s;
    kd_marker m;
    kd_claim claim = {0};
    if (!w->options->tells) return;
    if (kd_claim_decode(record, &claim) == KD_OK)
        fprintf(stderr, "%6llu   claim %llx supersedes %llx\n", (unsigned long long)w->step,
                (unsigned long long)claim.epoch, (unsigned long long)claim.supersedes);
    if (kd_marker_decode(record, &m) == KD_OK)
        fprintf(stderr, "%6llu   marker %llx\n", (unsigned long long)w->step, (unsigned long long)m.epoch);
    if (kd_snapshot_decode(record, &s) != KD_OK) return;
    fprintf(stderr, "%6llu   snapshot %llx %llu after %llu, %llu records\n", (unsigned long long)w->step,
            (unsigned long long)s.epoch, (unsigned long long)s.version, (unsigned long long)s.previous,
            (unsigned long long)s.history.read);
    kd_snapshot_finish(&s);
}

static void flight_append(members *w, members_flight *f)
{
    kd_bytes record = kd_buf_view(&f->record);
    f->appended = true;
    if (!f->log) {
        members_check_labels(w, record);
        members_hear_milestones(w, record);
        return;
    }
    if (f->log == &w->counts) members_check_version(w, record);
    members_tell_record(w, record);
    sim_log_append(f->log, record);
}

static void flight_report(members *w, members_flight *f)
{
    f->open = false;
    if (f->from >= 0)
        member_reported(w, f);
    else
        kd_edge_delivered(w->edges[-1 - f->from].core, 0, f->batch, f->acknowledged, members_now_us(w));
}

/* The earliest first: records of one writer stay in order. */
static members_flight *flight_next(members *w)
{
    members_flight *next = NULL;
    for (uint32_t i = 0; i < MEMBERS_FLIGHTS; i++) {
        members_flight *f = &w->flights[i];
        if (!f->open || f->at > w->step || (f->appended ? flight_unheard(w, f) : flight_waits(w, f)))
            continue;
        if (!next || f->at < next->at) next = f;
    }
    return next;
}

void members_flights_step(members *w)
{
    for (members_flight *f; (f = flight_next(w)) != NULL;) {
        if (!f->appended) flight_append(w, f);
        if (!flight_unheard(w, f)) flight_report(w, f);
    }
}

/* ---- what goes wrong ---- */

static member *members_leader(members *w)
{
    for (uint32_t i = 0; i < w->member_count; i++)
        if (member_leads(&w->at[i])) return &w->at[i];
    return NULL;
}

/* Mostly the leader: what befalls a follower shows less. */
static member *members_victim(members *w)
{
    member *leader = members_leader(w);
    return leader && members_below(w, 3) ? leader : &w->at[members_below(w, w->member_count)];
}

static void members_trouble(members *w)
{
    member *m = members_victim(w);
    uint64_t until = w->step + 50 + members_below(w, 900);
    switch (members_below(w, 6)) {
    case 0:
        members_tell(w, "kill", m->name);
        w->result->kills += m->core != NULL;
        member_stop(m, until);
        return;
    case 1:
        members_tell(w, "freeze", m->name);
        w->result->freezes++;
        m->frozen_until = until;
        return;
    case 2:
        members_tell(w, "cut up", m->name);
        m->cut_up_until = until;
        return;
    case 3:
        members_tell(w, "cut down", m->name);
        m->cut_down_until = until;
        return;
    case 4:
        w->edges[members_below(w, MEMBERS_EDGES)].cut_until = until;
        return;
    default:
        if (m->core && !m->follows) members_tell(w, "hand over", m->name);
        for (uint32_t i = 0; i < w->member_count; i++) w->at[i].claims_at = w->step;
        return;
    }
}

/* An unclean election: other records take the offsets of those that are gone. */
static void members_harm(members *w)
{
    uint64_t gone = sim_log_truncate(&w->likes, 1 + members_below(w, 12));
    members_tell(w, "truncate", "likes");
    w->result->harmed += gone > 0;
    for (uint32_t i = 0; i < w->member_count; i++)
        w->at[i].likes_next = KD_MIN(w->at[i].likes_next, w->likes.end);
}

/* Who sees no leader takes the lead; two do so at once now and then. */
static void members_lead(members *w)
{
    bool led = members_leader(w) != NULL;
    bool silent = true;
    for (uint32_t i = 0; i < w->member_count; i++) {
        const member *m = &w->at[i];
        bool there = member_leads(m) && w->step >= m->frozen_until && w->step >= m->cut_up_until;
        silent &= !there;
    }
    for (uint32_t i = 0; i < w->member_count; i++) {
        member *m = &w->at[i];
        bool frozen = !w->healing && w->step < m->frozen_until;
        bool wants = w->healing ? !led : silent || members_below(w, 400) == 0;
        if (!m->follows || !wants || frozen || w->step < m->claims_at || members_below(w, 40) > 0) continue;
        members_tell(w, "promote", m->name);
        m->claims_at = w->step + 300 + members_below(w, 900);
        member_promote(m, false);
    }
}

/* ---- the run ---- */

static void members_open(members *w)
{
    w->counters = (kd_counters){.count = 1, .at = {{"like", 1, KD_SET}}};
    for (uint32_t n = 0; n < KD_THRESHOLDS_MAX; n++) w->thresholds.at[w->thresholds.count++] = 5 * (n + 1);
    w->member_count = 2 + (uint32_t)members_below(w, 2);
    w->harms = members_below(w, 3) == 0;
    w->flights = kd_alloc(MEMBERS_FLIGHTS * sizeof *w->flights);
    memset(w->flights, 0, MEMBERS_FLIGHTS * sizeof *w->flights);
    w->labels = kd_alloc(MEMBERS_LABELS * sizeof *w->labels);
    memset(w->labels, 0, MEMBERS_LABELS * sizeof *w->labels);
    for (uint32_t i = 0; i < w->member_count; i++) {
        member *m = &w->at[i];
        m->world = w;
        m->number = i;
        snprintf(m->name, sizeof m->name, "central-%c", 'a' + (char)i);
        m->disk = sim_disk_create();
        member_open(m, true);
    }
    for (uint32_t i = 0; i < MEMBERS_EDGES; i++) members_edge_open(w, i);
}

static void members_close(members *w)
{
    for (uint32_t i = 0; i < w->member_count; i++) member_finish(&w->at[i]);
    for (uint32_t i = 0; i < MEMBERS_EDGES; i++) members_edge_finish(&w->edges[i]);
    for (uint32_t i = 0; i < MEMBERS_FLIGHTS; i++) kd_buf_finish(&w->flights[i].record);
    free(w->flights);
    free(w->labels);
    sim_log_finish(&w->likes);
    sim_log_finish(&w->counts);
}

static void members_step(members *w)
{
    w->step++;
    members_flights_step(w);
    for (uint32_t i = 0; i < w->member_count && !w->result->violated; i++) member_step(&w->at[i]);
    for (uint32_t i = 0; i < MEMBERS_EDGES && !w->result->violated; i++) members_edge_step(w, i);
    if (!w->result->violated) members_lead(w);
}

/* For who looks into a run that does not end well. */
static void members_tell_state(const members *w)
{
    kd_following f;
    for (uint32_t i = 0; w->options->tells && i < w->member_count; i++) {
        const member *m = &w->at[i];
        if (m->core) kd_central_get_following(m->core, &f);
        fprintf(stderr,
                "       %s %s, %s, promotion %d, at %lld of %lld and %lld of %lld, %llu records, heard %llx "
                "%llu\n",
                m->name,
                !m->core     ? "is down"
                : m->follows ? "follows"
                             : "leads",
                m->core ? kd_follows_name(f.state) : "", m->core ? (int)kd_central_promotion(m->core) : 0,
                (long long)m->likes_next, (long long)w->likes.end, (long long)m->counts_next,
                (long long)w->counts.end, (unsigned long long)f.ours.read, (unsigned long long)f.epoch,
                (unsigned long long)f.heard.read);
    }
}

static void members_heal(members *w)
{
    char why[200] = "";
    bool agree = false;
    w->healing = true;
    for (uint32_t i = 0; i < w->member_count; i++) w->at[i].back_at = w->step;
    for (uint32_t n = 0; n < MEMBERS_HEAL && !w->result->violated; n++) {
        members_step(w);
        if (n % 50 != 49) continue;
        agree = members_agree(w, why, sizeof why);
        if (agree && members_told(w, why, sizeof why)) return;
    }
    if (!w->result->violated) members_tell_state(w);
    members_fail(w, agree ? "milestones" : "convergence", "%s", why);
}

void sim_members_run(const sim_members_options *options, sim_members_result *result)
{
    members *w = kd_alloc(sizeof *w);
    *w = (members){.options = options,
                   .result = result,
                   .random = options->seed,
                   .milestones_random = ~options->seed,
                   .seeds_random = options->seed ^ 0x5eed};
    *result = (sim_members_result){.violated = false};
    members_open(w);
    while (w->step < MEMBERS_STEPS && !result->violated) {
        members_step(w);
        if (members_below(w, 250) == 0) members_trouble(w);
        if (w->harms && members_below(w, 1200) == 0) members_harm(w);
    }
    if (!result->violated) members_heal(w);
    members_close(w);
    free(w);
}

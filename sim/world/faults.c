/*
 * faults.c - see the header. A fault that lasts is in force (w->active) from its event to its end, and each change of that list sets clocks, disks
 * and links anew from all faults in force. A fault that happens once is played at its event.
 */
#include "sim/scenario/forged.h"
#include "sim/world/faults.h"

#include "sim/world/consumer.h"
#include "sim/world/decider_item.h"
#include "sim/world/disks.h"
#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/links.h"
#include "sim/world/operator.h"
#include "sim/world/processes.h"
#include "sim/world/users.h"

static const sim_scenario_event *faults_event(const sim_world *w, uint32_t index)
{
    return &w->s->events[index];
}

/* The machine that the event befalls; of an event that befalls none, HOST_CENTRAL. */
static uint32_t faults_host(const sim_scenario_event *e)
{
    if (sim_scenario_is_member(e->who)) return HOST_CENTRAL + sim_scenario_member_index(e->who);
    return e->who >= 0 ? (uint32_t)e->who : HOST_CENTRAL;
}

static uint64_t faults_ends_us(const sim_world *w, const sim_scenario_event *e)
{
    uint64_t end_us = e->for_us ? w->begin_us + e->at_us + e->for_us : w->end_us;
    return KD_MIN(end_us, w->end_us);
}

static uint64_t faults_back_us(const sim_world *w, const sim_scenario_event *e)
{
    return w->now_us + (e->for_us ? e->for_us : SHELL_RESTART_US);
}

static bool faults_lasts(sim_scenario_kind kind)
{
    switch (kind) {
    case SCENARIO_CUT:
    case SCENARIO_FLAP:
    case SCENARIO_DELAY:
    case SCENARIO_LOSS:
    case SCENARIO_BANDWIDTH:
    case SCENARIO_ANSWERS_LOST:
    case SCENARIO_DISK_FULL:
    case SCENARIO_DISK_SLOW:
    case SCENARIO_READS_FAIL:
    case SCENARIO_CLOCK_STEP:
    case SCENARIO_CLOCK_DRIFT:
    case SCENARIO_CLOCK_SWING:
    case SCENARIO_LOG_DUPLICATES:
        return true;
    default:
        return false;
    }
}

/* ---- faults in force ---- */

static int64_t faults_swing_us(const sim_world *w, const sim_scenario_event *e)
{
    uint64_t turn = (w->now_us - w->begin_us - e->at_us) / KD_MAX(e->period_us, 1);
    return turn % 2 ? -e->amount : e->amount;
}

static void faults_refresh_clocks(sim_world *w)
{
    int64_t step_us[HOSTS] = {0}, ppm[HOSTS] = {0};
    for (uint32_t i = 0; i < w->active_count; i++) {
        const sim_scenario_event *e = faults_event(w, w->active[i]);
        uint32_t host = faults_host(e);
        if (e->kind == SCENARIO_CLOCK_STEP) step_us[host] += e->amount;
        if (e->kind == SCENARIO_CLOCK_SWING) step_us[host] += faults_swing_us(w, e);
        if (e->kind == SCENARIO_CLOCK_DRIFT) ppm[host] += e->amount;
    }
    for (uint32_t h = 0; h < HOSTS; h++) {
        bool ended = w->hosts[h].ppm && !ppm[h]; /* the wall clock is set right after a drift */
        if (w->hosts[h].ppm != ppm[h]) sim_host_set_ppm(w, h, ppm[h]);
        int64_t drifted_us = (int64_t)(sim_host_mono_us(w, h) - w->now_us);
        if (!ppm[h] || ended) w->hosts[h].step_us = step_us[h] - drifted_us;
    }
}

static void faults_refresh_rest(sim_world *w)
{
    memset(w->answers_lost, 0, sizeof(w->answers_lost));
    memset(w->slow_us, 0, sizeof(w->slow_us));
    memset(w->duplicate_percent, 0, sizeof(w->duplicate_percent));
    for (uint32_t i = 0; i < w->active_count; i++) {
        const sim_scenario_event *e = faults_event(w, w->active[i]);
        uint32_t host = faults_host(e);
        if (e->kind == SCENARIO_ANSWERS_LOST && e->who >= 0) w->answers_lost[host] += (uint32_t)e->amount;
        if (e->kind == SCENARIO_DISK_SLOW) w->slow_us[host] = KD_MAX(w->slow_us[host], (uint64_t)e->amount);
        if (e->kind == SCENARIO_LOG_DUPLICATES) w->duplicate_percent[e->topic] += (uint32_t)e->amount;
    }
}

static int faults_who(const sim_world *w, uint32_t host)
{
    if (host < HOST_CENTRAL) return (int)host;
    return w->s->member_count > 0 ? sim_scenario_member(host - HOST_CENTRAL) : SCENARIO_CENTRAL;
}

static void faults_refresh_disks(sim_world *w)
{
    uint32_t full[HOSTS], unreadable[HOSTS];
    memcpy(full, w->full, sizeof(full));
    memcpy(unreadable, w->unreadable, sizeof(unreadable));
    memset(w->full, 0, sizeof(w->full));
    memset(w->unreadable, 0, sizeof(w->unreadable));
    for (uint32_t i = 0; i < w->active_count; i++) {
        const sim_scenario_event *e = faults_event(w, w->active[i]);
        uint32_t host = faults_host(e);
        w->full[host] += e->kind == SCENARIO_DISK_FULL;
        w->unreadable[host] += e->kind == SCENARIO_READS_FAIL;
    }
    for (uint32_t h = 0; h < HOSTS; h++) {
        if (!full[h] == !w->full[h] && !unreadable[h] == !w->unreadable[h]) continue;
        uint32_t process = h >= HOST_CENTRAL ? sim_process_of_central(h - HOST_CENTRAL) : h;
        sim_disks_refresh(w, faults_who(w, h));
        if (!sim_host_disk_fails(w, h)) sim_process_start_at(w, process, w->now_us + SHELL_RESTART_US);
    }
}

static void faults_refresh(sim_world *w)
{
    faults_refresh_rest(w);
    faults_refresh_clocks(w);
    faults_refresh_disks(w);
    sim_links_refresh(w);
}

static void faults_on_end(sim_world *w, const sim_event *ev)
{
    for (uint32_t i = 0; i < w->active_count; i++) {
        if (w->active[i] != ev->a) continue;
        memmove(w->active + i, w->active + i + 1, (--w->active_count - i) * sizeof(w->active[0]));
        TRACE(w, "fault %u ends", ev->a);
        faults_refresh(w);
        return;
    }
}

/* A flap opens or cuts its link, or a swing sets the clock to the other side. */
static void faults_on_turn(sim_world *w, const sim_event *ev)
{
    const sim_scenario_event *e = faults_event(w, ev->a);
    if (w->now_us >= faults_ends_us(w, e)) return;
    faults_refresh(w);
    sim_world_at(w, w->now_us + KD_MAX(e->period_us, 1000), faults_on_turn, ev->a, 0, 0);
}

static void faults_begin(sim_world *w, uint32_t index)
{
    const sim_scenario_event *e = faults_event(w, index);
    w->active = kd_grow(w->active, w->active_count, &w->active_cap, sizeof(w->active[0]));
    w->active[w->active_count++] = index;
    faults_refresh(w);
    sim_world_at(w, faults_ends_us(w, e), faults_on_end, index, 0, 0);
    if (e->kind == SCENARIO_FLAP || e->kind == SCENARIO_CLOCK_SWING)
        sim_world_at(w, w->now_us + KD_MAX(e->period_us, 1000), faults_on_turn, index, 0, 0);
}

/* ---- the log ---- */

static void faults_redeliver(sim_world *w, const sim_scenario_event *e)
{
    uint32_t from = e->topic == SCENARIO_LIKES ? WORLD_SLOTS : 0;
    uint32_t to = e->topic == SCENARIO_LIKES ? WORLD_PROCESSES : WORLD_SLOTS;
    for (uint32_t i = from; i < to; i++) {
        for (uint32_t p = 0; p < w->s->partitions && w->processes[i].up; p++) {
            sim_cursor *c = &w->processes[i].cursor[p];
            const sim_log *l = sim_consumer_log(w, i, p);
            if (c->next > l->start) c->next = KD_MAX(l->start, c->next - e->amount);
        }
    }
    for (uint32_t p = 0; p < w->s->partitions; p++) sim_consumer_wake_all(w, e->topic, p);
    /* A batch that came too early (a gap) may be merged when it is read again, although it stands in the log before its predecessor. A central that
     * is restored to a state before that reads the log once and meets the gap again. Likes are sent again; sums are not, and may be lost. */
    sim_checks_log_lost(w->checks, e->topic);
}

static void faults_lose_records(sim_world *w, const sim_scenario_event *e)
{
    uint64_t gone = 0, amount = (uint64_t)KD_MAX(e->amount, 0);
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        sim_log *l = e->topic == SCENARIO_LIKES ? &w->likes[p] : &w->counts[p];
        if (e->kind == SCENARIO_LOG_TRUNCATED) gone += sim_log_truncate(l, amount);
        if (e->kind == SCENARIO_LOG_EXPIRED) gone += sim_log_expire(l, amount);
        if (e->kind == SCENARIO_LOG_RECREATED) gone += sim_log_recreate(l);
    }
    if (gone) sim_checks_log_lost(w->checks, e->topic);
    for (uint32_t p = 0; p < w->s->partitions; p++) sim_consumer_wake_all(w, e->topic, p);
}

static void faults_forge(sim_world *w, const sim_scenario_event *e)
{
    kd_buf record = {0}, last = {0};
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        sim_log *l = &w->likes[p];
        kd_buf_clear(&last);
        for (int64_t at = l->start; at < l->end; at++)
            sim_forged_note(w->s, (uint32_t)e->who, sim_log_read(l, at), &last);
        for (uint32_t i = 0; sim_forged_record(w->s, e, kd_buf_view(&last), i, &record); i++)
            sim_log_append(l, kd_buf_view(&record));
        sim_consumer_wake_all(w, SCENARIO_LIKES, p);
    }
    kd_buf_finish(&record);
    kd_buf_finish(&last);
}

/* ---- faults that happen once ---- */

static uint32_t faults_process(const sim_scenario_event *e)
{
    if (sim_scenario_is_member(e->who)) return sim_process_of_central(sim_scenario_member_index(e->who));
    return e->who == SCENARIO_CENTRAL ? sim_process_of_central(0) : (uint32_t)e->who;
}

static void faults_on_kafka_back(sim_world *w, const sim_event *ev)
{
    (void)ev;
    if (w->kafka_down > 0) w->kafka_down--;
    TRACE(w, "kafka is back");
    sim_links_refresh(w);
}

static void faults_on_copy_gone(sim_world *w, const sim_event *ev)
{
    sim_disks_copy_gone(w, (int)ev->a);
}

static void faults_kill(sim_world *w, const sim_scenario_event *e)
{
    if (e->who == SCENARIO_KAFKA) {
        w->kafka_down++;
        w->kills++;
        sim_world_at(w, KD_MIN(faults_back_us(w, e), w->end_us), faults_on_kafka_back, 0, 0, 0);
        return;
    }
    sim_process_stop(w, faults_process(e));
    sim_process_start_at(w, faults_process(e), faults_back_us(w, e));
}

static void faults_reset(sim_world *w, const sim_scenario_event *e)
{
    uint32_t host = faults_host(e);
    if (e->peer != SCENARIO_CENTRAL) sim_links_reset(w, host, PEER_KAFKA);
    if (e->peer != SCENARIO_KAFKA) sim_links_reset(w, host, PEER_CENTRAL);
}

static void faults_play_once(sim_world *w, const sim_scenario_event *e)
{
    switch (e->kind) {
    case SCENARIO_RESET:
        faults_reset(w, e);
        return;
    case SCENARIO_KILL:
    case SCENARIO_KAFKA_GONE: /* the world has one broker */
        faults_kill(w, e);
        return;
    case SCENARIO_FENCE:
        sim_links_fence(w, faults_host(e));
        return;
    case SCENARIO_FREEZE:
        if (e->who == SCENARIO_KAFKA)
            faults_kill(w, e); /* its log is there afterwards, as after a kill */
        else if (w->processes[faults_process(e)].up)
            w->processes[faults_process(e)].frozen_until_us = faults_ends_us(w, e);
        return;
    case SCENARIO_RESTART:
        if (e->who == SCENARIO_KAFKA)
            faults_kill(w, e);
        else
            sim_process_restart(w, faults_process(e));
        return;
    case SCENARIO_JOIN:
        sim_disks_refresh(w, e->who);
        sim_process_start(w, faults_process(e));
        return;
    case SCENARIO_BACKUP:
        if (e->who == SCENARIO_CENTRAL)
            sim_operator_backs_up(w);
        else
            sim_disks_back_up(w, e->who);
        return;
    case SCENARIO_RETIRE:
    case SCENARIO_READMIT:
        sim_operator_retires(w, (uint32_t)e->who, e->kind == SCENARIO_RETIRE);
        return;
    case SCENARIO_CLOSE:
    case SCENARIO_OPEN:
    case SCENARIO_DELETE:
        sim_decider_item_ordered(w, e);
        return;
    case SCENARIO_RESTORE:
    case SCENARIO_WIPE:
        (e->kind == SCENARIO_WIPE ? sim_disks_wipe : sim_disks_restore)(w, e->who);
        sim_process_start_at(w, faults_process(e), faults_back_us(w, e));
        return;
    case SCENARIO_COPY:
    case SCENARIO_SECOND:
        sim_disks_copy(w, e->kind == SCENARIO_SECOND ? SCENARIO_CENTRAL : e->who);
        sim_world_at(w, faults_ends_us(w, e), faults_on_copy_gone,
                     (uint32_t)(e->kind == SCENARIO_SECOND ? SCENARIO_CENTRAL : e->who), 0, 0);
        return;
    case SCENARIO_SYNC_FAILS:
        sim_disks_fail_sync(w, e->who);
        return;
    case SCENARIO_LOG_REDELIVERS:
        faults_redeliver(w, e);
        return;
    case SCENARIO_LOG_TRUNCATED:
    case SCENARIO_LOG_EXPIRED:
    case SCENARIO_LOG_RECREATED:
        faults_lose_records(w, e);
        return;
    case SCENARIO_LOG_FORGED:
    case SCENARIO_LOG_FORGED_AHEAD:
        faults_forge(w, e);
        return;
    case SCENARIO_VOID:
    case SCENARIO_PUT_BACK:
    case SCENARIO_ERASE:
    case SCENARIO_IMPORT:
        return; /* orders.h looks at the scenario itself */
    default:
        KD_ASSERT(!"a fault that happens once");
    }
}

static void faults_record(sim_world *w, uint32_t index)
{
    const sim_scenario_event *e = faults_event(w, index);
    kd_buf line = {0};
    sim_scenario_event_print(w->s, e, &line);
    TRACE(w, "fault %u: %b", index, kd_buf_view(&line));
    if (w->options->record) {
        kd_buf_put_u8(&line, 0);
        uint64_t to_us =
            faults_lasts(e->kind) || e->for_us ? KD_MAX(faults_ends_us(w, e), w->now_us) : w->now_us;
        sim_record_fault(w->options->record, e->at_us, to_us - w->begin_us, sim_scenario_who(w->s, e->who),
                         (char *)line.data);
    }
    kd_buf_finish(&line);
}

static void faults_on_event(sim_world *w, const sim_event *ev)
{
    const sim_scenario_event *e = faults_event(w, ev->a);
    if (e->kind == SCENARIO_OPERATION) {
        sim_users_script(w, ev->a);
        return;
    }
    if (!sim_scenario_simulated(e->kind)) return;
    faults_record(w, ev->a);
    if (faults_lasts(e->kind))
        faults_begin(w, ev->a);
    else
        faults_play_once(w, e);
}

void sim_faults_open(sim_world *w)
{
    for (uint32_t i = 0; i < w->s->event_count; i++)
        if (faults_event(w, i)->at_us < w->s->length_us)
            sim_world_at(w, w->begin_us + faults_event(w, i)->at_us, faults_on_event, i, 0, 0);
}

void sim_faults_stop(sim_world *w)
{
    w->active_count = 0;
    w->kafka_down = 0;
    faults_refresh(w);
    for (uint32_t i = 0; i < w->s->edge_count; i++) sim_disks_copy_gone(w, (int)i);
    if (w->s->member_count == 0) sim_disks_copy_gone(w, SCENARIO_CENTRAL);
    for (uint32_t i = 0; i < WORLD_PROCESSES; i++) {
        w->processes[i].frozen_until_us = KD_MIN(w->processes[i].frozen_until_us, w->now_us);
        w->processes[i].refuses_to_run = false;
        sim_process_start(w, i);
    }
}

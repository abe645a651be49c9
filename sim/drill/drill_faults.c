/* drill_faults.c - see the header: the events that are to come, and the faults in force. */
#include "sim/drill/drill_faults.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/scenario/points.h"

enum {
    BACK_US = 1000000, /* after a kill, when the scenario says nothing */
    CLOCK_EVERY_US = 50000,
    SLACK_US = 200000,
    DOUBLED_AFTER_US = 5000000, /* after its twin has ended: until the edge has noticed what the twin did */
};

typedef struct {
    const sim_scenario_event *event;
    uint64_t from_us, until_us; /* UINT64_MAX: until the faults stop */
    uint64_t step_us;           /* when a flapping link or a swinging clock turns next */
    bool turn;                  /* the link is open, or the clock behind */
    bool played;                /* the event is not the scenario's, and is freed when it is over */
} active;

struct sim_drill_faults {
    sim_drill_faults_options options;
    uint32_t next; /* event of the scenario that has not begun yet */
    active *at;
    uint32_t count, cap;
    int64_t stepped_us[SCENARIO_EDGES_MAX + 1]; /* by which each clock stays wrong; central's is the last */
    int64_t shown_us[SCENARIO_EDGES_MAX + 1];   /* by which each clock was last told to be wrong */
    uint64_t clock_us;                          /* when the clocks were last looked at */
    /* While two processes run under an edge's name what it answers is excused; until 0: there is one. */
    uint64_t doubled_from_us[SCENARIO_EDGES_MAX], doubled_until_us[SCENARIO_EDGES_MAX];
    bool log_lost; /* the likes topic has lost records, which a restored central cannot read again */
};

const char *sim_drill_faults_missing(const sim_scenario_event *e, bool real_kafka, uint32_t brokers)
{
    switch (e->kind) {
    case SCENARIO_LOG_TRUNCATED:
        return real_kafka && brokers >= FLEET_ELECTION_BROKERS
                   ? NULL
                   : "a log loses its end in an unclean election, of three brokers of a real Kafka";
    case SCENARIO_LOG_EXPIRED:
        return real_kafka ? NULL : "the embedded broker keeps all records";
    case SCENARIO_READS_FAIL:
        return "a disk whose reads fail is played in the simulation only";
    case SCENARIO_RETIRE:
    case SCENARIO_READMIT:
        return "what an operator tells central is played in the simulation only";
    case SCENARIO_ARM:
        return sim_point_known(e->point) ? NULL : "these programs do not know their points (make POINTS=1)";
    default:
        return NULL;
    }
}

bool sim_drill_faults_moves_clock(sim_scenario_kind kind)
{
    return kind == SCENARIO_CLOCK_STEP || kind == SCENARIO_CLOCK_DRIFT || kind == SCENARIO_CLOCK_SWING;
}

static uint64_t drill_faults_sooner(const sim_drill_faults *f, uint64_t us)
{
    return (uint64_t)((double)us / f->options.faster);
}

/* ---- what is excused ------------------------------------------------------------------------------------------- */

/* Operations that this edge answered and central had not merged are gone with the edge's directory. */
static void excuse(sim_drill_faults *f, uint32_t edge, uint64_t now_us)
{
    const sim_fleet *fl = f->options.fleet;
    uint64_t merged = f->options.merged(f->options.merged_arg, edge), begin = sim_fleet_wall_us(fl, 0);
    uint64_t margin = fl->scenario->drift_us + SLACK_US;
    uint64_t from = merged > begin + margin ? merged - begin - margin : 0;
    if (!sim_scenario_disk_spares(fl->scenario))
        sim_journal_excuse_edge(f->options.journal, edge, from, now_us);
    sim_clients_forgotten(f->options.clients, edge);
}

static void begin_doubled(sim_drill_faults *f, uint32_t edge, uint64_t now_us)
{
    f->doubled_from_us[edge] = now_us > SLACK_US ? now_us - SLACK_US : 0;
    f->doubled_until_us[edge] = UINT64_MAX;
    sim_clients_forgotten(f->options.clients, edge);
    sim_journal_excuse_sums(f->options.journal);
}

/* An operation is excused by the moment of its answer, and more are answered all the time: so this is called at each tick. */
static void excuse_doubled(sim_drill_faults *f, uint64_t now_us)
{
    for (uint32_t e = 0; e < SCENARIO_EDGES_MAX; e++) {
        if (f->doubled_until_us[e] == 0) continue;
        sim_journal_excuse_edge(f->options.journal, e, f->doubled_from_us[e],
                                KD_MIN(now_us, f->doubled_until_us[e]));
        if (now_us > f->doubled_until_us[e]) f->doubled_until_us[e] = 0;
    }
}

/* ---- begin ----------------------------------------------------------------------------------------------------- */

static void copy_begins(sim_drill_faults *f, const sim_scenario_event *e, uint64_t now_us)
{
    if (e->who >= 0) begin_doubled(f, (uint32_t)e->who, now_us);
    sim_fleet_node_twin(sim_fleet_who(f->options.fleet, e->who));
}

static void directory_lost(sim_drill_faults *f, const sim_scenario_event *e, uint64_t now_us)
{
    sim_fleet_node *n = sim_fleet_who(f->options.fleet, e->who);
    uint64_t back = e->for_us ? drill_faults_sooner(f, e->for_us) : (uint64_t)BACK_US;
    bool done = true;
    if (e->kind == SCENARIO_WIPE)
        sim_fleet_node_wipe(n, back);
    else
        done = sim_fleet_node_restore(n, back);
    if (!done) {
        if (f->options.record)
            sim_record_note(f->options.record, now_us, n->name, "there is no backup to restore");
    } else if (e->who >= 0) {
        excuse(f, (uint32_t)e->who, sim_fleet_now_us(f->options.fleet));
    } else if (f->log_lost) {
        sim_journal_excuse_sums(f->options.journal);
        sim_order_book_lost(f->options.book);
    }
}

static void on_kafka(sim_drill_faults *f, const sim_scenario_event *e)
{
    sim_fleet *fl = f->options.fleet;
    if (e->kind == SCENARIO_FREEZE)
        sim_fleet_kafka_freeze(fl, true);
    else if (e->kind == SCENARIO_RESET)
        sim_fleet_net_reset(fl, SCENARIO_KAFKA);
    else /* Kafka cannot be drained: its restart is a short kill */
        sim_fleet_kafka_kill(fl, e->kind == SCENARIO_KAFKA_GONE);
}

static void on_log(sim_drill_faults *f, const sim_scenario_event *e)
{
    sim_log_tool *log = f->options.log;
    uint32_t amount = (uint32_t)e->amount;
    switch (e->kind) {
    case SCENARIO_LOG_DUPLICATES:
        sim_log_tool_duplicate(log, e->topic, amount);
        break;
    case SCENARIO_LOG_REDELIVERS:
        sim_log_tool_redeliver(log, e->topic, amount);
        break;
    case SCENARIO_LOG_EXPIRED:
        f->log_lost = f->log_lost || e->topic == SCENARIO_LIKES;
        sim_log_tool_expire(log, e->topic, amount);
        break;
    case SCENARIO_LOG_TRUNCATED:
        f->log_lost = f->log_lost || e->topic == SCENARIO_LIKES;
        sim_fleet_kafka_truncate(f->options.fleet, sim_log_tool_topic(e->topic), amount);
        break;
    default:
        f->log_lost = true; /* the embedded broker loses all topics at once */
        sim_fleet_kafka_recreate(f->options.fleet, sim_log_tool_topic(e->topic));
    }
}

static void on_operator(sim_drill_faults *f, const sim_scenario_event *e)
{
    if (e->kind == SCENARIO_AUDIT)
        sim_operator_tool_audit(f->options.tool);
    else if (e->kind == SCENARIO_REHEARSE)
        sim_operator_tool_rehearse(f->options.tool);
    else
        sim_operator_tool_audit_left(f->options.tool);
}

static void on_process(sim_drill_faults *f, const sim_scenario_event *e, uint64_t now_us)
{
    sim_fleet_node *n = sim_fleet_who(f->options.fleet, e->who);
    switch (e->kind) {
    case SCENARIO_KILL:
        sim_fleet_node_kill(n, e->for_us ? drill_faults_sooner(f, e->for_us) : (uint64_t)BACK_US);
        break;
    case SCENARIO_ARM:
        sim_fleet_node_arm(n, e->point, (uint32_t)e->amount, drill_faults_sooner(f, e->for_us));
        break;
    case SCENARIO_FREEZE:
        sim_fleet_node_freeze(n);
        break;
    case SCENARIO_RESTART:
        sim_fleet_node_restart(n);
        break;
    case SCENARIO_JOIN:
        sim_fleet_node_start(n);
        break;
    case SCENARIO_BACKUP:
        sim_fleet_node_backup(n);
        break;
    case SCENARIO_RESTORE:
    case SCENARIO_WIPE:
        directory_lost(f, e, now_us);
        break;
    case SCENARIO_COPY:
    case SCENARIO_SECOND:
        copy_begins(f, e, now_us);
        break;
    case SCENARIO_DISK_FULL:
        sim_fleet_node_fill(n, true);
        break;
    case SCENARIO_SYNC_FAILS:
        sim_fleet_node_sync(n, true, 0);
        break;
    case SCENARIO_DISK_SLOW:
        sim_fleet_node_sync(n, false, (uint64_t)e->amount);
        break;
    default:
        sim_fleet_net_reset(f->options.fleet, e->who);
    }
}

static uint32_t clock_of(int who)
{
    return who >= 0 ? (uint32_t)who : (uint32_t)SCENARIO_EDGES_MAX;
}

static void drill_faults_begin(sim_drill_faults *f, const sim_scenario_event *e, uint64_t now_us)
{
    switch (e->kind) {
    case SCENARIO_CUT:
    case SCENARIO_FLAP:
    case SCENARIO_DELAY:
    case SCENARIO_LOSS:
    case SCENARIO_BANDWIDTH:
        sim_fleet_net_begin(f->options.fleet, e);
        return;
    case SCENARIO_ANSWERS_LOST:
        sim_clients_lose(f->options.clients, (uint32_t)e->who, (uint32_t)e->amount);
        return;
    case SCENARIO_CLOCK_STEP:
    case SCENARIO_CLOCK_DRIFT:
    case SCENARIO_CLOCK_SWING:
        return; /* clocks() tells a process the sum of all that moves its clock */
    case SCENARIO_LOG_DUPLICATES:
    case SCENARIO_LOG_REDELIVERS:
    case SCENARIO_LOG_TRUNCATED:
    case SCENARIO_LOG_EXPIRED:
    case SCENARIO_LOG_RECREATED:
        on_log(f, e);
        return;
    case SCENARIO_LOG_FORGED:
    case SCENARIO_LOG_FORGED_AHEAD:
        sim_log_tool_forge(f->options.log, f->options.fleet->scenario, e);
        return;
    case SCENARIO_FENCE:
        sim_fleet_net_fence(f->options.fleet, e->who);
        return;
    case SCENARIO_AUDIT:
    case SCENARIO_AUDIT_LEFT:
    case SCENARIO_REHEARSE:
        on_operator(f, e);
        return;
    case SCENARIO_CLOSE:
    case SCENARIO_OPEN:
    case SCENARIO_DELETE:
    case SCENARIO_VOID:
    case SCENARIO_PUT_BACK:
    case SCENARIO_ERASE:
    case SCENARIO_IMPORT:
        sim_order_book_add(f->options.book, e);
        return;
    default:
        if (e->who == SCENARIO_KAFKA)
            on_kafka(f, e);
        else
            on_process(f, e, now_us);
    }
}

/* ---- end ------------------------------------------------------------------------------------------------------- */

static void thaw(sim_drill_faults *f, const active *a, uint64_t now_us)
{
    const sim_scenario_event *e = a->event;
    sim_fleet_node_thaw(sim_fleet_who(f->options.fleet, e->who));
    if (e->who >= 0) sim_journal_thawed(f->options.journal, (uint32_t)e->who, a->from_us, now_us);
}

static void copy_ends(sim_drill_faults *f, const sim_scenario_event *e, uint64_t now_us)
{
    sim_fleet_node *n = sim_fleet_who(f->options.fleet, e->who);
    sim_fleet_node_twin_gone(n);
    if (e->who < 0) return;
    sim_clients_forgotten(f->options.clients, (uint32_t)e->who);
    f->doubled_until_us[e->who] = now_us + DOUBLED_AFTER_US;
    sim_fleet_node_restart(
        n); /* the operator acts: an edge that was told of its double may refuse writes until then */
}

/* How wrong a drifting clock is by now, in us. */
static int64_t drifted(const sim_drill_faults *f, const active *a, uint64_t now_us)
{
    return (int64_t)((double)(now_us - a->from_us) * f->options.faster * (double)a->event->amount / 1e6);
}

static void drill_faults_finish(sim_drill_faults *f, const active *a, uint64_t now_us)
{
    const sim_scenario_event *e = a->event;
    sim_fleet *fl = f->options.fleet;
    switch (e->kind) {
    case SCENARIO_CUT:
    case SCENARIO_FLAP:
    case SCENARIO_DELAY:
    case SCENARIO_LOSS:
    case SCENARIO_BANDWIDTH:
        sim_fleet_net_end(fl, e);
        break;
    case SCENARIO_ANSWERS_LOST:
        sim_clients_lose(f->options.clients, (uint32_t)e->who, 0);
        break;
    case SCENARIO_FREEZE:
        if (e->who == SCENARIO_KAFKA)
            sim_fleet_kafka_freeze(fl, false);
        else
            thaw(f, a, now_us);
        break;
    case SCENARIO_KILL:
    case SCENARIO_KAFKA_GONE:
    case SCENARIO_RESTART:
        if (e->who == SCENARIO_KAFKA) sim_fleet_kafka_back(fl);
        break;
    case SCENARIO_COPY:
    case SCENARIO_SECOND:
        copy_ends(f, e, now_us);
        break;
    case SCENARIO_DISK_FULL:
        sim_fleet_node_fill(sim_fleet_who(fl, e->who), false);
        break;
    case SCENARIO_DISK_SLOW:
        sim_fleet_node_sync(sim_fleet_who(fl, e->who), false, 0);
        break;
    case SCENARIO_LOG_DUPLICATES:
        sim_log_tool_duplicate(f->options.log, e->topic, 0);
        break;
    case SCENARIO_CLOCK_DRIFT: /* the error that has gathered stays */
        f->stepped_us[clock_of(e->who)] += drifted(f, a, now_us);
        break;
    case SCENARIO_CLOCK_STEP:
        if (e->for_us == 0) f->stepped_us[clock_of(e->who)] += e->amount;
        break;
    default:
        break;
    }
}

/* ---- in between ------------------------------------------------------------------------------------------------ */

static int64_t clock_offset(const sim_drill_faults *f, uint32_t clock, uint64_t now_us)
{
    int64_t offset = f->stepped_us[clock];
    for (uint32_t i = 0; i < f->count; i++) {
        const active *a = &f->at[i];
        const sim_scenario_event *e = a->event;
        if (!sim_drill_faults_moves_clock(e->kind) || clock_of(e->who) != clock) continue;
        if (e->kind == SCENARIO_CLOCK_STEP) offset += e->amount;
        if (e->kind == SCENARIO_CLOCK_SWING) offset += a->turn ? -e->amount : e->amount;
        if (e->kind == SCENARIO_CLOCK_DRIFT) offset += drifted(f, a, now_us);
    }
    return offset;
}

static void clocks(sim_drill_faults *f, uint64_t now_us)
{
    if (!f->options.fleet->options.faketime || now_us < f->clock_us + CLOCK_EVERY_US) return;
    f->clock_us = now_us;
    for (uint32_t c = 0; c <= SCENARIO_EDGES_MAX; c++) {
        int64_t offset = clock_offset(f, c, now_us);
        if (offset == f->shown_us[c]) continue;
        f->shown_us[c] = offset;
        sim_fleet_node_clock(
            sim_fleet_who(f->options.fleet, c == SCENARIO_EDGES_MAX ? SCENARIO_CENTRAL : (int)c), offset);
    }
}

static void take_turns(sim_drill_faults *f, uint64_t now_us)
{
    for (uint32_t i = 0; i < f->count; i++) {
        active *a = &f->at[i];
        if (a->event->period_us == 0 || now_us < a->step_us) continue;
        a->step_us = now_us + KD_MAX(drill_faults_sooner(f, a->event->period_us), UINT64_C(50000));
        a->turn = !a->turn;
        if (a->event->kind == SCENARIO_FLAP) sim_fleet_net_flap(f->options.fleet, a->event, a->turn);
    }
}

static uint64_t until(const sim_drill_faults *f, const sim_scenario_event *e, uint64_t now_us)
{
    switch (e->kind) {
    case SCENARIO_RESET:
    case SCENARIO_FENCE:
    case SCENARIO_SYNC_FAILS:
    case SCENARIO_JOIN:
    case SCENARIO_BACKUP:
    case SCENARIO_RESTORE:
    case SCENARIO_WIPE:
    case SCENARIO_LOG_REDELIVERS:
    case SCENARIO_LOG_TRUNCATED:
    case SCENARIO_LOG_EXPIRED:
    case SCENARIO_LOG_RECREATED:
    case SCENARIO_LOG_FORGED:
    case SCENARIO_LOG_FORGED_AHEAD:
    case SCENARIO_ARM:
    case SCENARIO_AUDIT:
    case SCENARIO_AUDIT_LEFT:
    case SCENARIO_REHEARSE:
    case SCENARIO_CLOSE:
    case SCENARIO_OPEN:
    case SCENARIO_DELETE:
    case SCENARIO_VOID:
    case SCENARIO_PUT_BACK:
    case SCENARIO_ERASE:
    case SCENARIO_IMPORT:
        return now_us;
    case SCENARIO_KILL:
    case SCENARIO_KAFKA_GONE:
    case SCENARIO_RESTART:
        return now_us + (e->for_us ? drill_faults_sooner(f, e->for_us) : (uint64_t)BACK_US);
    case SCENARIO_CLOCK_STEP:
        return e->for_us ? now_us + drill_faults_sooner(f, e->for_us) : now_us;
    default:
        return e->for_us ? now_us + drill_faults_sooner(f, e->for_us) : UINT64_MAX;
    }
}

static void drill_faults_tell(const sim_drill_faults *f, const sim_scenario_event *e, uint64_t from_us,
                              uint64_t until_us)
{
    kd_buf text = {0};
    uint64_t end =
        until_us == UINT64_MAX ? drill_faults_sooner(f, f->options.fleet->scenario->length_us) : until_us;
    if (!f->options.record) return;
    sim_scenario_event_print(f->options.fleet->scenario, e, &text);
    kd_buf_put_u8(&text, 0);
    sim_record_fault(f->options.record, from_us, KD_MAX(end, from_us),
                     sim_scenario_who(f->options.fleet->scenario, e->who), (const char *)text.data);
    kd_buf_finish(&text);
}

static void drill_faults_start(sim_drill_faults *f, const sim_scenario_event *e, uint64_t now_us, bool played)
{
    active a = {.event = e, .from_us = now_us, .until_us = until(f, e, now_us), .played = played};
    a.step_us = now_us + drill_faults_sooner(f, e->period_us);
    drill_faults_tell(f, e, now_us, a.until_us);
    drill_faults_begin(f, e, now_us);
    f->at = kd_grow(f->at, f->count, &f->cap, sizeof *f->at);
    f->at[f->count++] = a;
}

static bool can_be_played(const sim_drill_faults *f, const sim_scenario_event *e)
{
    const sim_fleet *fleet = f->options.fleet;
    return !sim_drill_faults_missing(e, fleet->options.real_kafka, fleet->brokers);
}

void sim_drill_faults_play(sim_drill_faults *f, const sim_scenario_event *event, uint64_t now_us)
{
    KD_ASSERT(event->kind != SCENARIO_OPERATION);
    if (!can_be_played(f, event)) return;
    sim_scenario_event *e = kd_alloc(sizeof *e);
    *e = *event;
    e->at_us = now_us;
    drill_faults_start(f, e, now_us, true);
}

static void drill_faults_let_go(active *a)
{
    if (a->played) free((sim_scenario_event *)(uintptr_t)a->event);
}

static void end_at(sim_drill_faults *f, uint32_t i, uint64_t now_us)
{
    active a = f->at[i];
    f->at[i] = f->at[--f->count];
    drill_faults_finish(f, &a, now_us);
    drill_faults_let_go(&a);
}

static void drill_faults_due(sim_drill_faults *f, const sim_scenario_event *e, uint64_t now_us)
{
    if (e->kind == SCENARIO_OPERATION)
        sim_clients_told(f->options.clients, e);
    else if (can_be_played(f, e))
        drill_faults_start(f, e, now_us, false);
}

void sim_drill_faults_tick(sim_drill_faults *f, uint64_t now_us)
{
    const sim_scenario *s = f->options.fleet->scenario;
    for (uint32_t i = f->count; i-- > 0;) {
        if (f->at[i].until_us <= now_us) end_at(f, i, now_us);
    }
    for (; f->next < s->event_count && drill_faults_sooner(f, s->events[f->next].at_us) <= now_us; f->next++)
        drill_faults_due(f, &s->events[f->next], now_us);
    take_turns(f, now_us);
    clocks(f, now_us);
    excuse_doubled(f, now_us);
}

void sim_drill_faults_stop(sim_drill_faults *f, uint64_t now_us)
{
    f->next = f->options.fleet->scenario->event_count;
    while (f->count > 0) end_at(f, f->count - 1, now_us);
    for (uint32_t i = 0; i < FLEET_NODES; i++) /* an armed process would die while the verdict is made */
        if (f->options.fleet->nodes[i].exists) sim_fleet_node_disarm(&f->options.fleet->nodes[i]);
    clocks(f, now_us + CLOCK_EVERY_US);
    excuse_doubled(f, now_us);
}

bool sim_drill_faults_log_lost(const sim_drill_faults *f)
{
    return f->log_lost;
}

sim_drill_faults *sim_drill_faults_create(const sim_drill_faults_options *options)
{
    sim_drill_faults *f = kd_alloc(sizeof *f);
    f->options = *options;
    return f;
}

void sim_drill_faults_destroy(sim_drill_faults *f)
{
    if (!f) return;
    for (uint32_t i = 0; i < f->count; i++) drill_faults_let_go(&f->at[i]);
    free(f->at);
    free(f);
}

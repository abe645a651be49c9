/*
 * scenario.c - a scenario as a value: defaults, copies, events in the order of time.
 */
#include "sim/scenario/language.h"

#include <stdio.h>
#include <stdlib.h>

void sim_scenario_init(sim_scenario *s)
{
    static const char *const edges[] = {"mumbai", "virginia", "singapore"};
    *s = (sim_scenario){
        .edge_count = KD_COUNT(edges),
        .partitions = 4,
        .shards = 2,
        .length_us = 60000000,
        .heal_us = 60000000,
        .drift_us = 500000,
        .flush_ops = 1000,
        .flush_interval_us = 5000000,
        .snapshot_interval_us = 1000000,
        .outbox_bytes = 64u << 20,
        .users = {.users = 60,
                  .items = 20,
                  .per_second = 20,
                  .zipf = 1,
                  .like_percent = 60,
                  .unlike_percent = 25,
                  .save_percent = 5,
                  .view_percent = 10,
                  .roam_percent = 20,
                  .lost_percent = 5,
                  .retry_percent = 80,
                  .double_percent = 5,
                  .tokens = true},
    };
    for (size_t i = 0; i < KD_COUNT(edges); i++) snprintf(s->edges[i], SCENARIO_NAME_MAX, "%s", edges[i]);
    s->teaches = kd_dup(kd_bytes_of("", 1));
}

void sim_scenario_finish(sim_scenario *s)
{
    free(s->teaches);
    free(s->events);
    free(s->expectations);
    *s = (sim_scenario){0};
}

static void *copy_array(const void *from, uint32_t count, size_t element)
{
    return count > 0 ? kd_dup(kd_bytes_of(from, count * element)) : NULL;
}

void sim_scenario_copy(sim_scenario *to, const sim_scenario *from)
{
    *to = *from;
    to->teaches = kd_dup(kd_bytes_of(from->teaches, strlen(from->teaches) + 1));
    to->events = copy_array(from->events, from->event_count, sizeof *from->events);
    to->event_cap = from->event_count;
    to->expectations = copy_array(from->expectations, from->expectation_count, sizeof *from->expectations);
    to->expectation_cap = from->expectation_count;
}

/* How many events are at or before that moment. */
static uint32_t events_until(const sim_scenario *s, uint64_t at_us)
{
    uint32_t low = 0, high = s->event_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->events[middle].at_us <= at_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void sim_scenario_add(sim_scenario *s, const sim_scenario_event *event)
{
    KD_ASSERT(s->event_count < SCENARIO_EVENTS_MAX);
    sim_scenario_event added = *event; /* it may lie in the array that grows */
    sim_scenario_settle(&added);
    uint32_t at = events_until(s, event->at_us);
    s->events = kd_grow(s->events, s->event_count, &s->event_cap, sizeof *s->events);
    memmove(s->events + at + 1, s->events + at, (s->event_count - at) * sizeof *s->events);
    s->events[at] = added;
    s->event_count++;
}

void sim_scenario_remove(sim_scenario *s, uint32_t index)
{
    KD_ASSERT(index < s->event_count);
    s->event_count--;
    memmove(s->events + index, s->events + index + 1, (s->event_count - index) * sizeof *s->events);
}

const char *sim_scenario_who(const sim_scenario *s, int who)
{
    switch (who) {
    case SCENARIO_CENTRAL:
        return "central";
    case SCENARIO_KAFKA:
        return "kafka";
    case SCENARIO_NOBODY:
        return "nobody";
    default:
        if (sim_scenario_is_member(who)) return s->members[sim_scenario_member_index(who)];
        KD_ASSERT(who >= 0 && (uint32_t)who < s->edge_count);
        return s->edges[who];
    }
}

uint64_t sim_scenario_central_clock_us(const sim_scenario *s)
{
    uint64_t wrong_us = 0;
    for (uint32_t i = 0; i < s->event_count; i++) {
        const sim_scenario_event *e = &s->events[i];
        uint64_t amount = (uint64_t)(e->amount < 0 ? -e->amount : e->amount);
        if (e->who != SCENARIO_CENTRAL) continue;
        if (e->kind == SCENARIO_CLOCK_STEP || e->kind == SCENARIO_CLOCK_SWING) wrong_us += amount;
        if (e->kind == SCENARIO_CLOCK_DRIFT)
            wrong_us += amount * (e->for_us ? e->for_us : s->length_us) / 1000000;
    }
    return wrong_us;
}

bool sim_scenario_begins(const sim_scenario *s, uint32_t member)
{
    uint32_t i = 0;
    while (i < s->event_count &&
           (s->events[i].kind != SCENARIO_JOIN || s->events[i].who != sim_scenario_member(member)))
        i++;
    return i == s->event_count;
}

static bool scenario_harms_log(const sim_scenario_event *e)
{
    switch (e->kind) {
    case SCENARIO_LOG_TRUNCATED:
    case SCENARIO_LOG_EXPIRED:
    case SCENARIO_LOG_RECREATED:
    case SCENARIO_LOG_REDELIVERS:
        return e->topic == SCENARIO_LIKES;
    case SCENARIO_KILL: /* of the leader: an election */
        return e->who == SCENARIO_KAFKA;
    case SCENARIO_KAFKA_GONE:
    case SCENARIO_COPY:
    case SCENARIO_SECOND:
    case SCENARIO_RETIRE:
    case SCENARIO_LOG_FORGED:
    case SCENARIO_LOG_FORGED_AHEAD:
    case SCENARIO_CLOCK_STEP:
    case SCENARIO_CLOCK_SWING:
        return true;
    default:
        return (e->kind == SCENARIO_RESTORE || e->kind == SCENARIO_WIPE) && e->who == SCENARIO_CENTRAL;
    }
}

bool sim_scenario_disk_spares(const sim_scenario *s)
{
    for (uint32_t i = 0; i < s->event_count; i++)
        if (scenario_harms_log(&s->events[i])) return false;
    return s->logged;
}

bool sim_scenario_about_item(sim_scenario_kind kind)
{
    return kind == SCENARIO_CLOSE || kind == SCENARIO_OPEN || kind == SCENARIO_DELETE;
}

bool sim_scenario_about_users(sim_scenario_kind kind)
{
    return kind == SCENARIO_VOID || kind == SCENARIO_PUT_BACK || kind == SCENARIO_ERASE ||
           kind == SCENARIO_IMPORT;
}

bool sim_scenario_tokens_kept(const sim_scenario *s)
{
    return s->users.tokens && s->users.strange_percent == 0;
}

bool sim_scenario_orders(const sim_scenario *s)
{
    for (uint32_t i = 0; i < s->event_count; i++) {
        sim_scenario_kind kind = s->events[i].kind;
        if (sim_scenario_about_users(kind) || sim_scenario_about_item(kind)) return true;
    }
    return s->decides || s->closes || s->life_us > 0;
}

void sim_scenario_old_user(uint32_t number, char name[SCENARIO_NAME_MAX])
{
    snprintf(name, SCENARIO_NAME_MAX, "old-%u", number);
}

uint32_t sim_scenario_old_users(const sim_scenario *s)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < s->event_count; i++)
        if (s->events[i].kind == SCENARIO_IMPORT && s->events[i].counter == SCENARIO_LIKE)
            most = KD_MAX(most, (uint32_t)s->events[i].amount);
    return most;
}

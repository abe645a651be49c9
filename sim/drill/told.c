/* told.c - see the header. */
#include "sim/drill/told.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kudos/id.h"
#include "kudos/wire.h"

enum { TOLD_NAME_MAX = 400 };

static kd_bytes told_name(char name[TOLD_NAME_MAX], uint32_t counter, const char *item, uint64_t threshold)
{
    snprintf(name, TOLD_NAME_MAX, "%s %s %" PRIu64, sim_scenario_counters.at[counter].name, item, threshold);
    return kd_bytes_str(name);
}

static bool told_is(const sim_told_milestones *t, uint32_t counter, const char *item, uint64_t threshold)
{
    char name[TOLD_NAME_MAX];
    kd_bytes wanted = told_name(name, counter, item, threshold);
    for (uint32_t i = 0; i < t->told.count; i++)
        if (kd_bytes_eq(kd_bytes_str(sim_names_at(&t->told, i)), wanted)) return true;
    return false;
}

static bool told_has_its_id(const kd_milestone *m)
{
    kd_buf id = {0};
    kd_milestone_id_put(&id, m->counter, m->item, m->threshold);
    bool same = kd_bytes_eq(kd_buf_view(&id), m->id);
    kd_buf_finish(&id);
    return same;
}

static void told_take(sim_told_milestones *t, const kd_milestone *m)
{
    char item[300], name[TOLD_NAME_MAX];
    int counter = kd_counters_by_id(&sim_scenario_counters, m->counter);
    kd_bytes collection = kd_key_collection(m->item), id = kd_key_id(m->item);
    snprintf(item, sizeof item, "%.*s/%.*s", (int)collection.len, (const char *)collection.data, (int)id.len,
             (const char *)id.data);
    bool known = false;
    for (uint32_t i = 0; i < sim_scenario_thresholds.count; i++)
        known |= sim_scenario_thresholds.at[i] == m->threshold;
    if (counter >= 0 && known && told_has_its_id(m) && m->count >= m->threshold)
        sim_names_add(&t->told, told_name(name, (uint32_t)counter, item, m->threshold));
    else
        snprintf(t->wrong, sizeof t->wrong, "the milestone %" PRIu64 " of %.100s has a wrong %s",
                 m->threshold, item, known ? "id, counter or count" : "threshold");
}

void sim_told_saw(sim_told_milestones *t, kd_bytes record)
{
    kd_milestones m;
    if (kd_milestones_decode(record, &m) != KD_OK) {
        snprintf(t->wrong, sizeof t->wrong, "a record of the milestones topic cannot be read");
        return;
    }
    for (uint32_t i = 0; i < m.milestone_count; i++) told_take(t, &m.milestones[i]);
    kd_milestones_finish(&m);
}

/* ---- what may be told, and what must ---- */

typedef struct {
    uint64_t (*most)[SCENARIO_COUNTERS]; /* of each item: users who ever tried */
} told_tries;

static void told_tried(void *arg, uint32_t counter, uint32_t item, uint32_t user, sim_oracle_verdict verdict)
{
    const told_tries *tries = arg;
    (void)user, (void)verdict;
    tries->most[item][counter]++;
}

static void told_count_tries(const sim_told_facts *f, told_tries *tries)
{
    sim_journal_pairs(f->journal, told_tried, tries);
    for (uint32_t i = 0; i < f->items->count; i++) {
        for (uint32_t c = 0; c < SCENARIO_COUNTERS; c++) {
            uint64_t least;
            if (sim_scenario_counters.at[c].kind == KD_SUM)
                sim_journal_bounds(f->journal, c, i, &least, &tries->most[i][c]);
            bool unknown = sim_scenario_counters.at[c].kind == KD_SUM && !sim_journal_sums_hold(f->journal);
            if (unknown) tries->most[i][c] = UINT64_MAX;
        }
    }
}

static bool told_judge_item(const sim_told_milestones *t, const sim_told_facts *f, const told_tries *tries,
                            uint32_t counter, uint32_t item, char *why, size_t size)
{
    const char *name = sim_names_at(f->items, item);
    for (uint32_t i = 0; i < sim_scenario_thresholds.count; i++) {
        uint64_t threshold = sim_scenario_thresholds.at[i];
        bool told = told_is(t, counter, name, threshold);
        bool must = f->whole && f->counts[item][counter] >= threshold;
        if (told ? tries->most[item][counter] >= threshold : !must) continue;
        snprintf(why, size, "%s has %" PRIu64 " of %s, by at most %" PRIu64 ", and %" PRIu64 " is %s", name,
                 f->counts[item][counter], sim_scenario_counters.at[counter].name, tries->most[item][counter],
                 threshold, told ? "told" : "not told");
        return false;
    }
    return true;
}

bool sim_told_judge(const sim_told_milestones *t, const sim_told_facts *facts, char *why, size_t size)
{
    bool right = t->wrong[0] == '\0';
    told_tries tries = {kd_alloc((facts->items->count + 1) * sizeof(*tries.most))};
    told_count_tries(facts, &tries);
    if (!right) snprintf(why, size, "%s", t->wrong);
    for (uint32_t i = 0; right && i < facts->items->count; i++)
        for (uint32_t c = 0; right && c < SCENARIO_COUNTERS; c++)
            right = told_judge_item(t, facts, &tries, c, i, why, size);
    free(tries.most);
    return right;
}

void sim_told_finish(sim_told_milestones *t)
{
    sim_names_finish(&t->told);
}

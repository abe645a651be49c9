/* check_erased.c - see the header. */
#include "sim/check/check_erased.h"

#include "central/core/state.h"
#include "kudos/forget.h"
#include "kudos/gone.h"

static sim_check_erased *erased_find(sim_check_deciding *d, uint32_t user)
{
    for (uint32_t i = 0; i < d->erased_count; i++)
        if (d->erased[i].user == user) return &d->erased[i];
    return NULL;
}

static sim_check_erased *erased_obtain(sim_check_deciding *d, uint32_t user)
{
    sim_check_erased *u = erased_find(d, user);
    if (u) return u;
    KD_ASSERT(d->erased_count < CHECK_ERASED_MAX);
    return &d->erased[d->erased_count++];
}

bool sim_check_erased_covers(const sim_check_deciding *d, uint32_t user, uint64_t time_us)
{
    const sim_check_erased *u = erased_find((sim_check_deciding *)d, user);
    return u && time_us <= u->told.stamp_us;
}

sim_check_erased *sim_check_erased_of_job(sim_check_deciding *d, const kd_decision *decision)
{
    for (uint32_t i = 0; i < d->erased_count; i++)
        if (kd_bytes_eq(kd_bytes_str(d->erased[i].told.job), decision->job)) return &d->erased[i];
    return NULL;
}

void sim_check_erased_mark(sim_checks *c, sim_check_deciding *d, const kd_decision *decision, bool here)
{
    uint32_t user = sim_check_user(c, decision->body);
    if (user == CHECK_NOTHING) return;
    sim_check_erased *u = erased_obtain(d, user);
    *u = (sim_check_erased){.user = user, .told.stamp_us = decision->stamp_us, .here = here};
    memcpy(u->told.job, decision->job.data, decision->job.len);
}

/* By what it has read: the commit that raises the floor and forgets a mark may be under way. */
static bool erased_forgotten(const sim_check_erased *u, const kd_central *core, kd_bytes user)
{
    bool below = u->told.stamp_us < core->collector.floor_us;
    return u->told.finished_us > 0 && below && !kd_erased_user_find(core, user);
}

void sim_check_erased_forget(sim_check_deciding *d, const kd_central *core, const char *const *users)
{
    for (uint32_t i = 0; i < d->erased_count;)
        if (erased_forgotten(&d->erased[i], core, kd_bytes_str(users[d->erased[i].user])))
            d->erased[i] = d->erased[--d->erased_count];
        else
            i++;
}

void sim_check_erased_load(sim_checks *c, sim_check_deciding *d, const kd_central *core)
{
    d->erased_count = 0;
    for (uint32_t i = 0; i < c->view.user_count && d->erased_count < CHECK_ERASED_MAX; i++) {
        sim_check_erased *u = &d->erased[d->erased_count];
        *u = (sim_check_erased){.user = i};
        bool found = kd_erased_find(&core->store, kd_bytes_str(c->view.users[i]), &u->told) == KD_OK;
        d->erased_count += found;
    }
}

/* ---- with no commit under way ---- */

static int erased_row(void *arg, uint8_t counter, kd_bytes item, kd_bytes user, uint64_t time_us)
{
    uint64_t *left_us = arg;
    (void)counter, (void)item, (void)user;
    *left_us = KD_MAX(*left_us, time_us);
    return 0;
}

static void erased_item(void *arg, uint8_t counter, kd_bytes item, uint64_t likes, uint64_t picked)
{
    (void)arg, (void)counter, (void)item, (void)likes, (void)picked;
}

static bool erased_progress(void *arg, uint64_t rows)
{
    (void)arg, (void)rows;
    return true;
}

/* The latest stamp of his rows below that of the erasure; 0: there is none. */
static uint64_t erased_left_us(const sim_checks *c, const kd_central *core, uint32_t number,
                               uint64_t stamp_us)
{
    uint64_t left_us = 0;
    const kd_bytes user = kd_bytes_str(c->view.users[number]);
    const kd_void_pick pick = {.users = &user, .user_count = 1, .erase_us = stamp_us};
    const kd_void_visitor visitor = {&left_us, erased_row, erased_item, erased_progress};
    return kd_void_walk(&core->store, &pick, &visitor) == KD_OK ? left_us : 0;
}

static void erased_look_for_rows(sim_checks *c, uint32_t user, uint64_t stamp_us, const kd_central *core,
                                 uint32_t partition)
{
    uint64_t left_us = erased_left_us(c, core, user, stamp_us);
    if (left_us == 0) return;
    sim_check_fail(c, "decided",
                   "%s was erased up to %llu, and central still has a row of his, of %llu [partition %u]",
                   c->view.users[user], (unsigned long long)stamp_us, (unsigned long long)left_us, partition);
}

/* False: central does not remember him any more, and need not. */
static bool erased_compare_one(sim_checks *c, const sim_check_erased *u, kd_central *core, uint32_t partition)
{
    kd_erased told;
    kd_central_forgetting f;
    int err = kd_erased_find(&core->store, kd_bytes_str(c->view.users[u->user]), &told);
    kd_central_get_forgetting(core, &f);
    if (err != KD_OK && err != KD_ENOTFOUND) return true;
    if (err == KD_ENOTFOUND && u->told.finished_us > 0 && u->told.stamp_us < f.floor_us) return false;
    c->made++;
    bool same = told.stamp_us == u->told.stamp_us && told.finished_us == u->told.finished_us &&
                (u->unsure || told.withdrawn == u->told.withdrawn);
    if (!same)
        sim_check_fail(
            c, "decided",
            "central remembers of %s that he is erased up to %llu, %llu likes, finished %llu; by the "
            "log it is %llu, %llu and %llu [partition %u]",
            c->view.users[u->user], (unsigned long long)told.stamp_us, (unsigned long long)told.withdrawn,
            (unsigned long long)told.finished_us, (unsigned long long)u->told.stamp_us,
            (unsigned long long)u->told.withdrawn, (unsigned long long)u->told.finished_us, partition);
    else if (u->here && u->told.finished_us > 0)
        erased_look_for_rows(c, u->user, u->told.stamp_us, core, partition);
    return true;
}

void sim_check_erased_compare(sim_checks *c, sim_check_deciding *d, kd_central *core, uint32_t partition)
{
    for (uint32_t i = 0; i < d->erased_count && !c->failed;)
        if (erased_compare_one(c, &d->erased[i], core, partition))
            i++;
        else
            d->erased[i] = d->erased[--d->erased_count];
}

/* ---- where his id still is ---- */

/* A backup from before the end of the erasure has it, and may be put back. */
static void erased_judge_gone(sim_checks *c, const kd_central *core, const sim_check_erasure *e,
                              const kd_gone_partition *places)
{
    kd_erased told;
    kd_gone gone = {0};
    const kd_gone_config config = {.edge_row_ttl_us =
                                       1}; /* that edges wait for a newer backup is no matter here */
    const sim_check_history *backup = &c->positions.backup[e->partition];
    if (kd_erased_find(&core->store, kd_bytes_str(c->view.users[e->user]), &told) != KD_OK) return;
    if (told.finished_us == 0 || backup->version >= told.version) return;
    kd_gone_add(&gone, &config, places, &told, sim_check_now(c));
    c->made++;
    if (gone.reason[0] == '\0')
        sim_check_fail(c, "gone",
                       "central tells when the id of %s is gone, but a backup of version %llu has it, and he "
                       "was erased in version %llu [partition %u]",
                       c->view.users[e->user], (unsigned long long)backup->version,
                       (unsigned long long)told.version, e->partition);
}

void sim_check_erased_gone(sim_checks *c, uint32_t partition)
{
    kd_gone_partition places;
    const kd_central *core = sim_check_leading(c, partition);
    if (!core || c->erasure_count == 0 || c->view.scenario->backups_none || !c->backup_known) return;
    kd_gone_look(core, &places);
    for (uint32_t i = 0; i < c->erasure_count && !c->failed; i++)
        if (c->erasures[i].partition == partition) erased_judge_gone(c, core, &c->erasures[i], &places);
}

/* ---- at the end ---- */

void sim_check_erased_told(sim_checks *c, uint32_t partition, uint32_t user, uint64_t stamp_us)
{
    c->erasures = kd_grow(c->erasures, c->erasure_count, &c->erasure_cap, sizeof(c->erasures[0]));
    c->erasures[c->erasure_count++] = (sim_check_erasure){partition, user, stamp_us};
}

void sim_check_erased_settled(sim_checks *c)
{
    for (uint32_t i = 0; !c->likes_lost && i < c->erasure_count && !c->failed; i++) {
        const sim_check_erasure *e = &c->erasures[i];
        const kd_central *core = sim_check_leading(c, e->partition);
        kd_central_forgetting f;
        if (!core) continue;
        kd_central_get_forgetting(core, &f);
        if (e->stamp_us < f.floor_us) continue;
        c->made++;
        erased_look_for_rows(c, e->user, e->stamp_us, core, e->partition);
    }
}

/*
 * worker_roles.c - a member of a group: partitions that it leads, follows, or does not hold, and how they change from one to the other.
 *
 *     not held -> store opened -> log position checked -> follows <-> leads
 *
 * What is wished comes from the members (kudos/members.h). A step is made when the partition is quiet: no commit under way, and Kafka has reported every
 * record. Until then nothing more is fed to it, so that this does not take long. What was passed over is read again: behind the change, with what was fed
 * and not committed; or, when the wish is taken back before it could be met, behind the last record that was fed.
 */
#include "central/io/worker/worker_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "central/io/daemon/fail.h"
#include "central/io/partition/tenure_aside.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/options_file.h"
#include "kudos/role.h"

static kd_worker_part *roles_part(kd_worker *w, const kd_tenure *t)
{
    return &w->parts[t - w->tenures];
}

static void roles_log(const kd_worker_part *part, const kd_tenure *t, const char *event)
{
    KD_LOG(KD_INFO, event, KD_U64("partition", t->partition),
           KD_STR("why", kd_members_why_name(part->role.why)), KD_STR("whom", part->role.whom));
}

/* Whether the store has lost its way and can be made from the log, which reaches back to its beginning. */
static bool roles_wants_remake(const kd_worker_part *part, const kd_tenure *t)
{
    return t->following.told == KD_FOLLOWS_DIFFERS && !part->remade && part->looked_at &&
           t->log_begins == 0 && part->role.wish != KD_WISH_NONE;
}

/* A store that the log cannot help: an empty one, one whose place in the log is gone, one that differs. One that waits for a newer program needs nothing. */
static kd_seed_want roles_wants_seed(const kd_worker *w, const kd_tenure *t, kd_held_state state)
{
    const kd_worker_part *part = &w->parts[t - w->tenures];
    bool gone = part->role.told && part->role.wish == KD_WISH_NONE;
    if (gone || state >= KD_HELD_AGREED) return KD_SEED_UNWANTED;
    if (!kd_tenure_held(t) || part->looking || !part->role.told || w->settings->seed_rate == 0)
        return KD_SEED_UNKNOWN;
    if (state == KD_HELD_AWAITS) return KD_SEED_WANTED;
    if (t->following.told < KD_FOLLOWS_DIFFERS || kd_central_waits(t->core) || roles_wants_remake(part, t))
        return KD_SEED_UNKNOWN;
    return t->following.told == KD_FOLLOWS_DIFFERS ? KD_SEED_WANTED_OF_LEADER : KD_SEED_WANTED;
}

static void roles_tell(kd_worker *w, kd_tenure *t)
{
    const kd_members_own own = kd_tenure_own(t);
    kd_worker_part *part = roles_part(w, t);
    w->events.seed(w->events.arg, t->partition, roles_wants_seed(w, t, own.state));
    if (own.state >= KD_HELD_AGREED && part->told < KD_HELD_AGREED) kd_tenure_drop_aside(t);
    part->told = own.state;
    w->events.holds(w->events.arg, t->partition, &own);
}

void kd_worker_tell(kd_worker *w, bool changes_alone)
{
    if (!w->events.holds) return;
    for (uint32_t i = 0; i < w->count; i++)
        if (!changes_alone || kd_tenure_own(&w->tenures[i]).state != w->parts[i].told)
            roles_tell(w, &w->tenures[i]);
}

/* ---- the steps ---- */

static void roles_open(kd_worker *w, kd_tenure *t)
{
    char error[KD_OPTIONS_ERROR_MAX];
    kd_worker_part *part = roles_part(w, t);
    int64_t offset;
    if (kd_tenure_open(t, true, true, error) != KD_OK)
        kd_fail_stop(KD_EXIT_FAILED, "storage-failed", t->partition, error);
    t->producer = w->producer;
    kd_tenure_begin(t);
    bool known = kd_central_log_position(t->core, &offset);
    *part = (kd_worker_part){.role = part->role, .looking = true, .remade = part->remade};
    roles_log(part, t, "partition-follows");
    w->events.look(w->events.arg, t->partition, known, known ? offset : -1);
}

static void roles_let_go(kd_worker *w, kd_tenure *t)
{
    kd_worker_part *part = roles_part(w, t);
    if (part->looked_at) kd_worker_remove(w, t);
    kd_tenure_close(t);
    part->looked_at = false;
    roles_log(part, t, "partition-let-go");
    roles_tell(w, t);
}

static void roles_switch(kd_worker *w, kd_tenure *t, bool follows)
{
    kd_worker_part *part = roles_part(w, t);
    kd_tenure_switch(t, follows);
    roles_log(part, t, follows ? "partition-follows" : "partition-leads");
    kd_worker_go_on(w, t);
    roles_tell(w, t);
}

/*
 * The store is set aside, and another one begins with nothing. Once in the life of a process: a follower that differs again does so for what an operator has to
 * find, such as a counter that only one of the two has, and would read its log for ever.
 */
static void roles_remake(kd_worker *w, kd_tenure *t)
{
    char error[KD_OPTIONS_ERROR_MAX];
    kd_worker_part *part = roles_part(w, t);
    kd_worker_remove(w, t);
    kd_tenure_close(t);
    part->remade = true;
    if (kd_tenure_set_aside(t, error) != KD_OK)
        kd_fail_stop(KD_EXIT_FAILED, "storage-failed", t->partition, error);
    kd_metric_add(&w->metrics.remakes, 1);
    KD_LOG(KD_WARN, "follower-made-anew", KD_U64("partition", t->partition));
    roles_open(w, t);
}

static void roles_refuse_seed(kd_worker *w, kd_tenure *t, const char *cause)
{
    roles_part(w, t)->seeded = false;
    KD_LOG(KD_WARN, "seed-refused", KD_U64("partition", t->partition), KD_STR("cause", cause));
    w->events.placed(w->events.arg, t->partition, false);
}

static void roles_put_seed(kd_worker *w, kd_tenure *t)
{
    char error[KD_OPTIONS_ERROR_MAX], path[4096];
    kd_worker_part *part = roles_part(w, t);
    kd_tenure_seed_path(path, sizeof(path), t->settings->data_dir, t->partition);
    if (kd_tenure_try(t, path, error) != KD_OK) {
        t->halted = false;
        roles_refuse_seed(w, t, error);
        return;
    }
    if (part->looked_at) kd_worker_remove(w, t);
    kd_tenure_close(t);
    if (kd_tenure_put_seed(t, error) != KD_OK)
        kd_fail_stop(KD_EXIT_FAILED, "storage-failed", t->partition, error);
    KD_LOG(KD_INFO, "follower-seeded", KD_U64("partition", t->partition));
    roles_open(w, t);
    w->events.placed(w->events.arg, t->partition, true);
}

/* What was copied is not wanted any more: the partition went, or came to agree after all. */
static void roles_look_at_seed(kd_worker *w, kd_tenure *t)
{
    const kd_worker_part *part = roles_part(w, t);
    if (part->seeded && roles_wants_seed(w, t, kd_tenure_own(t).state) < KD_SEED_WANTED && !part->looking)
        roles_refuse_seed(w, t, "the partition needs no copy any more");
}

/* ---- what is to be done ---- */

/* A claim of another member was read: whatever was wished, this one follows. */
static void roles_step_fenced(kd_worker *w, kd_tenure *t)
{
    kd_worker_part *part = roles_part(w, t);
    if (!kd_tenure_quiet(t)) return;
    if (part->role.wish == KD_WISH_LEAD) part->role.wish = KD_WISH_FOLLOW;
    roles_switch(w, t, true);
}

/* It has read a record of a newer central: it leads no more, and another one does that knows the record. */
static void roles_step_behind(kd_worker *w, kd_tenure *t)
{
    t->halted = true;
    roles_step_fenced(w, t);
}

static void roles_step_leader(kd_worker *w, kd_tenure *t)
{
    /* That it follows was wished before it was known to lead. A drain that began is ended. */
    if (roles_part(w, t)->role.wish != KD_WISH_HAND_OVER && !t->drains) return;
    t->halted = true;
    if (kd_tenure_drained(t) && kd_tenure_quiet(t)) roles_switch(w, t, true);
}

static void roles_resume(kd_worker *w, kd_tenure *t)
{
    t->halted = false;
    if (roles_part(w, t)->looked_at) kd_worker_go_on(w, t);
}

static void roles_step_follower(kd_worker *w, kd_tenure *t)
{
    const kd_worker_part *part = roles_part(w, t);
    const kd_role_view view = {.wish = part->role.wish,
                               .looking = part->looking,
                               .looked_at = part->looked_at,
                               .waits = kd_central_waits(t->core) != 0,
                               .anew = part->seeded || roles_wants_remake(part, t),
                               .quiet = kd_tenure_quiet(t),
                               .read_here = kd_leveldb_is_read(t->db),
                               .halted = t->halted};
    kd_role_step step = kd_role_of_follower(&view);
    t->halted |= step >= KD_ROLE_HALTS;
    if (step == KD_ROLE_HALTS && view.read_here) w->events.wanted_back(w->events.arg, t->partition);
    if (step == KD_ROLE_RESUMES) roles_resume(w, t);
    if (step == KD_ROLE_ANEW) (part->seeded ? roles_put_seed : roles_remake)(w, t);
    if (step == KD_ROLE_LEADS) roles_switch(w, t, false);
    if (step == KD_ROLE_GOES) roles_let_go(w, t);
}

static void roles_step(kd_worker *w, kd_tenure *t)
{
    roles_look_at_seed(w, t);
    if (!kd_tenure_held(t)) {
        if (roles_part(w, t)->role.wish != KD_WISH_NONE) roles_open(w, t);
    } else if (t->fenced) {
        roles_step_fenced(w, t);
    } else if (!t->follows && kd_central_waits(t->core)) {
        roles_step_behind(w, t);
    } else if (t->follows) {
        roles_step_follower(w, t);
    } else {
        roles_step_leader(w, t);
    }
}

void kd_worker_run_roles(kd_worker *w)
{
    if (!kd_central_in_group(w->settings) || !w->consumer || w->draining) return;
    for (uint32_t i = 0; i < w->count; i++)
        if (w->parts[i].role.told) roles_step(w, &w->tenures[i]);
    kd_worker_tell(w, true);
}

/* ---- from other threads ---- */

typedef struct {
    kd_post post;
    kd_worker *worker;
    uint32_t partition;
    kd_worker_role role;
} roles_post;

static void roles_on_wish(kd_post *post)
{
    roles_post *p = KD_CONTAINER(post, roles_post, post);
    roles_part(p->worker, kd_worker_tenure(p->worker, p->partition))->role = p->role;
    kd_worker_run_roles(p->worker);
    free(p);
}

void kd_worker_wish(kd_worker *w, uint32_t partition, const kd_members_decision *decision)
{
    roles_post *p = kd_alloc(sizeof(*p));
    *p = (roles_post){.post.fn = roles_on_wish,
                      .worker = w,
                      .partition = partition,
                      .role = {.told = true, .wish = decision->wish, .why = decision->why}};
    snprintf(p->role.whom, sizeof(p->role.whom), "%.*s", (int)decision->whom.len,
             decision->whom.len ? (const char *)decision->whom.data : "");
    kd_loop_post(w->loop, &p->post);
}

typedef struct {
    kd_post post;
    kd_worker *worker;
    uint32_t partition;
} seeded_post;

static void roles_on_seeded(kd_post *post)
{
    seeded_post *p = KD_CONTAINER(post, seeded_post, post);
    roles_part(p->worker, kd_worker_tenure(p->worker, p->partition))->seeded = true;
    kd_worker_run_roles(p->worker);
    free(p);
}

void kd_worker_seeded(kd_worker *w, uint32_t partition)
{
    seeded_post *p = kd_alloc(sizeof(*p));
    *p = (seeded_post){.post.fn = roles_on_seeded, .worker = w, .partition = partition};
    kd_loop_post(w->loop, &p->post);
}

typedef struct {
    kd_post post;
    kd_worker *worker;
    kd_log_check check;
} checked_post;

static void roles_on_checked(kd_post *post)
{
    checked_post *p = KD_CONTAINER(post, checked_post, post);
    kd_worker *w = p->worker;
    kd_tenure *t = kd_worker_tenure(w, p->check.partition);
    kd_worker_part *part = roles_part(w, t);
    part->looking = false;
    if (kd_tenure_held(t) && !w->draining) {
        int64_t offset = kd_worker_check_log(w, &p->check);
        part->looked_at = offset != KD_WORKER_NOWHERE;
        if (part->looked_at) kd_worker_add(w, t);
        kd_worker_run_roles(w);
    } else {
        kd_buf_finish(&p->check.record);
    }
    free(p);
}

void kd_worker_checked(kd_worker *w, const kd_log_check *check)
{
    checked_post *p = kd_alloc(sizeof(*p));
    *p = (checked_post){.post.fn = roles_on_checked, .worker = w, .check = *check};
    kd_loop_post(w->loop, &p->post);
}

/* A partition on its way to another role passes records over: none of them may be missing from what is fed, whatever is wished meanwhile. */
#include <criterion/criterion.h>

#include "kudos/backoff.h"
#include "kudos/role.h"

/* A consumer and a core in a few numbers: offsets of the record that comes next, and of the last one fed and committed. */
typedef struct {
    kd_role_view view;
    uint64_t next, fed, committed;
    uint32_t resumed, changed;
    uint64_t random;
} partition;

static uint64_t below(partition *p, uint64_t end)
{
    return kd_random_next(&p->random) % end;
}

static void record_comes(partition *p)
{
    uint64_t at = p->next++;
    if (p->view.halted) return;
    cr_assert_eq(at, p->fed + 1, "record %lu was skipped: %lu comes", p->fed + 1, at);
    p->fed = at;
}

static void wish(partition *p)
{
    static const kd_wish wishes[] = {KD_WISH_NONE, KD_WISH_FOLLOW, KD_WISH_FOLLOW, KD_WISH_LEAD};
    p->view.wish = wishes[below(p, 4)];
    p->view.quiet = below(p, 4) == 0;
    p->view.read_here = below(p, 4) == 0;
    p->view.waits = below(p, 8) == 0;
    p->view.anew = below(p, 50) == 0;
}

/* The shell reads on behind what the core has: what was not committed is fed again where the core was opened anew. */
static void go_on(partition *p)
{
    p->view.halted = false;
    p->next = p->fed + 1;
}

static void obey(partition *p, kd_role_step step)
{
    cr_assert(!p->view.halted || step != KD_ROLE_STAYS);
    p->view.halted |= step >= KD_ROLE_HALTS;
    p->resumed += step == KD_ROLE_RESUMES;
    if (step == KD_ROLE_RESUMES) go_on(p);
    if (step <= KD_ROLE_HALTS) return;
    cr_assert(p->view.quiet, "a commit is under way, or a record of it");
    p->changed++;
    p->fed = step == KD_ROLE_ANEW ? 0 : p->committed;
    p->committed = p->fed;
    go_on(p);
}

Test(role, no_record_is_missing_whatever_is_wished_and_taken_back)
{
    partition p = {.random = 7, .next = 1, .view = {.looked_at = true}};
    for (uint32_t n = 0; n < 100000; n++) {
        if (below(&p, 3) == 0) wish(&p);
        if (below(&p, 2)) record_comes(&p);
        if (below(&p, 5) == 0) p.committed = p.fed;
        obey(&p, kd_role_of_follower(&p.view));
    }
    cr_assert_gt(p.resumed, 1000, "a wish was taken back before it was met");
    cr_assert_gt(p.changed, 1000);
}

Test(role, a_wish_to_lead_that_is_taken_back_before_the_partition_is_quiet_reads_again)
{
    kd_role_view v = {.wish = KD_WISH_LEAD, .looked_at = true};
    cr_assert_eq(kd_role_of_follower(&v), KD_ROLE_HALTS);
    v.halted = true;
    v.wish = KD_WISH_FOLLOW;
    cr_assert_eq(kd_role_of_follower(&v), KD_ROLE_RESUMES);
    v.halted = false;
    cr_assert_eq(kd_role_of_follower(&v), KD_ROLE_STAYS);
}

Test(role, nothing_changes_while_the_log_position_is_checked_or_a_newer_program_is_awaited)
{
    kd_role_view v = {.wish = KD_WISH_LEAD, .looked_at = true, .quiet = true};
    cr_assert_eq(kd_role_of_follower(&v), KD_ROLE_LEADS);
    v.waits = true;
    cr_assert_eq(kd_role_of_follower(&v), KD_ROLE_STAYS);
    v.wish = KD_WISH_NONE;
    cr_assert_eq(kd_role_of_follower(&v), KD_ROLE_GOES);
    v.read_here = true;
    cr_assert_eq(kd_role_of_follower(&v), KD_ROLE_HALTS);
    v.looking = true;
    cr_assert_eq(kd_role_of_follower(&v), KD_ROLE_STAYS);
}

/*
 * oracle.c - what must hold, worked out from the clients' journal alone.
 *
 * For a (user, item): the last attempt that was answered decides, unless an attempt without an answer may have come after it.
 * "After" is known only beyond 2 D (protocol, rule 3): an unanswered attempt gives no token. Without tokens the same
 * holds for answered attempts.
 */
#include "kudos/central_compare.h"
#include "kudos/edge_compare.h"
#include "tests/model/world.h"

#include <stdio.h>

typedef struct {
    bool may_like, may_not;
    bool settled; /* all attempts on it were answered before `before_us` */
} verdict;

static const model_attempt *last_answered(const model_world *w, uint32_t user, uint32_t item)
{
    for (uint32_t i = w->history.count; i-- > 0;) {
        const model_attempt *a = &w->history.at[i];
        if (a->user == user && a->item == item && a->verb != KD_ADD && a->acked_us != 0) return a;
    }
    return NULL;
}

/* Also an old word of an edge that was retired and taken back, where the tombstone above it is collected. */
static bool may_win(const model_world *w, const model_attempt *a, const model_attempt *last)
{
    if (w->returns == a->edge + 1 && a->verb == KD_LIKE) return true;
    if (a == last || !last) return true;
    bool near = a->issued_us + 2 * MODEL_DRIFT_US + 1000 >= last->first_us;
    if (a->acked_us == 0) return near || a->id > last->id;
    return !w->options.tokens && near && a->edge != last->edge;
}

static verdict judge(const model_world *w, uint32_t user, uint32_t item, uint64_t before_us)
{
    const model_attempt *last = last_answered(w, user, item);
    verdict v = {.may_not = last == NULL, .settled = true};
    for (uint32_t i = 0; i < w->history.count; i++) {
        const model_attempt *a = &w->history.at[i];
        if (a->user != user || a->item != item || a->verb == KD_ADD) continue;
        if (a->acked_us == 0 || a->acked_us >= before_us) v.settled = false;
        if (!may_win(w, a, last)) continue;
        if (a->verb == KD_LIKE)
            v.may_like = true;
        else
            v.may_not = true;
    }
    return v;
}

static kd_central *central_of(model_world *w, uint32_t item)
{
    return w->centrals[kd_partition(kd_item_key(&w->items[item]), PARTS)].core;
}

static bool liked_at_central(model_world *w, uint32_t user, uint32_t item)
{
    bool liked = false;
    kd_bytes name = kd_bytes_str(w->user_names[user]);
    int err = kd_central_member(central_of(w, item), LIKE, kd_item_key(&w->items[item]), name, &liked);
    if (err != KD_OK) world_fail(w, "central cannot tell a member: %s", kd_strerror(err));
    return liked;
}

static void add_part(void *arg, kd_bytes name, uint32_t day, uint64_t count)
{
    (void)name;
    (void)day;
    *(uint64_t *)arg += count;
}

/* I2 and rule 11: count = |members| = sum of regions = sum of days. */
static void check_counts(model_world *w, uint32_t item)
{
    kd_bytes key = kd_item_key(&w->items[item]);
    kd_central *c = central_of(w, item);
    uint64_t totals[KD_COUNTERS_MAX] = {0}, members = 0, regions = 0, days = 0;
    kd_central_totals(c, key, totals);
    for (uint32_t u = 0; u < USERS; u++) members += liked_at_central(w, u, item);
    kd_central_by_region(c, key, LIKE, add_part, &regions);
    kd_central_by_day(c, key, LIKE, add_part, &days);
    if (totals[LIKE] != members || regions != members || days != members)
        world_fail(w, "item %u: count %llu, members %llu, regions %llu, days %llu", item,
                   (unsigned long long)totals[LIKE], (unsigned long long)members, (unsigned long long)regions,
                   (unsigned long long)days);
}

/* The promise of as_of: what was answered before it is in. */
static void check_as_of(model_world *w, uint32_t item)
{
    uint64_t as_of = kd_central_as_of_us(central_of(w, item));
    for (uint32_t u = 0; u < USERS && as_of > 0; u++) {
        verdict v = judge(w, u, item, as_of);
        if (!v.settled || v.may_like == v.may_not) continue;
        w->checks++;
        if (liked_at_central(w, u, item) != v.may_like)
            world_fail(w, "as_of is not true: user %u item %u is %s at central, as_of %llu us ago", u, item,
                       v.may_like ? "not liked" : "liked", (unsigned long long)(w->now_us - as_of));
    }
}

/* ---- what an edge was told is merged is merged ---- */

typedef struct {
    model_world *w;
    uint32_t edge, partition;
} comparison;

static int compare_row(void *arg, const kd_compare_row *row)
{
    comparison *k = arg;
    kd_row_verdict said;
    kd_central *c = k->w->centrals[k->partition].core;
    int err = kd_central_compare_row(c, kd_bytes_str(edge_names[k->edge]), row, &said);
    if (err == KD_ENOTFOUND) return 0; /* a restore undid that it was heard of */
    k->w->compared++;
    bool revived = err == KD_OK && said == KD_ROW_OLDER && k->w->returns; /* see may_win */
    if (err != KD_OK || !(kd_row_verdict_good(said) || revived))
        world_fail(k->w, "edge %u partition %u: a row is %s at central", k->edge, k->partition,
                   err == KD_OK ? kd_row_verdict_name(said) : kd_strerror(err));
    return 0;
}

/* Ranges whose digests agree are good throughout, so the rows must be too; where they differ the rows tell. */
static void compare(model_world *w, uint32_t edge, uint32_t p)
{
    comparison k = {w, edge, p};
    kd_compare_window window;
    kd_range_digest mine, theirs;
    kd_buf next = {0};
    kd_edge *e = w->edges[edge].core;
    if (!e || kd_edge_compare_window(e, p, &window) != KD_OK) return;
    kd_bytes name = kd_bytes_str(edge_names[edge]), all = {0};
    kd_edge_compare_digest(e, p, all, all, window, UINT32_MAX, &mine, &next);
    int err =
        kd_central_compare_digest(w->centrals[p].core, name, all, all, window, UINT32_MAX, &theirs, &next);
    if (err == KD_OK && kd_range_digest_eq(mine, theirs)) w->equal_ranges++;
    kd_edge_compare_rows(e, p, all, all, window, UINT32_MAX, compare_row, &k, &next);
    kd_buf_finish(&next);
}

void oracle_committed(model_world *w, uint32_t p)
{
    bool turn = kd_central_version(w->centrals[p].core) % 4 == 0 && w->centrals[p].outstanding == 0;
    for (uint32_t i = 0; i < EDGES && turn && !w->was_doubled; i++) compare(w, i, p);
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (kd_partition(kd_item_key(&w->items[i]), PARTS) != p || w->failure[0]) continue;
        uint64_t outstanding = w->centrals[p].outstanding;
        if (outstanding == 0) check_counts(w, i);
        if (outstanding == 0 && !w->was_doubled && !w->told_apart) check_as_of(w, i);
    }
}

/* I10: an item with one writer never shows less than what was answered, nor more than what was tried; but an edge that let a
 * row expire may show a like that central has already once more, until central decides. */
void oracle_shown(model_world *w, uint32_t edge, uint32_t item)
{
    kd_view view;
    if (!w->shown_hold || item != SHARED_ITEMS + edge) return;
    if (kd_edge_view(w->edges[edge].core, kd_item_key(&w->items[item]), &view) != KD_OK) return;
    uint64_t least = 0, most = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        verdict v = judge(w, u, item, UINT64_MAX);
        least += v.may_like && !v.may_not;
        most += v.may_like;
    }
    w->checks++;
    bool knows_all = w->options.row_ttl_us == 0;
    if (view.count[LIKE] < least || (view.count[LIKE] > most && knows_all))
        world_fail(w, "edge %u shows %llu for its own item, not in [%llu, %llu]", edge,
                   (unsigned long long)view.count[LIKE], (unsigned long long)least, (unsigned long long)most);
}

/* I1, I3, I12: the members at the end are what the journal says. */
static bool members_right(model_world *w, uint32_t item, char *why, size_t size)
{
    for (uint32_t u = 0; u < USERS; u++) {
        verdict v = judge(w, u, item, UINT64_MAX);
        bool liked = liked_at_central(w, u, item);
        if (liked ? v.may_like : v.may_not) continue;
        snprintf(why, size, "user %u item %u is %s at central", u, item, liked ? "liked" : "not liked");
        return false;
    }
    return true;
}

static bool sums_right(model_world *w, uint32_t item, char *why, size_t size)
{
    uint64_t least = 0, most = 0, totals[KD_COUNTERS_MAX] = {0};
    for (uint32_t i = 0; i < w->history.count; i++) {
        const model_attempt *a = &w->history.at[i];
        if (a->item != item || a->verb != KD_ADD) continue;
        most += a->amount;
        if (a->acked_us) least += a->amount;
    }
    kd_central_totals(central_of(w, item), kd_item_key(&w->items[item]), totals);
    if (!w->sums_hold || (totals[VIEW] >= least && totals[VIEW] <= most)) return true;
    snprintf(why, size, "item %u: %llu views, not in [%llu, %llu]", item, (unsigned long long)totals[VIEW],
             (unsigned long long)least, (unsigned long long)most);
    return false;
}

/* I11: every edge shows what central has, and nothing is pending. */
static bool edges_agree(model_world *w, uint32_t item, char *why, size_t size)
{
    uint64_t totals[KD_COUNTERS_MAX] = {0};
    kd_central_totals(central_of(w, item), kd_item_key(&w->items[item]), totals);
    for (uint32_t e = 0; e < EDGES; e++) {
        kd_view view;
        if (!w->edges[e].core) continue; /* retired */
        int err = kd_edge_view(w->edges[e].core, kd_item_key(&w->items[item]), &view);
        bool agrees = view.count[LIKE] == totals[LIKE] && view.count[VIEW] == totals[VIEW];
        if (err == KD_OK && agrees && view.pending[LIKE] == 0) continue;
        snprintf(why, size, "item %u: edge %u shows %llu (%u pending, %s), central %llu", item, e,
                 (unsigned long long)view.count[LIKE], view.pending[LIKE], kd_strerror(err),
                 (unsigned long long)totals[LIKE]);
        return false;
    }
    return true;
}

/* as_of and the floor have passed the end of the faults: nobody holds them who should not. */
static bool time_moves(model_world *w, uint32_t p, char *why, size_t size)
{
    const kd_central *c = w->centrals[p].core;
    kd_central_forgetting f;
    kd_central_get_forgetting(c, &f);
    bool collects = w->options.tombstone_ttl_us == 1 && f.floor_held_by != KD_HELD_BY_ALARM; /* longer: not in a run */
    bool told = kd_central_as_of_us(c) > w->healed_us;
    bool forgot = !collects || f.floor_us > w->healed_us;
    if (told && forgot) return true;
    snprintf(why, size, "partition %u: as_of %lld us, floor %lld us after the faults, held by %s %.*s", p,
             (long long)(kd_central_as_of_us(c) - w->healed_us), (long long)(f.floor_us - w->healed_us),
             kd_held_by_name(f.floor_held_by), (int)f.floor_holder.len, f.floor_holder.data);
    return false;
}

bool oracle_converged(model_world *w, char *why, size_t size)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (!members_right(w, i, why, size) || !sums_right(w, i, why, size) || !edges_agree(w, i, why, size))
            return false;
        check_counts(w, i);
    }
    for (uint32_t p = 0; p < PARTS; p++)
        if (!time_moves(w, p, why, size)) return false;
    return true;
}

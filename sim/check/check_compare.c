/*
 * check_compare.c - "compare": of each row of an edge that central told it is merged, central holds the same operation or a later one. Where the
 * digests of both sides agree, their rows agree.
 *
 * This is the operator's command (kudos-edge compare), so it moves rows of the edge to its store, as the command does.
 */
#include "kudos/central_compare.h"
#include "kudos/edge_compare.h"
#include "sim/check/checking.h"
#include "sim/check/retired.h"
#include "sim/check/words.h"

typedef struct {
    sim_checks *c;
    kd_central *core;
    uint32_t edge, partition;
    bool equal;
} comparison;

/*
 * An edge's disk was put back to a copy of a life that another life has followed. The copy's unsent operations are moved (rule 20), and lie below the
 * watermark that the later life reached. Below the floor central takes them for merged (protocol, what rules 21 to 23 leave open). They are among
 * those that the journal gave up when the disk went back.
 */
static bool is_given_up(const comparison *k, const kd_compare_row *row)
{
    sim_checks *c = k->c;
    if (c->view.scenario->forget_tombstones_us == 0 || !c->disk_changed[k->edge]) return false;
    uint32_t item = sim_check_item(c, row->item), user = sim_check_user(c, row->user);
    int counter = kd_counters_by_id(c->view.counters, row->counter);
    return item != CHECK_NOTHING && user != CHECK_NOTHING && counter >= 0 &&
           sim_journal_pair_excused(c->view.journal, (uint32_t)counter, item, user, k->edge);
}

/* A readmitted edge may send a like from below the floor, where the unlike that overruled it is forgotten: the like is back (protocol, what
 * rules 21 to 23 leave open). */
static bool is_revived(const sim_checks *c)
{
    return c->view.scenario->forget_tombstones_us > 0 && sim_check_retired_any_readmitted(c);
}

/* An imported operation that is older than an unlike which central has forgotten wins (protocol, rule 24). */
static bool is_imported(const sim_checks *c, const kd_compare_row *row)
{
    uint32_t item = sim_check_item(c, row->item), user = sim_check_user(c, row->user);
    int counter = kd_counters_by_id(c->view.counters, row->counter);
    return c->view.scenario->forget_tombstones_us > 0 && item != CHECK_NOTHING && user != CHECK_NOTHING &&
           counter >= 0 && sim_journal_pair_imported(c->view.journal, (uint32_t)counter, item, user);
}

/* "ana's like of posts/1". */
static const char *compare_row_name(sim_checks *c, const kd_compare_row *row)
{
    uint32_t item = sim_check_item(c, row->item), user = sim_check_user(c, row->user);
    int counter = kd_counters_by_id(c->view.counters, row->counter);
    if (item == CHECK_NOTHING || user == CHECK_NOTHING || counter < 0) return "a row of a stranger";
    return sim_check_operation_name(c, (uint32_t)counter, item, user, row->liked);
}

static int compare_row(void *arg, const kd_compare_row *row)
{
    const comparison *k = arg;
    sim_checks *c = k->c;
    kd_row_verdict said;
    const char *name = c->view.scenario->edges[k->edge];
    int err = kd_central_compare_row(k->core, kd_bytes_str(name), row, &said);
    if (err == KD_ENOTFOUND) return 0; /* a restore of central undid that it had ever heard of the edge */
    c->made++;
    if (err == KD_OK && kd_row_verdict_good(said) && (!k->equal || said <= KD_ROW_LATER)) return 0;
    bool behind = err == KD_OK && !k->equal && (said == KD_ROW_OLDER || said == KD_ROW_MISSING);
    if (behind && ((said == KD_ROW_OLDER && (is_revived(c) || is_imported(c, row))) || is_given_up(k, row)))
        return 0;
    sim_check_fail(c, "compare",
                   "%s holds %s, which central has confirmed; central holds %s%s [partition %u, stamp %llu]",
                   name, compare_row_name(c, row),
                   err != KD_OK             ? kd_strerror(err)
                   : said == KD_ROW_MISSING ? "nothing"
                   : said == KD_ROW_OLDER   ? "an older operation"
                   : said == KD_ROW_OTHER   ? "the opposite under the same stamp"
                                            : "another operation",
                   k->equal ? ", though the digests of both are equal" : "", k->partition,
                   (unsigned long long)row->time_us);
    return 1;
}

static void check_compare_partition(sim_checks *c, uint32_t edge, uint32_t partition)
{
    comparison k = {c, sim_check_leading(c, partition), edge, partition, false};
    kd_edge *e = c->view.edge(c->view.world, edge, partition % c->view.scenario->shards);
    kd_compare_window window;
    kd_range_digest mine, theirs;
    kd_buf next = {0};
    if (!e || !k.core || kd_edge_compare_window(e, partition, &window) != KD_OK) return;
    kd_bytes name = kd_bytes_str(c->view.scenario->edges[edge]), all = {0};
    if (kd_edge_compare_digest(e, partition, all, all, window, UINT32_MAX, &mine, &next) != KD_OK) return;
    int err = kd_central_compare_digest(k.core, name, all, all, window, UINT32_MAX, &theirs, &next);
    k.equal = err == KD_OK && kd_range_digest_eq(mine, theirs);
    kd_edge_compare_rows(e, partition, all, all, window, UINT32_MAX, compare_row, &k, &next);
    kd_buf_finish(&next);
}

/* Not judged once two processes used the edge's name: central need not have what they acknowledged, and each process keeps rows of its own. */
void sim_check_compare_edge(sim_checks *c, uint32_t edge)
{
    for (uint32_t p = 0; p < c->view.scenario->partitions && !c->failed && !c->doubled[edge]; p++)
        check_compare_partition(c, edge, p);
}

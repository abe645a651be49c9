/* reads_work.c - on the shard of the items. What is not known here is asked for, with a deadline, all at
 * once. */
#include "edge/io/reads.h"

static int look(kd_lookup *l)
{
    return kd_edge_view(l->errand->shard->edge, l->item, &l->view);
}

static void on_asked(kd_ask_wait *wait, bool answered)
{
    kd_lookup *l = KD_CONTAINER(wait, kd_lookup, ask);
    l->count_central = answered;
    if (answered) look(l);
    kd_errand_release(l->errand);
}

static void read_view(kd_lookup *l)
{
    kd_errand *errand = l->errand;
    int err = look(l);
    kd_edge_metrics *m = &errand->shard->metrics;
    if (err == KD_OK || err == KD_EAGAIN) kd_metric_add(err == KD_OK ? &m->counts_hits : &m->counts_misses, 1);
    if (err == KD_OK) return;
    if (err != KD_EAGAIN) {
        kd_errand_fail(errand, err);
        return;
    }
    l->ask.fn = on_asked;
    if (kd_ask_item(errand->shard, l->item, &l->ask) == KD_OK) kd_errand_hold(errand);
}

/* True when this edge holds a row. */
static bool read_member(const kd_read *read, kd_lookup *l)
{
    kd_edge *edge = l->errand->shard->edge;
    int liked = kd_edge_member_at(edge, read->counter, l->item, read->user, &l->liked_at_us);
    if (liked == 0 || liked == 1)
        l->liked = liked ? KD_LIKED_YES : KD_LIKED_NO;
    else if (liked != KD_ENOTFOUND)
        kd_errand_fail(l->errand, liked);
    return l->liked != KD_LIKED_UNKNOWN;
}

/* Of two words the later one stands: this edge may have taken one in the meantime, and central need not have it yet. */
static void on_members(kd_members_wait *wait)
{
    kd_errand *errand = KD_CONTAINER(wait, kd_errand, members);
    kd_read *read = KD_CONTAINER(errand->call, kd_read, call);
    for (uint32_t i = 0; i < wait->count; i++) {
        kd_lookup *l = read->unknown[errand->offset + i];
        bool held = read_member(read, l);
        if (held && (wait->liked[i] == KD_LIKED_UNKNOWN || wait->at_us[i] <= l->liked_at_us)) continue;
        l->liked = wait->liked[i];
        l->liked_central = l->liked != KD_LIKED_UNKNOWN;
    }
    kd_errand_release(errand);
}

static void read_members(kd_read *read, kd_errand *errand)
{
    kd_members_wait *wait = &errand->members;
    wait->items = read->unknown_item + errand->offset;
    wait->liked = read->unknown_liked + errand->offset;
    wait->at_us = read->unknown_at_us + errand->offset;
    wait->fn = on_members;
    for (kd_lookup *l = errand->first; l; l = l->next) {
        l->liked = KD_LIKED_UNKNOWN;
        /* A user who has spoken since may have done so elsewhere, and about this. */
        if (read_member(read, l) && read->token_us <= l->liked_at_us) continue;
        uint32_t at = errand->offset + wait->count++;
        read->unknown[at] = l;
        read->unknown_item[at] = l->item;
    }
    if (wait->count == 0) return;
    if (kd_ask_members(errand->shard, read->counter, read->user, wait) == KD_OK) kd_errand_hold(errand);
}

void kd_reads_work(kd_errand *errand)
{
    kd_read *read = KD_CONTAINER(errand->call, kd_read, call);
    if (read->members) read_members(read, errand);
    if (!read->views) return;
    for (kd_lookup *l = errand->first; l; l = l->next) read_view(l);
}

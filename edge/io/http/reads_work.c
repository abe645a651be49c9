/* reads_work.c - see the header. The questions to central go out together, so an errand waits for one deadline, however many items are unknown. */
#include "edge/io/http/reads_work.h"

#include "edge/io/http/reads_velocity.h"

static int reads_work_look(kd_lookup *l)
{
    return kd_edge_view(l->errand->shard->base.edge, l->item, &l->view);
}

/* The view is what is answered. A live stream hears of what changes of it from here on. */
static void reads_work_show(kd_lookup *l)
{
    kd_shard *s = l->errand->shard;
    if (!KD_CONTAINER(l->errand->call, kd_edge_read, call)->live) return;
    l->at_us = kd_live_hub_now(&s->live);
    kd_edge_watch_shown(s->base.edge, l->item, &l->view, l->at_us);
}

/* Whether operations of this edge wait for central's count. */
static bool reads_work_own(const kd_lookup *l)
{
    for (uint32_t i = 0; i < KD_COUNT(l->view.pending); i++)
        if (l->view.pending[i] > 0) return true;
    return false;
}

static void reads_work_on_asked(kd_ask_wait *wait, bool answered)
{
    kd_lookup *l = KD_CONTAINER(wait, kd_lookup, ask);
    l->count_central = answered;
    reads_work_look(l); /* unanswered, it may have changed meanwhile all the same */
    reads_work_show(l);
    kd_errand_release(l->errand);
}

/* Whether the read waits for central's numbers. It does where it waits for another answer of central anyway (whether the caller likes the items,
 * velocities); and a live stream begins with numbers, however long they take. */
static bool read_waits(const kd_errand *errand)
{
    kd_shard *s = errand->shard;
    if (KD_CONTAINER(errand->call, kd_edge_read, call)->live || kd_errand_waits(errand)) return true;
    return kd_asker_near(&s->asker, s->base.settings->read_wait_us);
}

/* Whether the counts come from central. */
static bool read_ask(kd_lookup *l)
{
    kd_errand *errand = l->errand;
    if (!kd_level_asks_counts(errand->call->level, l->view.known)) return false;
    l->ask.fn = reads_work_on_asked;
    kd_ask_kind kind = reads_work_own(l) ? KD_ASK_OWN : KD_ASK_READ;
    bool waits = read_waits(errand);
    int err =
        kd_ask_item(&errand->shard->asker, l->item, kd_call_asks(errand->call), kind, waits ? &l->ask : NULL);
    if (waits && err == KD_OK) kd_errand_hold(errand);
    errand->unasked += err == KD_EOVERLOADED;
    return waits && err == KD_OK;
}

/* KD_EAGAIN: the number here is not fresh. It is shown all the same if central cannot be asked or does not answer. */
static void read_view(kd_lookup *l)
{
    kd_errand *errand = l->errand;
    int err = reads_work_look(l);
    kd_edge_metrics *m = &errand->shard->base.metrics;
    if (err == KD_OK || err == KD_EAGAIN)
        kd_metric_count(err == KD_OK ? &m->counts_hits : &m->counts_misses, 1);
    else
        kd_errand_fail(errand, err);
    if (err == KD_EAGAIN && read_ask(l)) return;
    reads_work_show(l);
}

/* Takes over what kd_edge_liked returned: an answer, or an error that fails the errand. */
static void tell_liked(kd_lookup *l, uint32_t counter, int liked)
{
    if (liked != 0 && liked != 1 && liked != KD_ENOTFOUND)
        kd_errand_fail(l->errand, liked);
    else
        l->liked[counter] = liked == KD_ENOTFOUND ? KD_LIKED_UNKNOWN : liked ? KD_LIKED_YES : KD_LIKED_NO;
}

static int reads_work_look_liked(const kd_edge_read *read, kd_lookup *l, uint32_t counter,
                                 const kd_liked_central *central, kd_liked_ground *ground)
{
    kd_liked_query q = {.counter = counter,
                        .item = l->item,
                        .user = read->user,
                        .seen = &read->seen,
                        .memory = read->call.level >= KD_LEVEL_MEMORY};
    int liked = kd_edge_liked(l->errand->shard->base.edge, &q, central, ground);
    tell_liked(l, counter, liked);
    return liked;
}

/* While central was asked, this edge may have taken a like or unlike of the user: the row is read again, together with central's answer. */
static void on_members(kd_members_wait *wait)
{
    kd_read_members *asked = KD_CONTAINER(wait, kd_read_members, wait);
    kd_edge_read *read = KD_CONTAINER(asked->errand->call, kd_edge_read, call);
    for (uint32_t i = 0; i < wait->count; i++) {
        kd_lookup *l = asked->unknown[i];
        const kd_central_liked *said = &wait->answers[i];
        kd_liked_central central = {said->liked == KD_LIKED_YES, said->at_us, said->complete};
        kd_liked_ground ground;
        reads_work_look_liked(read, l, asked->counter, said->liked == KD_LIKED_UNKNOWN ? NULL : &central,
                              &ground);
        l->liked_central |= (uint32_t)ground.by_central << asked->counter;
    }
    kd_errand_release(asked->errand);
}

/* Central answers "not liked" where it has no row: the unlike may have expired, or the like may not have arrived yet. So the answer is believed only
 * if central has merged all operations that are known here: those of the session token at other edges, and what this edge took for these items. */
static void ask_members(const kd_edge_read *read, kd_read_members *asked, uint64_t newest_us)
{
    kd_members_wait *wait = &asked->wait;
    kd_errand *errand = asked->errand;
    const kd_lives *own = kd_edge_lives(errand->shard->base.edge);
    wait->wanted = read->seen;
    kd_seen_drop_own(&wait->wanted, own);
    if (newest_us) kd_seen_add(&wait->wanted, own, newest_us);
    kd_shard *s = errand->shard;
    const char *counter = s->served.known.at[asked->counter].name;
    if (kd_ask_members(&s->asker, counter, read->user, kd_call_asks(errand->call), wait) == KD_OK)
        kd_errand_hold(errand);
}

static void read_members(const kd_edge_read *read, kd_read_members *asked)
{
    kd_members_wait *wait = &asked->wait;
    uint64_t newest_us = 0;
    wait->items = asked->item;
    wait->answers = asked->answer;
    wait->fn = on_members;
    kd_errand_item *entry;
    STAILQ_FOREACH(entry, &asked->errand->items, next) {
        kd_lookup *l = KD_CONTAINER(entry, kd_lookup, of_errand);
        kd_liked_ground ground;
        if (reads_work_look_liked(read, l, asked->counter, NULL, &ground) != KD_ENOTFOUND) continue;
        newest_us = KD_MAX(newest_us, ground.here_us);
        asked->unknown[wait->count] = l;
        asked->item[wait->count++] = l->item;
    }
    if (wait->count > 0 && read->call.level < KD_LEVEL_NO_DETAIL) ask_members(read, asked, newest_us);
}

/* Before anything is looked at. What the client has by the id of its last event is a time of this process, good for all shards. */
static void read_watch(const kd_edge_read *read, const kd_errand *errand)
{
    kd_shard *s = errand->shard;
    uint64_t known_us = kd_live_known_us(kd_live_client_stream(read->live));
    kd_errand_item *entry;
    STAILQ_FOREACH(entry, &errand->items, next) {
        kd_lookup *l = KD_CONTAINER(entry, kd_lookup, of_errand);
        const kd_watch_request rq = {.item = l->item,
                                     .watcher = read->call.origin->base.index,
                                     .members = read->members,
                                     .client = read->call.client};
        kd_live_hub_watch(&s->live, &rq);
        l->unchanged = kd_edge_watch_unchanged(s->base.edge, l->item, known_us);
    }
}

void kd_reads_work(kd_errand *errand)
{
    kd_edge_read *read = KD_CONTAINER(errand->call, kd_edge_read, call);
    if (read->live) read_watch(read, errand);
    for (uint32_t i = 0; i < read->counter_count; i++) read_members(read, &read->asked[errand->offset + i]);
    if (read->velocities) kd_reads_velocity_work(read, errand);
    if (!read->views) return;
    kd_errand_item *entry;
    STAILQ_FOREACH(entry, &errand->items, next) read_view(KD_CONTAINER(entry, kd_lookup, of_errand));
}

/* shard_drain.c - see the header. */
#include "edge/io/shard/shard_drain.h"

#include "common/io/loop/log.h"
#include "edge/io/shard/shard.h"

static void drain_on_closed(void *arg)
{
    kd_shard *s = arg;
    s->drain.closed = true;
    kd_turn_wake(&s->base.turn);
}

/* Half of the time is for requests, so that some is left for the flush. Those that wait for the log are answered before they would be cut. */
static void drain_begin_post(kd_post *post)
{
    kd_shard *s = KD_CONTAINER(post, kd_shard, drain.begin);
    uint64_t now = kd_clock_mono_us(), deadline = s->drain.deadline_us;
    uint32_t left_ms = deadline > now ? (uint32_t)((deadline - now) / 2000) : 0;
    kd_live_hub_drain(&s->live);
    kd_log_waits_hurry(&s->log.waits, now + left_ms * (uint64_t)750);
    kd_http_server_drain(s->server, drain_on_closed, s, KD_MAX(left_ms, 1));
}

void kd_shard_drain_begin(kd_shard *s, uint64_t deadline_us)
{
    s->drain.deadline_us = deadline_us;
    s->drain.begin.fn = drain_begin_post;
    kd_loop_post(s->base.loop, &s->drain.begin);
}

static void drain_flush_post(kd_post *post)
{
    kd_shard *s = KD_CONTAINER(post, kd_shard, drain.flush);
    s->drain.flushing = true;
    kd_edge_seal_all(s->base.edge, kd_clock_now_us(s->base.clock));
    kd_turn_wake(&s->base.turn);
}

void kd_shard_drain_flush(kd_shard *s)
{
    s->drain.flush.fn = drain_flush_post;
    kd_loop_post(s->base.loop, &s->drain.flush);
}

/* A store that has failed commits nothing more, so there is nothing to wait for. */
static bool drain_flushed(const kd_shard *s)
{
    if (s->commit.group.failed) return true;
    return !s->commit.group.group && !kd_edge_commit_wanted(s->base.edge) && s->sender.outstanding == 0;
}

void kd_shard_drain_look(kd_shard *s)
{
    kd_shard_drain *d = &s->drain;
    /* A request whose connection was cut may still wait for central or the disk. It counts until it is answered. */
    if (d->closed && !d->idle_told && s->in_flight == 0) {
        d->idle_told = true;
        s->drained(s);
    }
    if (d->closed && d->flushing && !d->flushed_told && drain_flushed(s)) {
        d->flushed_told = true;
        KD_LOG(KD_INFO, "shard-flushed", KD_U64("shard", s->base.index), KD_U64("sent", s->sender.sent),
               KD_U64("outbox_batches", kd_edge_outbox_batches(s->base.edge)));
        s->drained(s);
    }
}

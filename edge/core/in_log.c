/* in_log.c - see the header. */
#include "edge/core/in_log.h"
#include "edge/core/batch.h"
#include "edge/core/identity.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

void kd_in_log_number(kd_part *p, kd_outgoing *b)
{
    b->number = ++p->in_log.opened;
}

void kd_in_log_joined(kd_part *p, kd_outgoing *b)
{
    KD_ASSERT(b->number > 0);
    if (!p->in_log.first) p->in_log.first = b;
}

void kd_in_log_handed(kd_part *p, kd_outgoing *b)
{
    b->handed = ++p->in_log.handovers;
}

/* Planted: a copy in front of its predecessor's counts as well. */
static bool in_log_follows(const kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    if (KD_PLANTED(e, KD_PLANT_LOG_ANY_ORDER)) return b->logged > 0;
    return b->logged > p->in_log.order;
}

static void in_log_advance(const kd_edge *e, kd_part *p)
{
    kd_in_log *l = &p->in_log;
    while (l->first && in_log_follows(e, p, l->first)) {
        l->order = KD_MAX(l->order, l->first->logged);
        l->first = TAILQ_NEXT(l->first, next);
    }
}

void kd_in_log_acknowledged(const kd_edge *e, kd_part *p, kd_outgoing *b)
{
    b->logged = b->handed;
    in_log_advance(e, p);
}

void kd_in_log_given_up(kd_outgoing *b)
{
    b->strayed = true;
}

/* Central may have merged any copy of it: the next batch has to stand behind the last one, or behind all that is there by now. */
void kd_in_log_left(const kd_edge *e, kd_part *p, const kd_outgoing *b)
{
    kd_in_log *l = &p->in_log;
    KD_ASSERT(b == TAILQ_FIRST(&p->outbox.batches));
    if (b != l->first) return;
    l->order = KD_MAX(l->order, b->strayed ? l->handovers : b->handed);
    l->first = TAILQ_NEXT(b, next);
    in_log_advance(e, p);
}

void kd_in_log_restart(kd_part *p)
{
    p->in_log.first = TAILQ_FIRST(&p->outbox.batches);
    p->in_log.order = p->in_log.handovers;
}

void kd_in_log_moved(kd_part *p)
{
    p->in_log.era++;
    kd_in_log_restart(p);
}

bool kd_in_log_missing(const kd_edge *e, const kd_part *p)
{
    return e->config.log_flush_interval_us > 0 && p->in_log.first && p->in_log.first->sending == KD_SENT;
}

kd_log_mark kd_in_log_mark(const kd_part *p)
{
    return (kd_log_mark){.partition = p->id, .era = p->in_log.era, .batch = p->in_log.opened};
}

/* Planted: the batches before it are not waited for. */
static bool in_log_alone(const kd_part *p, uint64_t number)
{
    const kd_outgoing *b = TAILQ_LAST(&p->outbox.batches, kd_batches);
    if (p->open && p->open->number <= number) return false;
    while (b && b->number > number) b = TAILQ_PREV(b, kd_batches, next);
    return !b || b->logged > 0;
}

/* Whether the chain begins behind a batch of a life that this disk knows. */
static bool in_log_follows_own(const kd_edge *e, const kd_part *p)
{
    return p->applied.incarnation != 0 && kd_identity_minted(e, p->applied.incarnation);
}

int kd_edge_in_log(const kd_edge *e, const kd_log_mark *mark)
{
    const kd_part *p = kd_edge_part_by_id(e, mark->partition);
    KD_ASSERT(p);
    if (KD_PLANTED(e, KD_PLANT_LOG_AT_DISK)) return KD_OK;
    if (mark->era != p->in_log.era) return KD_ENOTFOUND;
    if (p->rehome.active || !in_log_follows_own(e, p)) return KD_EAGAIN;
    if (KD_PLANTED(e, KD_PLANT_LOG_ALONE)) return in_log_alone(p, mark->batch) ? KD_OK : KD_EAGAIN;
    const kd_outgoing *first = p->in_log.first ? p->in_log.first : p->open;
    return !first || mark->batch < first->number ? KD_OK : KD_EAGAIN;
}

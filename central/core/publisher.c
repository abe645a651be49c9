/* publisher.c - see the header. */
#include "kudos/publisher.h"

#include "kudos/follow.h"

void kd_publisher_init(kd_publisher *p, kd_central *core, const kd_publisher_config *config,
                       const kd_publisher_shell *shell, uint64_t mono_us, uint64_t random)
{
    *p = (kd_publisher){.core = core, .config = *config, .shell = *shell};
    kd_outbound_init(&p->claims, p);
    kd_outbound_init(&p->counts, p);
    kd_outbound_init(&p->changes, p);
    kd_outbound_init(&p->decisions, p);
    kd_outbound_init(&p->milestones, p);
    p->snapshot_due_us = mono_us + random % config->snapshot_interval_us;
}

void kd_publisher_finish(kd_publisher *p)
{
    kd_outbound_finish(&p->claims);
    kd_outbound_finish(&p->counts);
    kd_outbound_finish(&p->changes);
    kd_outbound_finish(&p->decisions);
    kd_outbound_finish(&p->milestones);
}

bool kd_publisher_committed(kd_publisher *p)
{
    uint64_t epoch = kd_central_epoch(p->core);
    p->changes_open = p->config.publish_changes;
    p->milestones_open = true;
    p->claim_pending |= kd_central_claim_again(p->core);
    if (!kd_central_durable(p->core) || epoch == p->claimed) return false;
    bool outbid = p->claimed != 0;
    p->claimed = epoch;
    p->claim_pending = true;
    return outbid;
}

/* ---- the kinds of records ---- */

static void publisher_make_claim(kd_publisher *p, uint64_t wall_us)
{
    kd_buf record = {.data = NULL};
    if (!p->claim_pending) return;
    p->claim_pending = false;
    kd_central_claim(p->core, wall_us, &record);
    kd_outbound_push(&p->claims, &record, kd_central_epoch(p->core));
}

enum { AGAIN_US = 5000000 };

/* Whether a record that has to be read back is due: for the first time, or once more, as the topic may have lost it. Epochs end in chance: they do not ask all
 * at once. */
static bool publisher_due_again(const kd_publisher *p, uint64_t made_us, uint64_t mono_us)
{
    uint64_t chance_us = kd_central_claims(p->core) % (AGAIN_US / 4);
    return made_us == 0 || mono_us >= made_us + AGAIN_US + chance_us;
}

/* Of a promotion. */
static void publisher_make_first_claim(kd_publisher *p, uint64_t wall_us, uint64_t mono_us)
{
    kd_buf record = {.data = NULL};
    uint64_t epoch = kd_central_claims(p->core);
    if (kd_central_promotion(p->core) != KD_PROMOTION_CLAIMS || p->claims.count > 0) return;
    if (p->claimed == epoch && !publisher_due_again(p, p->claimed_us, mono_us)) return;
    kd_central_claim(p->core, wall_us, &record);
    p->claimed = epoch;
    p->claimed_us = mono_us;
    kd_outbound_push(&p->claims, &record, epoch);
    kd_buf_finish(&record);
}

/* No snapshot is under way: in the topic it would stand behind the marker, though it was made before. */
static void publisher_make_marker(kd_publisher *p, uint64_t wall_us, uint64_t mono_us)
{
    kd_buf record = {.data = NULL};
    uint64_t epoch = kd_central_claims(p->core);
    bool again = kd_central_marker_again(p->core) || p->marked != epoch;
    if (again) p->marked_us = 0;
    if (!kd_central_marks(p->core) || p->counts.count > 0) return;
    if (!publisher_due_again(p, p->marked_us, mono_us)) return;
    kd_central_marker(p->core, wall_us, &record);
    p->marked = epoch;
    p->marked_us = mono_us;
    kd_outbound_push(&p->counts, &record, epoch);
    kd_buf_finish(&record);
}

/* A version may have several records. Those below the oldest record held are delivered whole; with none held, and none left in the core, all are. */
static void publisher_settle_changes(kd_publisher *p)
{
    uint64_t oldest = kd_outbound_oldest(&p->changes);
    if (oldest != UINT64_MAX)
        kd_central_changes_delivered(p->core, oldest - 1);
    else if (!p->changes_open)
        kd_central_changes_delivered(p->core, kd_central_version(p->core));
}

static int publisher_make_changes(kd_publisher *p)
{
    kd_buf record = {.data = NULL};
    uint64_t version;
    int err = KD_OK;
    while (p->changes_open && p->changes.count < KD_CHANGES_WINDOW) {
        err = kd_central_changes_next(p->core, &record, &version);
        if (err != KD_OK) break;
        kd_outbound_push(&p->changes, &record, version);
    }
    kd_buf_finish(&record);
    if (err != KD_ENOTFOUND) return err;
    p->changes_open = false;
    publisher_settle_changes(p);
    return KD_OK;
}

/* The next record waits for the one before. */
static int publisher_make_milestones(kd_publisher *p)
{
    kd_buf record = {.data = NULL};
    uint64_t version;
    if (!p->milestones_open || p->milestones.count > 0) return KD_OK;
    int err = kd_central_milestones_next(p->core, &record, &version);
    if (err == KD_OK) kd_outbound_push(&p->milestones, &record, version);
    kd_buf_finish(&record);
    if (err != KD_ENOTFOUND) return err;
    p->milestones_open = false;
    return KD_OK;
}

static void publisher_take_part(void *arg, kd_bytes part)
{
    kd_publisher *p = arg;
    kd_buf copy = {.data = NULL};
    kd_buf_put(&copy, part.data, part.len);
    kd_outbound_push(&p->counts, &copy, kd_central_version(p->core));
    p->shell.snapshot_part(p->shell.arg, part);
}

/* Monotonic. */
static uint64_t publisher_due_us(const kd_publisher *p)
{
    uint64_t soon_us = p->snapshot_made_us + p->config.viral_interval_us;
    bool viral = kd_central_viral(p->core) && !(p->config.plant & KD_PLANT_VIRAL_AS_OTHERS);
    return viral ? KD_MIN(p->snapshot_due_us, soon_us) : p->snapshot_due_us;
}

static bool publisher_snapshot_due(const kd_publisher *p, uint64_t mono_us)
{
    if (p->claims.count > 0 || p->counts.count > 0 || p->ending == KD_PUBLISHER_DONE) return false;
    return p->ending == KD_PUBLISHER_LAST_SNAPSHOT || mono_us >= publisher_due_us(p);
}

static int publisher_make_snapshot(kd_publisher *p, uint64_t wall_us, uint64_t mono_us)
{
    uint64_t interval = p->config.snapshot_interval_us, next = p->snapshot_due_us + interval;
    if (!publisher_snapshot_due(p, mono_us)) return KD_OK;
    if (p->ending == KD_PUBLISHER_LAST_SNAPSHOT) p->ending = KD_PUBLISHER_DONE;
    /* an early one must not put off the next */
    p->snapshot_due_us = next > mono_us && next <= mono_us + interval ? next : mono_us + interval;
    p->snapshot_made_us = mono_us;
    return kd_central_snapshot(p->core, wall_us, publisher_take_part, p);
}

int kd_publisher_decide(kd_publisher *p, const kd_decision *d, uint64_t wall_us)
{
    kd_buf record = {.data = NULL};
    if (!kd_publisher_claim_stands(p) || p->decisions.count >= KD_DECISIONS_WINDOW) return KD_EAGAIN;
    int err = kd_central_decide(p->core, d, wall_us, &record);
    if (err == KD_OK) kd_outbound_push(&p->decisions, &record, kd_central_epoch(p->core));
    kd_buf_finish(&record);
    return err;
}

enum { PROPOSE_US = 500000, PROPOSE_WINDOW = 32 }; /* few at a time: operators' decisions go the same way */

/* What central's hand proposes. A decision that cannot be made (too many items are listed as closed) is proposed again later. */
static int publisher_make_proposals(kd_publisher *p, uint64_t wall_us, uint64_t mono_us)
{
    kd_decision d;
    int err = KD_OK;
    if (!kd_central_proposes(p->core) || p->ending != KD_PUBLISHER_RUNS || mono_us < p->propose_due_us)
        return KD_OK;
    p->propose_due_us = mono_us + PROPOSE_US;
    if (!kd_publisher_claim_stands(p)) return KD_OK;
    for (uint32_t n = 0; err == KD_OK && n < PROPOSE_WINDOW && p->decisions.count < PROPOSE_WINDOW; n++) {
        err = kd_central_propose(p->core, wall_us, &d);
        if (err == KD_OK) kd_publisher_decide(p, &d, wall_us);
    }
    return err == KD_EIO ? KD_EIO : KD_OK;
}

/* ---- driving ---- */

static void publisher_pump(kd_publisher *p, uint64_t mono_us)
{
    kd_outbound_pump(&p->claims, p->shell.produce, p->shell.arg, mono_us);
    kd_outbound_pump(&p->counts, p->shell.produce, p->shell.arg, mono_us);
    kd_outbound_pump(&p->changes, p->shell.produce, p->shell.arg, mono_us);
    kd_outbound_pump(&p->decisions, p->shell.produce, p->shell.arg, mono_us);
    kd_outbound_pump(&p->milestones, p->shell.produce, p->shell.arg, mono_us);
}

/* While a claim or a snapshot is on its way, its report calls, not the interval. */
static uint64_t publisher_next_us(const kd_publisher *p)
{
    uint64_t when = kd_outbound_next_us(&p->claims, UINT64_MAX);
    when = kd_outbound_next_us(&p->counts, when);
    when = kd_outbound_next_us(&p->changes, when);
    when = kd_outbound_next_us(&p->decisions, when);
    when = kd_outbound_next_us(&p->milestones, when);
    if (kd_central_proposes(p->core) && p->ending == KD_PUBLISHER_RUNS)
        when = KD_MIN(when, p->propose_due_us);
    return p->claims.count + p->counts.count == 0 ? KD_MIN(when, publisher_due_us(p)) : when;
}

int kd_publisher_run(kd_publisher *p, uint64_t wall_us, uint64_t mono_us, uint64_t *next_us)
{
    *next_us = UINT64_MAX;
    publisher_make_first_claim(p, wall_us, mono_us);
    publisher_make_marker(p, wall_us, mono_us);
    if (kd_central_promotion(p->core) != KD_PROMOTION_LEADS) {
        publisher_pump(p, mono_us);
        *next_us = mono_us + AGAIN_US / 4;
        return KD_OK;
    }
    if (!kd_central_durable(p->core)) return KD_OK;
    publisher_make_claim(p, wall_us);
    int err = publisher_make_changes(p);
    if (err == KD_OK) err = publisher_make_milestones(p);
    if (err == KD_OK) err = publisher_make_snapshot(p, wall_us, mono_us);
    if (err == KD_OK) err = publisher_make_proposals(p, wall_us, mono_us);
    if (err != KD_OK) return err;
    publisher_pump(p, mono_us);
    *next_us = publisher_next_us(p);
    return KD_OK;
}

bool kd_publisher_report(kd_outbound_record *record, bool delivered, uint64_t mono_us, uint64_t random)
{
    kd_publisher *p = kd_publisher_of(record);
    bool changes = record->out == &p->changes, milestones = record->out == &p->milestones;
    if (!kd_outbound_report(record, delivered, mono_us, random)) return false;
    if (changes) publisher_settle_changes(p);
    if (milestones) kd_central_milestones_delivered(p->core); /* one at a time: it was the only one */
    return true;
}

kd_publisher *kd_publisher_of(const kd_outbound_record *record)
{
    return record->out->owner;
}

void kd_publisher_retry_now(kd_publisher *p)
{
    kd_outbound_retry_now(&p->claims);
    kd_outbound_retry_now(&p->counts);
    kd_outbound_retry_now(&p->changes);
    kd_outbound_retry_now(&p->decisions);
    kd_outbound_retry_now(&p->milestones);
}

/* ---- bounds and the end ---- */

bool kd_publisher_blocks(const kd_publisher *p)
{
    if (p->config.plant & KD_PLANT_OWES_WITHOUT_BOUND) return false;
    if (kd_central_superseded(p->core)) return false;
    return kd_central_unpublished_bytes(p->core) >= p->config.unpublished_max;
}

void kd_publisher_end(kd_publisher *p)
{
    if (p->ending == KD_PUBLISHER_RUNS) p->ending = KD_PUBLISHER_LAST_SNAPSHOT;
}

bool kd_publisher_done(const kd_publisher *p)
{
    return p->ending == KD_PUBLISHER_DONE && !p->milestones_open && kd_publisher_held(p) == 0;
}

bool kd_publisher_claim_stands(const kd_publisher *p)
{
    return kd_central_durable(p->core) && !p->claim_pending && p->claims.count == 0;
}

uint32_t kd_publisher_held(const kd_publisher *p)
{
    return p->claims.count + p->counts.count + p->changes.count + p->decisions.count + p->milestones.count;
}

uint32_t kd_publisher_sent(const kd_publisher *p)
{
    return kd_outbound_sent(&p->claims) + kd_outbound_sent(&p->counts) + kd_outbound_sent(&p->changes) +
           kd_outbound_sent(&p->decisions) + kd_outbound_sent(&p->milestones);
}

uint64_t kd_publisher_failures(const kd_publisher *p)
{
    return p->claims.failures + p->counts.failures + p->changes.failures + p->decisions.failures +
           p->milestones.failures;
}

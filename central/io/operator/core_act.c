/* core_act.c - see the header. Here: the list of backups, the collection of tombstones. */
#include "central/io/operator/core_act.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "central/io/operator/core_act_edge.h"
#include "central/io/operator/core_act_quarantine.h"
#include "common/base/text.h"
#include "kudos/follow.h"
#include "kudos/forget.h"
#include "kudos/quarantine.h"

/* Says why, where nobody did, and returns err. */
static int core_act_refuse(kd_core_act *a, int err)
{
    if (err != KD_OK && err != KD_ENOTFOUND && a->error[0] == '\0')
        snprintf(
            a->error, sizeof(a->error), "partition %u: %s: %s", a->partition, kd_order_name(a->order.kind),
            err == KD_EMISMATCH ? "there is a backup of that name"
            : err == KD_ETOOBIG ? "as many backups are kept as central knows of: --forget those that are gone"
                                : kd_strerror(err));
    return err;
}

/* A call of the core says which version would carry its order also where it refuses the order: then there is nothing to write. */
static int core_act_ordered(kd_core_act *a, int err)
{
    if (err != KD_OK) a->version = 0;
    return err;
}

static int core_act_on_backup(kd_core_act *a)
{
    kd_bytes id = kd_bytes_str(a->order.name);
    switch (a->order.kind) {
    case KD_ORDER_BACKUP_BEGIN:
        return core_act_ordered(a, kd_central_backup_begin(a->core, id, &a->version));
    case KD_ORDER_BACKUP_COMPLETE:
        return core_act_ordered(a, kd_central_backup_complete(a->core, id, &a->version));
    default:
        return core_act_ordered(a, kd_central_backup_remove(a->core, id, &a->version));
    }
}

static int core_act_list_backups(kd_core_act *a)
{
    kd_central_backup backups[KD_BACKUPS_MAX];
    uint32_t n = kd_central_backups(a->core, backups, KD_BACKUPS_MAX);
    for (uint32_t i = 0; i < n; i++)
        kd_text_printf(&a->text,
                       "backup partition=%u name=%.*s complete=%s low_watermark_us=%" PRIu64
                       " version=%" PRIu64 "\n",
                       a->partition, (int)backups[i].id.len, (const char *)backups[i].id.data,
                       backups[i].complete ? "yes" : "no", backups[i].low_watermark_us, backups[i].version);
    return KD_OK;
}

/* What this central knows of who leads the partition and who follows: a follower knows both. */
static int core_act_tell_member(kd_core_act *a)
{
    kd_following f;
    kd_central_get_following(a->core, &f);
    kd_bytes leader = f.follows ? f.leader : f.name;
    kd_text_printf(&a->text, "member partition=%u leader=%.*s epoch=%" PRIu64, a->partition,
                   leader.len > 0 ? (int)leader.len : 1, leader.len > 0 ? (const char *)leader.data : "-",
                   f.follows ? f.leader_epoch : kd_central_epoch(a->core));
    if (f.follows)
        kd_text_printf(&a->text, " follower=%.*s lag=%" PRIu64, (int)f.name.len, (const char *)f.name.data,
                       f.heard.read > f.ours.read ? f.heard.read - f.ours.read : 0);
    kd_text_printf(&a->text, " read=%" PRIu64 " digest=%016" PRIx64 " state=%s\n", f.ours.read, f.ours.digest,
                   f.follows ? kd_follows_name(f.state) : "leads");
    return KD_OK;
}

/* Comes before a backup is begun. A backup that fails is taken off the list by its name: were the name another backup's, that one would go. */
static int core_act_find_no_backup(kd_core_act *a)
{
    kd_central_backup backups[KD_BACKUPS_MAX];
    uint32_t n = kd_central_backups(a->core, backups, KD_BACKUPS_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (kd_bytes_eq(backups[i].id, kd_bytes_str(a->order.name))) return KD_EMISMATCH;
    return n == KD_BACKUPS_MAX ? KD_ETOOBIG : KD_OK;
}

static int core_act_collect(kd_core_act *a)
{
    a->decides = true;
    a->decision.what = KD_DECIDED_COLLECT;
    return KD_OK;
}

/* Each order is a job of its own, which keeps a repeated record from being merged twice. */
static void core_act_name_job(kd_core_act *a)
{
    if (a->order.job[0] != '\0')
        snprintf(a->job, sizeof(a->job), "%s", a->order.job);
    else
        snprintf(a->job, sizeof(a->job), "order-%08x%08x", randombytes_random(), randombytes_random());
    a->decision = (kd_decision){.job = kd_bytes_str(a->job), .seq = 1, .last = true};
}

/* The order was said before, to this leader or another one, and its answer was lost. */
static bool core_act_decided_before(kd_core_act *a)
{
    a->decides = a->order.job[0] != '\0' && kd_central_decided(a->core, a->decision.job).seq > 0;
    return a->decides;
}

int kd_core_act_run(kd_core_act *a)
{
    core_act_name_job(a);
    if (core_act_decided_before(a)) return KD_OK;
    switch (a->order.kind) {
    case KD_ORDER_RETIRE:
    case KD_ORDER_READMIT:
    case KD_ORDER_EDGE_ADD:
    case KD_ORDER_EDGE_LIST:
        return core_act_refuse(a, kd_core_act_edge(a));
    case KD_ORDER_COLLECT:
        return core_act_refuse(a, core_act_collect(a));
    case KD_ORDER_BACKUP_ABSENT:
        return core_act_refuse(a, core_act_find_no_backup(a));
    case KD_ORDER_BACKUP_BEGIN:
    case KD_ORDER_BACKUP_COMPLETE:
    case KD_ORDER_BACKUP_FORGET:
        return core_act_refuse(a, core_act_on_backup(a));
    case KD_ORDER_BACKUP_LIST:
        return core_act_list_backups(a);
    case KD_ORDER_MEMBERS:
        return core_act_tell_member(a);
    case KD_ORDER_QUARANTINE_LIST:
    case KD_ORDER_QUARANTINE_SHOW:
    case KD_ORDER_QUARANTINE_RELEASE:
    case KD_ORDER_QUARANTINE_DROP:
        return core_act_refuse(a, kd_core_act_quarantine(a));
    default:
        return core_act_refuse(a, KD_EINVAL);
    }
}

int kd_core_act_settle(kd_core_act *a)
{
    bool quarantine =
        a->order.kind == KD_ORDER_QUARANTINE_RELEASE || a->order.kind == KD_ORDER_QUARANTINE_DROP;
    return quarantine ? core_act_refuse(a, kd_core_act_quarantine_settle(a)) : KD_OK;
}

void kd_core_act_finish(kd_core_act *a)
{
    kd_buf_finish(&a->text);
    kd_buf_finish(&a->body);
}

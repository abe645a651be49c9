/* job_item.c - see the header. */
#include "central/io/operator/job_item.h"

#include <stdio.h>

#include "central/io/operator/job_decide.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

static kd_decided job_item_what(kd_order_kind kind)
{
    if (kind == KD_ORDER_CLOSE) return KD_DECIDED_CLOSE;
    return kind == KD_ORDER_OPEN ? KD_DECIDED_OPEN : KD_DECIDED_DELETE;
}

int kd_job_item(kd_jobs *jobs, char *error)
{
    const kd_order *order = &jobs->job.order;
    kd_item item;
    if (kd_item_parse(&item, kd_bytes_str(order->item)) != KD_OK ||
        !kd_name_valid(kd_bytes_str(order->name))) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s is no item (collection/id)", order->item);
        return KD_EINVAL;
    }
    uint32_t partition = kd_partition(kd_item_key(&item), (uint32_t)jobs->settings->partitions);
    const kd_decision decision = {.job = kd_bytes_str(order->name),
                                  .seq = 1,
                                  .last = true,
                                  .what = job_item_what(order->kind),
                                  .item = kd_item_key(&item),
                                  .stamp_us = kd_clock_wall_us()};
    int err = kd_job_decide(jobs, partition, &decision, error);
    if (err == KD_ECLOSED) snprintf(error, KD_OPTIONS_ERROR_MAX, "%s was deleted, for good", order->item);
    if (err != KD_OK) return err;
    kd_jobs_count_partition(jobs);
    kd_jobs_all_done(jobs);
    KD_LOG(KD_WARN, "operator-order", KD_STR("order", kd_order_name(order->kind)),
           KD_U64("partition", partition), KD_STR("item", order->item), KD_STR("name", order->name));
    return KD_OK;
}

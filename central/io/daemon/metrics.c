/* metrics.c - the tables of the header, as data. */
#include "central/io/daemon/metrics.h"

#define ROW(...) KD_METRIC_ROW(kd_central_metrics, __VA_ARGS__)
static const kd_metric_info rows[] = {KD_CENTRAL_METRICS(ROW)};
const kd_metric_table kd_central_metric_table = {rows, KD_COUNT(rows)};

#define PROCESS_ROW(...) KD_METRIC_ROW(kd_central_process_metrics, __VA_ARGS__)
static const kd_metric_info process_rows[] = {KD_CENTRAL_PROCESS_METRICS(PROCESS_ROW)};
const kd_metric_table kd_central_process_table = {process_rows, KD_COUNT(process_rows)};

#define MEMBER_ROW(...) KD_METRIC_ROW(kd_central_member_metrics, __VA_ARGS__)
static const kd_metric_info member_rows[] = {KD_CENTRAL_MEMBER_METRICS(MEMBER_ROW)};
const kd_metric_table kd_central_member_table = {member_rows, KD_COUNT(member_rows)};

#define STALE_ROW(...) KD_METRIC_ROW(kd_central_stale_metrics, __VA_ARGS__)
static const kd_metric_info stale_rows[] = {KD_CENTRAL_STALE_METRICS(STALE_ROW)};
const kd_metric_table kd_central_stale_table = {stale_rows, KD_COUNT(stale_rows)};

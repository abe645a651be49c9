/* url_metrics.c - see the header. A URL has no quote and no backslash: kd_http_client_check_url. */
#include "edge/io/daemon/url_metrics.h"

#include <stdio.h>

enum { URL_KINDS = 5, URL_LABEL_MAX = 340 };

static const kd_metric_info url_kinds[URL_KINDS] = {
    {offsetof(kd_url_cells, answers), KD_METRIC_COUNTER, "kudos_edge_central_url_answers_total", "",
     "Answers of this URL of central, since it is in the list."},
    {offsetof(kd_url_cells, failures), KD_METRIC_COUNTER, "kudos_edge_central_url_failures_total", "",
     "Questions that this URL of central did not answer."},
    {offsetof(kd_url_cells, elsewhere), KD_METRIC_COUNTER, "kudos_edge_central_url_elsewhere_total", "",
     "Answers of this URL of central that another one leads the partition."},
    {offsetof(kd_url_cells, useless), KD_METRIC_COUNTER, "kudos_edge_central_url_useless_total", "",
     "Answers of this URL of central that were none to the question: refusals, redirects, what is not "
     "central's."},
    {offsetof(kd_url_cells, asked), KD_METRIC_GAUGE, "kudos_edge_central_url_asked", "",
     "Threads that ask this URL of central (the shards and the main loop); the others have left it, because "
     "it did not answer."},
};

void kd_url_metrics_write(char *const *urls, const void *const *instances, size_t count, kd_buf *out)
{
    char labels[KD_CENTRALS_MAX][URL_LABEL_MAX];
    kd_metric_info rows[URL_KINDS * KD_CENTRALS_MAX];
    size_t n = 0;
    for (size_t kind = 0; kind < URL_KINDS; kind++)
        for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++) {
            if (!urls[i]) continue;
            snprintf(labels[i], sizeof labels[i], "url=\"%.310s\"", urls[i]);
            rows[n] = url_kinds[kind];
            rows[n].offset += i * sizeof(kd_url_cells);
            rows[n++].labels = labels[i];
        }
    const kd_metric_table table = {rows, n};
    if (n > 0) kd_metrics_render(&table, instances, count, out);
}

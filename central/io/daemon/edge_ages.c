/* edge_ages.c - see the header. Names are sorted once, for they are looked up for each edge of each partition, four times a second. */
#include "central/io/daemon/edge_ages.h"

#include <stdio.h>
#include <stdlib.h>

#include "kudos/limits.h"

enum { LABEL_MAX = KD_NAME_MAX + 16 };

static int ages_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint32_t ages_place(const kd_strings *edges, const char *name)
{
    uint32_t i = 0;
    while (strcmp(edges->at[i], name) != 0) i++;
    return i;
}

void kd_edge_ages_name(kd_edge_ages *a, const kd_strings *edges)
{
    a->count = edges->count;
    for (uint32_t i = 0; i < a->count; i++) a->names[i] = edges->at[i];
    qsort(a->names, a->count, sizeof *a->names, ages_compare);
    for (uint32_t i = 0; i < a->count; i++) a->rows[i] = ages_place(edges, a->names[i]);
}

void kd_edge_ages_init(kd_edge_ages *a, const kd_strings *edges)
{
    a->cells = kd_alloc(KD_EDGE_AGES_ROWS * sizeof *a->cells);
    a->age_us = kd_alloc(KD_EDGE_AGES_ROWS * sizeof *a->age_us);
    a->seen = kd_alloc(KD_EDGE_AGES_ROWS * sizeof *a->seen);
    a->names = kd_alloc(KD_EDGE_AGES_ROWS * sizeof *a->names);
    a->rows = kd_alloc(KD_EDGE_AGES_ROWS * sizeof *a->rows);
    for (uint32_t i = 0; i < KD_EDGE_AGES_ROWS; i++) kd_metric_set(&a->cells[i], KD_METRIC_NONE);
    kd_edge_ages_name(a, edges);
}

void kd_edge_ages_finish(kd_edge_ages *a)
{
    free(a->cells);
    free(a->age_us);
    free(a->seen);
    free(a->names);
    free(a->rows);
    *a = (kd_edge_ages){.count = 0};
}

static uint32_t ages_row(const kd_edge_ages *a, kd_bytes edge)
{
    char text[KD_NAME_MAX + 1];
    const char *name = text;
    snprintf(text, sizeof text, "%.*s", (int)edge.len, (const char *)edge.data);
    const char **found = bsearch(&name, a->names, a->count, sizeof *a->names, ages_compare);
    return found ? a->rows[found - a->names] : KD_EDGE_AGES_OTHERS;
}

static void ages_raise(kd_edge_ages *a, uint32_t row, uint64_t age_us)
{
    a->age_us[row] = KD_MAX(a->age_us[row], (int64_t)age_us);
}

void kd_edge_ages_begin(kd_edge_ages *a)
{
    for (uint32_t i = 0; i < KD_EDGE_AGES_ROWS; i++) a->age_us[i] = KD_METRIC_NONE;
}

void kd_edge_ages_take(kd_edge_ages *a, const kd_central_edge *edges, uint32_t n, uint64_t now_us,
                       uint64_t unheard_us)
{
    memset(a->seen, 0, KD_EDGE_AGES_ROWS * sizeof *a->seen);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = ages_row(a, edges[i].name);
        a->seen[row] = true;
        if (!edges[i].retired)
            ages_raise(a, row, now_us > edges[i].watermark_us ? now_us - edges[i].watermark_us : 0);
    }
    for (uint32_t i = 0; i < a->count; i++)
        if (!a->seen[i]) ages_raise(a, i, unheard_us);
}

void kd_edge_ages_end(kd_edge_ages *a)
{
    for (uint32_t i = 0; i < KD_EDGE_AGES_ROWS; i++) kd_metric_set(&a->cells[i], a->age_us[i]);
}

/* No edge can be named "(other)": a name has no parentheses. */
void kd_edge_ages_render(const kd_strings *edges, const void *const *cells, size_t workers, kd_buf *out)
{
    size_t count = edges->count + 1;
    kd_metric_info *rows = kd_alloc(count * sizeof *rows);
    char(*labels)[LABEL_MAX] = kd_alloc(count * sizeof *labels);
    for (size_t i = 0; i < count; i++) {
        snprintf(labels[i], sizeof labels[i], "edge=\"%s\"", i + 1 < count ? edges->at[i] : "(other)");
        size_t row = i + 1 < count ? i : KD_EDGE_AGES_OTHERS;
        rows[i] = (kd_metric_info){row * sizeof(kd_metric), KD_METRIC_AGE,
                                   "kudos_central_edge_watermark_age_seconds", labels[i],
                                   "Age of an edge's oldest watermark; (other): of those that central.edges "
                                   "does not name. NaN: retired, or none."};
    }
    const kd_metric_table table = {rows, count};
    kd_metrics_render(&table, cells, workers, out);
    free(labels);
    free(rows);
}

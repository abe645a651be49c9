/*
 * visitor_gate.h - whether a visitor's token (visitor.h) is good here and now, for the thread of one loop; and what both programs configure and count of
 * that. The file of keys is the process's.
 */
#ifndef KUDOS_COMMON_IO_HTTP_VISITOR_GATE_H
#define KUDOS_COMMON_IO_HTTP_VISITOR_GATE_H

#include "common/base/metrics.h"
#include "common/conf/options.h"
#include "common/io/daemon/key_file.h"
#include "common/io/http/visitor.h"

/* The row for a member visitor_keys_file of `config`. */
#define KD_VISITOR_KEYS_OPTION(config)                                                                       \
    KD_OPTION_PATH(                                                                                          \
        config, visitor_keys_file, "visitors", "keys_file", NULL,                                            \
        "File with the keys that tokens of visitors are signed and checked by; read again on SIGHUP",        \
        .secret = true,                                                                                      \
        .more = "Lines of `id visitors key`, the same at all edges and central; the first one signs. "       \
                "Without it there are no visitors.")

/* Its thread writes them, any thread reads. */
typedef struct {
    kd_metric taken;
    kd_metric refused[KD_VISITOR_FAULT_COUNT];
} kd_visitor_metrics;

/* A file that makes a table of them defines KD_VISITOR_METRICS_PREFIX, the beginning of their names, before: "kudos_edge_visitor_". */
#define KD_VISITOR_REFUSED_ROW(id, name, detail)                                                             \
    {offsetof(kd_visitor_metrics, refused[KD_VISITOR_##id]), KD_METRIC_COUNTER,                              \
     KD_VISITOR_METRICS_PREFIX "tokens_refused_total", "reason=\"" name "\"",                                \
     "Tokens of visitors that were refused."},
#define KD_VISITOR_ROWS                                                                                      \
    {offsetof(kd_visitor_metrics, taken), KD_METRIC_COUNTER, KD_VISITOR_METRICS_PREFIX "tokens_taken_total", \
     "", "Tokens of visitors that were good."},                                                              \
        KD_VISITOR_FAULTS(KD_VISITOR_REFUSED_ROW)

/* Zero-initialised: no token of a visitor is taken. */
typedef struct {
    kd_key_file *keys; /* borrowed; NULL: none */
    kd_visitor_metrics metrics;
} kd_visitor_gate;

/* kd_key_file_check and kd_key_file_create of visitors.keys_file; `error`: KD_OPTIONS_ERROR_MAX bytes. Without a path KD_OK, and *keys is NULL. */
int kd_visitor_keys_check(const char *path, char *error);
int kd_visitor_keys_create(kd_key_file **keys, const char *path, char *error);

/* kd_visitor_decode by the gate's keys, of which there are some, and the wall clock. Counts. */
kd_visitor_fault kd_visitor_gate_ask(kd_visitor_gate *gate, kd_bytes token, kd_visitor *v);
/* kd_visitor_encode by the gate's keys, of which there are some. */
void kd_visitor_gate_sign(const kd_visitor_gate *gate, const kd_visitor *v, char *out);

#endif

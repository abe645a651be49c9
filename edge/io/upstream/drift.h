/*
 * drift.h - asks central for its time (GET /v1/time), on the main loop. Three things follow from the answers: the own clock is measured against
 * central's (app->clock); app->central_up and the log tell whether central answers, within 10 s of an outage's begin and end; and with each
 * measurement central is asked for its catalogue (offer.h). Of several URLs one is asked; the others only where it does not answer, and central is away
 * when none does.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_DRIFT_H
#define KUDOS_EDGE_IO_UPSTREAM_DRIFT_H

#include "edge/io/daemon/url_metrics.h"
#include "edge/io/upstream/central_urls.h"

struct kd_edge_app;
typedef struct kd_drift_probe kd_drift_probe;

/* Sets app->drift, or leaves it NULL where no central is configured, and begins to ask. KD_OK, or the error of an HTTP client with its text in
 * `error` (KD_OPTIONS_ERROR_MAX bytes). Before the main loop runs. */
int kd_drift_probe_create(struct kd_edge_app *app, char *error);
/* Asks for central's catalogue now, as after a reload. On the main loop. NULL, where there is no central, is fine. */
void kd_drift_probe_ask(kd_drift_probe *p);
/* Other URLs: from now on these are asked. On the main loop. */
void kd_drift_probe_replace(kd_drift_probe *p, const kd_central_urls *urls);
/* Of its own questions; lives as long as it. */
const kd_url_metrics *kd_drift_probe_metrics(const kd_drift_probe *p);
/* After the main loop has ended. NULL is fine. */
void kd_drift_probe_destroy(kd_drift_probe *p);

#endif

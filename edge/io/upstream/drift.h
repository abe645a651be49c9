/*
 * drift.h - asks central for its time (GET /v1/time), on the main loop. Three things follow from the answers: the own clock is measured against
 * central's (app->clock); app->central_up and the log tell whether central answers, within 10 s of an outage's begin and end; and with each
 * measurement central is asked for its catalogue (offer.h).
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_DRIFT_H
#define KUDOS_EDGE_IO_UPSTREAM_DRIFT_H

#include "kudos/base.h"

struct kd_edge_app;
typedef struct kd_drift_probe kd_drift_probe;

/* Sets app->drift, or leaves it NULL where no central is configured, and begins to ask. KD_OK, or the error of the HTTP client with its text in
 * `error` (KD_OPTIONS_ERROR_MAX bytes). Before the main loop runs. */
int kd_drift_probe_create(struct kd_edge_app *app, char *error);
/* Asks for central's catalogue now, as after a reload. On the main loop. NULL, where there is no central, is fine. */
void kd_drift_probe_ask(kd_drift_probe *p);
/* After the main loop has ended. NULL is fine. */
void kd_drift_probe_destroy(kd_drift_probe *p);

#endif

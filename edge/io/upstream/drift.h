/*
 * drift.h - measures the own clock against central's (GET /v1/time) on the main loop. The result is
 * in app->clock. Whether central answers is in app->central_up, which falls and rises within 10 s; the log tells each once. With each measurement central is
 * asked what it has (offer.h).
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_DRIFT_H
#define KUDOS_EDGE_IO_UPSTREAM_DRIFT_H

#include "kudos/base.h"

struct kd_edge_app;
typedef struct kd_drift_probe kd_drift_probe;

/* KD_OK (also when no central is configured), or an error with its text. */
int kd_drift_probe_create(struct kd_edge_app *app, char *error);
/* Asks central what it has, as it is asked after every measurement; NULL: there is no central. */
void kd_drift_probe_ask(kd_drift_probe *p);
void kd_drift_probe_destroy(kd_drift_probe *p);

#endif

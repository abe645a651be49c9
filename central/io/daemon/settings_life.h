/* settings_life.h - the texts of central.collection_life: COLLECTION=LIFE, or COLLECTION=LIFE+KEEP. */
#ifndef KUDOS_CENTRAL_IO_DAEMON_SETTINGS_LIFE_H
#define KUDOS_CENTRAL_IO_DAEMON_SETTINGS_LIFE_H

#include "central/io/daemon/settings.h"

/* Whether a text is one. */
bool kd_settings_life_valid(kd_bytes text);
/* The lives of the configuration: KD_OK, or KD_EINVAL with a sentence in `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_settings_lives(const kd_central_settings *s, kd_lifespans *out, char *error);

#endif

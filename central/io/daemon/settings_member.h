/* settings_member.h - the options by which a central is a member of a group: its name, and what has to fit together. */
#ifndef KUDOS_CENTRAL_IO_DAEMON_SETTINGS_MEMBER_H
#define KUDOS_CENTRAL_IO_DAEMON_SETTINGS_MEMBER_H

#include "central/io/daemon/settings.h"

/* central.members, replicas and role together: KD_OK, or KD_EINVAL with a sentence in `error`. */
int kd_settings_check_member(const kd_central_settings *s, char *error);
/* What a member leaves out that others may need of it: a sentence, or NULL. */
const char *kd_settings_advise_member(const kd_central_settings *s);

#endif

/* assets.h - the files that the playground serves: its page and the client for pages, part of the program. embed.sh makes the table at build time. */
#ifndef KUDOS_SIM_PLAYGROUND_ASSETS_H
#define KUDOS_SIM_PLAYGROUND_ASSETS_H

#include "kudos/base.h"

typedef struct {
    const char *path; /* "/index.html", "/sdk/kudos.js" */
    const uint8_t *begin, *end;
} sim_asset;

extern const sim_asset sim_assets[];
extern const uint32_t sim_asset_count;

/* The asset of a path, where "/" is /index.html; NULL: there is none. */
const sim_asset *sim_asset_find(kd_bytes path);
/* Its Content-Type, by the end of its path; static. */
const char *sim_asset_type(const sim_asset *a);

#endif

/*
 * api.h - the read API. Who may ask is decided first (access.h). A request is parsed on the loop of the HTTP server, taken to the workers that own its items (read.h), and answered on that
 * loop when all of them are done. Requests in work are bounded by central.reads_max.
 */
#ifndef KUDOS_CENTRAL_IO_API_API_H
#define KUDOS_CENTRAL_IO_API_API_H

#include "central/io/api/access.h"
#include "central/io/api/leaders.h"
#include "central/io/api/windows.h"
#include "central/io/members/membership_lines.h"
#include "central/io/seed/seed_give.h"
#include "central/io/worker/worker.h"
#include "common/io/openapi/openapi.h"

typedef struct {
    const kd_central_settings *settings;
    kd_loop *home; /* of the HTTP server; the thread that alone touches this object */
    kd_worker *workers;
    kd_paths paths; /* of the table in api.c */
    kd_openapi_page
        description; /* of the API with the names of the settings; whoever changes these ends it */
    kd_access access;
    kd_api_leaders leaders; /* its owner's to fill */
    kd_cidrs balancers;
    uint32_t open;          /* reads in work */
    kd_api_windows windows; /* those that read windows of time */
    uint64_t shed;          /* refused because of reads_max */
    kd_seed_giver *giver;   /* its owner's to fill; NULL: no copies are given */
    /* Its owner's to fill; zero-initialised: this member copies no partitions from others. */
    kd_members_seeding seeding;
    uint16_t admin_port; /* told to operators, so that commands find it; 0: there is no admin port */
} kd_api;

/* Borrows all three for its life. KD_OK, or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes): a token file cannot be used. */
int kd_api_init(kd_api *api, const kd_central_settings *settings, kd_loop *home, kd_worker *workers,
                char *error);
/* When no read is in work any more. */
void kd_api_finish(kd_api *api);

/* The table with the names of the settings, for the description. Borrows them. */
kd_openapi_source kd_api_source(const kd_central_settings *settings);

/* The kd_http_begin to give to the server: but for the few paths that take a body, a request is refused before its body is held. */
bool kd_api_begin(kd_http_request *req, void *arg);
/* The handler to give to the server, with the kd_api as `arg`. */
void kd_api_handle(kd_http_request *req, void *arg);

#endif

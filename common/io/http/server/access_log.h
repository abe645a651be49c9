/*
 * access_log.h - the access log: a line of the program's log for one of so many requests that were answered, drawn at random, and for each that was
 * answered 5xx. It names neither users nor items, and of an address only the network. Of the whole process; any thread.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_ACCESS_LOG_H
#define KUDOS_COMMON_IO_HTTP_SERVER_ACCESS_LOG_H

#include <stdint.h>

/* Rows of a program's table of options, for the members log_access and log_access_max (uint64_t). Needs common/conf/options.h. */
#define KD_ACCESS_LOG_OPTIONS(config)                                                                        \
    KD_OPTION_UINT(config, log_access, "log", "access", "0",                                                 \
                   "A line for one of so many requests, at random, and for each that is answered 5xx",       \
                   .max = 1000000000, .reloadable = true,                                                    \
                   .more = "0: none. 1: each request. Lines are of level info."),                            \
        KD_OPTION_UINT(config, log_access_max, "log", "access_max", "1000",                                  \
                       "Such lines a second, and as many again for 5xx; what is more is counted", .min = 1,  \
                       .max = 1000000, .reloadable = true)

/* `every`: one of so many requests has a line; 0: none has. `max`: lines a second of these, and as many of requests that were answered 5xx. */
void kd_access_log_set(uint64_t every, uint64_t max);
/* Lines that were due and not written since the start: beyond `max`, or because the reader of the log did not keep up. */
uint64_t kd_access_log_dropped(void);

#endif

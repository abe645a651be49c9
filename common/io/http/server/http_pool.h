/*
 * http_pool.h - memory for nghttp2: blocks by size class, on free lists of one server.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_POOL_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_POOL_H

#include <nghttp2/nghttp2.h>

enum {
    HTTP_POOL_CLASSES = 10,                 /* 16 to 8192 bytes, doubling */
    HTTP_POOL_FREE_BYTES = 4 * 1024 * 1024, /* on the lists; what is freed beyond goes to free() */
};

typedef struct {
    void *free[HTTP_POOL_CLASSES]; /* each block begins with a pointer to the next one */
    size_t free_bytes;             /* on all lists */
    nghttp2_mem mem; /* for nghttp2_session_server_new3; points back to the pool, which must not move */
} http_pool;

/* Fills mem; nothing is allocated yet. For one thread. */
void http_pool_init(http_pool *pool);
/* Frees the blocks on the lists; those in use are not touched. */
void http_pool_trim(http_pool *pool);
/* Frees the blocks on the lists. Blocks still in use must have been given back before. */
void http_pool_finish(http_pool *pool);

#endif

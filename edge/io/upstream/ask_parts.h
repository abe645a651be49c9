/*
 * ask_parts.h - a question about several items, whose partitions several centrals may lead: a part of it goes to each. Where one URL leads them all, or
 * there is one alone, it is one request.
 *
 * A central that lacks some partitions answers no part of them, but tells who leads them (421): these items are asked for once more, by then known leaders.
 * Items whose leader is not known, or has no URL here, stay unanswered.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_ASK_PARTS_H
#define KUDOS_EDGE_IO_UPSTREAM_ASK_PARTS_H

#include "edge/io/upstream/ask.h"

enum { KD_ASK_ROUNDS_MAX = 3 };

/* Whoever asks; its views and `arg` stay until `end`. */
typedef struct {
    kd_asker *asker;
    const kd_bytes *items; /* keys */
    uint32_t count;        /* at most KD_BULK_ITEMS_MAX */
    const char *path;
    const kd_http_client_field *fields; /* for the call alone: copied */
    size_t field_count;
    bool first, led; /* as of kd_upstream_question */
    void *arg;
    /* Writes the body of a request about items[at[0]] and so on into asker->body, which is empty. */
    void (*write)(void *arg, const uint32_t *at, uint32_t count);
    /* The answer to such a request, with status 200. */
    void (*answer)(void *arg, const uint32_t *at, uint32_t count, kd_bytes body);
    /* All is said that will be. Once, never from within kd_ask_parts. */
    void (*end)(void *arg);
} kd_parts_question;

/* Asks; the caller has been admitted (kd_asker_admit). KD_OK: `end` will be called. Otherwise nothing was sent: as kd_upstream_ask. */
int kd_ask_parts(const kd_parts_question *question);

#endif

/*
 * topics.h - makes sure that the topics exist and fit, on a thread of its own because that blocks;
 * tries again with back-off for as long as Kafka cannot be reached, and again when a topic is found missing
 * later. The same thread looks all the time whether a broker answers: app->kafka_up falls and rises within 10 s, and the log tells each once.
 */
#ifndef KUDOS_EDGE_IO_KAFKA_TOPICS_H
#define KUDOS_EDGE_IO_KAFKA_TOPICS_H

#include "kudos/base.h"

struct kd_edge_app;
typedef struct kd_topics kd_topics;

/* The first attempt, in the caller's thread: KD_OK; KD_EMISMATCH or KD_EINVAL with `error`: do not start.
 * Everything else (Kafka away) is KD_EUNAVAILABLE with `error` and no reason not to start. */
int kd_topics_check(struct kd_edge_app *app, char *error);
/* Starts the thread. `ready`: the check went well already. Each shard is told on its loop once they are
 * there. */
int kd_topics_create(struct kd_edge_app *app, bool ready);
/* From any thread: a topic has gone; look (and create) again, once, however many say so. */
void kd_topics_recheck(kd_topics *t);
/* Ends the thread; rechecks are ignored from then on. What the shards were told is in their inboxes. NULL is
 * fine. */
void kd_topics_stop(kd_topics *t);
/* After kd_topics_stop, when no shard runs any more. NULL is fine. */
void kd_topics_destroy(kd_topics *t);

#endif

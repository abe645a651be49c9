/* topic_copies.c - see the header. */
#include "common/io/daemon/topic_copies.h"

#include "common/io/loop/log.h"

void kd_topic_copies_tell(const kd_kafka_topic *topics, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (topics[i].copies_found < topics[i].replication)
            KD_LOG(KD_WARN, "topic-few-copies", KD_STR("topic", topics[i].name),
                   KD_U64("copies", topics[i].copies_found), KD_U64("configured", topics[i].replication));
}

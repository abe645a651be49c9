/* hand.c - see the header. */
#include "central/core/hand.h"

#include "central/core/collect.h"
#include "central/core/quarantine_release.h"
#include "central/core/retire.h"
#include "central/core/span.h"
#include "central/core/state.h"

#include <stdio.h>

enum { AGAIN_US = 3000000 };

static bool hand_rests(uint64_t last_us, uint64_t now_us)
{
    return last_us > 0 && now_us >= last_us && now_us < last_us + AGAIN_US;
}

/* No two proposals have one name: epochs are those of one start. */
static void hand_fill(kd_central *c, kd_decided what, kd_decision *d)
{
    kd_hand *h = &c->hand;
    snprintf(h->job, sizeof h->job, "hand-%llx-%x", (unsigned long long)c->epoch, ++h->proposed);
    *d = (kd_decision){
        .job = kd_bytes_str(h->job), .seq = 1, .last = true, .what = what, .body = kd_buf_view(&h->body)};
}

/* Records that waited in quarantine and are sound now. A proposal that came to nothing is made again while its record is there. */
static int hand_release(kd_central *c, uint64_t now_us, kd_decision *d)
{
    kd_hand *h = &c->hand;
    if (h->look || (h->id_at == h->id_count && h->id_count > 0 && !hand_rests(h->looked_us, now_us))) {
        if (kd_quarantine_list_sound(c, h->ids, &h->id_count) != KD_OK) return KD_EIO;
        h->looked_us = now_us;
        h->look = false;
        h->id_at = 0;
    }
    if (h->id_at == h->id_count) return KD_ENOTFOUND;
    kd_buf_clear(&h->body);
    kd_decided_id_put(&h->body, h->ids[h->id_at++]);
    hand_fill(c, KD_DECIDED_RELEASE, d);
    return KD_OK;
}

static int hand_expect(kd_central *c, uint64_t now_us, kd_decision *d)
{
    kd_hand *h = &c->hand;
    if (hand_rests(h->listed_us, now_us)) return KD_ENOTFOUND;
    int err = kd_retire_propose(c, &h->body);
    if (err != KD_OK) return err;
    h->listed_us = now_us;
    hand_fill(c, KD_DECIDED_EXPECT, d);
    d->author = kd_bytes_str(KD_EXPECT_CONFIGURED);
    return KD_OK;
}

bool kd_central_proposes(const kd_central *c)
{
    const kd_hand *h = &c->hand;
    bool lives = c->config.lives.count > 0 || c->spanner.spans.count > 0;
    return lives || c->config.tombstone_ttl_us > 0 || c->config.expected_edge_count > 0 || h->look ||
           h->id_count > 0;
}

int kd_central_propose(kd_central *c, uint64_t now_us, kd_decision *d)
{
    if (c->poisoned) return KD_EIO;
    int err = hand_expect(c, now_us, d);
    if (err == KD_ENOTFOUND) err = hand_release(c, now_us, d);
    if (err == KD_ENOTFOUND) err = kd_collect_propose(c, now_us, d);
    return err == KD_ENOTFOUND ? kd_span_propose(c, now_us, d) : err;
}

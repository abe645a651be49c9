/* membership_lines.c - see the header. */
#include "central/io/members/membership_lines.h"

#include <inttypes.h>

#include "common/base/text.h"

static const char *lines_state(kd_held_state state)
{
    static const char *const names[] = {"none",     "awaits-seed", "wrong", "empty",
                                        "unproven", "agreed",      "leads"};
    return names[state];
}

static void lines_put_name(kd_buf *out, kd_bytes name)
{
    kd_text_printf(out, "%.*s", name.len > 0 ? (int)name.len : 1,
                   name.len > 0 ? (const char *)name.data : "-");
}

static void lines_put_followers(const kd_members *m, uint32_t partition, uint32_t leader, uint64_t read,
                                kd_buf *out)
{
    bool any = false;
    for (uint32_t i = 0; i < kd_members_count(m); i++) {
        const kd_held held = kd_members_held(m, i, partition);
        const kd_member_seen seen = kd_members_at(m, i);
        if (i == leader || held.state == KD_HELD_NONE) continue;
        kd_text_printf(out, "%s%.*s:%s:%" PRIu64, any ? "," : "", (int)seen.name.len,
                       (const char *)seen.name.data, seen.lives ? lines_state(held.state) : "silent",
                       read > held.read ? read - held.read : 0);
        any = true;
    }
    if (!any) kd_text_printf(out, "-");
}

static void lines_put_seeding(const kd_members_seeding *s, uint32_t partition, kd_buf *out)
{
    kd_seed_progress p;
    if (!s->progress || !s->progress(s->arg, partition, &p)) return;
    kd_text_printf(out, " seeding=%u from=%s rate=%" PRIu64, p.percent, p.from, p.rate);
}

static void lines_put_partition(const kd_members *m, uint32_t partition, uint32_t wanted,
                                const kd_members_seeding *seeding, kd_buf *out)
{
    uint32_t leader = kd_members_leader(m, partition);
    bool led = leader != UINT32_MAX;
    const kd_held held = led ? kd_members_held(m, leader, partition) : (kd_held){0};
    const kd_members_decision d = kd_members_decided(m, partition);
    kd_text_printf(out, "member partition=%u leader=", partition);
    lines_put_name(out, led ? kd_members_at(m, leader).name : (kd_bytes){0});
    kd_text_printf(out, " epoch=%" PRIu64 " read=%" PRIu64 " wanted=%u followers=", held.epoch, held.read,
                   wanted);
    lines_put_followers(m, partition, leader, held.read, out);
    kd_text_printf(out, " here=%s",
                   leader == 0 ? kd_members_why_name(KD_WHY_LEADS) : kd_members_why_name(d.why));
    if (d.whom.len > 0 && leader != 0)
        kd_text_printf(out, ":%.*s", (int)d.whom.len, (const char *)d.whom.data);
    lines_put_seeding(seeding, partition, out);
    kd_text_printf(out, "\n");
}

void kd_membership_lines_write(const kd_members *m, uint32_t partitions, uint32_t wanted,
                               const kd_members_seeding *seeding, kd_buf *out)
{
    for (uint32_t i = 0; i < kd_members_count(m); i++) {
        const kd_member_seen seen = kd_members_at(m, i);
        kd_text_printf(out, "member name=");
        lines_put_name(out, seen.name);
        kd_text_printf(out, " url=");
        lines_put_name(out, seen.url);
        kd_text_printf(out, " zone=");
        lines_put_name(out, seen.zone);
        kd_text_printf(out, " state=%s silent_ms=%" PRIu64 "\n",
                       seen.leaving ? "leaves"
                       : seen.lives ? "lives"
                                    : "silent",
                       seen.silent_us / 1000);
    }
    for (uint32_t p = 0; p < partitions; p++) lines_put_partition(m, p, wanted, seeding, out);
}

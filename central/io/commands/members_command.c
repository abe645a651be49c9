/* members_command.c - `kudos-central members`: who leads the partitions, and who follows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"

static const kd_command_line line = {
    .usage = "[--url URL | --dir DIR] [-c FILE] [--set section.key=value]...",
    .about =
        "Prints a line for each member, and one for each partition, as the member that is asked knows them: "
        "who "
        "leads, under\n"
        "which epoch; who follows, in which state and how many records behind; what the member that is asked "
        "does "
        "with it,\n"
        "and why something waits. A central with central.role = follower tells of its leader and itself.\n"
        "Last line: members members= leading= following= lag_max= wanted= "
        "verdict=agreed|missing|unproven|differs|leaderless.\n"
        "`members` live, `leading` counts partitions that are led, `following` copies that agree, `wanted` "
        "those that there\n"
        "should be besides the leaders: partitions x (central.replicas - 1). missing: a partition has fewer. "
        "Exit codes: 0 done,\n"
        "1 a copy differs from its leader or nobody leads a partition, 2 usage, 4 not reached or in use.",
    .url = true,
    .dir = true,
};

typedef struct {
    uint64_t members, living, leading, leaderless, following, lag_max, unproven, differing, wanted, missing;
} members_sum;

/* The value behind " key=" in the line; empty: none. */
static kd_bytes members_field(kd_bytes text, const char *key)
{
    size_t len = strlen(key);
    for (size_t at = 0; at + len < text.len; at++) {
        if (memcmp(text.data + at, key, len) != 0) continue;
        kd_bytes value = kd_bytes_of(text.data + at + len, 0);
        while (at + len + value.len < text.len && value.data[value.len] != ' ') value.len++;
        return value;
    }
    return (kd_bytes){0};
}

static bool members_is(kd_bytes word, const char *one, const char *other)
{
    return kd_bytes_eq(word, kd_bytes_str(one)) || kd_bytes_eq(word, kd_bytes_str(other));
}

static uint64_t members_number(kd_bytes word)
{
    char text[24];
    snprintf(text, sizeof(text), "%.*s", (int)word.len, word.len ? (const char *)word.data : "");
    return strtoull(text, NULL, 10);
}

static void members_add_copy(members_sum *sum, kd_bytes state, kd_bytes behind)
{
    sum->following += members_is(state, "agreed", "agreed");
    sum->unproven += members_is(state, "unproven", "empty") || members_is(state, "awaits-seed", "silent");
    sum->differing += members_is(state, "differs", "lost") || members_is(state, "wrong", "wrong");
    if (!members_is(state, "silent", "awaits-seed"))
        sum->lag_max = KD_MAX(sum->lag_max, members_number(behind));
}

/* Up to the next `end` of *text, which is moved behind it. */
static kd_bytes members_cut(kd_bytes *text, char end)
{
    kd_bytes cut = kd_bytes_of(text->data, 0);
    while (cut.len < text->len && text->data[cut.len] != (uint8_t)end) cut.len++;
    size_t gone = cut.len < text->len ? cut.len + 1 : cut.len;
    *text = kd_bytes_of(text->data + gone, text->len - gone);
    return cut;
}

/* name:state:records behind, with commas between. */
static void members_add_copies(members_sum *sum, kd_bytes list)
{
    while (list.len > 0 && list.data[0] != '-') {
        kd_bytes one = members_cut(&list, ',');
        members_cut(&one, ':');
        kd_bytes state = members_cut(&one, ':');
        members_add_copy(sum, state, one);
    }
}

/* A copy too many of one partition, as there is while it moves, stands for none of another. */
static void members_add_wanted(members_sum *sum, uint64_t wanted, uint64_t agreed)
{
    sum->wanted += wanted;
    sum->missing += wanted > agreed ? wanted - agreed : 0;
}

static void members_add(members_sum *sum, kd_bytes text)
{
    kd_bytes leader = members_field(text, " leader="), state = members_field(text, " state=");
    if (leader.len == 0) { /* a line of a member */
        sum->living += members_is(state, "lives", "leaves");
        return;
    }
    bool led = !members_is(leader, "-", "-"), follows = members_field(text, " follower=").len > 0;
    sum->members = KD_MAX(sum->members, (uint64_t)led + follows);
    sum->leading += led;
    sum->leaderless += !led && !follows;
    if (follows) members_add_copy(sum, state, members_field(text, " lag="));
    const uint64_t before = sum->following;
    members_add_copies(sum, members_field(text, " followers="));
    members_add_wanted(sum, members_number(members_field(text, " wanted=")), sum->following - before);
}

static const char *members_verdict(const members_sum *sum)
{
    return sum->differing > 0    ? "differs"
           : sum->leaderless > 0 ? "leaderless"
           : sum->unproven > 0   ? "unproven"
           : sum->missing > 0    ? "missing"
                                 : "agreed";
}

static members_sum members_add_up(const kd_buf *text)
{
    members_sum sum = {0};
    size_t from = 0;
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] != '\n') continue;
        members_add(&sum, kd_bytes_of(text->data + from, i - from));
        from = i + 1;
    }
    return sum;
}

int kd_command_members(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    kd_buf text = {.data = NULL};
    uint64_t found;
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    const kd_order order = {.kind = KD_ORDER_MEMBERS};
    code = kd_order_run(&a.source, &order, &text, &found, error);
    if (code == KD_EXIT_OK) {
        members_sum sum = members_add_up(&text);
        kd_order_print(&text);
        printf("members members=%" PRIu64 " leading=%" PRIu64 " following=%" PRIu64 " lag_max=%" PRIu64
               " wanted=%" PRIu64 " verdict=%s\n",
               KD_MAX(sum.living, sum.members), sum.leading, sum.following, sum.lag_max, sum.wanted,
               members_verdict(&sum));
        if (sum.differing + sum.leaderless > 0) code = KD_EXIT_FAILED;
        snprintf(error, sizeof(error), "%s",
                 sum.differing > 0
                     ? "a follower has lost its way: a member of a group copies another member's store; "
                       "else begin it again with a backup of the leader"
                     : "nobody leads a partition");
    }
    kd_buf_finish(&text);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}

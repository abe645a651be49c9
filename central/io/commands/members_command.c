/* members_command.c - `kudos-central members`: who leads the partitions, and who follows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"

static const kd_command_line line = {
    .usage = "[--url URL | --dir DIR] [-c FILE] [--set section.key=value]...",
    .about =
        "Prints a line for each partition, as the central that is asked knows it: who leads, under which "
        "epoch; and of a\n"
        "follower how many records it is behind the leader's last snapshot, and whether it agrees with "
        "the leader. Ask a\n"
        "follower: a leader does not know who follows it.\n"
        "Last line: members members= leading= following= lag_max= verdict=agreed|unproven|differs. "
        "`following` counts\n"
        "partitions that agree. Exit codes: 0 done, 1 a partition differs from its leader, 2 usage, 4 "
        "not reached or in use.",
    .url = true,
    .dir = true,
};

typedef struct {
    uint64_t members, leading, following, lag_max, unproven, differing;
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

static void members_add(members_sum *sum, kd_bytes text)
{
    char lag[24] = "";
    kd_bytes state = members_field(text, " state="), behind = members_field(text, " lag=");
    bool led = !kd_bytes_eq(members_field(text, " leader="), kd_bytes_str("-"));
    bool follows = members_field(text, " follower=").len > 0;
    snprintf(lag, sizeof(lag), "%.*s", (int)behind.len, behind.len ? (const char *)behind.data : "");
    sum->members = KD_MAX(sum->members, (uint64_t)led + follows);
    sum->leading += led;
    sum->lag_max = KD_MAX(sum->lag_max, strtoull(lag, NULL, 10));
    sum->following += follows && kd_bytes_eq(state, kd_bytes_str("agreed"));
    sum->unproven += follows && kd_bytes_eq(state, kd_bytes_str("unproven"));
    sum->differing +=
        follows && (kd_bytes_eq(state, kd_bytes_str("differs")) || kd_bytes_eq(state, kd_bytes_str("lost")));
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
               " verdict=%s\n",
               sum.members, sum.leading, sum.following, sum.lag_max,
               sum.differing > 0  ? "differs"
               : sum.unproven > 0 ? "unproven"
                                  : "agreed");
        if (sum.differing > 0) code = KD_EXIT_FAILED;
        snprintf(error, sizeof(error),
                 "a follower has lost its way: begin it again with a backup of the leader");
    }
    kd_buf_finish(&text);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}

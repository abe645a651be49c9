/* aside_command.c - see the header. Opens the stores of an edge that does not run (stopped.h). */
#include "edge/io/commands/aside_command.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/io/daemon/args.h"
#include "edge/io/commands/stopped.h"

typedef struct {
    const char *dir, *file;
    bool forget;
} aside_command_words;

/* -1 to go on, or the exit code. */
static int aside_command_read_words(aside_command_words *w, int argc, char **argv)
{
    const kd_arg table[] = {
        KD_ARG_TEXT("dir", "DIR", &w->dir,
                    "data directory of an edge that does not run; opened as a start does", .required = true),
        KD_ARG_FLAG("forget", &w->forget, "takes them away after naming them"),
        KD_ARG_TEXT(NULL, "FILE", &w->file, "configuration of that edge (names of counters)", .letter = 'c'),
    };
    const kd_args args = {
        .program = "kudos-edge",
        .command = "aside",
        .usage = "--dir DIR [--forget] [-c FILE]",
        .about = "Names the sums (views, shares) that an edge set aside when its name was in doubt: it had "
                 "acknowledged\n"
                 "them, and cannot know whether another process of this name, or an earlier life of this "
                 "edge, has shipped\n"
                 "them. Likes are never set aside. Those that are not counted, an operator sends once more\n"
                 "(POST /v1/ITEM/COUNTER with the amount), and then has all of them forgotten.\n"
                 "Last line: aside sums= verdict=empty|kept|forgotten.\n"
                 "Exit codes: 0 done, 1 failed, 2 usage, 4 in use by a process.",
        .at = table,
        .count = KD_COUNT(table)};
    return kd_args_read(&args, argc, argv);
}

typedef struct {
    const kd_settings *settings;
    uint64_t sums;
} aside_listing;

static void aside_print_sum(void *arg, const kd_edge_aside *sum)
{
    aside_listing *l = arg;
    char item[KD_ITEM_KEY_MAX], number[8];
    kd_item valid;
    const kd_counters *counters = &l->settings->counters;
    int at = kd_counters_by_id(counters, sum->counter_id);
    snprintf(number, sizeof number, "%u", sum->counter_id);
    l->sums++;
    if (kd_item_from_key(&valid, sum->item) != KD_OK) return;
    kd_key_text(sum->item, item);
    printf("sum partition=%u position=%" PRIu64 ".%" PRIu64 " item=%s counter=%s amount=%" PRIu64 " day=%u\n",
           sum->partition, sum->at.incarnation, sum->at.seq, item, at < 0 ? number : counters->at[at].name,
           sum->amount, sum->day);
}

/* Whether standard output has taken every line: only sums that were printed may be forgotten. */
static bool aside_printed(void)
{
    return fflush(stdout) == 0 && !ferror(stdout);
}

/* Prints the sums of all shards. With --forget they are then forgotten, but only if standard output has taken every line. Writes the stores. */
static int aside_list(kd_stopped *s, const aside_command_words *w, aside_listing *l, char *error)
{
    uint32_t shards = kd_stopped_is(s)->shards;
    int err = KD_OK;
    for (uint32_t n = 0; err == KD_OK && n < shards; n++)
        err = kd_edge_asides(kd_stopped_shard(s, n), aside_print_sum, l);
    if (err == KD_OK && !aside_printed()) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: the sums could not be printed, all of them are kept",
                 w->dir);
        return KD_EXIT_FAILED;
    }
    for (uint32_t n = 0; w->forget && err == KD_OK && n < shards; n++)
        err = kd_edge_asides_forget(kd_stopped_shard(s, n));
    if (err == KD_OK) err = kd_stopped_settle(s);
    if (err == KD_OK) return KD_EXIT_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s", w->dir, kd_strerror(err));
    return KD_EXIT_FAILED;
}

static int aside_command_run(const aside_command_words *w, const kd_settings *settings, char *error)
{
    kd_stopped *s = NULL;
    aside_listing l = {.settings = settings};
    int code = kd_stopped_open(&s, w->dir, settings, error);
    if (code != KD_EXIT_OK) return code;
    code = aside_list(s, w, &l, error);
    kd_stopped_close(s);
    if (code != KD_EXIT_OK) return code;
    printf("aside sums=%" PRIu64 " verdict=%s\n", l.sums,
           l.sums == 0 ? "empty"
           : w->forget ? "forgotten"
                       : "kept");
    return KD_EXIT_OK;
}

int kd_command_aside(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_settings settings;
    aside_command_words w = {.dir = NULL};
    int code = aside_command_read_words(&w, argc, argv);
    if (code >= 0) return code;
    code = KD_EXIT_USAGE;
    if (kd_stopped_settings(&settings, w.file, error) == KD_OK) {
        code = aside_command_run(&w, &settings, error);
        kd_options_finish(&kd_edge_options, &settings);
    }
    return kd_command_end("kudos-edge", "aside", code, error);
}

/* void_command.c - `kudos-central void`: withdraws what users liked, shows what that would do, puts it back, lists what can be put back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"
#include "central/io/commands/void_told.h"
#include "common/base/text.h"
#include "common/io/admin/admin.h"
#include "common/io/daemon/file_read.h"
#include "common/io/loop/clock.h"

static const char *users, *items, *from, *to, *counter, *job, *undo;
static bool dry_run, list;
static const kd_arg options[] = {
    KD_ARG_TEXT("users", "FILE", &users, "user ids, one a line"),
    KD_ARG_TEXT("items", "FILE", &items, "items, collection/id, one a line; default: all"),
    KD_ARG_TEXT("from", "T", &from, "of likes stamped at that time or later: 2026-01-02T03:04:05Z, or us"),
    KD_ARG_TEXT("to", "T", &to, "and up to that time; default: now"),
    KD_ARG_TEXT("counter", "NAME", &counter, "of that counter; default: all sets"),
    KD_ARG_TEXT("job", "NAME", &job,
                "name of this void, to go on with one that was broken off, or with more users"),
    KD_ARG_FLAG("dry-run", &dry_run, "tells what it would do"),
    KD_ARG_TEXT("undo", "JOB", &undo, "puts back what that void withdrew and nobody said anything of since"),
    KD_ARG_FLAG("list", &list, "lists the voids that can be undone, instead"),
};

static const kd_command_line line = {
    .usage =
        "--users FILE [--from T] [--to T] [--items FILE] [--counter NAME] [--job NAME] [--dry-run] | --undo "
        "JOB | --list  [--url URL] [-c FILE] [--set section.key=value]...",
    .about =
        "Withdraws the likes of these users that stand and are stamped in that time, as a wave of bots or "
        "banned accounts left\n"
        "them, and prints the items on which it does most. A like whose user says something later stays as "
        "he says. The files\n"
        "together hold at most 1 MiB (each line counts five bytes more): give further users with the same "
        "--job. The last 64 voids of a partition can be undone.\n"
        "Last line: void users= items= operations= skipped= job= verdict=withdrawn|preview (undo: "
        "verdict=undone; list: verdict=listed).\n"
        "Exit codes: 0 done, 1 failed or nobody knows that void, 2 usage, 4 not reached or broken off: say "
        "it again with its --job.",
    .options = options,
    .option_count = KD_COUNT(options),
    .url = true,
};

/* 2026-01-02T03:04:05Z, or microseconds. */
static bool void_command_time(const char *text, uint64_t *us)
{
    struct tm tm = {0};
    if (kd_text_number(kd_bytes_str(text), us)) return *us > 0;
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!end || *end != '\0') return false;
    time_t at = timegm(&tm);
    *us = (uint64_t)at * 1000000;
    return at > 0;
}

static bool void_command_put_time(kd_buf *body, const char *word, const char *text, char *error)
{
    uint64_t us;
    if (!text) return true;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "--%s takes a time as 2026-01-02T03:04:05Z, or us since 1970",
             word);
    if (!void_command_time(text, &us)) return false;
    kd_text_printf(body, "%s %" PRIu64 "\n", word, us);
    return true;
}

/* A file that the operator gives. */
typedef struct {
    const char *path; /* NULL: none */
    const char *word; /* in front of each of its lines in the order */
    const char *what;
    bool (*fits)(kd_bytes text);
} void_list;

static bool void_command_is_item(kd_bytes text)
{
    kd_item item;
    return kd_item_parse(&item, text) == KD_OK;
}

/* False with `error`, which names the first line that does not fit. */
static bool void_command_put_lines(kd_buf *body, const void_list *of, kd_bytes text, char *error)
{
    uint32_t number = 0;
    char shown[KD_TEXT_SHOWN_MAX];
    for (kd_bytes l; (l = kd_text_take_line(&text, &number)).len > 0;) {
        if (!of->fits(l)) {
            snprintf(error, KD_OPTIONS_ERROR_MAX, "%.200s:%" PRIu32 ": %s is no %s", of->path, number,
                     kd_text_shown(l, shown), of->what);
            return false;
        }
        kd_text_printf(body, "%s %.*s\n", of->word, KD_PRINT(l));
    }
    return true;
}

static bool void_command_put_file(kd_buf *body, const void_list *of, char *error)
{
    kd_buf file = {0};
    if (!of->path) return true;
    int err = kd_file_read(of->path, KD_ADMIN_BODY_MAX, &file);
    bool good = err != KD_OK || void_command_put_lines(body, of, kd_buf_view(&file), error);
    kd_buf_finish(&file);
    if (!good) return false;
    if (err == KD_OK && body->len > KD_ADMIN_BODY_MAX) err = KD_ETOOBIG;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.200s: %s", of->path,
             err == KD_ETOOBIG ? "more than 1 MiB; divide it" : kd_strerror(err));
    return err == KD_OK;
}

static bool void_command_name(kd_order *order, char *error)
{
    char made[KD_NAME_MAX + 1];
    snprintf(made, sizeof(made), "void-%" PRIx64, kd_clock_wall_us());
    const char *name = undo ? undo : job ? job : made;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.100s is no name of a void", name);
    return kd_order_set_name(order, name) && kd_name_valid(kd_bytes_str(name));
}

/* False with `error`: the words make no sense together. */
static bool void_command_read(kd_order *order, kd_buf *body, char *error)
{
    const void_list lists[] = {{users, "user", "id of a user", kd_id_valid},
                               {items, "item", "item (collection/id)", void_command_is_item}};
    bool narrows = items || from || to || counter || job || dry_run;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "one of --users FILE, --undo JOB and --list");
    if (!!users + !!undo + list != 1 || (narrows && !users)) return false;
    order->kind = list ? KD_ORDER_VOID_LIST : undo ? KD_ORDER_VOID_UNDO : KD_ORDER_VOID;
    if (!list && !void_command_name(order, error)) return false;
    if (dry_run) kd_text_printf(body, "dry\n");
    if (counter) kd_text_printf(body, "counter %.100s\n", counter);
    bool good =
        void_command_put_time(body, "from", from, error) && void_command_put_time(body, "to", to, error) &&
        void_command_put_file(body, &lists[0], error) && void_command_put_file(body, &lists[1], error);
    order->body = kd_buf_view(body);
    if (good) error[0] = '\0';
    return good;
}

/* ---- carried out ---- */

static int void_command_list(const kd_source *source, char *error)
{
    const kd_order order = {.kind = KD_ORDER_VOID_LIST};
    kd_order_told told;
    int code = kd_order_ask(source, &order, &told, error);
    if (code == KD_EXIT_OK) printf("void listed=%" PRIu64 " verdict=listed\n", kd_order_print(&told.text));
    kd_order_told_finish(&told);
    return code;
}

/* What the partitions remember of the job, and the clock of those that were asked. */
static int void_command_look(const kd_source *source, const kd_order *order, kd_void_known *known,
                             uint64_t *now_us, char *error)
{
    kd_order look = {.kind = KD_ORDER_VOID_LIST};
    kd_order_told told;
    kd_order_set_name(&look, order->name);
    int code = kd_order_ask(source, &look, &told, error);
    kd_void_known_read(known, order->name, &told.text);
    *now_us = told.now_us;
    kd_order_told_finish(&told);
    return code;
}

/* The window ends now, unless the operator says when; its tombstones lie above it. */
static int void_command_window(kd_order *order, kd_buf *body, const kd_void_known *known, uint64_t now_us,
                               char *error)
{
    uint64_t to_us = now_us, from_us = 0;
    if (from) void_command_time(from, &from_us);
    if (to && !void_command_time(to, &to_us)) to_us = 0;
    const char *fault = to_us > now_us    ? "--to is in the future"
                        : from_us > to_us ? "--from is later than --to"
                        : known->over     ? "that name is of a job that is over; take another one"
                                          : NULL;
    order->id = kd_void_known_stamp(known, to_us);
    if (!to) {
        to_us = KD_MIN(to_us, order->id - 1);
        kd_text_printf(body, "to %" PRIu64 "\n", to_us);
        order->body = kd_buf_view(body);
    }
    if (!fault && to_us >= order->id) fault = "that job was ordered with an earlier --to";
    if (fault) snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", fault);
    return fault ? KD_EXIT_USAGE : KD_EXIT_OK;
}

static void void_command_tell(const kd_order *order, const kd_void_known *known, const kd_buf *text)
{
    kd_void_told t;
    kd_void_told_read(&t, text);
    kd_order_print(&t.effects);
    if (order->kind == KD_ORDER_VOID_UNDO)
        printf("void items=%" PRIu64 " operations=%" PRIu64 " job=%s verdict=undone\n", t.items, t.put_back,
               order->name);
    else
        printf("void users=%" PRIu64 " items=%" PRIu64 " operations=%" PRIu64 " skipped=%" PRIu64
               " job=%s verdict=%s\n",
               t.users, t.items, dry_run ? t.picked : t.withdrawn - known->withdrawn,
               dry_run ? 0 : t.skipped - known->skipped, order->name, dry_run ? "preview" : "withdrawn");
    kd_buf_finish(&t.effects);
}

static int void_command_carry_out(const kd_source *source, kd_order *order, kd_buf *body, char *error)
{
    kd_void_known known;
    kd_order_told told = {.partitions = 0};
    uint64_t now_us;
    int code = void_command_look(source, order, &known, &now_us, error);
    if (code == KD_EXIT_OK && order->kind == KD_ORDER_VOID)
        code = void_command_window(order, body, &known, now_us, error);
    if (code == KD_EXIT_OK && order->kind == KD_ORDER_VOID_UNDO && known.stamp_us == 0) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "no partition knows that void: it is undone, or too many came since");
        code = KD_EXIT_FAILED;
    }
    if (code == KD_EXIT_OK) code = kd_order_ask(source, order, &told, error);
    if (code == KD_EXIT_OK) void_command_tell(order, &known, &told.text);
    kd_void_known_finish(&known);
    kd_order_told_finish(&told);
    return code;
}

int kd_command_void(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    kd_order order = {.kind = KD_ORDER_NONE};
    kd_buf body = {0};
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    if (!void_command_read(&order, &body, error))
        code = KD_EXIT_USAGE;
    else if (list)
        code = void_command_list(&a.source, error);
    else
        code = void_command_carry_out(&a.source, &order, &body, error);
    if (code == KD_EXIT_UNAVAILABLE && order.kind == KD_ORDER_VOID)
        fprintf(stderr, "To go on with it: --job %s\n", order.name);
    kd_buf_finish(&body);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}

/* erase_command.c - `kudos-central erase` withdraws all that a user said, and `status` tells how far jobs and erasures are. */
#include <inttypes.h>
#include <stdio.h>

#include "central/io/commands/commands.h"
#include "central/io/commands/erase_told.h"
#include "central/io/commands/order_run.h"
#include "common/base/text.h"
#include "common/io/admin/admin_client.h"
#include "common/io/loop/clock.h"
#include "kudos/id.h"

enum { UNFINISHED_MAX = 16 };

static const char *user;
static const kd_arg erase_options[] = {
    KD_ARG_TEXT("user", "ID", &user, "the user"),
};

static const kd_command_line erase_line = {
    .usage = "--user ID  [--url URL] [-c FILE] [--set section.key=value]...",
    .about =
        "Withdraws all that this user said up to now, of every counter and item, and deletes central's rows "
        "of "
        "him. What comes late\n"
        "from an edge, a quarantine or a backup's replay does not count; what he says later counts as of a "
        "new "
        "user. Views and\n"
        "shares have no user and stay. This cannot be undone. gone_at is the time when the last copy of his "
        "id "
        "is gone as far as\n"
        "central knows, or `unknown` and the place that keeps one: `kudos-central status` tells it later.\n"
        "Last line: erase operations= gone_at= [reason=] job= verdict=erased.\n"
        "Exit codes: 0 done, 1 failed, 2 usage, 4 not reached or broken off: say it again.",
    .options = erase_options,
    .option_count = KD_COUNT(erase_options),
    .url = true,
};

static const kd_command_line status_line = {
    .usage = "[--url URL] [-c FILE] [--set section.key=value]...",
    .about =
        "Tells what a running central is doing for an operator, and the users erased whom it remembers, the "
        "latest first.\n"
        "A line `job kind= state= partition= of= rows=` of the present or last audit, backup, void or "
        "erasure; a line\n"
        "`erase job= to_us= partitions=DONE/ALL operations= state=erased|unfinished gone_at= [reason=]` of "
        "each erasure.\n"
        "Last line: status erasures= verdict=listed. Exit codes: 0 told, 1 failed, 2 usage, 4 not "
        "reached.",
    .url = true,
};

/* One erasure over `order`'s partitions. */
static int erase_command_run(const kd_source *source, const kd_order *order, uint64_t *withdrawn,
                             kd_gone *gone, char *error)
{
    kd_order_told told;
    int code = kd_order_ask(source, order, &told, error);
    *withdrawn += kd_erase_told_read(&told.text, gone);
    kd_order_told_finish(&told);
    return code;
}

static int erase_command_look(const kd_source *source, kd_erase_known *known, uint64_t *now_us, char *error)
{
    const kd_order order = {.kind = KD_ORDER_ERASE_LOOK, .body = kd_bytes_str(user)};
    kd_order_told told;
    int code = kd_order_ask(source, &order, &told, error);
    kd_erase_known_read(known, &told.text);
    *now_us = told.now_us;
    kd_order_told_finish(&told);
    return code;
}

/* Another erasure, above all that partitions remember: what any edge whose clock is within the bound took before now is stamped up to it. */
static void erase_command_new(kd_order *order, const kd_erase_known *known, uint64_t now_us)
{
    snprintf(order->name, sizeof(order->name), "erase-%" PRIx64, kd_clock_wall_us());
    order->id = KD_MAX(now_us + known->drift_us, known->stamp_us) + 1;
}

/* An erasure that was broken off comes first, in the partitions that have its mark; then another one, up to now. */
static int erase_command_all(const kd_source *source, kd_order *order, uint64_t *withdrawn, kd_gone *gone,
                             char *error)
{
    for (int runs = 0; runs < UNFINISHED_MAX; runs++) {
        kd_erase_known known;
        uint64_t now_us;
        int code = erase_command_look(source, &known, &now_us, error);
        if (code != KD_EXIT_OK) return code;
        *order = (kd_order){.kind = KD_ORDER_ERASE, .body = kd_bytes_str(user)};
        if (known.unfinished[0] == '\0') {
            erase_command_new(order, &known, now_us);
            return erase_command_run(source, order, withdrawn, gone, error);
        }
        kd_order_set_name(order, known.unfinished);
        order->id = known.unfinished_us;
        order->partitions = known.marked;
        code = erase_command_run(source, order, withdrawn, gone, error);
        *withdrawn -= KD_MIN(known.withdrawn, *withdrawn);
        if (code != KD_EXIT_OK) return code;
    }
    snprintf(error, KD_OPTIONS_ERROR_MAX, "it does not end; say it again");
    return KD_EXIT_UNAVAILABLE;
}

static int erase_command_carry_out(const kd_source *source, char *error)
{
    kd_order order;
    kd_gone gone;
    kd_buf text = {0};
    uint64_t withdrawn = 0;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "--user takes the id of a user");
    if (!user || !kd_id_valid(kd_bytes_str(user))) return KD_EXIT_USAGE;
    error[0] = '\0';
    int code = erase_command_all(source, &order, &withdrawn, &gone, error);
    if (code != KD_EXIT_OK) return code;
    kd_gone_put(&gone, &text);
    printf("erase operations=%" PRIu64 " %.*s job=%s verdict=erased\n", withdrawn,
           KD_PRINT(kd_buf_view(&text)), order.name);
    kd_buf_finish(&text);
    return code;
}

int kd_command_erase(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    int code = kd_arguments_read(&a, &erase_line, argc, argv);
    if (code >= 0) return code;
    code = erase_command_carry_out(&a.source, error);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}

/* ---- status ---- */

static void status_put_job(const kd_admin_answer *a)
{
    kd_buf kind = {0}, state = {0};
    if (kd_admin_number(a, "job") == 0) return;
    kd_admin_str(a, "kind", &kind);
    kd_admin_str(a, "state", &state);
    printf("job kind=%.*s state=%.*s partition=%" PRIu64 " of=%" PRIu64 " rows=%" PRIu64 "\n",
           KD_PRINT(kd_buf_view(&kind)), KD_PRINT(kd_buf_view(&state)), kd_admin_number(a, "partition"),
           kd_admin_number(a, "of"), kd_admin_number(a, "rows"));
    kd_buf_finish(&kind);
    kd_buf_finish(&state);
}

static int status_show_job(const kd_source *source, char *error)
{
    kd_admin_client *client;
    kd_admin_answer answer = {.status = 0};
    int code = kd_admin_client_open(&client, source->url, source->token, "/admin/job", error);
    if (code != KD_EXIT_OK) return code;
    code = kd_admin_client_get(client, "/admin/job", &answer, error);
    if (code == KD_EXIT_OK) status_put_job(&answer);
    kd_buf_finish(&answer.body);
    kd_admin_client_close(client);
    return code;
}

int kd_command_status(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    const kd_order order = {.kind = KD_ORDER_ERASE_LIST};
    kd_order_told told = {.partitions = 0};
    int code = kd_arguments_read(&a, &status_line, argc, argv);
    if (code >= 0) return code;
    code = status_show_job(&a.source, error);
    if (code == KD_EXIT_OK) code = kd_order_ask(&a.source, &order, &told, error);
    if (code == KD_EXIT_OK)
        printf("status erasures=%" PRIu32 " verdict=listed\n", kd_erase_list_print(&told.text, told.of));
    kd_order_told_finish(&told);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}

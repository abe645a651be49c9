/* backup_prune.c - see the header. */
#include "central/io/commands/backup_prune.h"

#include "central/io/commands/backup_stopped.h"
#include "central/io/commands/order_run.h"
#include "common/base/fields.h"

/* Orders it of whoever leads. That nobody lists it is fine: who pruned may lead all partitions. */
static int prune_forget(const kd_source *source, kd_fields *pruned, char *error)
{
    kd_order order = {.kind = KD_ORDER_BACKUP_FORGET};
    kd_order_told told;
    kd_fields_string(pruned, "name", order.name, sizeof(order.name));
    if (pruned->lacking) return KD_EXIT_OK;
    int code = kd_order_ask(source, &order, &told, error);
    if (told.nobody_knows) code = KD_EXIT_OK;
    kd_order_told_finish(&told);
    return code;
}

/* All that are gone, whatever became of one. The first error is kept. */
static int prune_forget_all(const kd_source *source, const kd_buf *text, int code, char *error)
{
    char ignored[KD_OPTIONS_ERROR_MAX] = "";
    kd_bytes rest = kd_buf_view(text);
    kd_fields f;
    while (kd_fields_take(&f, &rest)) {
        if (!kd_fields_are(&f, "pruned")) continue;
        int forgot = prune_forget(source, &f, code == KD_EXIT_OK ? error : ignored);
        if (code == KD_EXIT_OK) code = forgot;
    }
    return code;
}

int kd_backup_prune(kd_source *source, const kd_order *order, kd_buf *text, char *error)
{
    uint64_t found;
    if (source->dir) return kd_backup_stopped_prune(source, order, text, error);
    int code = kd_order_run(source, order, text, &found, error);
    return prune_forget_all(source, text, code, error);
}

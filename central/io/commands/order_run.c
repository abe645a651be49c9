/* order_run.c - see the header. */
#include "central/io/commands/order_run.h"

#include <sodium.h>
#include <stdio.h>

#include "central/io/commands/job_watch.h"
#include "central/io/commands/source_act.h"

static int run_by_url(const kd_source *source, const kd_order *order, kd_buf *text, uint64_t *found,
                      char *error)
{
    kd_admin_client *client;
    kd_admin_answer answer = {.status = 0};
    int code = kd_admin_client_open(&client, source->url, source->token, "/admin/job", error);
    if (code == KD_EXIT_OK) {
        code = kd_job_watch(client, order, &answer, error);
        kd_admin_str(&answer, "lines", text);
        kd_admin_u64(&answer, "partitions", found);
    }
    kd_buf_finish(&answer.body);
    kd_admin_client_close(client);
    return code;
}

int kd_order_run(const kd_source *source, const kd_order *order, kd_buf *text, uint64_t *found, char *error)
{
    uint32_t partitions = 0;
    *found = 0;
    if (!source->dir) return run_by_url(source, order, text, found, error);
    KD_ASSERT(sodium_init() >= 0);
    int code = kd_source_act(source, order, text, &partitions, error);
    *found = partitions;
    return code;
}

uint64_t kd_order_print(const kd_buf *text)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < text->len; i++) lines += text->data[i] == '\n';
    if (text->len > 0) fwrite(text->data, 1, text->len, stdout);
    return lines;
}

bool kd_order_set_name(kd_order *order, const char *name)
{
    return (size_t)snprintf(order->name, sizeof(order->name), "%s", name) < sizeof(order->name);
}

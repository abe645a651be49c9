/* admin_gate.c - see the header. */
#include "common/io/admin/admin_gate.h"

#include "common/api/authority.h"
#include "common/api/http1.h"

enum { SINGLES_MAX = 16 };

typedef struct {
    const char *seen[SINGLES_MAX]; /* fields that may stand once and have come, by their static names */
    uint32_t count;
    bool bad;
} gate_fields;

static int gate_line(void *arg, const kd_http1_head *head)
{
    (void)arg;
    return head->target.data[0] == '/' ? 0 : 400;
}

static void gate_field(void *arg, kd_bytes name, kd_bytes value)
{
    gate_fields *f = arg;
    const char *single = kd_http1_single(name);
    if (!single) return;
    for (uint32_t i = 0; i < f->count; i++) f->bad |= f->seen[i] == single;
    if (f->count < SINGLES_MAX) f->seen[f->count++] = single;
    if (kd_bytes_eq(name, kd_bytes_str("host")) && !kd_authority_valid(value)) f->bad = true;
}

static bool gate_judge(kd_bytes text)
{
    gate_fields fields = {.count = 0};
    const kd_http1_visitor visitor = {.arg = &fields, .line = gate_line, .field = gate_field};
    kd_http1_head head;
    if (kd_http1_read_head(text, &visitor, &head) != 0) return false;
    return !fields.bad && !head.chunked && (head.has_host || head.http10);
}

static void gate_decide(kd_admin_gate *gate, bool good)
{
    gate->state = good ? KD_ADMIN_GATE_GOOD : KD_ADMIN_GATE_BAD;
    kd_buf_finish(&gate->head);
}

void kd_admin_gate_feed(kd_admin_gate *gate, kd_bytes bytes)
{
    if (gate->state != KD_ADMIN_GATE_READING || bytes.len == 0) return;
    kd_buf_put(&gate->head, bytes.data, KD_MIN(bytes.len, KD_ADMIN_HEAD_MAX - gate->head.len));
    const uint8_t *end = memmem(gate->head.data, gate->head.len, "\r\n\r\n", 4);
    if (end)
        gate_decide(gate, gate_judge(kd_bytes_of(gate->head.data, (size_t)(end - gate->head.data) + 4)));
    else if (gate->head.len == KD_ADMIN_HEAD_MAX)
        gate_decide(gate, false);
}

void kd_admin_gate_finish(kd_admin_gate *gate)
{
    kd_buf_finish(&gate->head);
}

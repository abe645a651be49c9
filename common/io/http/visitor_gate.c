/* visitor_gate.c - see the header. */
#include "common/io/http/visitor_gate.h"

#include "common/io/loop/clock.h"

static kd_key_source visitor_source(const char *path)
{
    return (kd_key_source){.option = "visitors.keys_file", .path = path, .rule = kd_keyring_check_visitors};
}

int kd_visitor_keys_check(const char *path, char *error)
{
    const kd_key_source source = visitor_source(path);
    return path ? kd_key_file_check(&source, error, KD_OPTIONS_ERROR_MAX) : KD_OK;
}

int kd_visitor_keys_create(kd_key_file **keys, const char *path, char *error)
{
    const kd_key_source source = visitor_source(path);
    *keys = NULL;
    return path ? kd_key_file_create(keys, &source, error, KD_OPTIONS_ERROR_MAX) : KD_OK;
}

kd_visitor_fault kd_visitor_gate_ask(kd_visitor_gate *gate, kd_bytes token, kd_visitor *v)
{
    uint64_t now_s = kd_clock_wall_us() / 1000000;
    kd_visitor_fault fault = kd_visitor_decode(kd_key_file_hold(gate->keys), token, now_s, v);
    kd_key_file_release(gate->keys);
    kd_metric_add(fault == KD_VISITOR_GOOD ? &gate->metrics.taken : &gate->metrics.refused[fault], 1);
    return fault;
}

void kd_visitor_gate_sign(const kd_visitor_gate *gate, const kd_visitor *v, char *out)
{
    kd_visitor_encode(kd_key_file_hold(gate->keys), v, out);
    kd_key_file_release(gate->keys);
}

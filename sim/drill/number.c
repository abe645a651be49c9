/* number.c - see the header. */
#include "sim/drill/number.h"

#include "sim/drill/ask.h"

static bool number_is(const json_t *value, uint64_t *out)
{
    json_int_t n = json_integer_value(value);
    *out = n > 0 ? (uint64_t)n : 0;
    return json_is_integer(value) && n >= 0;
}

bool sim_number_read(const json_t *fields, const json_t *moment, sim_told_number *out)
{
    const json_t *count = json_object_get(fields, "count"), *display = json_object_get(fields, "display");
    const json_t *age = json_object_get(moment, "age_ms"), *as_of = json_object_get(moment, "as_of");
    *out = (sim_told_number){.as_of_us = sim_ask_moment(json_string_value(as_of))};
    out->known = number_is(count, &out->count);
    out->made = number_is(age, &out->age_us);
    out->age_us *= 1000;
    bool sound = number_is(json_object_get(fields, "pending"), &out->pending) &&
                 (out->made || json_is_null(age)) && (out->as_of_us || json_is_null(as_of));
    if (out->known) return sound && json_is_string(display);
    return sound && json_is_null(count) && json_is_null(display) && !out->made && !out->as_of_us;
}

bool sim_number_alone(const json_t *document, uint64_t *count, bool *known)
{
    const json_t *told = json_object_get(document, "count");
    *known = number_is(told, count);
    return (*known || json_is_null(told)) && json_object_size(document) == 1;
}

/* openapi_json.c - values of JSON from a format. */
#include <stdarg.h>

#include "common/io/openapi/openapi_internal.h"

json_t *kd_openapi_pack(const char *format, ...)
{
    va_list values;
    json_error_t error;
    va_start(values, format);
    json_t *made = json_vpack_ex(&error, 0, format, values);
    va_end(values);
    KD_ASSERT(made);
    return made;
}

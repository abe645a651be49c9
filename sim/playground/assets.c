/* assets.c - see the header. */
#include "sim/playground/assets.h"

const sim_asset *sim_asset_find(kd_bytes path)
{
    if (kd_bytes_eq(path, kd_bytes_str("/"))) path = kd_bytes_str("/index.html");
    for (uint32_t i = 0; i < sim_asset_count; i++)
        if (kd_bytes_eq(path, kd_bytes_str(sim_assets[i].path))) return &sim_assets[i];
    return NULL;
}

const char *sim_asset_type(const sim_asset *a)
{
    static const struct {
        const char *end, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".svg", "image/svg+xml"}};
    size_t len = strlen(a->path);
    for (size_t i = 0; i < KD_COUNT(types); i++) {
        size_t end = strlen(types[i].end);
        if (len > end && strcmp(a->path + len - end, types[i].end) == 0) return types[i].type;
    }
    return "application/octet-stream";
}

/*
 * backup_manifest.c - see the header.
 *
 *     kudos-backup 1
 *     name NAME
 *     made 2026-01-02T03:04:05Z
 *     partitions N
 *     partition P rows R bytes B digest HEX      N times
 *     digest HEX                                 BLAKE2b of all above
 */
#include "central/io/backup/backup_manifest.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/io/daemon/file_read.h"

enum { HEX = 2 * KD_BACKUP_DIGEST + 1, MANIFEST_MAX = 1024 * 1024 };

static void backup_manifest_put(kd_buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void backup_manifest_put(kd_buf *out, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    KD_ASSERT(n > 0 && (size_t)n < sizeof(line));
    kd_buf_put(out, line, (size_t)n);
}

static void backup_manifest_digest_of(kd_bytes text, char hex[HEX])
{
    uint8_t digest[KD_BACKUP_DIGEST];
    crypto_generichash(digest, sizeof(digest), text.data, text.len, NULL, 0);
    sodium_bin2hex(hex, HEX, digest, sizeof(digest));
}

int kd_backup_manifest_write(const char *dir, const kd_backup_set *set, char *error)
{
    char when[32], hex[HEX], path[KD_PATH_MAX + 16];
    time_t now = time(NULL);
    struct tm tm;
    kd_buf text = {0};
    gmtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    backup_manifest_put(&text, "kudos-backup 1\nname %s\nmade %s\npartitions %u\n", set->name, when,
                        set->partitions);
    for (uint32_t p = 0; p < set->partitions; p++) {
        sodium_bin2hex(hex, sizeof(hex), set->at[p].digest, KD_BACKUP_DIGEST);
        backup_manifest_put(&text, "partition %u rows %" PRIu64 " bytes %" PRIu64 " digest %s\n", p,
                            set->at[p].rows, set->at[p].bytes, hex);
    }
    backup_manifest_digest_of(kd_buf_view(&text), hex);
    backup_manifest_put(&text, "digest %s\n", hex);
    snprintf(path, sizeof(path), "%s/%s", dir, KD_BACKUP_MANIFEST);
    int err = kd_file_write(path, kd_buf_view(&text), error);
    kd_buf_finish(&text);
    return err;
}

void kd_backup_set_line(const kd_backup_set *set, kd_buf *out)
{
    uint64_t rows = 0, bytes = 0;
    for (uint32_t p = 0; p < set->partitions; p++) {
        rows += set->at[p].rows;
        bytes += set->at[p].bytes;
    }
    backup_manifest_put(out, "backup name=%s partitions=%u rows=%" PRIu64 " bytes=%" PRIu64 " verdict=done\n",
                        set->name, set->partitions, rows, bytes);
}

/* ---- reading ---- */

/* Whether the text is whole: its last line is the digest of all lines before. */
static bool is_whole(const char *text, size_t len)
{
    char hex[HEX], line[HEX + 16];
    static const size_t last = HEX - 1 + 8; /* "digest ", the digits, the line's end */
    if (len < last) return false;
    backup_manifest_digest_of(kd_bytes_of(text, len - last), hex);
    snprintf(line, sizeof(line), "digest %s\n", hex);
    return memcmp(text + len - last, line, last) == 0;
}

static bool backup_manifest_read_partition(const char *line, uint32_t expected, kd_backup_sums *sums)
{
    char hex[HEX + 1];
    uint32_t p;
    size_t len;
    return sscanf(line, "partition %u rows %" SCNu64 " bytes %" SCNu64 " digest %65s", &p, &sums->rows,
                  &sums->bytes, hex) == 4 &&
           p == expected && strlen(hex) == HEX - 1 &&
           sodium_hex2bin(sums->digest, KD_BACKUP_DIGEST, hex, HEX - 1, NULL, &len, NULL) == 0;
}

static bool backup_manifest_read_text(char *text, kd_backup_set *set)
{
    uint32_t partitions, version;
    char *save, *line = strtok_r(text, "\n", &save);
    if (!line || sscanf(line, "kudos-backup %u", &version) != 1 || version != 1) return false;
    line = strtok_r(NULL, "\n", &save);
    if (!line || sscanf(line, "name %32s", set->name) != 1) return false;
    strtok_r(NULL, "\n", &save); /* made */
    line = strtok_r(NULL, "\n", &save);
    if (!line || sscanf(line, "partitions %u", &partitions) != 1 || partitions == 0 ||
        partitions > KD_PARTITIONS_MAX)
        return false;
    set->partitions = partitions;
    set->at = kd_alloc(sizeof(kd_backup_sums) * partitions);
    for (uint32_t p = 0; p < partitions; p++) {
        line = strtok_r(NULL, "\n", &save);
        if (!line || !backup_manifest_read_partition(line, p, &set->at[p])) return false;
    }
    return true;
}

int kd_backup_set_read(const char *dir, kd_backup_set *set, char *error)
{
    char path[KD_PATH_MAX + 16];
    kd_buf text = {0};
    *set = (kd_backup_set){.partitions = 0};
    snprintf(path, sizeof(path), "%s/%s", dir, KD_BACKUP_MANIFEST);
    int err = kd_file_read(path, MANIFEST_MAX, &text);
    if (err == KD_OK) {
        bool whole = is_whole((const char *)text.data, text.len);
        kd_buf_put_u8(&text, '\0');
        if (!whole || !backup_manifest_read_text((char *)text.data, set)) err = KD_EMALFORMED;
    }
    kd_buf_finish(&text);
    if (err == KD_ENOTFOUND)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is no backup: it holds no file " KD_BACKUP_MANIFEST,
                 dir);
    else if (err != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is damaged: %s", path, kd_strerror(err));
    return err;
}

void kd_backup_set_finish(kd_backup_set *set)
{
    free(set->at);
    *set = (kd_backup_set){.partitions = 0};
}

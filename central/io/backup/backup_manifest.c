/* backup_manifest.c - see the header. */
#include "central/io/backup/backup_manifest.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "common/base/text.h"

enum { HEX = 2 * KD_BACKUP_DIGEST + 1, OF_DIRECTORY = 1, OF_OBJECTS = 2, OF_PARTS = 3 };

static void backup_manifest_digest_of(kd_bytes text, char hex[HEX])
{
    uint8_t digest[KD_BACKUP_DIGEST];
    crypto_generichash(digest, sizeof(digest), text.data, text.len, NULL, 0);
    sodium_bin2hex(hex, HEX, digest, sizeof(digest));
}

void kd_backup_manifest_put_partition(kd_buf *text, const kd_backup_set *set, uint32_t p)
{
    char hex[HEX];
    sodium_bin2hex(hex, sizeof(hex), set->at[p].digest, KD_BACKUP_DIGEST);
    kd_text_printf(text, "partition %u rows %" PRIu64 " bytes %" PRIu64 " digest %s", p, set->at[p].rows,
                   set->at[p].bytes, hex);
    if (set->lists) {
        sodium_bin2hex(hex, sizeof(hex), set->lists[p], KD_BACKUP_DIGEST);
        kd_text_printf(text, " list %s", hex);
    }
    if (set->parts) kd_text_printf(text, " part %s", set->parts[p]);
    kd_buf_put_u8(text, '\n');
}

void kd_backup_manifest_put(kd_buf *text, const kd_backup_set *set)
{
    char hex[HEX];
    kd_text_printf(text, "kudos-backup %d\nname %s\nmade %s\npartitions %u\n",
                   set->lists   ? OF_OBJECTS
                   : set->parts ? OF_PARTS
                                : OF_DIRECTORY,
                   set->name, set->made, set->partitions);
    for (uint32_t p = 0; p < set->partitions; p++) kd_backup_manifest_put_partition(text, set, p);
    backup_manifest_digest_of(kd_buf_view(text), hex);
    kd_text_printf(text, "digest %s\n", hex);
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

static bool backup_manifest_take_digest(const char *hex, uint8_t digest[KD_BACKUP_DIGEST])
{
    size_t len;
    return strlen(hex) == HEX - 1 &&
           sodium_hex2bin(digest, KD_BACKUP_DIGEST, hex, HEX - 1, NULL, &len, NULL) == 0 &&
           len == KD_BACKUP_DIGEST;
}

/* What a line has besides the sums: the digest of a list, or the member that wrote the partition. */
static bool backup_manifest_read_more(const char *word, const char *value, kd_backup_set *set, uint32_t p)
{
    if (strcmp(word, "list") == 0) {
        if (!set->lists) set->lists = kd_alloc(sizeof(*set->lists) * set->partitions);
        return backup_manifest_take_digest(value, set->lists[p]);
    }
    if (strcmp(word, "part") != 0 || !kd_name_valid(kd_bytes_str(value))) return false;
    if (!set->parts) set->parts = kd_alloc(sizeof(*set->parts) * set->partitions);
    snprintf(set->parts[p], sizeof(set->parts[p]), "%s", value);
    return true;
}

bool kd_backup_manifest_read_partition(const char *line, kd_backup_set *set, uint32_t *partition)
{
    char hex[HEX + 1], word[8], value[HEX + 1];
    kd_backup_sums sums;
    int fields = sscanf(line, "partition %" SCNu32 " rows %" SCNu64 " bytes %" SCNu64 " digest %65s %7s %65s",
                        partition, &sums.rows, &sums.bytes, hex, word, value);
    if ((fields != 4 && fields != 6) || *partition >= set->partitions ||
        !backup_manifest_take_digest(hex, sums.digest))
        return false;
    set->at[*partition] = sums;
    return fields == 4 || backup_manifest_read_more(word, value, set, *partition);
}

static bool backup_manifest_read_partitions(kd_backup_set *set, unsigned version, char **save)
{
    uint32_t read;
    set->at = kd_alloc(sizeof(kd_backup_sums) * set->partitions);
    if (version == OF_OBJECTS) set->lists = kd_alloc(sizeof(*set->lists) * set->partitions);
    if (version == OF_PARTS) set->parts = kd_alloc(sizeof(*set->parts) * set->partitions);
    for (uint32_t p = 0; p < set->partitions; p++) {
        const char *line = strtok_r(NULL, "\n", save);
        if (!line || !kd_backup_manifest_read_partition(line, set, &read) || read != p) return false;
        if (set->parts && set->parts[p][0] == '\0') return false;
    }
    return (version == OF_OBJECTS) == (set->lists != NULL) && (version == OF_PARTS) == (set->parts != NULL);
}

static bool backup_manifest_read_text(char *text, kd_backup_set *set)
{
    unsigned version;
    char *save;
    const char *line = strtok_r(text, "\n", &save);
    if (!line || sscanf(line, "kudos-backup %u", &version) != 1) return false;
    if (version < OF_DIRECTORY || version > OF_PARTS) return false;
    line = strtok_r(NULL, "\n", &save);
    if (!line || sscanf(line, "name %32s", set->name) != 1) return false;
    line = strtok_r(NULL, "\n", &save);
    if (!line || sscanf(line, "made %23s", set->made) != 1) return false;
    line = strtok_r(NULL, "\n", &save);
    if (!line || sscanf(line, "partitions %u", &set->partitions) != 1) return false;
    if (set->partitions == 0 || set->partitions > KD_PARTITIONS_MAX) {
        set->partitions = 0;
        return false;
    }
    return backup_manifest_read_partitions(set, version, &save);
}

int kd_backup_manifest_read(kd_buf *text, kd_backup_set *set)
{
    *set = (kd_backup_set){.partitions = 0};
    bool whole = text->len <= KD_BACKUP_MANIFEST_MAX && is_whole((const char *)text->data, text->len);
    kd_buf_put_u8(text, '\0');
    return whole && backup_manifest_read_text((char *)text->data, set) ? KD_OK : KD_EMALFORMED;
}

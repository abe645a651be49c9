/* proxy_v2.c - see the header. Of a header that comes in pieces the first wrong byte is refused, without waiting for the others. */
#include "common/base/proxy_v2.h"

static const uint8_t signature[12] = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21, UNSPECIFIED = 0x00, TCP4 = 0x11, TCP6 = 0x21 };

static bool begins_well(kd_bytes in)
{
    if (in.len > 0 && memcmp(in.data, signature, KD_MIN(in.len, sizeof(signature))) != 0) return false;
    if (in.len <= 12) return true;
    if (in.data[12] != COMMAND_LOCAL && in.data[12] != COMMAND_PROXY) return false;
    /* What a LOCAL header says of addresses is to be ignored. */
    if (in.len <= 13 || in.data[12] == COMMAND_LOCAL) return true;
    return in.data[13] == UNSPECIFIED || in.data[13] == TCP4 || in.data[13] == TCP6;
}

static bool tlvs_fill(kd_reader *r)
{
    while (kd_reader_left(r) > 0) {
        kd_read_u8(r);
        size_t len = kd_read_be16(r);
        kd_read_bytes(r, len);
        if (r->bad) return false;
    }
    return true;
}

/* Source and destination address, their ports, and TLVs. */
static bool read_addresses(kd_bytes rest, size_t address_len, kd_proxy_v2 *out)
{
    kd_reader r = kd_reader_of(rest);
    kd_bytes source = kd_read_bytes(&r, address_len);
    kd_read_bytes(&r, address_len);
    out->port = kd_read_be16(&r);
    kd_read_be16(&r);
    if (r.bad) return false;
    memcpy(out->address, source.data, address_len);
    out->address_len = (uint8_t)address_len;
    return tlvs_fill(&r);
}

int kd_proxy_v2_read(kd_bytes in, kd_proxy_v2 *out, size_t *len)
{
    *out = (kd_proxy_v2){.address_len = 0};
    if (!begins_well(in)) return KD_EMALFORMED;
    if (in.len < KD_PROXY_V2_HEAD) return KD_EAGAIN;
    size_t rest = (size_t)in.data[14] << 8 | in.data[15];
    if (rest > KD_PROXY_V2_REST_MAX) return KD_EMALFORMED;
    if (in.len - KD_PROXY_V2_HEAD < rest) return KD_EAGAIN;
    *len = KD_PROXY_V2_HEAD + rest;
    if (in.data[12] == COMMAND_LOCAL || in.data[13] == UNSPECIFIED) return KD_OK;
    size_t address_len = in.data[13] == TCP4 ? 4 : 16;
    bool good = read_addresses(kd_bytes_of(in.data + KD_PROXY_V2_HEAD, rest), address_len, out);
    return good ? KD_OK : KD_EMALFORMED;
}

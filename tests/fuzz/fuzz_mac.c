/*
 * fuzz_mac.c - any bytes as a header of MACs, as a record whose writer is asked for, and as a file of keys: the first byte is the length of the header.
 * What a record says of its writer must be what central's decoders read in it: else a batch could be signed under one name and merged under another.
 */
#include "common/wire/mac.h"
#include "kudos/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char keys[] = "1 edge:a 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
                           "2 central 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n";

static void check_writer(kd_bytes record)
{
    kd_bytes edge;
    kd_batch batch;
    kd_claim claim;
    kd_flow flow = kd_mac_flow(record, &edge);
    if (kd_batch_salvage(record, &batch) || kd_batch_decode(record, &batch) == KD_OK)
        KD_ASSERT(flow == KD_FLOW_BATCH && kd_bytes_eq(edge, batch.edge));
    if (kd_claim_decode(record, &claim) == KD_OK) KD_ASSERT(flow == KD_FLOW_CLAIM);
}

static void check_header(kd_bytes header)
{
    static kd_keyring ring;
    char error[128];
    const kd_record_key *key = NULL;
    const uint8_t *mac = NULL;
    if (ring.count == 0) KD_ASSERT(kd_keyring_parse(&ring, kd_bytes_str(keys), error, sizeof error) == KD_OK);
    if (kd_mac_choose(&ring, header, KD_FLOW_BATCH, kd_bytes_str("a"), &key, &mac) != KD_MAC_GOOD) return;
    KD_ASSERT(key == &ring.at[0] && mac > header.data && mac + KD_MAC_BYTES <= header.data + header.len);
}

static void check_file(kd_bytes text)
{
    static kd_keyring ring;
    char error[128];
    int err = kd_keyring_parse(&ring, text, error, sizeof error);
    KD_ASSERT((err == KD_OK) == (ring.count > 0));
    for (uint32_t i = 0; i < ring.count; i++) KD_ASSERT(ring.at[i].id > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    size_t len = KD_MIN((size_t)data[0], size - 1);
    check_header(kd_bytes_of(data + 1, len));
    check_writer(kd_bytes_of(data + 1 + len, size - 1 - len));
    check_file(kd_bytes_of(data + 1, size - 1));
    return 0;
}

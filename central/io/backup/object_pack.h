/* object_pack.h - the bytes of an object: zlib. An object that was fetched is foreign until the digest of what is in it was found right. */
#ifndef KUDOS_CENTRAL_IO_BACKUP_OBJECT_PACK_H
#define KUDOS_CENTRAL_IO_BACKUP_OBJECT_PACK_H

#include "kudos/base.h"

/* Packs into *packed, which is cleared first. */
void kd_object_pack(kd_bytes raw, kd_buf *packed);
/* The longest that `raw` bytes can become. */
size_t kd_object_packed_max(size_t raw);
/* Unpacks into *raw, which is cleared first. False: it is damaged, or holds more than `max` bytes. */
bool kd_object_unpack(kd_bytes packed, size_t max, kd_buf *raw);

#endif

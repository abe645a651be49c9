/*
 * cidr.h - address blocks such as 10.0.0.0/8, fd00::/8 or ::1, for lists of trusted peers. Pure:
 * addresses come as bytes. An IPv4 address and the same one mapped into IPv6 are equal.
 */
#ifndef KUDOS_COMMON_BASE_CIDR_H
#define KUDOS_COMMON_BASE_CIDR_H

#include "common/conf/options.h"

typedef struct {
    uint8_t at[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;   /* of the 128 */
} kd_cidr;

/* KD_OK or KD_EINVAL. Without /bits: that one address. Bits behind the prefix are ignored. */
int kd_cidr_parse(kd_bytes text, kd_cidr *out);
/* Whether kd_cidr_parse takes it: the `valid` of an option. */
bool kd_cidr_valid(kd_bytes text);
/* `address`: 4 or 16 bytes in network order; of another length nothing matches. */
bool kd_cidr_match(const kd_cidr *c, kd_bytes address);

/* The address, given as for kd_cidr_match, in 16 bytes, IPv4 as ::ffff:a.b.c.d. False, and `at` unchanged: it has another length. */
bool kd_cidr_widen(kd_bytes address, uint8_t at[16]);
/* Whether the address, given as for kd_cidr_match, is a loopback one: 127.0.0.0/8 or ::1. */
bool kd_cidr_loopback(kd_bytes address);

/* A parsed list; zero is the empty list, which matches nothing. Entries that are not valid are a bug: use
 * kd_cidr_valid in the option. */
typedef struct {
    kd_cidr *at;
    uint32_t count;
} kd_cidrs;

/* Copies what it needs of `texts`. */
void kd_cidrs_init(kd_cidrs *list, const kd_strings *texts);
/* Frees the entries and empties the list. */
void kd_cidrs_finish(kd_cidrs *list);
/* Whether every address of all its blocks is a loopback one. */
bool kd_cidrs_loopback(const kd_cidrs *list);
/* Whether any block holds the address, given as for kd_cidr_match. */
bool kd_cidrs_match(const kd_cidrs *list, kd_bytes address);

#endif

/*
 * forwarded.h - whom a request comes from, by what gateways say: the fields Forwarded (RFC 7239) and X-Forwarded-For. Pure.
 *
 * Each gateway appends the address that it was called from, so only what stands to the right, up to the first address that is no gateway of ours, was
 * written by somebody who is trusted. That address is the client. What stands left of it may be anything, and is not looked at.
 */
#ifndef KUDOS_COMMON_BASE_FORWARDED_H
#define KUDOS_COMMON_BASE_FORWARDED_H

#include "common/base/cidr.h"

typedef enum { KD_FORWARDED, KD_X_FORWARDED_FOR } kd_forwarded_form;

typedef enum {
    KD_FORWARDED_MORE, /* every address of this field is trusted: the field line before it goes on, if there is one */
    KD_FORWARDED_EMPTY, /* there is no address in this field line: likewise */
    KD_FORWARDED_FOUND, /* the client */
    KD_FORWARDED_HIDDEN, /* who came before the last address is not said: "unknown", a hidden name, or no `for` */
    KD_FORWARDED_BAD, /* not an address where one was wanted, or a quotation without an end */
} kd_forwarded_result;

enum {
    KD_FORWARDED_HOPS_MAX =
        32 /* of a field that are looked at; the leftmost of so many trusted ones counts as the client */
};

/* Walks the value of one field line from right to left. `at`: 16 bytes, an IPv4 address as ::ffff:a.b.c.d; set to each address that is passed, so it
 * holds the last address that is known after MORE, FOUND and HIDDEN, and keeps its value where there is no address. With several lines, call for the last one first. */
kd_forwarded_result kd_forwarded_walk(kd_forwarded_form form, kd_bytes value, const kd_cidrs *trusted,
                                      uint8_t at[16]);

#endif

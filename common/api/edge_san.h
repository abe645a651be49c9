/*
 * edge_san.h - which edge a name of a certificate belongs to, by a template with {edge} in it: "{edge}.edges.example.net". Pure.
 */
#ifndef KUDOS_COMMON_API_EDGE_SAN_H
#define KUDOS_COMMON_API_EDGE_SAN_H

#include "kudos/base.h"

/* Whether it is a template: 7 to 200 printable characters without blanks, with {edge} in it once. */
bool kd_edge_san_valid(kd_bytes text);
/* The name of the edge that stands in `name` at the place of {edge}, a view into it; empty where `name` is not of this form, or no edge can have that
 * name. Byte by byte, without wildcards. `text` is a valid template. */
kd_bytes kd_edge_san_edge(kd_bytes text, kd_bytes name);

#endif

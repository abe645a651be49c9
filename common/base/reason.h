/*
 * reason.h - why a peer (central, a Kafka broker) could not be reached, in few words that are fit for the label of a metric.
 */
#ifndef KUDOS_COMMON_BASE_REASON_H
#define KUDOS_COMMON_BASE_REASON_H

/* id, the value of the label `reason`: what happened */
#define KD_REASON_LIST(X)                                                                                    \
    X(DNS, "dns")                   /* the name has no address, or no name server answered */                \
    X(REFUSED, "refused")           /* nobody listens there */                                               \
    X(TIMEOUT, "timeout")           /* no answer in time */                                                  \
    X(TLS, "tls")                   /* no TLS connection: a certificate, a name in it, a version */          \
    X(AUTH, "auth")                 /* the peer does not let us in */                                        \
    X(DISCONNECTED, "disconnected") /* no network, or the connection was lost */                             \
    X(PROTOCOL, "protocol")         /* an answer that this peer would not give: somebody else is there */    \
    X(OTHER, "other")

#define KD_REASON_ID(id, name) KD_REASON_##id,
typedef enum { KD_REASON_LIST(KD_REASON_ID) KD_REASONS } kd_reason;

/* The value of the label `reason`, static. */
const char *kd_reason_name(kd_reason reason);

#endif

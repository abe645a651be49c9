/*
 * broker.h - an embedded broker that speaks Kafka's protocol: for the demo and quick tests, without Java.
 *
 * It keeps everything in memory and forgets it at its end, drops the oldest data beyond 5 MiB or 100,000
 * batches of a partition, and does not recognise an idempotent producer's repetitions. Exactness must hold
 * even so; throughput and durability are not to be measured on it.
 */
#ifndef KUDOS_SIM_KAFKA_BROKER_H
#define KUDOS_SIM_KAFKA_BROKER_H

/*
 * kudos-sim broker --partitions P --topics a,b,c --address-file FILE [--brokers N] [--port PORT]
 * Runs until SIGTERM or SIGINT. FILE gets the bootstrap address ("127.0.0.1:PORT\n", several with commas) once the topics are there, atomically.
 * argv[0] is "broker".
 * Returns the exit code: 0 stopped, 1 failed, 2 usage.
 */
int sim_sim_broker(int argc, char **argv);

#endif

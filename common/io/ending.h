/*
 * common/io/ending.h - an end that comes in any case: what is joined and closed at the end of a process may wait for a disk that hangs.
 */
#ifndef KUDOS_COMMON_IO_ENDING_H
#define KUDOS_COMMON_IO_ENDING_H

/* Whoever has not ended KD_ENDING_PATIENCE_S from now ends with `code` and `stop-hangs` in the log. For when all that was acknowledged
 * is on the disk, and nothing is left but to close it. */
void kd_ending_begin(int code);

enum { KD_ENDING_PATIENCE_S = 3 };

#endif

/* program.h - how every program begins, whatever it is told to do. */
#ifndef KUDOS_COMMON_IO_DAEMON_PROGRAM_H
#define KUDOS_COMMON_IO_DAEMON_PROGRAM_H

/*
 * First call of main, before a file is opened or a thread is made. From here on a write that cannot be done is an error of that write, and not the end
 * of the process: SIGPIPE (nobody reads any more) and SIGXFSZ (the file is at its size limit) are ignored.
 *
 * A standard stream (0, 1, 2) that is closed gets a descriptor on which each read or write fails. Else the first file or socket that the program opens
 * would have that number, and what is printed would go there. Ends the process with KD_EXIT_UNAVAILABLE when no such descriptor can be had.
 */
void kd_program_begin(void);

#endif

/* admin_socket.c - see the header. */
#include "common/io/admin/admin_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/io/loop/clock.h"

/* Waits until the descriptor is ready; false at the deadline. */
static bool admin_socket_wait(int fd, short what, uint64_t until_us)
{
    for (;;) {
        uint64_t now_us = kd_clock_mono_us();
        struct pollfd p = {.fd = fd, .events = what};
        if (now_us >= until_us) return false;
        int n = poll(&p, 1, (int)((until_us - now_us) / 1000 + 1));
        if (n > 0) return true;
        if (n < 0 && errno != EINTR) return false;
    }
}

static int admin_socket_connect(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if ((size_t)snprintf(at.sun_path, sizeof at.sun_path, "%s", path) >= sizeof at.sun_path) return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

static bool admin_socket_send(int fd, kd_bytes bytes, uint64_t until_us)
{
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (n > 0)
            bytes = kd_bytes_of(bytes.data + n, bytes.len - (size_t)n);
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        else if (!admin_socket_wait(fd, POLLOUT, until_us))
            return false;
    }
    return true;
}

static bool admin_socket_receive(int fd, size_t max, kd_buf *answer, uint64_t until_us)
{
    for (;;) {
        kd_buf_reserve(answer, 16384);
        ssize_t n = recv(fd, answer->data + answer->len, answer->cap - answer->len, 0);
        if (n == 0) return true;
        if (n > 0)
            answer->len += (size_t)n;
        else if (errno != EAGAIN && errno != EINTR)
            return false;
        else if (!admin_socket_wait(fd, POLLIN, until_us))
            return false;
        if (answer->len > max) return false;
    }
}

/* The status of "HTTP/1.1 200 ...", and the body behind the empty line; 0 when there is no whole head. */
static int admin_socket_read(const kd_buf *answer, kd_buf *body)
{
    static const char begin[] = "HTTP/1.", end[] = "\r\n\r\n";
    const uint8_t *head = answer->len > 12 ? memmem(answer->data, answer->len, end, 4) : NULL;
    if (!head || memcmp(answer->data, begin, sizeof begin - 1) != 0) return 0;
    size_t at = (size_t)(head - answer->data) + 4;
    kd_buf_put(body, answer->data + at, answer->len - at);
    return (int)strtol((const char *)answer->data + 9, NULL, 10);
}

int kd_admin_socket_ask(const char *path, kd_bytes request, uint32_t timeout_s, size_t max, kd_buf *body)
{
    uint64_t until_us = kd_clock_mono_us() + (uint64_t)timeout_s * 1000000;
    kd_buf answer = {0};
    int fd = admin_socket_connect(path), status = 0;
    if (fd < 0) return 0;
    if (admin_socket_send(fd, request, until_us) && admin_socket_receive(fd, max, &answer, until_us))
        status = admin_socket_read(&answer, body);
    close(fd);
    kd_buf_finish(&answer);
    return status;
}

"""Servers that stand beside Kudos, on the processors that an edge would have: nghttpd with a small file, Redis, and nginx in front of it."""
import os
import shutil
import socket
import subprocess

from ports import free_ports
from proc import wait_until
from ruler import SERVER, pinned


class Server:
    def __init__(self, command, port):
        self.port = port
        self.popen = subprocess.Popen(pinned(command, SERVER), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers(self):
        assert self.popen.poll() is None, f"{self.popen.args} ended with {self.popen.returncode}"
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def __enter__(self):
        try:
            wait_until(self.answers, 10, f"{self.popen.args} answers")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()


class Nghttpd(Server):
    """With a file as long as our answer, and as many workers as the edge has shards."""

    def __init__(self, directory, size, workers, tls=None):
        www = os.path.join(directory, f"www{size}")
        os.makedirs(www, exist_ok=True)
        with open(os.path.join(www, "f"), "w", encoding="ascii") as f:
            f.write("x" * size)
        port, = free_ports(1)
        command = ["nghttpd", "-a", "127.0.0.1", "-d", www, "-n", workers]
        super().__init__(command + ([port, *tls] if tls else ["--no-tls", port]), port)


# The same script as redis_load sends, behind the path of a like. Connections to Redis stay open.
FRONT = """
daemon off;
pid {where}/nginx.pid;
worker_processes {workers};
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {where}/body;
    proxy_temp_path {where}/proxy;
    fastcgi_temp_path {where}/fastcgi;
    uwsgi_temp_path {where}/uwsgi;
    scgi_temp_path {where}/scgi;
    lua_package_path "/usr/share/lua/5.1/?.lua;;";
    server {{
        listen 127.0.0.1:{port} http2;
        keepalive_requests 1000000000;
        http2_max_concurrent_streams 256;
        location ~ "^/v1/(?<item>[^/]+/[^/]+)/like$" {{
            default_type application/json;
            content_by_lua_block {{
                local item, redis = ngx.var.item, require("nginx.redis"):new()
                assert(redis:connect("127.0.0.1", {redis}))
                local count = assert(redis:evalsha("{sha}", 2, "users:" .. item, "likes:" .. item, ngx.var.http_x_user_id))
                assert(redis:set_keepalive(60000, 2048))
                ngx.say('{{"liked":true,"count":' .. count .. '}}')
            }}
        }}
    }}
}}
"""


class Front(Server):
    """nginx before a Redis, by HTTP/2 without TLS."""

    def __init__(self, directory, redis, sha, workers):
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        port, = free_ports(1)
        config = os.path.join(directory, "nginx.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(FRONT.format(where=directory, workers=workers, port=port, redis=redis.port, sha=sha))
        super().__init__(["nginx", "-e", os.path.join(directory, "error.log"), "-p", directory, "-c", config], port)

    def workers(self):
        """Process ids."""
        with open(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children", encoding="ascii") as f:
            return [int(pid) for pid in f.read().split()]

    def __exit__(self, *_):
        self.popen.terminate()  # with its workers
        self.popen.wait()


class Redis(Server):
    """Every command is on disk before its answer."""

    def __init__(self, directory):
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        port, = free_ports(1)
        super().__init__(["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", directory, "--appendonly", "yes", "--appendfsync", "always",
                          "--save", ""], port)

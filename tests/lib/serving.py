"""Pages of a test's own site, served while it runs.

    with served(Handler, told=None) as server:      # attributes for the handler to use
        server.server_port
"""
import contextlib
import http.server
import threading


@contextlib.contextmanager
def served(handler, **more):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    vars(server).update(more)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A port that leads to another one, far away: what comes on either side arrives later on the other."""
import asyncio
import contextlib
import threading


async def _carry(reader, writer, seconds):
    """Every piece on its own way, in the order in which they came."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(65536):
        loop.call_later(seconds, writer.write, data)
    loop.call_later(seconds, writer.close)


async def _connect(port, seconds, near):
    far = await asyncio.open_connection("127.0.0.1", port)
    ways = [_carry(near[0], far[1], seconds), _carry(far[0], near[1], seconds)]
    await asyncio.gather(*ways, return_exceptions=True)


@contextlib.contextmanager
def far(port, seconds):
    """The near end's port. `seconds` is the delay each way."""
    loop, ports, ready = asyncio.new_event_loop(), [], threading.Event()

    async def listen():
        server = await asyncio.start_server(lambda r, w: _connect(port, seconds, (r, w)), "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()

    def run():
        asyncio.set_event_loop(loop)
        loop.create_task(listen())
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))  # they end
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

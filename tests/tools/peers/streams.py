"""Streams over HTTP/1.1: WebSocket and server-sent events."""
import asyncio

from .lab import HOST, scenario

SCENARIOS = {}


async def talk(rows):
    import websockets
    from websockets.extensions import permessage_deflate

    async def echo(socket):
        async for message in socket:
            await socket.send(message)
        rows.append(("GET", socket.path, "101"))

    deflate = [permessage_deflate.ClientPerMessageDeflateFactory()]
    async with websockets.serve(echo, HOST, 8084, close_timeout=2):
        for path, extensions in (("/chat", None), ("/deflate", deflate)):
            async with websockets.connect(f"ws://{HOST}:8084{path}?room=1", compression=None,
                                          extensions=extensions) as c:
                for message in ("hello", b"\x00\x01binary", "long " * 100, "x" * 2000):
                    await c.send(message)
                    await c.recv()
                await c.send(["a fragmented ", "message ", "in three"])
                await c.recv()
                await (await c.ping())
        try:
            await websockets.connect(f"ws://{HOST}:8084/refused", origin="http://evil", subprotocols=["none"],
                                     open_timeout=2)
        except Exception:  # whatever the library calls it
            pass
        await asyncio.sleep(0.3)


@scenario(SCENARIOS, **{"websocket.pcapng":
          "Python's websockets on both sides: text, binary, 16-bit lengths, fragments, permessage-deflate, ping, "
          "close"})
def websocket(lab):
    rows = []
    with lab.capture("websocket.pcapng"):
        asyncio.run(talk(rows))
    lab.truth("websocket.pcapng", {r: rows.count(r) for r in rows}, "the server's own log")


async def events(rows):
    from aiohttp import ClientSession, web

    async def stream(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        rows.append(("GET", request.path, "200"))
        for i in range(6):
            await response.write(f"id: {i}\nevent: price\ndata: {{\"n\": {i}}}\ndata: more\n\n".encode())
            await asyncio.sleep(0.05)
        if request.path == "/endless":
            await asyncio.sleep(3600)
        await response.write(b": a comment\n\n")
        return response

    app = web.Application()
    app.router.add_get("/{name}", stream)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, 8085).start()
    async with ClientSession() as session:
        async with session.get(f"http://{HOST}:8085/prices") as r:
            await r.read()
        async with session.get(f"http://{HOST}:8085/endless") as r:
            for _ in range(4 * 5):
                await r.content.readline()
    await asyncio.sleep(0.2)
    await runner.cleanup()


@scenario(SCENARIOS, **{"sse.pcapng":
          "aiohttp on both sides: an event stream of six events to its end, and one that the client leaves"})
def sse(lab):
    rows = []
    with lab.capture("sse.pcapng"):
        asyncio.run(asyncio.wait_for(events(rows), 20))
    lab.truth("sse.pcapng", {r: rows.count(r) for r in rows}, "the server's own log")

"""The sample capture: a small shop, four services and two kinds of clients.

internet -> frontend (HTTP/1.1) -> cart (HTTP/1.1) -> catalogue (HTTP/1.1)
                                -> catalogue (HTTP/1.1)
                                -> payments (gRPC)
Each service runs in a network namespace with an address of its own; one bridge
joins them, and the capture is made there. payments is unavailable now and
then, the cart answers 503 at times, the catalogue has a slow tail, and one
order hangs.
"""
import asyncio
import collections
import multiprocessing
import random
import signal
import time

from .lab import run, scenario

SCENARIOS = {}
NETWORK = "10.9.0"
SERVICES = {"frontend": f"{NETWORK}.1", "cart": f"{NETWORK}.2", "catalogue": f"{NETWORK}.3",
            "payments": f"{NETWORK}.4", "shopper": "203.0.113.7", "monitor": f"{NETWORK}.20"}
SECONDS = 24


def lay_network():
    run("ip", "link", "add", "mesh0", "type", "bridge")
    run("ip", "link", "set", "mesh0", "up")
    for name, address in SERVICES.items():
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"m-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"m-{name}", "master", "mesh0", "up")
        run("ip", "-n", name, "address", "add", f"{address}/32", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "route", "add", "default", "dev", "eth0")


def enter(name):
    """This process moves into a namespace."""
    import ctypes
    with open(f"/run/netns/{name}") as ns:
        if ctypes.CDLL(None, use_errno=True).setns(ns.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")


# --- services: each is a function run in its own process --------------------------

async def answer(app_routes, port):
    from aiohttp import web
    app = web.Application()
    app.add_routes(app_routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", port).start()
    await asyncio.sleep(3600)


def trace(request):
    return {k: v for k, v in request.headers.items() if k.lower() in ("traceparent", "x-request-id")}


def count(log, request, status):
    log.put((request.method, request.path, str(status), "-"))


def catalogue(log):
    from aiohttp import web
    chance = random.Random(3)

    async def item(request):
        await asyncio.sleep(0.22 if chance.random() < 0.04 else chance.expovariate(1 / 0.004))
        status = 404 if request.match_info["id"] == "13" else 200
        count(log, request, status)
        return web.json_response({"id": request.match_info["id"], "name": "teapot"}, status=status)
    asyncio.run(answer([web.get("/items/{id}", item)], 8080))


def cart(log):
    from aiohttp import ClientSession, TCPConnector, web
    chance = random.Random(9)

    async def main():
        session = ClientSession(connector=TCPConnector(limit=4))

        async def show(request):
            async with session.get(f"http://{SERVICES['catalogue']}:8080/items/{chance.randrange(40)}",
                                   headers={"Host": "catalogue", **trace(request)}) as r:
                await r.read()
            count(log, request, 200)
            return web.json_response({"lines": 3})

        async def add(request):
            await request.read()
            await asyncio.sleep(chance.expovariate(1 / 0.006))
            status = 503 if chance.random() < 0.15 else 201
            count(log, request, status)
            return web.json_response({"ok": status == 201}, status=status)
        await answer([web.get("/cart/{id}", show), web.post("/cart/{id}/items", add)], 8080)
    asyncio.run(main())


def payments(log):
    import grpc
    from concurrent import futures
    chance = random.Random(4)

    def charge(request, context):
        def done(status):
            log.put(("POST", "/payments.Payments/Charge", "200", str(status.value[0])))
        if b"stuck" in request:
            log.put(("POST", "/payments.Payments/Charge", "-", "-"))
            time.sleep(3600)
        time.sleep(min(chance.expovariate(1 / 0.02), 0.25))
        if chance.random() < 0.12:
            done(grpc.StatusCode.UNAVAILABLE)
            context.abort(grpc.StatusCode.UNAVAILABLE, "no acquirer answers")
        if b'"amount": 0' in request:
            done(grpc.StatusCode.INVALID_ARGUMENT)
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "amount is zero")
        done(grpc.StatusCode.OK)
        return b'{"receipt": 1}'
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("payments.Payments", {
        "Charge": grpc.unary_unary_rpc_method_handler(charge)}),))
    server.add_insecure_port("0.0.0.0:50051")
    server.start()
    server.wait_for_termination()


def frontend(log):
    import grpc
    from aiohttp import ClientSession, TCPConnector, web
    chance = random.Random(1)

    async def main():
        session = ClientSession(connector=TCPConnector(limit=4))
        charge = grpc.aio.insecure_channel(f"{SERVICES['payments']}:50051", options=(
            ("grpc.default_authority", "payments"),)).unary_unary("/payments.Payments/Charge")

        async def call(request, method, service, path, **more):
            async with session.request(method, f"http://{SERVICES[service]}:8080{path}",
                                       headers={"Host": service, **trace(request)}, **more) as r:
                await r.read()
                return r.status

        async def home(request):
            await asyncio.sleep(chance.expovariate(1 / 0.002))
            count(log, request, 200)
            return web.Response(text="<h1>shop</h1>", content_type="text/html")

        async def item(request):
            status = await call(request, "GET", "catalogue", f"/items/{request.match_info['id']}")
            count(log, request, status)
            return web.Response(text="item", status=status)

        async def basket(request):
            number = request.match_info["id"]
            if request.method == "POST":
                status = await call(request, "POST", "cart", f"/cart/{number}/items", json={"item": 7})
                status = 502 if status == 503 else 303
            else:
                status = await call(request, "GET", "cart", f"/cart/{number}")
            count(log, request, status)
            return web.Response(text="cart", status=status)

        async def checkout(request):
            body = await request.text()
            try:
                await charge(body.encode(), timeout=None if "stuck" in body else 2,
                             metadata=tuple((k.lower(), v) for k, v in trace(request).items()))
                status = 200
            except grpc.aio.AioRpcError as error:
                status = 400 if error.code() == grpc.StatusCode.INVALID_ARGUMENT else 502
            count(log, request, status)
            return web.Response(text="done", status=status)
        await answer([web.get("/", home), web.get("/item/{id}", item), web.get("/cart/{id}", basket),
                      web.post("/cart/{id}", basket), web.post("/checkout", checkout),
                      web.get("/healthz", home)], 8080)
    asyncio.run(main())


def shopper(log):
    from aiohttp import ClientSession, ClientTimeout, TCPConnector
    chance = random.Random(5)
    base = f"http://{SERVICES['frontend']}:8080"

    async def main():
        async with ClientSession(connector=TCPConnector(limit=6), timeout=ClientTimeout(3600),
                                 headers={"Host": "frontend", "User-Agent": "Mozilla/5.0"}) as session:
            async def visit(step, stuck=False):
                kind = chance.random()
                ids = {"traceparent": f"00-{chance.getrandbits(128):032x}-{chance.getrandbits(64):016x}-01",
                       "x-request-id": f"{chance.getrandbits(32):08x}"}
                if stuck:
                    log.put(("POST", "/checkout", "-", "-"))
                    ask = session.post(f"{base}/checkout", data='{"order": "stuck"}', headers=ids)
                elif kind < 0.25:
                    ask = session.get(f"{base}/", headers=ids)
                elif kind < 0.5:
                    ask = session.get(f"{base}/item/{chance.randrange(40)}?ref=mail", headers=ids)
                elif kind < 0.65:
                    ask = session.get(f"{base}/cart/{8800 + step}", headers=ids)
                elif kind < 0.8:
                    ask = session.post(f"{base}/cart/{8800 + step}", data="item=7", headers=ids,
                                       allow_redirects=False)
                else:
                    body = '{"amount": %d}' % chance.choice((0, 1200, 990, 4500))
                    ask = session.post(f"{base}/checkout", data=body, headers=ids)
                async with ask as r:
                    await r.read()
            until, step, tasks = time.monotonic() + SECONDS, 0, []
            while time.monotonic() < until:
                tasks.append(asyncio.create_task(visit(step, stuck=step == 100)))
                step += 1
                await asyncio.sleep(chance.expovariate(1 / 0.16))
            await asyncio.sleep(1)
            log.put(None)
            await asyncio.sleep(3600)
    asyncio.run(main())


def monitor(log):
    from aiohttp import ClientSession

    async def main():
        async with ClientSession(headers={"Host": "frontend", "User-Agent": "monitor/1"}) as session:
            while True:
                async with session.get(f"http://{SERVICES['frontend']}:8080/healthz") as r:
                    await r.read()
                await asyncio.sleep(3)
    asyncio.run(main())


def start(role, log):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    enter(role.__name__)
    run("ip", "link", "set", "lo", "up")
    role(log)


@scenario(SCENARIOS, **{"mesh.pcapng":
          "the sample: a shop of frontend, cart, catalogue (aiohttp) and payments (grpcio), "
          "each with its own address, with failures, a slow tail and one order that hangs"})
def mesh(lab):
    lay_network()
    log = multiprocessing.Queue()
    roles = [catalogue, cart, payments, frontend]
    running = [multiprocessing.Process(target=start, args=(role, log), daemon=True) for role in roles]
    for process in running:
        process.start()
    time.sleep(2)
    rows = collections.Counter()
    with lab.capture("mesh.pcapng", interface="mesh0"):
        for role in (shopper, monitor):
            running.append(multiprocessing.Process(target=start, args=(role, log), daemon=True))
            running[-1].start()
        while (row := log.get(timeout=60)) is not None:
            rows[row] += 1
    for process in running:
        process.kill()
    while not log.empty():
        rows[log.get()] += 1
    lab.truth("mesh.pcapng", rows, "the services' own logs; an order without an answer is the client's")

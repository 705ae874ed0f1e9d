"""gRPC: Python's grpcio on both sides, all four shapes, and how calls fail."""
import collections
import threading
import time
from concurrent import futures

from .lab import HOST, scenario, wait_for

SCENARIOS = {}
SERVICE = "shop.v1.Cart"


class Handlers:
    """The server. `log` gets (path, status) of what each call ended with."""

    def __init__(self, grpc):
        self.grpc = grpc
        self.cancelled = threading.Event()

    def unary(self, request, context):
        code = self.grpc.StatusCode
        if request == b"missing":
            context.abort(code.NOT_FOUND, "no such cart: ünknown 100 %")
        if request == b"crash":
            raise RuntimeError("boom")
        if request == b"late":
            time.sleep(1)
        if request == b"wait":
            context.add_callback(self.cancelled.set)
            self.cancelled.wait(5)
        context.set_trailing_metadata((("x-cost", "3"),))
        return request * 2

    def server_stream(self, request, context):
        for i in range(5):
            yield b"part %d" % i
        if request == b"break":
            context.abort(self.grpc.StatusCode.UNAVAILABLE, "half way")

    def client_stream(self, requests, context):
        return b"%d" % sum(1 for _ in requests)

    def bidi(self, requests, context):
        for r in requests:
            yield b"echo " + r

    def service(self):
        g = self.grpc
        return g.method_handlers_generic_handler(SERVICE, {
            "Get": g.unary_unary_rpc_method_handler(self.unary),
            "List": g.unary_stream_rpc_method_handler(self.server_stream),
            "Fill": g.stream_unary_rpc_method_handler(self.client_stream),
            "Chat": g.stream_stream_rpc_method_handler(self.bidi),
        })


class Client:
    """Makes calls and counts how each ended, as the client saw it."""

    def __init__(self, grpc, port):
        self.grpc = grpc
        self.rows = collections.Counter()
        self.channel = grpc.insecure_channel(f"{HOST}:{port}")

    def call(self, shape, name, argument, on_wire=None, cancel_after=None, **options):
        path = f"/{SERVICE}/{name}"
        code = 0
        try:
            if cancel_after is not None:
                future = getattr(self.channel, shape)(path).future(argument, **options)
                time.sleep(cancel_after)
                future.cancel()
                code = future.code().value[0]
            else:
                answer = getattr(self.channel, shape)(path)(argument, **options)
                if shape.endswith("stream"):
                    collections.deque(answer, 0)
        except self.grpc.RpcError as error:
            code = error.code().value[0]
        self.rows["POST", path, *(on_wire or ("200", str(code)))] += 1


@scenario(SCENARIOS, **{
    "grpc-calls.pcapng": "grpcio server and client on one connection: unary, server, client and bidirectional "
                         "streaming, gzip messages, metadata, a message of 8 KB, deadlines that hold",
    "grpc-errors.pcapng": "the same pair: NOT_FOUND with a percent-encoded message, UNKNOWN from an exception, "
                          "UNIMPLEMENTED, UNAVAILABLE after five messages, deadline exceeded, cancelled by the client"})
def grpc(lab):
    import grpc as g  # needed by this scenario alone
    handlers = Handlers(g)
    server = g.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((handlers.service(),))
    port = server.add_insecure_port(f"{HOST}:50051")
    server.start()
    with lab.capture("grpc-calls.pcapng"):
        client = Client(g, port)
        for i in range(4):
            client.call("unary_unary", "Get", b"cart %d" % i, timeout=5,
                        metadata=(("x-request-id", f"r{i}"),
                                  ("traceparent", f"00-{i + 1:032x}-{i + 1:016x}-01")))
        client.call("unary_unary", "Get", bytes(range(256)) * 30)
        client.call("unary_unary", "Get", b"z" * 5000, compression=g.Compression.Gzip)
        client.call("unary_stream", "List", b"all")
        client.call("stream_unary", "Fill", iter([b"one", b"two", b"three"]))
        client.call("stream_stream", "Chat", iter([b"a", b"bb", b"ccc"]))
        client.channel.close()
    lab.truth("grpc-calls.pcapng", client.rows, "the client's own log: status as it saw it")
    with lab.capture("grpc-errors.pcapng"):
        client = Client(g, port)
        client.call("unary_unary", "Get", b"good")
        client.call("unary_unary", "Get", b"missing")
        client.call("unary_unary", "Get", b"crash")
        client.call("unary_unary", "Nowhere", b"")
        client.call("unary_stream", "List", b"break")
        # The client gives up; no grpc-status is sent in time.
        client.call("unary_unary", "Get", b"late", timeout=0.3, on_wire=("-", "-"))
        client.call("unary_unary", "Get", b"wait", cancel_after=0.2, on_wire=("-", "-"))
        wait_for(handlers.cancelled.is_set, "the server to see the cancellation")
        time.sleep(1)
        client.channel.close()
    lab.truth("grpc-errors.pcapng", client.rows, "the client's own log; calls it gave up have no status on the wire")
    server.stop(0)

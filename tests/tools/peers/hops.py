"""Several hops, several observation points, tagged and tunnelled copies."""
import socket
import struct
import threading

from . import files
from .lab import HOST, HOST2, curl, run, scenario, wait_for

SCENARIOS = {}
BACK = """server {{ listen {listen}; location = /broken {{ return 503 "broken\\n"; }}
  location / {{ return 200 "hello\\n"; }} }}"""

HAPROXY = """
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
  log stdout format raw local0
  log-format "%HM\\t%HPO\\t%ST"
  option http-server-close
frontend front
  bind {host}:8090
  unique-id-format %[uuid()]
  unique-id-header x-request-id
  default_backend back
backend back
  option forwardfor
  server one {back}:8080 {options}
"""


def haproxy(lab, options=""):
    conf = lab.tmp / "haproxy.cfg"
    conf.write_text(HAPROXY.format(host=HOST, back=HOST2, options=options).replace("\\t", "\t"))
    return lab.spawn("haproxy", "-db", "-f", conf, port=8090, log="haproxy.log")


def two_hops(lab, name, listen, options=""):
    back = lab.nginx(BACK.format(listen=listen))
    front = haproxy(lab, options)
    base = f"http://{HOST}:8090"
    with lab.capture(name):
        for i in range(4):
            curl(f"{base}/cart/{i}", "-H", "Host: cart.example")
        curl(f"{base}/broken")
        curl(f"{base}/cart/1", f"{base}/cart/2", "-o", "/dev/null")
        curl(f"{base}/cart", "-d", "item=7")
    lab.stop(front)
    lab.stop(back)
    rows = lab.rows("nginx.log") + lab.rows("haproxy.log")
    lab.truth(name, rows, "the access logs of haproxy and nginx, added up: both hops are seen")


@scenario(SCENARIOS, **{"hops-haproxy.pcapng":
          "curl to haproxy to nginx, both hops in one capture, joined by x-request-id"})
def hops_haproxy(lab):
    two_hops(lab, "hops-haproxy.pcapng", f"{HOST2}:8080")


@scenario(SCENARIOS, **{"hops-proxy-protocol.pcapng":
          "as hops-haproxy, with PROXY v2 before each connection to nginx"})
def hops_proxy_protocol(lab):
    two_hops(lab, "hops-proxy-protocol.pcapng", f"{HOST2}:8080 proxy_protocol", "send-proxy-v2")


def pump(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def connect_proxy(listener, rows):
    client, _ = listener.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4096)
    host, _, port = head.split(b" ")[1].decode().rpartition(":")
    with client, socket.create_connection((host, int(port))) as server:
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        rows["CONNECT", "-", "200"] = 1
        other = threading.Thread(target=pump, args=(server, client))
        other.start()
        pump(client, server)
        other.join()


@scenario(SCENARIOS, **{"hops-connect.pcapng":
          "curl through a CONNECT proxy of ours to nginx: the tunnel's HTTP is seen at both hops"})
def hops_connect(lab):
    back = lab.nginx(BACK.format(listen=f"{HOST2}:8080"))
    rows = {}
    listener = socket.create_server((HOST, 8091))
    proxy = threading.Thread(target=connect_proxy, args=(listener, rows))
    proxy.start()
    with lab.capture("hops-connect.pcapng"):
        run("curl", "-s", "-p", "-x", f"http://{HOST}:8091", f"http://{HOST2}:8080/tunnelled",
            f"http://{HOST2}:8080/broken")
        proxy.join(5)
    lab.stop(back)
    inner = lab.rows("nginx.log")
    lab.truth("hops-connect.pcapng", {**rows, **{r: 2 * n for r, n in inner.items()}},
              "the proxy's own log, and nginx's counted twice")


def bridge(lab):
    """client and server in namespaces of their own, joined by a bridge here."""
    run("ip", "link", "add", "br0", "type", "bridge")
    for name, address in (("client", "10.2.0.9"), ("server", "10.2.0.1")):
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"v-{name}", "master", "br0", "up")
        run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
    run("ip", "link", "set", "br0", "up")


@scenario(SCENARIOS, **{
    "copies-any.pcap": "curl and nginx in two network namespaces on a bridge, tcpdump -i any on the host: every "
                       "packet is seen at up to three interfaces (SLL2)",
    "copies-mirror.pcapng": "the same exchanges as a mirror port gives them: every packet twice, the second with "
                            "one router hop less (TTL, checksum)",
    "tunnel-qinq.pcapng": "the same exchanges under two VLAN tags (rewritten by tests/tools/peers/hops.py)",
    "tunnel-vxlan.pcapng": "the same exchanges in VXLAN (rewritten likewise)"})
def copies(lab):
    bridge(lab)
    server = lab.nginx(BACK.format(listen="10.2.0.1:8080"), netns="server")
    plain = lab.tmp / "plain.pcapng"
    with lab.capture("copies-any.pcap", "tcpdump", "any"), lab.capture(plain.name, interface="v-client"):
        for path in ("/cart/1", "/cart/2", "/broken", "/cart/3?x=1"):
            run("ip", "netns", "exec", "client", "curl", "-s", f"http://10.2.0.1:8080{path}")
        wait_for(lambda: sum(lab.rows("nginx.log").values()) == 4, "nginx's log")
    lab.stop(server)
    (lab.data / plain.name).unlink()
    rows = lab.rows("nginx.log")
    caught = list(files.packets(plain))
    files.write(lab.data / "copies-mirror.pcapng", 1, mirrored(caught))
    files.write(lab.data / "tunnel-qinq.pcapng", 1, ((t, tagged(p, (100, 7))) for t, p in caught))
    files.write(lab.data / "tunnel-vxlan.pcapng", 1, ((t, vxlan(p, 42)) for t, p in caught))
    for name in ("copies-any.pcap", "copies-mirror.pcapng", "tunnel-qinq.pcapng", "tunnel-vxlan.pcapng"):
        lab.truth(name, rows, "nginx's access log")


NAT = """table ip nat {
  chain before { type nat hook prerouting priority -100;
                 ip daddr 10.3.9.9 tcp dport 80 dnat to 10.3.2.2:8080; }
  chain after { type nat hook postrouting priority 100; oifname "n-server" masquerade; }
}"""


@scenario(SCENARIOS, **{"hops-nat.pcap":
          "curl to a virtual address that nftables translates to nginx's, both addresses of both ends; tcpdump -i any "
          "on the router sees each connection before and behind"})
def hops_nat(lab):
    for name, net in (("client", "10.3.1"), ("server", "10.3.2")):
        inside = f"nat-{name}"
        run("ip", "netns", "add", inside)
        run("ip", "link", "add", f"n-{name}", "type", "veth", "peer", "name", "eth0", "netns", inside)
        run("ip", "address", "add", f"{net}.1/24", "dev", f"n-{name}")
        run("ip", "link", "set", f"n-{name}", "up")
        run("ip", "-n", inside, "address", "add", f"{net}.2/24", "dev", "eth0")
        run("ip", "-n", inside, "link", "set", "eth0", "up")
        run("ip", "-n", inside, "route", "add", "default", "via", f"{net}.1")
    run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    rules = lab.tmp / "nat.nft"
    rules.write_text(NAT)
    run("nft", "-f", rules)
    server = lab.nginx(BACK.format(listen="10.3.2.2:8080"), netns="nat-server")
    paths = ("/cart/1", "/cart/2", "/broken", "/cart/3?x=1")
    with lab.capture("hops-nat.pcap", "tcpdump", "any"):
        for path in paths:
            run("ip", "netns", "exec", "nat-client", "curl", "-s", f"http://10.3.9.9{path}")
        wait_for(lambda: sum(lab.rows("nginx.log").values()) == len(paths), "nginx's log")
    lab.stop(server)
    rows = {row: 2 * n for row, n in lab.rows("nginx.log").items()}
    lab.truth("hops-nat.pcap", rows, "nginx's access log counted twice: both sides of the translation are seen")


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mirrored(rows):
    """Each packet, and its copy after one more router, 20 us later."""
    for (high, low), packet in rows:
        yield (high, low), packet
        ip = bytearray(packet[14:34])
        ip[8] -= 1
        ip[10:12] = b"\0\0"
        ip[10:12] = struct.pack("!H", checksum(bytes(ip)))
        ns = (high << 32 | low) + 20000
        yield (ns >> 32, ns & 0xffffffff), packet[:14] + bytes(ip) + packet[34:]


def tagged(packet, tags):
    outer = b"".join(struct.pack("!HH", 0x88a8 if i == 0 else 0x8100, tag) for i, tag in enumerate(tags))
    return packet[:12] + outer + packet[12:]


def vxlan(packet, vni):
    inner = struct.pack("!II", 0x08000000, vni << 8) + packet
    udp = struct.pack("!HHHH", 50000, 4789, len(inner) + 8, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(inner), 0, 0, 64, 17, 0,
                     bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\2" + bytes(11) + b"\x08\x00" + ip + udp + inner



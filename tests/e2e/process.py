"""What the scripts ask the kernel of a process."""
import pathlib
import signal


def catches_signals(pid):
    """From then on meshtop has opened all that it needs, and an interruption ends it well."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGINT - 1) & 1)


def connections_to(port):
    """Of this network namespace, to a port of IPv4: those of which an end is still held."""
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    ends = [(line.split()[2], line.split()[9]) for line in lines]
    return sum(int(to.rpartition(":")[2], 16) == port and inode != "0" for to, inode in ends)

"""What meshtop says of a capture, for the scripts that compare it."""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Refused(Exception):
    """meshtop ended with an error; its message."""


def default_meshtop():
    return os.environ.get("MESHTOP", str(ROOT / "build/release/cli/meshtop"))


def has_thread_sanitizer(meshtop):
    """It makes a program ten times slower."""
    program = pathlib.Path(meshtop).read_bytes()
    return b"libtsan" in program or b"ThreadSanitizer" in program


def can_export(meshtop):
    """Whether this meshtop has the export command (it grew by steps)."""
    done = subprocess.run([meshtop, "export", "--help"], capture_output=True, check=False)
    return done.returncode == 0 and b"--jsonl" in done.stdout


def export(meshtop, *captures, options=(), timeout=120):
    """The exchanges of captures, as dictionaries; ends with an error: Refused."""
    done = subprocess.run([meshtop, "export", "--jsonl", *options, "-r", *map(str, captures)],
                          capture_output=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line]
    if done.returncode != 0:
        raise Refused(done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}")
    return rows


def attribute(row, name):
    """The value of an attribute of an exchange, or None."""
    return next((a["value"] for a in row.get("attributes", []) if a["name"] == name), None)

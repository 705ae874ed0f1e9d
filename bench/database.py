"""The database that bench/tui and bench/web look into: made once, in build/bench."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def database(rows):
    """Path of one with so many exchanges and 10 000 routes."""
    schema = re.search(r"MT_SCHEMA_VERSION = (\d+)", (ROOT / "store" / "schema.h").read_text())[1]
    path = ROOT / "build" / "bench" / f"routes-{rows}-{schema}.db"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        subprocess.run([ROOT / "build/dist/bench/bench_store", part, "routes", str(rows)], check=True,
                       stdout=subprocess.DEVNULL)
        part.rename(path)
    return str(path)

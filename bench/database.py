"""The database that bench/tui and bench/web look into: made once, in build/bench."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def database(rows):
    """Path of one with so many exchanges and 10 000 routes."""
    path = ROOT / "build" / "bench" / f"routes-{rows}.db"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        subprocess.run([ROOT / "build/dist/bench/bench_store", part, "routes", str(rows)], check=True,
                       stdout=subprocess.DEVNULL)
        part.rename(path)
    return str(path)

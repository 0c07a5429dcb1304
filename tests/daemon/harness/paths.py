"""Where the programs are. BELFRY_BUILD names another build folder (for example one with sanitizers)."""
import glob
import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("BELFRY_BUILD", ROOT / "build")).resolve()


def program(name):
    """The path of one of our programs; a clear failure when it was not built."""
    path = BUILD / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: build first, or set BELFRY_BUILD")
    return str(path)


def postgres_bin():
    """The newest server programs that Debian's packages installed; a `postgres` on the PATH may be anything."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if not found:
        raise FileNotFoundError("no PostgreSQL server in /usr/lib/postgresql: apt-get install postgresql")
    return max((Path(p).parent for p in found), key=lambda p: int(re.sub(r"\D", "", p.parent.name)))


def sanitized():
    """Is this a build with AddressSanitizer? Figures of memory and speed then say nothing."""
    return b"__asan_init" in Path(program("belfry-agent")).read_bytes()

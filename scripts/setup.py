"""Makes ``.venv`` in the checkout with cms_ssg and its tools in it. Needs only Python and a package index; no root.

``python3 scripts/setup.py [EXTRA …]`` installs the named extras of pyproject.toml (``dev`` if none). It
does nothing when the environment already fits. Where Python comes without ensurepip (Debian), pip itself
is taken from the index that pip is configured for, and checked against the index's SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"


class SetupError(Exception):
    """Something the user can mend."""


def main(extras: list[str]) -> None:
    """Bring the environment up to date."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this very file is run by any Python
        raise SetupError(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}; run make PYTHON=python3.12 …")
    stamp, wanted = ENVIRONMENT / "made-by-setup", make_stamp()
    known = stamp.read_text().split("\n") if stamp.exists() else []
    if known[:1] == [wanted] and set(extras) <= set(known[1:]):
        return
    extras = sorted({*extras, *(known[1:] if known[:1] == [wanted] else [])})
    tell(f"Setting up {ENVIRONMENT} (once, and after changes of pyproject.toml); some minutes on a slow line.")
    python = make_environment(ENVIRONMENT)
    run_told(
        python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off", "--editable", f"{ROOT}[{','.join(extras)}]"
    )
    stamp.write_text("\n".join([wanted, *extras]))


def make_stamp() -> str:
    """Digest of what decides about the environment's contents."""
    parts = (ROOT / "pyproject.toml").read_bytes() + Path(__file__).read_bytes() + sys.version.encode() + str(ROOT).encode()
    return hashlib.sha256(parts).hexdigest()


def make_environment(folder: Path) -> Path:
    """Make a virtual environment with pip in it unless folder is one that works; return its Python."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not works(python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"):
        import venv

        venv.EnvBuilder(clear=True, symlinks=os.name != "nt").create(folder)
    if works(python, "-m", "pip", "--version"):
        return python
    if find_spec("ensurepip") and works(python, "-m", "ensurepip", "--upgrade", "--default-pip"):
        return python
    from fetch_pip import FetchError, fetch_pip

    with tempfile.TemporaryDirectory() as scratch:
        try:
            wheel = fetch_pip(Path(scratch), os.environ)
        except FetchError as error:
            said = f"this Python has no ensurepip, and pip cannot be downloaded: {error}"
            raise SetupError(f"{said}\nInstall python3-venv, or set PIP_INDEX_URL.") from error
        run(python, f"{wheel}/pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", str(wheel))
    return python


def tell(text: str) -> None:
    """Say on stderr how far it is."""
    print(text, file=sys.stderr, flush=True)


def run_told(program: Path, *arguments: str) -> None:
    """Run pip, which must succeed, saying a line for each package that it fetches; all that it said where it fails."""
    process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    assert process.stdout is not None
    said = []
    with ExitStack() as installing:
        for line in process.stdout:
            said.append(line)
            verb, _, rest = line.strip().partition(" ")
            if verb == "Collecting":
                tell(f"  fetching {rest.partition(' ')[0]}")
            elif line.startswith("Installing collected packages"):
                packages = line.count(",") + 1
                tell(f"  installing {packages} packages; this can take some minutes")
                installing.enter_context(telling_how_far(ENVIRONMENT, packages))
    if process.wait():
        raise SetupError(f"this command failed: {' '.join([str(program), *arguments])}\n{''.join(said[-30:])}")


@contextmanager
def telling_how_far(folder: Path, packages: int, every_s: float = 10.0) -> Iterator[None]:
    """Say every few seconds how many packages an environment has got since then: pip prints nothing while it installs."""
    before, done = count_packages(folder), threading.Event()

    def tell_again() -> None:
        while not done.wait(every_s):
            tell(f"  {min(count_packages(folder) - before, packages)} of {packages} packages installed")

    thread = threading.Thread(target=tell_again, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def count_packages(folder: Path) -> int:
    """How many packages an environment holds."""
    return sum(1 for where in ("Lib", "lib/python*") for _ in folder.glob(f"{where}/site-packages/*.dist-info"))


def works(program: Path, *arguments: str) -> bool:
    """Whether a command exists and succeeds."""
    try:
        return subprocess.run([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def run(program: Path, *arguments: str) -> None:
    """Run a command that must succeed."""
    code = subprocess.run([program, *arguments], check=False).returncode
    if code:
        raise SetupError(f"this command failed with code {code}: {' '.join([str(program), *arguments])}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:] or ["dev"])
    except (SetupError, OSError) as error:
        sys.exit(f"setup: {error}")

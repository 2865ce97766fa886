"""The wheel: complete, and able to make and build a site in an environment that knows no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUNDLED = ("content_schema", "sql", "themes")
SITE_PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"


def run(*command: object, cwd: Path) -> str:
    """Run a command that must succeed, without this environment's settings; return its standard output."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CMS_", "PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    return next(folder.glob("cms_ssg-*.whl"))


def test_wheel_carries_every_module_theme_schema_migration_and_starter(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    shown = subprocess.run(["git", "ls-files", "-z", "cms_ssg", *BUNDLED], cwd=ROOT, capture_output=True, text=True)
    if shown.returncode:
        pytest.skip("not a git checkout")
    expected = {
        name if name.startswith("cms_ssg/") else f"cms_ssg/{name}" for name in shown.stdout.split("\0") if name and (ROOT / name).exists()
    }
    assert expected - inside == set()
    assert not [name for name in inside if name.startswith("cms_ssg/") and ("__pycache__" in name or "/.cms/" in name)]


@pytest.mark.parametrize("is_empty", [False, pytest.param(True, marks=pytest.mark.long)])
def test_wheel_in_an_environment_without_the_checkout_makes_and_builds_a_site(wheel: Path, tmp_path: Path, is_empty: bool) -> None:
    """is_empty: what it needs is installed anew, not taken from the environment of this run."""
    run(sys.executable, "-m", "venv", "--without-pip", "environment", cwd=tmp_path)
    environment, site = tmp_path / "environment", tmp_path / "site"
    if not is_empty:
        ours, theirs = (
            Path(run(python, "-c", SITE_PACKAGES, cwd=tmp_path).strip()) for python in (sys.executable, environment / "bin" / "python")
        )
        (theirs / "needed.pth").write_text(f"{ours}\n")  # the .pth files in there, of the checkout too, are not read
    needed = [] if is_empty else ["--no-deps"]
    run(sys.executable, "-m", "pip", "--python", environment, "install", "--quiet", "--no-compile", *needed, wheel, cwd=tmp_path)
    cms = environment / "bin" / "cms"
    where = run(environment / "bin" / "python", "-c", "import cms_ssg; print(cms_ssg.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(environment)
    run(cms, "init", site, "--starter", "blog", cwd=tmp_path)
    try:
        result = json.loads(run(cms, "-C", site, "build", "--json", cwd=tmp_path))
        assert result["failed"] == 0
        assert result["written"] > 5
        assert "<html" in (site / "build" / "index.html").read_text("utf-8")
        again = json.loads(run(cms, "-C", site, "build", "--json", cwd=tmp_path))
        assert (again["rendered"], again["written"]) == (0, 0)
    finally:
        run(cms, "-C", site, "db", "stop", cwd=tmp_path)

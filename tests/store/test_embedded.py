"""The embedded Postgres: quick to find, hard to break, closed to everybody else. All of it on real servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from cms_ssg.errors import CmsError
from cms_ssg.store import embedded
from cms_ssg.store.connect import connect
from tests.store.conftest import copy_cluster

ROOT = Path(__file__).parents[2]
START = "import sys; from pathlib import Path; from cms_ssg.store import embedded; print(embedded.start(Path(sys.argv[1])))"


def run(code: str, *arguments: object, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run Python code that knows this checkout."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env=environ, capture_output=True, text=True, check=check)


def pid_of(site: Path) -> int:
    return int((embedded.data_folder(site) / "postmaster.pid").read_text().split()[0])


def kill(site: Path) -> None:
    os.kill(pid_of(site), signal.SIGKILL)
    while embedded.is_running(site):
        time.sleep(0.001)


def note(url: str, text: str) -> None:
    """Store a row that is on disk when this returns."""
    with connect(url, autocommit=True) as conn:
        conn.execute("SET synchronous_commit = on")
        conn.execute("CREATE TABLE IF NOT EXISTS public.notes (text text)")
        conn.execute("INSERT INTO public.notes VALUES (%s)", [text])


def notes(url: str) -> list[str]:
    with connect(url) as conn:
        return [row[0] for row in conn.execute("SELECT text FROM public.notes")]


def failure(site: Path) -> str:
    with pytest.raises(CmsError) as caught:
        embedded.start(site)
    assert caught.value.problems[0].hint
    return caught.value.problems[0].code


# -- starting and stopping -------------------------------------------------------------------------


def test_first_start_makes_the_database_and_prints_nothing(site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    url = embedded.start(site)
    with connect(url) as conn:
        assert conn.info.dbname == "cms"
        assert conn.info.server_version >= 150000
    assert capfd.readouterr() == ("", "")


def test_running_server_is_found_without_starting_a_program(made_site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not embedded.is_running(made_site)
    url = embedded.start(made_site)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", None)
        assert embedded.start(made_site) == url
    assert embedded.is_running(made_site)


def test_server_outlives_the_command_and_is_found_by_the_next(made_site: Path) -> None:
    first = run(START, made_site, check=True)
    pid = pid_of(made_site)
    assert run(START, made_site, check=True).stdout == first.stdout
    assert pid_of(made_site) == pid
    assert os.getsid(pid) not in (os.getsid(0), 0)


def test_interrupt_of_the_terminal_does_not_reach_the_server(made_site: Path) -> None:
    code = START + "; import time; sys.stdout.flush(); time.sleep(60)"
    command = subprocess.Popen(
        [sys.executable, "-c", code, made_site],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    )
    with command:
        assert command.stdout
        assert command.stdout.readline()
        os.killpg(command.pid, signal.SIGINT)
        command.communicate()
    assert command.returncode != 0
    assert embedded.is_running(made_site)


def test_stop_does_not_wait_for_somebody_connected_and_keeps_the_data(made_site: Path) -> None:
    url = embedded.start(made_site)
    note(url, "kept")
    with psycopg.connect(url):
        assert embedded.stop(made_site)
    assert not embedded.is_running(made_site)
    assert not embedded.stop(made_site)
    assert notes(embedded.start(made_site)) == ["kept"]


def test_site_without_a_database_has_nothing_to_stop(tmp_path: Path) -> None:
    assert not embedded.stop(tmp_path)
    assert not embedded.is_running(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_processes_that_start_at_once_share_one_server(site: Path) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(run(START, site, check=True).stdout)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert len(set(answers)) == 1


# -- accidents -------------------------------------------------------------------------------------


def test_start_after_the_server_was_killed_keeps_the_data(made_site: Path) -> None:
    note(embedded.start(made_site), "kept")
    kill(made_site)
    assert notes(embedded.start(made_site)) == ["kept"]


def test_start_after_a_reboot_gave_the_number_to_another_process(made_site: Path) -> None:
    note(embedded.start(made_site), "kept")
    old = str(pid_of(made_site))
    kill(made_site)
    with subprocess.Popen(["sleep", "60"], cwd=made_site) as other:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            file = embedded.data_folder(made_site) / name
            file.write_text(file.read_text().replace(old, str(other.pid), 1))
        assert not embedded.is_running(made_site)
        assert not embedded.stop(made_site)
        assert notes(embedded.start(made_site)) == ["kept"]
        assert other.poll() is None
        other.terminate()


def test_start_after_commands_were_killed_while_the_database_was_made(site: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    for delay_s in (0.1, 0.2, 0.3, 0.4, 0.5):
        with subprocess.Popen([sys.executable, "-c", START, site], env=environ, stdout=subprocess.DEVNULL) as command:
            time.sleep(delay_s)
            command.kill()
    url = embedded.start(site)
    note(url, "works")
    assert notes(url) == ["works"]


def test_folder_that_was_moved_while_the_server_runs_keeps_its_server(made_site: Path, tmp_path: Path) -> None:
    note(embedded.start(made_site), "kept")
    pid = pid_of(made_site)
    moved = made_site.rename(tmp_path / "moved")
    assert notes(embedded.start(moved)) == ["kept"]
    assert pid_of(moved) == pid
    made_site.mkdir()
    assert not embedded.is_running(made_site)
    assert embedded.stop(moved)
    moved_again = moved.rename(tmp_path / "moved again")
    assert notes(embedded.start(moved_again)) == ["kept"]


def test_folder_that_was_copied_while_the_server_runs_is_refused(made_site: Path, tmp_path: Path) -> None:
    url = embedded.start(made_site)
    subprocess.run(["cp", "-a", made_site, tmp_path / "copy"], check=True)
    assert not embedded.is_running(tmp_path / "copy")
    assert failure(tmp_path / "copy") == "db.copied"
    embedded.stop(made_site)
    note(embedded.start(tmp_path / "copy"), "in the copy")
    assert embedded.start(made_site) == url


def test_long_path_and_odd_characters_still_have_a_socket(tmp_path: Path) -> None:
    for name in ("x" * 120, "a, b", "it's \\ here überblick 報道"):
        folder = tmp_path / name
        folder.mkdir()
        url = embedded.start(folder)
        try:
            note(url, name)
            assert notes(embedded.start(folder)) == [name]
        finally:
            assert embedded.stop(folder)


def test_link_folder_that_is_not_private_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with tempfile.TemporaryDirectory(prefix="cms-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        private = Path(runtime) / f"cms-ssg-{os.geteuid()}"
        private.mkdir()
        private.chmod(0o755)
        assert failure(folder) == "db.socket-dir"
        assert not embedded.data_folder(folder).exists()
        private.chmod(0o700)
        embedded.start(folder)
        assert len(list(private.iterdir())) == 1
        assert embedded.stop(folder)


def test_link_folder_with_a_long_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_cluster: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    copy_cluster(made_cluster, folder)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    note(embedded.start(folder), "works")
    assert embedded.stop(folder)
    assert [path.name for path in folder.iterdir()] == [".cms"]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can mount a small disk")
def test_full_disk_is_told_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("this root may not mount")
    try:
        assert failure(tmp_path) == "db.disk-full"
        assert not embedded.data_folder(tmp_path).exists()
        subprocess.run(["mount", "-o", "remount,size=200m", tmp_path], check=True)
        note(embedded.start(tmp_path), "works")
        assert embedded.stop(tmp_path)
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_database_of_another_major_version_is_refused_with_the_way_out(made_site: Path) -> None:
    (embedded.data_folder(made_site) / "PG_VERSION").write_text("99\n")
    assert failure(made_site) == "db.major"


def test_environment_without_the_wheel_is_told_to_set_an_address(tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); " + START
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, tmp_path], capture_output=True, text=True)
    assert "[db.no-embedded]" in done.stderr
    assert "CMS_DATABASE_URL" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_conninfo_names_host_user_and_database(made_site: Path) -> None:
    parts = conninfo_to_dict(embedded.start(made_site))
    assert (parts["user"], parts["dbname"], Path(str(parts["host"]))) == ("cms", "cms", embedded.data_folder(made_site).resolve())

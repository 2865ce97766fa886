"""Starts a real OpenSearch node on this machine from Maven artifacts, for the tests of its adapter; needs Java 17 and Maven.

`python scripts/opensearch.py` prints the node's URL and runs until it is interrupted. The artifacts are kept by Maven, the class files in
`~/.cache/cms-opensearch`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

VERSION = "2.19.6"
HEAP = "-Xmx512m"
START_S = 180

ARTIFACTS = (
    "org.opensearch:opensearch",
    "org.opensearch.plugin:transport-netty4-client",
    "org.opensearch.plugin:analysis-common",
    "org.opensearch.plugin:geo",
    "org.opensearch.plugin:mapper-extras-client",
    "org.opensearch.plugin:reindex-client",
    "org.opensearch.plugin:lang-painless",
)

NODE = """
import java.util.List;
import org.opensearch.Version;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;

/** A node with the modules that a distribution would have loaded from its folders. */
public class CmsNode extends Node {
    CmsNode(Settings settings, List<Class<? extends Plugin>> modules) {
        super(InternalSettingsPreparer.prepareEnvironment(settings, java.util.Map.of(), null, () -> "cms"), modules, true);
    }

    public static void main(String[] args) throws Exception {
        Settings.Builder settings = Settings.builder();
        for (String arg : args) settings.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        Node node = new CmsNode(settings.build(), List.of(
            org.opensearch.transport.Netty4Plugin.class,
            org.opensearch.analysis.common.CommonAnalysisPlugin.class,
            org.opensearch.geo.GeoModulePlugin.class,
            org.opensearch.index.mapper.MapperExtrasPlugin.class,
            org.opensearch.index.reindex.ReindexPlugin.class,
            org.opensearch.painless.PainlessPlugin.class));
        node.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> { try { node.close(); } catch (Exception e) { } }));
        Thread.currentThread().join();
    }
}
"""

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>cms</groupId><artifactId>node</artifactId><version>1</version>
<dependencies>{dependencies}</dependencies>
</project>
"""


def find_missing() -> str:
    """Which program is not installed, "" if none is missing."""
    return next((name for name in ("java", "javac", "mvn") if shutil.which(name) is None), "")


def prepare(folder: Path) -> str:
    """Fetch the artifacts and compile the node. Returns the class path."""
    folder.mkdir(parents=True, exist_ok=True)
    known = folder / f"classpath-{VERSION}"
    if not known.exists():
        parts = [artifact.split(":") for artifact in ARTIFACTS]
        parts.append(["org.apache.logging.log4j", "log4j-core", "2.25.4"])
        dependencies = "".join(
            f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{rest[0] if rest else VERSION}</version></dependency>"
            for group, name, *rest in parts
        )
        (folder / "pom.xml").write_text(POM.format(dependencies=dependencies), "utf-8")
        subprocess.run(
            ["mvn", "-q", "-B", "dependency:build-classpath", "-Dmdep.outputFile=jars"], cwd=folder, check=True, stdout=sys.stderr
        )
        (folder / "CmsNode.java").write_text(NODE, "utf-8")
        jars = (folder / "jars").read_text("utf-8").strip()
        subprocess.run(["javac", "-cp", jars, "-d", ".", "CmsNode.java"], cwd=folder, check=True, stdout=sys.stderr)
        known.write_text(jars, "utf-8")
    return f"{folder}:{known.read_text('utf-8')}"


def find_port() -> int:
    """A free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Node:
    """A running node. folder: for its data; settings: of OpenSearch beside those that make it a cluster of its own."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None, cache: Path | None = None) -> None:
        classpath = prepare(cache or Path.home() / ".cache/cms-opensearch")
        self.port = find_port()
        self.url = f"http://127.0.0.1:{self.port}"
        values = {
            "path.home": str(folder),
            "cluster.name": "cms-tests",
            "http.port": str(self.port),
            "http.host": "127.0.0.1",
            "transport.host": "127.0.0.1",
            "transport.port": str(find_port()),
            "discovery.type": "single-node",
            "http.type": "netty4",
            "transport.type": "netty4",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **(settings or {}),
        }
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "node.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["java", HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=WARN", "-cp", classpath, "CmsNode"]
                + [f"{name}={value}" for name, value in values.items() if value],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it as a failing machine would."""
        self.process.kill()
        self.process.wait()

    def wait(self) -> None:
        """Wait until it answers. Raises RuntimeError with the end of its log."""
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_cluster/health", timeout=5) as answer:
                    if json.load(answer)["status"] in ("green", "yellow"):
                        return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"the node did not start: {self.log.read_text('utf-8', 'replace')[-3000:]}")

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_cluster(folder: Path, size: int) -> list[Node]:
    """So many nodes of one cluster, each with a folder of its own; the caller waits for them and stops them."""
    ports = [find_port() for _ in range(size)]
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    names = ",".join(f"node-{number}" for number in range(size))
    return [
        Node(folder / f"node-{number}", {
            "node.name": f"node-{number}", "transport.port": str(port), "discovery.type": "", "discovery.seed_hosts": hosts,
            "cluster.initial_cluster_manager_nodes": names,
        })
        for number, port in enumerate(ports)
    ]  # fmt: skip


def main() -> int:
    """Run one node until interrupted."""
    if missing := find_missing():
        print(f"{missing} is not installed; a node needs Java 17 (JDK) and Maven", file=sys.stderr)
        return 1
    folder = Path(os.environ.get("CMS_OPENSEARCH_FOLDER") or tempfile.mkdtemp(prefix="cms-opensearch-"))
    node = Node(folder)
    try:
        node.wait()
        print(node.url, flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        node.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

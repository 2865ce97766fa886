"""What libraries log, said by Output: in its form, from its level up, without secrets."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cms_ssg.cli.output import Output

LEVELS = ((40, "error"), (30, "warning"), (20, "info"), (0, "debug"))


class Bridge(logging.Handler):
    """Hands records on to an Output until it is closed."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self.output = output
        self.before = logging.getLogger().level

    def emit(self, record: logging.LogRecord) -> None:
        name = next(name for least, name in LEVELS if record.levelno >= least)
        self.output.log(name, record.name, self.format(record))

    def close(self) -> None:
        logging.getLogger().removeHandler(self)
        logging.getLogger().setLevel(self.before)
        super().close()


def open_bridge(output: Output) -> Bridge:
    """A handler of the root logger. Of libraries nothing below a warning is heard, unless debug was asked for."""
    bridge = Bridge(output)
    logging.getLogger().addHandler(bridge)
    logging.getLogger().setLevel(logging.DEBUG if output.level == "debug" else logging.WARNING)
    return bridge

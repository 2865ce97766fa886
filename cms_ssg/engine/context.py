"""What the parts of one build share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from cms_ssg.engine.options import BuildOptions
from cms_ssg.site import Site
from cms_ssg.store.lease import Lease
from cms_ssg.store.sites import SiteRow


@dataclass(frozen=True, slots=True)
class BuildContext:
    """One builder at work on one site. row: of the site, as it was when the build began; now: the one time of the build."""

    site: Site
    options: BuildOptions
    connection: Connection
    row: SiteRow
    lease: Lease
    now: datetime

    def commit(self) -> None:
        """Keep what was done so far, as the builder that still has the lease; a dry run keeps nothing.

        Who only read need not call it: the lease is asked in the transactions that write. Raises LeaseLostError.
        """
        if not self.options.dry_run:
            self.lease.renew()
            self.connection.commit()

    def end_reading(self) -> None:
        """Where nothing was written since the last commit, and what comes next takes its time: leave the transaction."""
        if not self.options.dry_run:
            self.connection.rollback()

    def keep_lease(self) -> None:
        """Between two writes, outside a transaction: be sure that this is still the builder. Raises LeaseLostError where it is not."""
        if self.lease.is_old:
            self.commit()

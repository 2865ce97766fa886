"""``cms target``: where a site is published, and what serves it from there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.text.counting import count

MOST_LINES = 20
"""Names that are shown of each kind; --json has all."""

if TYPE_CHECKING:
    from cms_ssg.edge.configure import Writer


@click.group("target")
def target() -> None:
    """Audit the target; print server configurations."""


@click.group("config")
def config() -> None:
    """Print the configuration of a web server or CDN for this site.

    Redirects, 404, 410, headers and a policy for scripts, as the site was last built: print it again when these change.
    """


def print_configuration(call: Call, write: Writer) -> None:
    """Make a configuration and print it; what it cannot do goes to stderr."""
    from cms_ssg.edge.configure import configure

    result = configure(call.root, call.env, write, call.output)
    call.output.problems(result.problems)
    call.output.result({"text": result.text, "problems": result.problems}, result.text.rstrip("\n"))


@site_command("nginx", "cms target config nginx > /etc/nginx/conf.d/site.conf\ncms target config nginx --folder /srv/site --listen 8080")
@click.option("--folder", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the pages on the server (default: the target).")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder with fullchain.pem and privkey.pem (default: certbot's for the host).",
)
@click.option(
    "--listen", type=click.IntRange(1, 65535), metavar="PORT", help="Plain HTTP on this port, behind a proxy that terminates TLS."
)
@click.option("--no-sizes", is_flag=True, help="Leave out lines that nginx allows only once, for a second site.")
def nginx(call: Call, folder: Path | None, certificate: Path | None, listen: int | None, no_sizes: bool) -> None:
    """Print a configuration file for nginx."""
    from cms_ssg.edge.nginx import NginxOptions, write_nginx

    scheme, _, output = call.settings.target.url.partition(":")
    pages = folder or (call.root / output if scheme == "folder" else Path("/srv") / call.settings.name)
    options = NginxOptions(pages.resolve(), certificate, listen or 0, sizes=not no_sizes)
    print_configuration(call, lambda edge: (write_nginx(edge, options), []))


@site_command("cloudfront", "cms target config cloudfront > stack.yaml\ncms target config cloudfront --part keys > keys.json")
@click.option(
    "--part",
    type=click.Choice(["stack", "function", "keys"]),
    default="stack",
    help="The whole CloudFormation stack, its function, or what that looks up.",
)
def cloudfront(call: Call, part: str) -> None:
    """Print a CloudFormation stack for CloudFront and S3."""
    from cms_ssg.edge.cloudfront import write_function, write_keys, write_stack

    print_configuration(call, {"stack": write_stack, "function": write_function, "keys": write_keys}[part])


@site_command("cloudflare", "cms target config cloudflare > worker.js\ncms target config cloudflare --part wrangler > wrangler.toml")
@click.option("--part", type=click.Choice(["worker", "wrangler"]), default="worker", help="The Worker, or the settings to deploy it with.")
def cloudflare(call: Call, part: str) -> None:
    """Print a Worker for Cloudflare and R2."""
    from cms_ssg.edge.cloudflare import write_worker, write_wrangler

    print_configuration(call, {"worker": write_worker, "wrangler": write_wrangler}[part])


@site_command("audit", "cms target audit\ncms target audit --repair")
@click.option("--repair", is_flag=True, help="Write missing and different objects again, and remove orphans.")
@click.option("--confirm-removals", is_flag=True, help="Remove a large number of orphaned objects.")
def audit(call: Call, repair: bool, confirm_removals: bool) -> int:
    """Compare the record of published files with the target.

    Reports missing and different objects, and orphans: objects written for this site that are in no record. Exit 3 if something differs.
    """
    from cms_ssg.diagnostics.audit import audit as run_audit

    result = run_audit(call.root, call.env, repair=repair, confirmed=confirm_removals, reporter=call.output)
    groups = {"missing": result.missing, "different": result.different, "orphaned": result.orphaned, "foreign": result.foreign}
    found = ", ".join(f"{len(names):,} {word}" for word, names in groups.items() if names)
    lines = [f"{count(result.objects, 'object')} listed: {found or 'all as they should be'}"]
    lines += [f"  {word:<10}{name}" for word, names in groups.items() for name in names[:MOST_LINES]]
    wrong = bool(result.missing or result.different or result.orphaned)
    if result.repair is not None:
        call.output.problems(result.repair.problems)
        lines.append(f"{count(result.repair.written, 'object')} written again, {result.removed:,} removed")
        wrong = result.repair.status != "done"
    elif wrong:
        lines.append("cms target audit --repair mends it; foreign objects stay.")
    call.output.result(result, "\n".join(lines))
    return PARTIAL if wrong else DONE


target.add_command(audit)
config.add_command(nginx)
config.add_command(cloudfront)
config.add_command(cloudflare)
target.add_command(config)

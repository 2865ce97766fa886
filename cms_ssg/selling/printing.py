"""Business documents on paper, such as invoices and packing slips: one HTML page each, and the same as PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from cms_ssg.errors import CmsError, fail

STYLE: Final = Markup("""
@page { size: A4; margin: 18mm 16mm; }
body { font: 10.5pt/1.45 "DejaVu Sans", system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff; }
header { display: flex; justify-content: space-between; gap: 2rem; }
header p, address { white-space: pre-line; margin: 0; font-style: normal; }
h1 { font-size: 1.5rem; margin: 2.5rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0 0 1.5rem; }
dd { margin: 0; }
table { width: 100%; border-collapse: collapse; margin-bottom: 1.25rem; }
th, td { text-align: start; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid #bbb; }
th { font-weight: 600; }
tbody th { font-weight: 400; }
tr { break-inside: avoid; }
.n { text-align: end; padding-inline-end: 0; padding-inline-start: .6rem; white-space: nowrap; }
.sums { width: 60%; margin-inline-start: auto; }
.sums tr:last-child > * { font-weight: 700; border: 0; border-top: 2px solid #111; }
footer { white-space: pre-line; margin-top: 2rem; }
@media screen and (max-width: 40rem) {
  header { flex-direction: column-reverse; gap: 1rem; }
  .lines { display: block; overflow-x: auto; }
  .lines th, .lines td { font-size: .85rem; }
  .sums { width: 100%; }
}
@media print { body { margin: 0; max-width: none; padding: 0; } }
""")


@dataclass(frozen=True, slots=True)
class Document:
    """What stands on the paper, as text in its language. sender, recipient: lines; facts: (name, text), such as number and date; columns: headings of the
    table, numeric: how many of the last ones are numbers; sums: (name, amount), the last one in bold; notes: below all.
    """

    title: str
    locale: str
    direction: str
    sender: str
    recipient: Sequence[str]
    facts: Sequence[tuple[str, str]]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: int = 0
    sums: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()


def render_document(document: Document) -> str:
    """The document as a whole HTML page that asks for nothing else."""
    numbers_from = len(document.columns) - document.numeric

    def cell(place: int, text: str, tag: str = "td") -> Markup:
        return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), Markup(' class="n"') if place >= numbers_from else "", text)

    head = Markup("").join(cell(place, text, "th") for place, text in enumerate(document.columns))
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(cell(place, text) for place, text in enumerate(row))) for row in document.rows
    )
    facts = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(name, text) for name, text in document.facts)
    sums = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td class="n">{}</td></tr>').format(name, text) for name, text in document.sums
    )
    return Markup(
        '<!doctype html>\n<html lang="{}" dir="{}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><title>{}</title><style>{}</style></head>\n<body><header><address>{}</address><p>{}</p></header>\n<h1>{}</h1>\n'
        "<dl>{}</dl>\n<table class=lines><thead><tr>{}</tr></thead><tbody>{}</tbody></table>\n{}<footer>{}</footer></body></html>\n"
    ).format(
        document.locale, document.direction, document.title, STYLE, "\n".join(document.recipient), document.sender, document.title, facts, head, body,
        Markup('<table class="sums"><tbody>{}</tbody></table>\n').format(sums) if sums else "", "\n".join(document.notes),
    )  # fmt: skip


def fail_printing(why: str) -> CmsError:
    """The error printing.no-pdf."""
    hint = "pip install 'cms-ssg[pdf]', and the system's package of Pango (libpango-1.0-0, libpangoft2-1.0-0)."
    return fail("printing.no-pdf", f"PDFs cannot be made here: {why}", hint=hint)


def make_pdf(html: str) -> bytes:
    """A document as PDF. Nothing is fetched. Raises CmsError printing.no-pdf where WeasyPrint or Pango is not installed."""
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:
        raise fail_printing(" ".join(str(error).split())[:200]) from None
    made: bytes = HTML(string=html, url_fetcher=_fetch_nothing).write_pdf()
    return made


def _fetch_nothing(url: str, *_: object, **__: object) -> dict[str, object]:
    raise ValueError(f"a document asks for nothing: {url}")

"""The report of an experiment as a picture: each variant's rate with its interval, on one scale."""

from __future__ import annotations

from markupsafe import escape

from cms_ssg.verticals.landing.report import Line, Report

WIDTH, LEFT, RIGHT, ROW, TOP = 720, 150, 200, 44, 56
STYLE = (
    "<style>svg{font:14px system-ui,sans-serif;color:#22262a;background:#fdfcfa}"
    "@media(prefers-color-scheme:dark){svg{color:#e4e2dd;background:#15181b}}</style>"
)


def render_picture(report: Report, *, is_inline: bool = False) -> str:
    """An SVG that reads in light and dark. is_inline: to stand in a page, whose style it has, and which says what is shown."""
    seen = [line for line in report.lines if line.visitors]
    highest = max((line.high for line in seen), default=1.0) or 1.0
    top, below = (4, 4) if is_inline else (TOP, 40)
    height = top + ROW * len(report.lines) + below
    said = f"{report.experiment}: {report.goal}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>{escape(said)}. {escape(report.verdict)}</title>",
        "" if is_inline else STYLE,
        "" if is_inline else f'<text x="16" y="30" fill="currentColor" font-weight="700" font-size="16">{escape(said)}</text>',
        *(_draw_line(line, top + ROW * n + ROW / 2, highest, line.variant == report.winner) for n, line in enumerate(report.lines)),
        ""
        if is_inline
        else f'<text x="16" y="{height - 14}" fill="currentColor">{escape(report.verdict.partition(". ")[0].rstrip("."))}.</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _draw_line(line: Line, y: float, highest: float, is_winner: bool) -> str:
    weight = "700" if is_winner else "400"
    name = f'<text x="16" y="{y + 5:g}" fill="currentColor" font-weight="{weight}">{escape(line.variant)}</text>'
    if not line.visitors:
        return name + f'<text x="{LEFT}" y="{y + 5:g}" fill="currentColor" opacity=".7">nobody yet</text>'
    low, rate, high = (LEFT + (WIDTH - LEFT - RIGHT) * value / highest for value in (line.low, line.rate, line.high))
    return (
        f'{name}<line x1="{low:.1f}" x2="{high:.1f}" y1="{y:g}" y2="{y:g}" stroke="#2f93a0" stroke-width="6" stroke-linecap="round" opacity=".6"/>'
        f'<circle cx="{rate:.1f}" cy="{y:g}" r="7" fill="#2f93a0"/>'
        f'<text x="{WIDTH - RIGHT + 20}" y="{y + 5:g}" fill="currentColor" font-weight="{weight}">{line.rate:.2%} of {line.visitors:,}</text>'
    )

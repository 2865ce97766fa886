"""OpenTelemetry spans of builds, as a hook: ``from cms_ssg.events.tracing import build_after`` in a site's hooks.py. Needs cms-ssg[otel]."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.trace import ProxyTracerProvider, StatusCode

from cms_ssg.hooks import BuildEnd, hook


@hook
def build_after(build: BuildEnd) -> None:
    """A span for the build, and one for each step: a step's time is that of all rounds, laid after the step before."""
    tracer = _open_provider().get_tracer("cms_ssg")
    end_ns = int(build.ended_at.timestamp() * 1e9)
    at_ns = start_ns = end_ns - int(build.seconds.get("total", 0.0) * 1e9)
    counts = {f"cms.{name}": getattr(build, name) for name in ("planned", "rendered", "written", "unchanged", "removed", "failed")}
    attributes = {"cms.site": build.site, "cms.build_id": build.build_id, "cms.status": build.status, **counts}
    span = tracer.start_span("cms build", start_time=start_ns, attributes=attributes)
    if build.status in ("failed", "killed"):
        span.set_status(StatusCode.ERROR, build.problems[0].code if build.problems else build.status)
    inside = trace.set_span_in_context(span)
    for step in ("sync", "plan", "render", "publish", "record"):
        took_ns = int(build.seconds.get(step, 0.0) * 1e9)
        if took_ns:
            tracer.start_span(step, inside, start_time=at_ns).end(at_ns + took_ns)
            at_ns += took_ns
    span.end(end_ns)


def _open_provider() -> trace.TracerProvider:
    """The process's provider; where nobody chose one, it sends to OTEL_EXPORTER_OTLP_ENDPOINT."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, ProxyTracerProvider):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        made = TracerProvider()
        made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(made)
        return made
    return provider

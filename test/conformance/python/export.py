"""Sends one trace with OpenTelemetry's own exporter for Python: export.py <http|grpc> <endpoint> <compression> <token>; prints its id."""

import sys

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode


def exporter(protocol, endpoint, compression, token):
    if protocol == "grpc":
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        kind = Compression.Gzip if compression == "gzip" else Compression.NoCompression
        return OTLPSpanExporter(endpoint=endpoint, insecure=True, compression=kind, headers=(("authorization", f"Bearer {token}"),))
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    kind = Compression.Gzip if compression == "gzip" else Compression.NoCompression
    return OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", compression=kind, headers={"authorization": f"Bearer {token}"})


provider = TracerProvider(resource=Resource.create({"service.name": "conformance-python"}))
provider.add_span_processor(BatchSpanProcessor(exporter(*sys.argv[1:])))
tracer = provider.get_tracer("conformance")
call = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5"}
with tracer.start_as_current_span("GET /answer", kind=SpanKind.SERVER) as server:
    with tracer.start_as_current_span("chat claude-sonnet-4-5", kind=SpanKind.CLIENT, attributes=call) as span:
        span.set_attributes({"gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 80})
    with tracer.start_as_current_span("chat claude-sonnet-4-5", kind=SpanKind.CLIENT, attributes=call) as span:
        span.set_attributes({"error.type": "overloaded_error", "http.response.status_code": 529})
        span.set_status(StatusCode.ERROR, "Overloaded")
    print(format(server.get_span_context().trace_id, "032x"))
if not provider.force_flush(10_000):
    sys.exit("the spans were not delivered in time")
provider.shutdown()

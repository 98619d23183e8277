// Sends one trace with OpenTelemetry's own exporters for Go: conformance <http|grpc> <endpoint> <compression> <token>; prints its id.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	ctx := context.Background()
	exporter, err := newExporter(ctx, os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter))
	tracer := provider.Tracer("conformance")
	ctx, server := tracer.Start(ctx, "GET /answer", trace.WithSpanKind(trace.SpanKindServer))
	call(ctx, tracer, func(span trace.Span) {
		span.SetAttributes(attribute.Int("gen_ai.usage.input_tokens", 1200), attribute.Int("gen_ai.usage.output_tokens", 80))
	})
	call(ctx, tracer, func(span trace.Span) {
		span.SetAttributes(attribute.String("error.type", "overloaded_error"), attribute.Int("http.response.status_code", 529))
		span.SetStatus(codes.Error, "Overloaded")
	})
	server.End()
	if err := provider.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.SpanContext().TraceID())
}

func newExporter(ctx context.Context, protocol, endpoint, compression, token string) (sdk.SpanExporter, error) {
	headers := map[string]string{"authorization": "Bearer " + token}
	if protocol == "grpc" {
		options := []otlptracegrpc.Option{otlptracegrpc.WithEndpointURL(endpoint), otlptracegrpc.WithInsecure(), otlptracegrpc.WithHeaders(headers)}
		if compression == "gzip" {
			options = append(options, otlptracegrpc.WithCompressor("gzip"))
		}
		return otlptracegrpc.New(ctx, options...)
	}
	kind := otlptracehttp.NoCompression
	if compression == "gzip" {
		kind = otlptracehttp.GzipCompression
	}
	return otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"), otlptracehttp.WithHeaders(headers), otlptracehttp.WithCompression(kind))
}

func call(ctx context.Context, tracer trace.Tracer, finish func(trace.Span)) {
	_, span := tracer.Start(ctx, "chat claude-sonnet-4-5", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "chat"),
		attribute.String("gen_ai.provider.name", "anthropic"),
		attribute.String("gen_ai.request.model", "claude-sonnet-4-5"),
	))
	finish(span)
	span.End()
}

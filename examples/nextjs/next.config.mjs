// oxlint-disable import/no-default-export -- Next.js asks for it
/** OpenTelemetry finds its parts at run time, so it must not be bundled. */
export default { serverExternalPackages: ["genai-otel"] };

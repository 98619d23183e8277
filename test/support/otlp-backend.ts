import { createServer, type Server } from "node:http";
import { gunzipSync } from "node:zlib";
import { referenceCodec } from "./otlp-reference-codec.ts";

const REQUEST = referenceCodec("ExportTraceServiceRequest");

/** An OTLP/HTTP backend that keeps what it is sent, can go away and come back, and answers as it is told. */
export interface OtlpBackend {
  readonly url: string;
  /** Every delivery of a span, hex, repetitions included. */
  readonly spanIds: readonly string[];
  readonly headers: readonly Readonly<Record<string, unknown>>[];
  /** What the next requests get in place of 200: undefined for 200 again. */
  answer: { readonly status: number; readonly retryAfter?: string } | undefined;
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

interface Decoded {
  readonly resourceSpans?: readonly { readonly scopeSpans?: readonly { readonly spans?: readonly { readonly spanId: Uint8Array }[] }[] }[];
}

export async function startOtlpBackend(): Promise<OtlpBackend> {
  const spanIds: string[] = [];
  const headers: Readonly<Record<string, unknown>>[] = [];
  let port = 0;
  let server: Server | null = null;

  const backend: OtlpBackend = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    spanIds,
    headers,
    answer: undefined,
    async goAway() {
      const going = server;
      server = null;
      if (going === null) return;
      going.closeAllConnections();
      await new Promise((resolve) => going.close(resolve));
    },
    async comeBack() {
      server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          headers.push(request.headers);
          if (backend.answer === undefined) {
            const body = Buffer.concat(chunks);
            spanIds.push(...idsOf(request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body));
          }
          response.writeHead(
            backend.answer?.status ?? 200,
            backend.answer?.retryAfter === undefined ? {} : { "retry-after": backend.answer.retryAfter },
          );
          response.end();
        });
      });
      await new Promise<void>((resolve) => server?.listen(port, "127.0.0.1", resolve));
      const address = server.address();
      port = typeof address === "object" && address !== null ? address.port : 0;
    },
    close: () => backend.goAway(),
  };
  await backend.comeBack();
  return backend;
}

function idsOf(body: Uint8Array): string[] {
  const { resourceSpans = [] } = REQUEST.decode(body) as unknown as Decoded;
  return resourceSpans.flatMap(({ scopeSpans = [] }) =>
    scopeSpans.flatMap(({ spans = [] }) => spans.map(({ spanId }) => Buffer.from(spanId).toString("hex"))),
  );
}

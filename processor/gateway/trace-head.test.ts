import fc from "fast-check";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseTraceHead } from "./trace-head.ts";

const HEAD = [
  "POST /v1/traces HTTP/1.1",
  "Host: gateway:4318",
  "Content-Type: application/x-protobuf",
  "Content-Length: 3",
  "User-Agent: OTel-OTLP-Exporter-JavaScript/0.223.0",
  "Connection: keep-alive",
];
const head = (...more: string[]): string => [...HEAD, ...more].join("\r\n");
const without = (name: string): string => HEAD.filter((line) => !line.startsWith(name)).join("\r\n");

test("reads what exporters send", () => {
  expect(parseTraceHead(head())).toEqual({ bodyBytes: 3, encoding: "protobuf", contentEncoding: "identity", authorization: undefined });
  expect(parseTraceHead(`${without("Content-Type")}\r\ncontent-type:application/json; charset=utf-8`)?.encoding).toBe("json");
  expect(parseTraceHead(head("CONTENT-ENCODING:  GZIP \t", "Authorization: Bearer a b "))).toMatchObject({
    contentEncoding: "gzip",
    authorization: "Bearer a b",
  });
  expect(parseTraceHead(without("Connection"))).not.toBeNull();
});

test.each([
  ["another method", head().replace("POST", "PUT")],
  ["another path", head().replace("traces", "traces/")],
  ["a query", head().replace("traces", "traces?a=1")],
  ["HTTP/1.0", head().replace("1.1", "1.0")],
  ["two spaces in the request line", head().replace("POST ", "POST  ")],
  ["no host", without("Host")],
  ["no length", without("Content-Length")],
  ["no type", without("Content-Type")],
  ["two lengths", head("Content-Length: 3")],
  ["a length in hex", head().replace("Length: 3", "Length: 0x3")],
  ["a length with a sign", head().replace("Length: 3", "Length: +3")],
  ["a list of lengths", head().replace("Length: 3", "Length: 3, 3")],
  ["a length beyond all bounds", head().replace("Length: 3", "Length: 9999999999999")],
  ["chunks", head("Transfer-Encoding: chunked")],
  ["chunks with odd case", head("tRANSFER-eNCODING: identity")],
  ["a connection that closes", head().replace("keep-alive", "close")],
  ["an upgrade", head("Upgrade: h2c")],
  ["an expectation", head("Expect: 100-continue")],
  ["a browser", head("Origin: https://example.com")],
  ["an encoding that is none", head("Content-Encoding: br")],
  ["a space before the colon", head("X-A : b")],
  ["a folded line", head("X-A: b", " c")],
  ["a bare line feed", head("X-A: b\nContent-Length: 5")],
  ["a bare carriage return", head("X-A: b\rc")],
  ["a NUL", head("X-A: b\0")],
  ["a header without a name", head(": b")],
  ["a header without a colon", head("X-A")],
  ["too many headers", head(...Array.from({ length: 96 }, (_, index) => `X-${index}: y`))],
])("leaves %s to others", (_name, text) => {
  expect(parseTraceHead(text)).toBeNull();
});

let server: Server;
/** By the sender's port: hears what Node's own parser makes of a request; null where it refuses it. */
const waiting = new Map<number | undefined, (headers: IncomingHttpHeaders | null) => void>();

beforeAll(async () => {
  server = createServer((request, response) => {
    waiting.get(request.socket.remotePort)?.(request.headers);
    response.end();
  });
  server.on("clientError", (_error, socket: Socket) => {
    waiting.get(socket.remotePort)?.(null);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("whatever it accepts, Node's parser reads the same way", async () => {
  const piece = fc.constantFrom(
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    ":",
    "\0",
    "\x7f",
    "é",
    ",",
    ";",
    "X-B: 1\r\n",
    "Content-Length: 4\r\n",
    "chunked",
    "0",
  );
  const mutation = fc.record({ at: fc.nat(), cut: fc.nat(3), piece });
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { maxLength: 2 }), async (mutations) => {
      let text = head("X-Scope-OrgID: tenant");
      for (const { at, cut, piece: added } of mutations) {
        const position = at % (text.length + 1);
        text = text.slice(0, position) + added + text.slice(position + cut);
      }
      const ours = text.includes("\r\n\r\n") ? null : parseTraceHead(text);
      if (ours === null) return;
      accepted += 1;
      const theirs = await nodeReads(`${text}\r\n\r\n`);
      expect(theirs).not.toBeNull();
      expect(theirs?.["content-length"]).toBe(String(ours.bodyBytes).padStart(theirs?.["content-length"]?.length ?? 0, "0"));
      expect(theirs?.["transfer-encoding"]).toBeUndefined();
      expect(theirs?.authorization).toBe(ours.authorization);
      expect(theirs?.["content-encoding"]?.toLowerCase() ?? "identity").toBe(ours.contentEncoding);
    }),
    { numRuns: 600 },
  );
  expect(accepted).toBeGreaterThan(100);
});

function nodeReads(text: string): Promise<IncomingHttpHeaders | null> {
  return new Promise((resolve) => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1", () => {
      const { localPort } = socket;
      waiting.set(localPort, (headers) => {
        waiting.delete(localPort);
        socket.destroy();
        resolve(headers);
      });
      socket.write(text, "latin1");
    });
    socket.on("error", () => undefined);
  });
}

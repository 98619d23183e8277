import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KeyDictionary } from "../../processor/otlp/key-dictionary.ts";
import { scanRequest } from "../../processor/otlp/scan-request.ts";

// The backend: takes what is forwarded, counts its spans and how many of them carry a cost, and tells both on GET.

const keys = new KeyDictionary({ read: new Set(["cost_usd", "llm_call"]) });
const seen = { spans: 0, llmCalls: 0, priced: 0, bytes: 0, requests: 0 };

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.end(JSON.stringify(seen));
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    for (const { attributes } of scanRequest(body, keys).spans) {
      seen.spans++;
      if (attributes["llm_call"] === true) seen.llmCalls++;
      if (typeof attributes["cost_usd"] === "number") seen.priced++;
    }
    seen.bytes += body.length;
    seen.requests++;
    response.writeHead(200, { "content-type": "application/x-protobuf", "content-length": 0 });
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));

/**
 * A provider that answers at once and always the same, from bytes made beforehand: what is measured beside it is the client.
 * Prints its URL. A request whose body holds `chunks=<n>` gets a stream of n chunks, each written in a turn of its own,
 * the second a while after the first: a model is slower than that, and a client that gets everything in one packet reads all of it
 * before the application sees any.
 */
import { createServer } from "node:net";

const USAGE = { prompt_tokens: 500, completion_tokens: 250, total_tokens: 750, prompt_tokens_details: { cached_tokens: 256 } };
const ANSWER = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  model: "gpt-5.2-2025-12-11",
  choices: [{ index: 0, message: { role: "assistant", content: "word ".repeat(200) }, finish_reason: "stop" }],
  usage: USAGE,
  service_tier: "default",
});
const WHOLE = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_1\r\ncontent-length: ${ANSWER.length}\r\n\r\n${ANSWER}`;
const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_1\r\ntransfer-encoding: chunked\r\n\r\n";
const WORD = chunk(event({ choices: [{ index: 0, delta: { content: " word" }, logprobs: null, finish_reason: null }], usage: null }));
const END = [event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }), event({ choices: [], usage: USAGE }), "data: [DONE]\n\n"]
  .map(chunk)
  .join("");

const SECOND_CHUNK_MS = 3;

const server = createServer((socket) => {
  let received = "";
  socket.setNoDelay(true).on("error", () => {});
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
    for (let end = requestEnd(received); end > 0; end = requestEnd(received)) {
      answer(socket, received.slice(0, end));
      received = received.slice(end);
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
process.stdin.resume().on("end", () => process.exit(0));

function event(fields) {
  return `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1764000000, model: "gpt-5.2", ...fields })}\n\n`;
}

function chunk(text) {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** Index after the first whole request, 0 while it is not there. */
function requestEnd(text) {
  const head = text.indexOf("\r\n\r\n");
  const end = head + 4 + Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
  return head > 0 && text.length >= end ? end : 0;
}

function answer(socket, request) {
  const chunks = Number(/chunks=(\d+)/.exec(request)?.[1] ?? 0);
  if (chunks === 0) return void socket.write(WHOLE);
  socket.write(HEAD + WORD);
  setTimeout(sendRest, SECOND_CHUNK_MS, socket, chunks - 1);
}

function sendRest(socket, left) {
  setImmediate(() => {
    socket.write(left > 0 ? WORD : `${END}0\r\n\r\n`);
    if (left > 0) sendRest(socket, left - 1);
  });
}

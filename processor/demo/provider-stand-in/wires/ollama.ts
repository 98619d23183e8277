import { totalInput } from "../served-call.ts";
import type { FailureAnswer, FailureTable, ServedCall, Wire } from "../served-call.ts";

const FAILURES: FailureTable = {
  rate_limit: failure(429, "too many requests"),
  quota: failure(402, "you have reached your usage limit, upgrade for higher limits"),
  overloaded: failure(503, "server busy, please try again.  maximum pending requests exceeded"),
  server_error: failure(500, "llama runner process has terminated: exit status 2"),
  unavailable: failure(503, "service unavailable"),
  auth: failure(401, "unauthorized"),
  forbidden: failure(403, "forbidden"),
  model_not_found: failure(404, "model 'llama-none' not found"),
  bad_request: failure(400, "invalid options: temperature"),
  context_length: failure(400, "the input length exceeds the context length"),
  content_filter: failure(400, "request was blocked"),
};

export const ollamaChat: Wire = {
  name: "ollama-chat",
  contentType: "application/json; charset=utf-8",
  streamContentType: "application/x-ndjson",
  answer: (call) => lastLine(call, call.pieces.join("")),
  stream: (call) => [
    ...call.pieces.map((content) =>
      line({ model: call.model, created_at: createdAt(call), message: { role: "assistant", content }, done: false }),
    ),
    line(lastLine(call, "")),
  ],
  streamError: line({ error: "llama runner process has terminated: exit status 2" }),
  failures: FAILURES,
  statesCache: "nothing",
};

function lastLine(call: ServedCall, content: string): object {
  const counts = { prompt_eval_count: totalInput(call.usage), eval_count: call.usage.output };
  return {
    model: call.model,
    created_at: createdAt(call),
    message: { role: "assistant", content },
    done_reason: "stop",
    done: true,
    total_duration: 12_000_000,
    load_duration: 1_000_000,
    ...(call.withoutUsage ? {} : counts),
  };
}

function createdAt(call: ServedCall): string {
  return new Date(call.createdAt * 1000).toISOString();
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function failure(status: number, error: string): FailureAnswer {
  return { status, body: { error } };
}

/**
 * What users ask, how often, and what the stand-in does about it. `script` is told to the stand-in in a header (see
 * processor/demo/provider-stand-in/script.ts): the outcomes of the attempts of one call, in order, with their times in ms.
 */

const POLICY = "Refunds are granted within thirty days when the goods are unused and in their packaging. ".repeat(70);
const TENANTS = ["north", "south", "east", "west", "overseas"];
const QUESTIONS = [
  "Where is my parcel?",
  "I want my money back, the shoes are too small.",
  "Please write the answer to the customer in two sentences.",
  "Which of these tickets belong together?",
  "Summarise the last ten messages for my colleague.",
];

export const REQUESTS = [
  { weight: 22, route: "/chat", ask: openAiChat, model: "gpt-5.2", script: "ok;ttft=240" },
  { weight: 16, route: "/chat", ask: openAiStream, model: "gpt-5.2", script: "ok;ttft=190;gap=22" },
  { weight: 10, route: "/triage", ask: openAiChat, model: "gpt-5-mini", script: "ok;ttft=120" },
  { weight: 6, route: "/answers", ask: openAiResponses, model: "gpt-5.2", script: "ok;ttft=260;reasoning=24" },
  { weight: 8, route: "/search", ask: openAiEmbedding, model: "text-embedding-3-small", script: "ok;ttft=45" },
  { weight: 20, route: "/chat", ask: claudeChat, model: "claude-sonnet-5", script: "ok;ttft=310" },
  { weight: 16, route: "/chat", ask: claudeStream, model: "claude-sonnet-5", script: "ok;ttft=280;gap=26" },
  { weight: 8, route: "/triage", ask: claudeChat, model: "claude-haiku-4-5", script: "ok;ttft=150" },
  { weight: 14, route: "/summary", ask: geminiChat, model: "gemini-2.5-flash", script: "ok;ttft=140;read=900" },
  { weight: 8, route: "/summary", ask: geminiStream, model: "gemini-2.5-pro", script: "ok;ttft=260;gap=24;reasoning=30" },

  // Retries that end well: nobody notices but the bill of time.
  { weight: 5, route: "/chat", ask: openAiChat, model: "gpt-5.2", script: "rate_limit;after-ms=180,ok;ttft=230" },
  {
    weight: 3,
    route: "/chat",
    ask: openAiStream,
    model: "gpt-5.2",
    script: "rate_limit;after-ms=120,server_error;after-ms=90,ok;ttft=200;gap=20",
  },
  { weight: 4, route: "/chat", ask: claudeChat, model: "claude-sonnet-5", script: "overloaded;after-ms=200,ok;ttft=330" },
  { weight: 2, route: "/summary", ask: geminiChat, model: "gemini-2.5-flash", script: "unavailable,ok;ttft=150" },
  { weight: 1, route: "/chat", ask: openAiChat, model: "gpt-5-mini", script: "reset,ok;ttft=140" },
  { weight: 1, route: "/chat", ask: claudeChat, model: "claude-haiku-4-5", script: "slow,ok;ttft=120", options: { timeout: 450 } },

  // Retries that are in vain, and what the desk does then.
  { weight: 3, route: "/chat", ask: openAiChat, model: "gpt-5.2", script: "rate_limit;after-ms=150" },
  { weight: 3, route: "/chat", ask: fallBackToOpenAi },
  { weight: 1, route: "/summary", ask: geminiChat, model: "gemini-2.5-pro", script: "rate_limit" },

  // Failures that no retry mends.
  { weight: 2, route: "/chat", ask: openAiChat, model: "gpt-5.2", script: "quota", options: { maxRetries: 0 } },
  { weight: 1, route: "/chat", ask: claudeChat, model: "claude-sonnet-5", script: "quota" },
  { weight: 1, route: "/admin", ask: openAiChat, model: "gpt-5.2", script: "auth" },
  { weight: 1, route: "/admin", ask: geminiChat, model: "gemini-2.5-flash", script: "auth" },
  { weight: 2, route: "/chat", ask: claudeChat, model: "claude-sonnet-5", script: "context_length" },
  { weight: 1, route: "/chat", ask: openAiChat, model: "gpt-none", script: "model_not_found" },
  { weight: 1, route: "/chat", ask: openAiChat, model: "gpt-5.2", script: "bad_gateway", options: { maxRetries: 0 } },
  { weight: 2, route: "/chat", ask: openAiChat, model: "gpt-5.2", script: "slow", options: { timeout: 500, maxRetries: 0 } },
  { weight: 1, route: "/summary", ask: geminiChat, model: "gemini-2.5-pro", script: "slow", options: { timeout: 500 } },
  { weight: 1, route: "/chat", ask: claudeStream, model: "claude-sonnet-5", script: "stream_error;ttft=200;gap=20" },
  { weight: 1, route: "/chat", ask: openAiStream, model: "gpt-5.2", script: "cut;ttft=180;gap=20" },
  { weight: 1, route: "/chat", ask: claudeChat, model: "claude-haiku-4-5", script: "reset", options: { maxRetries: 0 } },

  // An agent: model, tool, model.
  { weight: 4, route: "/agent", ask: agent },
];

async function openAiChat({ openai }, desk, { model, script, options = {} }) {
  await openai.chat.completions.create(
    { model, messages: [policy(desk), question(desk)] },
    { ...options, headers: scripted(desk, script) },
  );
}

async function openAiStream({ openai }, desk, { model, script }) {
  const body = { model, messages: [policy(desk), question(desk)], stream: true, stream_options: { include_usage: true } };
  await drain(await openai.chat.completions.create(body, { headers: scripted(desk, script) }));
}

async function openAiResponses({ openai }, desk, { model, script }) {
  await openai.responses.create({ model, input: question(desk).content }, { headers: scripted(desk, script) });
}

async function openAiEmbedding({ openai }, desk, { model, script }) {
  await openai.embeddings.create({ model, input: question(desk).content }, { headers: scripted(desk, script) });
}

/** The policy is marked for the cache: the first request of a tenant writes it, the others read it. */
function claudeBody(desk, model) {
  const tenant = tenantOf(desk);
  const cacheControl = tenant === "overseas" ? { type: "ephemeral", ttl: "1h" } : { type: "ephemeral" };
  return {
    model,
    max_tokens: 400,
    system: [{ type: "text", text: `${POLICY}Tenant: ${tenant}.`, cache_control: cacheControl }],
    messages: [question(desk)],
  };
}

async function claudeChat({ anthropic }, desk, { model, script, options = {} }) {
  await anthropic.messages.create(claudeBody(desk, model), { ...options, headers: scripted(desk, script) });
}

async function claudeStream({ anthropic }, desk, { model, script }) {
  await anthropic.messages.stream(claudeBody(desk, model), { headers: scripted(desk, script) }).finalMessage();
}

async function geminiChat({ google }, desk, { model, script, options = {} }) {
  await google.models.generateContent(geminiBody(desk, { model, script, options }));
}

async function geminiStream({ google }, desk, { model, script }) {
  await drain(await google.models.generateContentStream(geminiBody(desk, { model, script })));
}

function geminiBody(desk, { model, script, options = {} }) {
  const httpOptions = { ...options, headers: scripted(desk, script) };
  return { model, contents: `${POLICY}\n${question(desk).content}`, config: { httpOptions } };
}

/** Claude is overloaded to the last attempt; the desk asks the other vendor. */
async function fallBackToOpenAi(clients, desk) {
  try {
    await claudeChat(clients, desk, { model: "claude-sonnet-5", script: "overloaded;after-ms=120" });
  } catch {
    await openAiChat(clients, { ...desk, number: `${desk.number}f` }, { model: "gpt-5.2", script: "ok;ttft=250" });
  }
}

async function agent(clients, desk) {
  const { tracer, number } = desk;
  await tracer.startActiveSpan(
    "invoke_agent order-desk",
    { attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "order-desk" } },
    async (span) => {
      await openAiChat(clients, { ...desk, number: `${number}a` }, { model: "gpt-5.2", script: "ok;ttft=180" });
      tracer
        .startSpan("execute_tool find_order", { attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_order" } })
        .end();
      await openAiChat(clients, { ...desk, number: `${number}b` }, { model: "gpt-5.2", script: "ok;ttft=210" });
      span.end();
    },
  );
}

async function drain(stream) {
  for await (const chunk of stream) void chunk;
}

function scripted({ number }, script) {
  return { "x-stand-in": `desk-${number}~${script}` };
}

function policy(desk) {
  return { role: "system", content: `${POLICY}Tenant: ${tenantOf(desk)}.` };
}

function question({ random, number }) {
  return { role: "user", content: `${QUESTIONS[Math.floor(random() * QUESTIONS.length)]} (ticket ${number})` };
}

function tenantOf({ random }) {
  return TENANTS[Math.floor(random() * TENANTS.length)];
}

import { expect, test } from "vitest";
import type { ErrorCategory, ErrorEvidence } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";

type Case = readonly [name: string, category: ErrorCategory, retryable: boolean, evidence: ErrorEvidence];

/** How runtimes, HTTP clients and proxies speak: class names, errnos, gRPC codes, TLS, chains, and words that are no complaint. */
const CASES: readonly Case[] = [
  // Node and undici
  [
    "undici headers timeout below fetch failed",
    "timeout",
    true,
    {
      errorType: "TypeError",
      message: "fetch failed",
      cause: { name: "HeadersTimeoutError", code: "UND_ERR_HEADERS_TIMEOUT", message: "Headers Timeout Error" },
    },
  ],
  [
    "undici connect timeout",
    "timeout",
    true,
    {
      errorType: "TypeError",
      message: "fetch failed",
      cause: {
        name: "ConnectTimeoutError",
        code: "UND_ERR_CONNECT_TIMEOUT",
        message: "Connect Timeout Error (attempted address: api.openai.com:443, timeout: 10000ms)",
      },
    },
  ],
  [
    "undici other side closed",
    "network_error",
    true,
    { message: "terminated", cause: { name: "SocketError", code: "UND_ERR_SOCKET", message: "other side closed" } },
  ],
  [
    "undici's broken body with a stack whose frames speak of aborting",
    "network_error",
    true,
    {
      message:
        "terminated\n\nTypeError: terminated\n    at Fetch.onAborted (node:internal/deps/undici/undici:13877:53)\n    at emit (node:events:514:28)",
    },
  ],
  [
    "an abort keeps its name whatever its frames say",
    "unknown",
    false,
    { message: "Request was aborted.\n\nError: Request was aborted.\n    at connectionTimeout (file:///srv/app/client.mjs:12:9)" },
  ],
  [
    "LangChain's name for a 429 that states no wait",
    "rate_limit",
    true,
    {
      message:
        '429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the rate limit for your organization of 40,000 input tokens per minute."}}',
      cause: { name: "RateLimitCapacityError" },
    },
  ],
  ["fetch failed with nothing beneath", "network_error", true, { errorType: "TypeError", message: "fetch failed" }],
  [
    "aggregate of refused addresses",
    "network_error",
    true,
    {
      message: "fetch failed",
      cause: {
        name: "AggregateError",
        errors: [
          { code: "ECONNREFUSED", message: "connect ECONNREFUSED ::1:11434" },
          { code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:11434" },
        ],
      },
    },
  ],
  [
    "name not found",
    "network_error",
    false,
    {
      errorType: "APIConnectionError",
      message: "Connection error.",
      cause: { name: "FetchError", message: "request to https://api.openai.com/ failed, reason: getaddrinfo ENOTFOUND api.openai.com" },
    },
  ],
  ["name server busy", "network_error", true, { message: "getaddrinfo EAI_AGAIN api.openai.com" }],
  ["socket hang up", "network_error", true, { errorCode: "ECONNRESET", message: "socket hang up" }],
  ["aborted response of node:http", "network_error", true, { errorCode: "ECONNRESET", message: "aborted" }],
  ["axios timeout", "timeout", true, { errorType: "AxiosError", errorCode: "ECONNABORTED", message: "timeout of 10000ms exceeded" }],
  ["axios network error", "network_error", true, { errorType: "AxiosError", errorCode: "ERR_NETWORK", message: "Network Error" }],
  [
    "AWS TimeoutError over a reset",
    "network_error",
    true,
    { errorType: "TimeoutError", message: "socket hang up", cause: { code: "ECONNRESET", message: "socket hang up" } },
  ],
  ["browser fetch", "network_error", true, { errorType: "TypeError", message: "Failed to fetch" }],
  ["safari fetch", "network_error", true, { errorType: "TypeError", message: "Load failed" }],
  [
    "http2 goaway",
    "network_error",
    true,
    { errorCode: "ERR_HTTP2_GOAWAY_SESSION", message: "New streams cannot be created after receiving a GOAWAY" },
  ],
  [
    "expired certificate",
    "network_error",
    false,
    { message: "fetch failed", cause: { code: "CERT_HAS_EXPIRED", message: "certificate has expired" } },
  ],
  ["self-signed", "network_error", false, { errorCode: "DEPTH_ZERO_SELF_SIGNED_CERT", message: "self-signed certificate" }],
  [
    "wrong TLS name",
    "network_error",
    false,
    { errorCode: "ERR_TLS_CERT_ALTNAME_INVALID", message: "Hostname/IP does not match certificate's altnames" },
  ],
  [
    "plain HTTP on a TLS port",
    "network_error",
    false,
    { errorCode: "EPROTO", message: "write EPROTO 139:error:1408F10B:SSL routines:ssl3_get_record:wrong version number" },
  ],
  ["AbortSignal.timeout", "timeout", true, { errorType: "TimeoutError", message: "The operation was aborted due to timeout" }],
  ["caller's abort", "unknown", false, { errorType: "AbortError", message: "This operation was aborted" }],
  ["DOMException number of an abort", "unknown", false, { errorType: "20", message: "This operation was aborted" }],
  ["DOMException number of a timeout", "timeout", true, { errorType: "23", message: "The operation was aborted due to timeout" }],
  ["SDK user abort", "unknown", false, { errorType: "APIUserAbortError", message: "Request was aborted." }],
  ["HTML for JSON", "api_error", true, { errorType: "SyntaxError", message: "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON" }],
  ["truncated JSON", "network_error", true, { errorType: "SyntaxError", message: "Unexpected end of JSON input" }],

  // Python
  ["httpx read timeout", "timeout", true, { errorType: "httpx.ReadTimeout", message: "" }],
  ["httpx connect", "network_error", true, { errorType: "httpx.ConnectError", message: "All connection attempts failed" }],
  ["httpx pool", "timeout", true, { errorType: "PoolTimeout" }],
  [
    "httpcore protocol",
    "network_error",
    true,
    { errorType: "RemoteProtocolError", message: "peer closed connection without sending complete message body (incomplete chunked read)" },
  ],
  [
    "requests reset",
    "network_error",
    true,
    { errorType: "ConnectionError", message: "('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))" },
  ],
  [
    "requests name",
    "network_error",
    false,
    {
      errorType: "ConnectionError",
      message:
        "HTTPSConnectionPool(host='api.openai.com', port=443): Max retries exceeded with url: /v1 (Caused by NameResolutionError(\"Failed to resolve 'api.openai.com' ([Errno -2] Name or service not known)\"))",
    },
  ],
  [
    "aiohttp disconnect",
    "network_error",
    true,
    { errorType: "aiohttp.client_exceptions.ServerDisconnectedError", message: "Server disconnected" },
  ],
  ["asyncio timeout", "timeout", true, { errorType: "asyncio.exceptions.TimeoutError", message: "" }],
  ["asyncio cancel", "unknown", false, { errorType: "asyncio.exceptions.CancelledError", message: "" }],
  [
    "certifi",
    "network_error",
    false,
    { message: "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1000)" },
  ],
  [
    "json decode of an empty body",
    "api_error",
    true,
    { errorType: "json.decoder.JSONDecodeError", message: "Expecting value: line 1 column 1 (char 0)" },
  ],
  [
    "httpx status error",
    "api_error",
    true,
    { errorType: "HTTPStatusError", message: "Server error '502 Bad Gateway' for url 'https://api.example.com/v1'" },
  ],
  [
    "sdk class below a wrapper",
    "rate_limit",
    true,
    {
      errorType: "agent_framework.exceptions.ChatClientException",
      message:
        "service failed to complete the prompt: Error code: 429 - {'error': {'message': 'Rate limit reached', 'code': 'rate_limit_exceeded'}}",
    },
  ],

  // Java, .NET, Go, Rust, PHP
  ["java socket timeout", "timeout", true, { errorType: "java.net.SocketTimeoutException", message: "Read timed out" }],
  ["java refused", "network_error", true, { errorType: "java.net.ConnectException", message: "Connection refused" }],
  [
    "java name",
    "network_error",
    false,
    { errorType: "java.net.UnknownHostException", message: "api.openai.com: nodename nor servname provided, or not known" },
  ],
  [
    "java handshake",
    "network_error",
    false,
    {
      errorType: "javax.net.ssl.SSLHandshakeException",
      message: "PKIX path building failed: unable to find valid certification path to requested target",
    },
  ],
  [
    "spring ai",
    "auth",
    false,
    {
      errorType: "org.springframework.ai.retry.NonTransientAiException",
      message: '401 - {"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}',
    },
  ],
  ["openai-java", "rate_limit", true, { errorType: "com.openai.errors.RateLimitException", message: "429: Rate limit reached" }],
  ["java interrupted call", "unknown", false, { errorType: "java.util.concurrent.CancellationException" }],
  [
    ".NET timeout",
    "timeout",
    true,
    {
      errorType: "System.Threading.Tasks.TaskCanceledException",
      message: "The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.",
    },
  ],
  [
    ".NET refused",
    "network_error",
    true,
    {
      errorType: "System.Net.Http.HttpRequestException",
      message: "No connection could be made because the target machine actively refused it.",
    },
  ],
  [
    ".NET client result",
    "rate_limit",
    true,
    { errorType: "System.ClientModel.ClientResultException", message: "HTTP 429 (requests: rate_limit_exceeded)" },
  ],
  [
    "go deadline",
    "timeout",
    true,
    {
      errorType: "*url.Error",
      message:
        'Post "https://api.openai.com/v1/chat/completions": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    },
  ],
  ["go cancel", "unknown", false, { message: 'Post "https://api.openai.com/v1/chat/completions": context canceled' }],
  ["go name", "network_error", false, { message: "dial tcp: lookup api.openai.com: no such host" }],
  ["go reset", "network_error", true, { message: "read tcp 10.0.0.1:5000->10.0.0.2:443: read: connection reset by peer" }],
  ["go i/o timeout", "timeout", true, { message: "dial tcp 10.0.0.2:443: i/o timeout" }],
  [
    "go certificate",
    "network_error",
    false,
    { message: "tls: failed to verify certificate: x509: certificate signed by unknown authority" },
  ],
  [
    "rust reqwest",
    "network_error",
    true,
    { message: "error sending request for url (https://api.openai.com/v1/responses): connection closed before message completed" },
  ],
  [
    "php guzzle",
    "timeout",
    true,
    {
      errorType: "GuzzleHttp\\Exception\\ConnectException",
      message: "cURL error 28: Operation timed out after 30001 milliseconds with 0 bytes received",
    },
  ],
  ["windows reset", "network_error", true, { message: "An existing connection was forcibly closed by the remote host. (os error 10054)" }],

  // gRPC by name and number
  ["grpc name", "rate_limit", true, { status: "RESOURCE_EXHAUSTED" }],
  ["grpc number", "timeout", true, { status: 4 }],
  ["grpc cancelled", "unknown", false, { errorCode: 1, message: "1 CANCELLED: Cancelled on client" }],
  ["grpc unauthenticated", "auth", false, { status: 16 }],
  ["grpc invalid", "validation", false, { status: "INVALID_ARGUMENT" }],
  ["grpc unavailable", "api_error", true, { status: 14 }],
  [
    "grpc unavailable, cannot connect",
    "network_error",
    true,
    { status: 14, message: "14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:50051" },
  ],
  ["grpc unimplemented", "api_error", false, { status: "UNIMPLEMENTED" }],
  ["grpc internal", "api_error", true, { status: 13 }],

  // Proxies
  ["cloudflare 520", "network_error", true, { status: 520, message: "error code: 520" }],
  ["cloudflare 524", "timeout", true, { status: 524 }],
  ["cloudflare 1015", "rate_limit", true, { status: 429, message: "error code: 1015" }],
  [
    "cloudflare page",
    "auth",
    false,
    { status: 403, message: "<!DOCTYPE html><title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1>" },
  ],
  ["cloudflare TLS to the origin", "network_error", false, { status: 526 }],
  ["nginx 502", "api_error", true, { message: "<html><head><title>502 Bad Gateway</title></head></html>" }],
  ["nginx 504", "timeout", true, { message: "<html><head><title>504 Gateway Time-out</title></head></html>" }],
  [
    "envoy",
    "network_error",
    true,
    { status: 503, message: "upstream connect error or disconnect/reset before headers. reset reason: connection termination" },
  ],
  [
    "envoy timeout",
    "timeout",
    true,
    { status: 503, message: "upstream connect error or disconnect/reset before headers. reset reason: connection timeout" },
  ],

  // Bare machine values
  ["otel error.type as status", "rate_limit", true, { errorType: "429" }],
  ["402", "quota_exceeded", false, { status: 402 }],
  ["401", "auth", false, { status: 401 }],
  ["409", "validation", true, { status: 409 }],
  ["413", "validation", false, { status: 413 }],
  ["500", "api_error", true, { status: 500 }],
  ["501", "api_error", false, { status: 501 }],
  ["503", "api_error", true, { status: 503 }],
  ["499", "unknown", false, { status: 499 }],
  ["_OTHER", "unknown", false, { errorType: "_OTHER" }],
  ["nothing", "unknown", false, {}],

  // A word counts only where it is the complaint
  ["timeout as a parameter", "validation", false, { status: 400, message: "Unknown parameter: 'timeout'." }],
  ["timeout out of range", "validation", false, { message: "timeout must be less than or equal to 60" }],
  [
    "rate limit in the prompt",
    "validation",
    false,
    { status: 400, message: 'Invalid content: your prompt asked about "429 Too Many Requests" and was rejected' },
  ],
  [
    "tokens in a rate limit",
    "rate_limit",
    true,
    { status: 429, message: "Rate limit reached on tokens per min. Limit: 10000 / min. Current: 9000. Requested 1280." },
  ],
  [
    "billing in a link",
    "rate_limit",
    true,
    { status: 429, message: "Rate limit reached on requests per min. See https://platform.openai.com/account/billing to upgrade." },
  ],
  [
    "tool named after a failure",
    "validation",
    false,
    { message: "Invalid arguments for tool 'connection_refused_report': expected string" },
  ],
  [
    "echo of the request in a body",
    "validation",
    false,
    {
      status: 422,
      body: {
        detail: [
          {
            type: "string_type",
            loc: ["body", "prompt"],
            msg: "Input should be a valid string",
            input: { text: "why is my connection refused with 429 too many requests?" },
          },
        ],
      },
    },
  ],
  ["own bug", "unknown", false, { errorType: "TypeError", message: "Cannot read properties of undefined (reading 'choices')" }],
  ["loop guard", "unknown", false, { errorType: "MaxTurnsExceeded", message: "Max turns (10) exceeded" }],
  ["local file", "unknown", false, { errorCode: "EACCES", message: "EACCES: permission denied, open '/etc/app.json'" }],
  [
    "database slots",
    "api_error",
    true,
    { errorCode: "53300", message: "remaining connection slots are reserved for roles with the SUPERUSER attribute" },
  ],
  ["database lock", "api_error", true, { errorType: "OperationalError", errorCode: "SQLITE_BUSY", message: "database is locked" }],
  [
    "end user's card",
    "validation",
    false,
    { status: 402, errorType: "StripeCardError", errorCode: "card_declined", message: "Your card was declined." },
  ],

  // Chains: the innermost cause decides
  [
    "wrapper of a wrapper",
    "network_error",
    true,
    {
      message: "Agent failed",
      cause: {
        name: "APIConnectionError",
        message: "Connection error.",
        cause: { name: "TypeError", message: "fetch failed", cause: { code: "ECONNRESET", message: "read ECONNRESET" } },
      },
    },
  ],
  [
    "list of causes",
    "timeout",
    true,
    {
      message: "Connection error.",
      cause: [
        { name: "TypeError", message: "fetch failed" },
        { name: "ConnectTimeoutError", message: "Connect Timeout Error" },
      ],
    },
  ],
  [
    "stream wrapper",
    "rate_limit",
    true,
    { message: "stream disconnected before completion: Rate limit reached for gpt-5.2. Please try again in 1.5s." },
  ],

  // Other languages
  ["chinese timeout", "timeout", true, { message: "请求超时，请稍后重试" }],
  ["chinese balance", "quota_exceeded", false, { message: "账户余额不足，请充值" }],
  ["chinese key", "auth", false, { message: "无效的令牌" }],
  ["german timeout", "timeout", true, { message: "Zeitüberschreitung bei der Anforderung" }],
  ["french timeout", "timeout", true, { message: "Le délai d’attente de la requête a été dépassé" }],
  ["spanish timeout", "timeout", true, { message: "Se agotó el tiempo de espera de la solicitud" }],
];

test.each(CASES)("%s is %s", (_name, category, retryable, evidence) => {
  const answer = categorizeError(evidence);
  expect({ category: answer.category, retryable: answer.retryable }, answer.rule).toEqual({ category, retryable });
});

import type { CategoryRules, ErrorRule } from "../error-rule.ts";
import { clause } from "../clauses.ts";
import { anyOf, sequence, WEBSOCKET_CLOSED, words } from "../prose-pattern.ts";

/** Away for this caller only. */
const ELSEWHERE = /in your (?:country|region|location)|for your (?:account|organi[sz]ation|plan)|model_not_found/;

/** Departments of a provider, each named after what it guards. */
const DEPARTMENT = words(
  "credits?",
  "billing",
  "payments?",
  "wallet",
  "balance",
  "budget",
  "subscription",
  "quota",
  "usage",
  "metering",
  "auth",
  "authentication",
  "authori[sz]ation",
  "identity",
  "login",
  "token",
  "session",
  "account",
  "licen[cs]e",
  "key",
  "permission",
  "policy",
  "rate[ -]limit(?:ing|er)?",
  "moderation",
  "guardrails?",
  "safety",
  "content filter",
);

/**
 * A part of the server is away. It is asked before all others, as its name is the word that they look for: "credit service
 * unavailable" is nobody's empty account.
 */
export const DEPARTMENTS: readonly ErrorRule[] = [
  {
    name: "server: one of its departments is away",
    category: "api_error",
    text: anyOf(
      sequence(
        String.raw`\b`,
        DEPARTMENT,
        " (?:management )?(?:service|server|backend|system|gateway|microservice|provider|database|check|checker|store|engine)s?",
        " (?:is |are |was )?(?:currently |temporarily |still ){0,2}",
        words(
          "unavailable",
          "down",
          "offline",
          "unhealthy",
          "degraded",
          "not (?:available|responding|reachable|healthy)",
          "(?:under|in|undergoing|down for) maintenance",
          "(?:having|experiencing) (?:an )?(?:outage|issues|problems)",
        ),
        String.raw`\b`,
      ),
      sequence(
        "(?:failed|unable|could not|couldn't|cannot|can't) (?:to )?",
        words("check", "verify", "retrieve", "fetch", "load", "get", "query", "look up", "determine", "calculate", "compute", "update"),
        " (?:the |your |user |account |current |available |remaining ){0,3}",
        words(
          "credits?",
          "balance",
          "quota",
          "billing",
          "subscription",
          "usage",
          "budget",
          "rate[ -]limits?",
          "allowance",
          "spend(?:ing)?",
          "wallet",
        ),
        String.raw`\b`,
      ),
    ),
    unless: { status: [400, 401, 402, 403, 404, 407, 429], text: /insufficient|exceeded|exhausted/ },
    example: "503 credit service unavailable",
  },
];

/** The server failed, whoever's it is. */
export const SERVER: CategoryRules = {
  named: [
    {
      name: "server: out of memory for good",
      category: "api_error",
      text: /requires more (?:system )?memory|more memory than (?:is )?available|not enough memory to load|(?:enough|insufficient) (?:resources|(?:gpu |system )?memory|v?ram) (?:to|for) (?:load|run)/,
      retryable: false,
      example: "model requires more system memory (12.1 GiB) than is available (7.3 GiB)",
    },
    {
      // The exception is the answer: in a stream of events it comes below a wrapper's status of its own.
      name: "server: exception of AWS",
      category: "api_error",
      codes: ["serviceunavailableexception", "internalserverexception", "internalfailure", "modelerrorexception"],
      example: "error.type ServiceUnavailableException",
    },
    {
      name: "server: not implemented",
      category: "api_error",
      codes: ["unimplemented", "notimplemented", "501"],
      retryable: false,
      example: "12 UNIMPLEMENTED: unknown service",
    },
    {
      name: "server: answer is not what was promised",
      category: "api_error",
      stem: /unserializableresponse|responsepars|responsevalidation|(?:json|content)?decod(?:e|ing)error/,
      codes: [
        "aijsonparseerror",
        "aiemptyresponsebodyerror",
        "contenttypeerror",
        "apiresponsevalidationerror",
        "responsevalidationerror",
        "mismatcheddeserialization",
        "jsondecodeerror",
        "syntaxerror",
        "jsonexception",
      ],
      text: anyOf(
        String.raw`invalid json response|unexpected token ['"]?<|is not valid json|unexpected (?:mimetype|content-?type)`,
        String.raw`expecting value: line 1 column 1|attempt to decode json with|invalid character '<'`,
        String.raw`in json at position|after json at|expecting (?:value|property name|[',:]+ delimiter)[^.]{0,40}line \d|extra data: line|looking for beginning of value`,
        String.raw`expected value at line|trailing characters at line|unexpected character \(|invalid start of a value`,
        String.raw`failed to (?:deserialize|decode|parse)(?: (?!request)[a-z]{1,20}){0,3} (?:response|json)\b(?! body)`,
        String.raw`error decoding response body|invalid (?:error )?response (?:from|format|object)|empty response body`,
        String.raw`(?:returned|sent|received|got) (?:an? )?(?:invalid|malformed|unexpected|unparsable|bad|garbled|incomplete|non-json)(?: or [a-z]{1,20})? (?:json |http )?(?:response|answer|reply|data|output)`,
        String.raw`html (?:page |content |response )?instead of|malformed json (?:sent |received )?from|\bnot (?:a )?json (?:response|answer|body)|expected json[^.]{0,30}(?:html|text)|non-json (?:response|answer|body)`,
        String.raw`(?:upstream|provider|server|gateway) (?:has )?(?:returned|sent) (?:an |nothing)?(?:empty|no)`,
      ),
      // What did not parse is then the model's text.
      unless: {
        codes: [
          "invalidrequesterror",
          "noobjectgeneratederror",
          "ainoobjectgeneratederror",
          "outputparserexception",
          "aiinvalidtoolinputerror",
        ],
      },
      example: "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    },
    {
      // Whatever status a wrapper gives it.
      name: "server: machine broke down",
      category: "api_error",
      stem: /enginedead|workerdied|cudaerror|hiperror/,
      text: anyOf(
        String.raw`cuda (?:error|out of memory)|out of memory|cannot allocate memory|runner process has terminated|\bnccl\b|background loop has errored`,
        String.raw`failed to start(?: [a-z]{1,20}){0,3} (?:runner|engine|model)|engine(?:core)? (?:is |has )?(?:dead|died|encountered|crashed)`,
        String.raw`worker(?: process)?(?: [a-z0-9-]{1,40}){0,3} (?:died|crashed)|segmentation fault|llama_decode|ggml_|(?:failed to load|error loading|unable to load) (?:the )?model|\b(?:wal|table|row|shard|index) (?:is )?locked|\bgpu (?:error|fault|hang)|(?:model|engine|runner|server|backend)(?: has| was| just)? (?:crashed|died|panicked|exited)|${WEBSOCKET_CLOSED}101[14]\b|core dumped|device-side assert`,
      ),
      example: "CUDA out of memory. Tried to allocate 2.00 GiB",
    },
    {
      name: "server: fault code",
      category: "api_error",
      codes: [
        "internalserviceexception",
        "modelstreamerrorexception",
        "modelservicefailed",
        "modelservingerror",
        "internalerroralgo",
        "systemerror",
        "dataloss",
        "internaltimeout",
        "32603",
        "53300",
        "sqlitebusy",
        "outofmemoryerror",
        "invokepluginfailed",
        "badgateway",
        "badgatewayerror",
      ],
      text: anyOf(
        String.raw`server had an error|internal (?:server )?error`,
        String.raw`(?:went wrong|issue|problem|error|failure)[^.]{0,30} on our (?:end|side|servers?)|error occurred while (?:streaming|processing|generating)`,
        String.raw`error while processing (?:your|the) (?:request|model)|while running the model|an error occurred while processing your request`,
        String.raw`unexpected error occurred on|upstream (?:error|server)|processing the model|connection slots|too many clients`,
        String.raw`database is (?:busy|locked)|bad gateway`,
      ),
      unless: { status: [400, 401, 402, 403, 404, 408, 413, 422, 429, 504, 520, 521, 522, 523, 524, 525, 526, 529, 530] },
      example: "The server had an error while processing your request. Sorry about that!",
    },
  ],
  implied: [
    {
      // Gateways hand it on with a 400 of their own.
      name: "server: away for a while",
      category: "api_error",
      text: anyOf(
        String.raw`\b(?:service|server|upstream|backend|provider|gateway|system|api|cluster)s? (?:is |are )?(?:temporarily |currently |still ){0,2}(?:unavailable|offline|down\b|unhealthy|not available)`,
        String.raw`\b(?:service|server|upstream|backend|provider|gateway|system|api|cluster)s? (?:is |are )?(?:currently )?(?:under(?:going)? |in |down for |having |experiencing )(?:an? |scheduled |planned )*(?:maintenance|outage|downtime)`,
      ),
      unless: { status: [401, 402, 403, 404, 407, 408, 429, 504, 520, 521, 522, 523, 524, 525, 526, 529, 530], text: ELSEWHERE },
      example: "400 The upstream service is temporarily unavailable.",
    },
  ],
  vague: [
    {
      name: "server: failure class",
      category: "api_error",
      codes: [
        "internalservererror",
        "internalerror",
        "internal",
        "servererror",
        "serviceunavailable",
        "serviceunavailableerror",
        "serviceunavailableexception",
        "unavailable",
        "unavailableerror",
        "modelapierror",
        "serverexception",
        "apierrorserver",
        "api_error",
        "apiinternalerror",
        "upstreamerror",
        "providererror",
      ],
      text: anyOf(
        String.raw`\b(?:stream(?:ing)?|generation|prediction|inference|completion|upstream) (?:error|failed|failure|was interrupted|interrupted)`,
        sequence(
          String.raw`\b`,
          words("server", "service", "upstream", "backend", "provider", "model", "engine", "runner", "inference"),
          String.raw`\b[^.]{0,30}\b`,
          words("error", "failed", "failure", "crashed", "no longer running", "not responding"),
        ),
        String.raw`\bsystem (?:error|exception|failure|fault)\b|server issue|unable to (?:handle|process|complete|serve)|retry your request|please retry|(?:please )?try again(?: later|\b)|internal error|unexpected error`,
        String.raw`系统(?:错误|异常|繁忙)|服务(?:器)?(?:错误|异常|内部|不可用)|内部错误|service (?:is )?(?:temporarily |currently )?unavailable`,
        String.raw`temporarily unavailable|internal server error|\bserver error\b|service isn'?t currently available`,
        String.raw`unexpected response from|through our help cent|erreur interne|interner (?:server-?)?fehler|error interno|erro interno|内部エラー|サーバーエラー`,
      ),
      example: '{"type": "error", "error": {"type": "api_error"}}',
    },
    {
      name: "server: words of failure",
      category: "api_error",
      clauses: [clause(["server", "model"], ["failed", "unavailable", "lost"]), clause(["output"], ["invalid", "failed", "lost"])],
      unless: { text: /disconnected before completion: / },
      example: "a node of the pool is unhealthy",
    },
  ],
};

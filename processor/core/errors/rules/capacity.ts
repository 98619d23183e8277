import type { CategoryRules } from "../error-rule.ts";
import { clause } from "../clauses.ts";
import { anyOf, sequence, WEBSOCKET_CLOSED, words } from "../prose-pattern.ts";

/** A tool's or a database's own slots are not a model's capacity. */
const OTHER_SERVER = anyOf(
  String.raw`connection slots|too many clients|sqlite|database is (?:busy|locked)|postgres|\bsqlstate\b|redis|max_connections`,
);

/** The standard pages of Flask and Apache offer it as one of two guesses. */
const GUESS = String.raw`either [^.]{1,40} overloaded or|maintenance downtime or capacity`;

/** The model, or everyone, is out of capacity. */
export const CAPACITY: CategoryRules = {
  named: [
    {
      name: "capacity: overloaded code",
      category: "model_overloaded",
      stem: anyOf(
        // LangChain's RateLimitCapacityError is a 429 that states no wait or a long one.
        String.raw`overload|(?<!ratelimit)capacity(?:exceeded|exhausted|error|unavailable|notavailable)|insufficient\w{0,20}capacity`,
        String.raw`flexunavailable|serverbusy|toobusy|modelnotready|modelloading|queue(?:full|exceeded|isfull)|nocapacity|outofcapacity`,
      ),
      codes: [
        "overloadederror",
        "overloaded",
        "engineoverloaded",
        "engineoverloadederror",
        "serverisoverloaded",
        "serveroverloaded",
        "modeloverloaded",
        "modeloverloadederror",
        "modelcapacityexhausted",
        "modelcapacityexceeded",
        "capacityexceeded",
        "insufficientcapacity",
        "nocapacity",
        "outofcapacity",
        "servicetiercapacityexceeded",
        "modelnotreadyexception",
        "modelnotready",
        "modelloading",
        "modelisloading",
        "slowdown",
        "slowdownexception",
        "serverbusy",
        "modelbusy",
        "queuefull",
        "resourcesexhausted",
      ],
      unless: { text: OTHER_SERVER },
      example: '{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}',
    },
    {
      name: "capacity: overloaded, high demand, no capacity",
      category: "model_overloaded",
      text: anyOf(
        String.raw`\boverload(?:ed|ing)?\b(?![-/]\w)|high (?:demand|traffic|load|volume)|heavy (?:load|traffic)`,
        String.raw`(?:at|over|under|out of|no|insufficient|limited|lacks?|not enough|without|reached|beyond)(?: [a-z]{1,20}){0,3} capacity\b`,
        sequence(
          "capacity (?:is |has been |was |currently |temporarily ){0,2}",
          words(
            "exceeded",
            "exhausted",
            "constraints?",
            "limit",
            "limits",
            "reached",
            "full",
            "unavailable",
            "(?:not )?available",
            "issues?",
          ),
        ),
        String.raw`insufficient (?:resources|gpus?)|过载|负载|繁忙|拥挤|アクセスが集中|访问量|算力不足`,
      ),
      unless: {
        text: anyOf(
          String.raw`your capacity|context capacity|timed out.{0,80}(?:may|might|could) be|to (?:load|run) (?:the |this )?model|connection slots|too many clients|sqlite|database is (?:busy|locked)|postgres`,
          GUESS,
          String.raw`provisioned|method overload|overloaded (?:function|method|signature)|no overload|load saturated|饱和`,
        ),
      },
      example: "The model is currently experiencing high demand. Please try again later.",
    },
    {
      // one-api and new-api, whose code tells whose load it is: with a rate limit's code it is the caller's.
      name: "capacity: upstream load saturated",
      category: "model_overloaded",
      text: /load saturated|饱和/,
      unless: { codes: ["ratelimitexceeded", "ratelimiterror"] },
      example: "当前分组上游负载已饱和，请稍后再试",
    },
    {
      name: "capacity: loading, not ready, queue full, busy",
      category: "model_overloaded",
      text: anyOf(
        String.raw`model(?: \S{1,120})? (?:is |is still |is currently )(?:loading|being loaded|busy|warming|starting|cold|booting)`,
        String.raw`(?<!(?:error|failed|failure|while) )loading (?:the )?model|\b(?:currently|still) loading\b|model loading|model (?:was |has been |got )?(?:re|un)loaded`,
        String.raw`(?:model|server|instance|endpoint|engine)(?: \S{1,60})? (?:is )?(?:still |currently )?(?:warming up|starting up|not (?:yet )?ready)`,
        String.raw`not ready (?:yet|to serve|for inference)|queue (?:is |size )?(?:full|exceeded|limit)`,
        String.raw`(?:request )?queue (?:has )?(?:reached|exceeded)`,
        sequence(
          words("server", "model", "service", "system", "engine", "api", "worker", "instance", "replica", "slot", "gpu"),
          "s? (?:is |are )?(?:all |too |currently |temporarily |very )?busy",
        ),
        String.raw`too busy|too many (?:people|users)|人数过多|用户过多|cold (?:boot|start)`,
        String.raw`no (?:available |free )?(?:slots?|workers?|instances?|replicas?|gpus?|servers?|backends?|nodes?|machines?)(?: [a-z]{1,20}){0,2} ?(?:available|free)?`,
        String.raw`no slots|^slow[ _]down|no[ _]kv[ _]space|(?:out of|no|insufficient|not enough)(?: free)? kv`,
        String.raw`kv[ _-]cache (?:is )?(?:full|exhausted)|${WEBSOCKET_CLOSED}101[23]\b`,
      ),
      unless: {
        text: /connection slots|too many clients|sqlite|database is (?:busy|locked)|postgres|too many (?:calls|requests)|too (?:quickly|fast|often|frequently)/,
      },
      example: "Model meta-llama/Llama-3 is currently loading (estimated_time 20)",
    },
  ],
  implied: [
    {
      name: "capacity: words of load",
      category: "model_overloaded",
      clauses: [
        clause(["capacity"], ["exhausted", "busy", "unavailable", "exceeded", "missing"], {
          without: ["account", "wire", "rate", "size", "quota"],
        }),
        clause(["model", "server"], ["busy"], { without: ["wire"] }),
        clause(["model", "server"], ["starting"], { without: ["failed", "lost", "missing"] }),
      ],
      // A machine's own word for whose load it is; the class of an SDK (RateLimitError) is only a status.
      unless: { text: anyOf(OTHER_SERVER.source, GUESS), codes: ["ratelimitexceeded", "rate_limit_error"] },
      example: "Deployment is warming up",
    },
  ],
  vague: [],
};

import { destination, pino, type Logger } from "pino";

const STDERR = 2;

/** JSON lines on stderr. Addresses of databases and tokens never get into a line; neither does anything of a span. */
export function createLog(level: string): Logger {
  return pino({ name: "genai-otel", level, redact: ["*.password", "*.authorization", "err.config"] }, destination(STDERR));
}

import { createSecureContext } from "node:tls";
import type { Logger } from "pino";
import { ConfigError } from "../config.ts";
import type { ClientTls } from "../sinks/https-client.ts";
import { readPem } from "./read-pem.ts";
import { watchCertificates } from "./watch-certificates.ts";

export interface ForwardTlsFiles {
  readonly forwardCaFile: string | null;
  readonly forwardCertFile: string | null;
  readonly forwardKeyFile: string | null;
}

/** What the gateway shows to a backend, and whom it trusts. Throws ConfigError where a file cannot be read or used. */
export async function readForwardTls(files: ForwardTlsFiles): Promise<ClientTls> {
  const tls = await readFiles(files);
  try {
    createSecureContext(tls);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`FORWARD_OTLP_CA, FORWARD_OTLP_CERT, FORWARD_OTLP_KEY: cannot be used: ${why}`, { cause: error });
  }
  return tls;
}

/** Hands over what new connections are to be made with as the files change. */
export function watchForwardTls(files: ForwardTlsFiles, log: Logger, onRenewed: (tls: ClientTls) => void): { close(): void } {
  const file = files.forwardCertFile ?? files.forwardCaFile;
  if (file === null) return { close: () => undefined };
  return watchCertificates({ file, read: () => readForwardTls(files), renew: onRenewed }, log);
}

async function readFiles({ forwardCaFile, forwardCertFile, forwardKeyFile }: ForwardTlsFiles): Promise<ClientTls> {
  return {
    ...(forwardCaFile === null ? {} : { ca: await readPem("FORWARD_OTLP_CA", forwardCaFile) }),
    ...(forwardCertFile === null ? {} : { cert: await readPem("FORWARD_OTLP_CERT", forwardCertFile) }),
    ...(forwardKeyFile === null ? {} : { key: await readPem("FORWARD_OTLP_KEY", forwardKeyFile) }),
  };
}

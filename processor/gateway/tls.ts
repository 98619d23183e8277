import { readFile } from "node:fs/promises";
import type { ServerOptions as TlsServerOptions } from "node:https";
import { createSecureContext } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { ConfigError } from "../config.ts";

export interface TlsFiles {
  readonly tlsCertFile: string | null;
  readonly tlsKeyFile: string | null;
  readonly tlsClientCaFile: string | null;
}

/** TLS for both doors: null and insecure where it is not configured. */
export interface DoorTls {
  readonly http: TlsServerOptions | null;
  readonly grpc: ServerCredentials;
}

/** RFC 8996: versions before 1.2 are deprecated. */
const TLS_VERSION_MIN = "TLSv1.2";
/** How soon a renewed certificate is noticed. */
const RELOAD_MS = 1000;
/** A certificate and its key are two files, and are not replaced at the same instant: so often a pair may not fit before it is told. */
const MISFITS_MAX = 5;

/** Throws ConfigError where a file cannot be read, or certificate and key do not belong together. */
export async function readDoorTls(files: TlsFiles): Promise<DoorTls> {
  const certificates = await readCertificates(files);
  if (certificates === null) return { http: null, grpc: ServerCredentials.createInsecure() };
  try {
    return doorTlsOf(certificates);
  } catch (error) {
    throw new ConfigError(`TLS_CERT, TLS_KEY: cannot be used: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * Reads the files again as they change, and hands over what new connections are to be greeted with. While they cannot be
 * read, or do not belong together, nothing changes.
 */
export function watchDoorTls(files: TlsFiles, log: Logger, onRenewed: (tls: DoorTls) => void): { close(): void } {
  if (files.tlsCertFile === null) return { close: () => undefined };
  let before: string | null = null;
  let misfits = 0;

  async function reload(): Promise<void> {
    try {
      const certificates = await readCertificates(files);
      const text = JSON.stringify(certificates);
      if (certificates === null || text === before) return;
      // The first round only learns what the doors were opened with.
      if (before !== null) {
        onRenewed(doorTlsOf(certificates));
        log.info({ file: files.tlsCertFile }, "the TLS certificate changed: new connections get it");
      }
      before = text;
      misfits = 0;
    } catch (error) {
      misfits += 1;
      if (misfits === MISFITS_MAX)
        log.error({ file: files.tlsCertFile, error: String(error) }, "the TLS certificate cannot be renewed: the one before stays");
    }
  }

  let round = reload();
  const timer = setInterval(() => {
    round = round.then(reload);
  }, RELOAD_MS).unref();
  return { close: () => clearInterval(timer) };
}

interface Certificates {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | null;
}

async function readCertificates({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: TlsFiles): Promise<Certificates | null> {
  if (tlsCertFile === null || tlsKeyFile === null) return null;
  return {
    cert: await readPem("TLS_CERT", tlsCertFile),
    key: await readPem("TLS_KEY", tlsKeyFile),
    ca: tlsClientCaFile === null ? null : await readPem("TLS_CLIENT_CA", tlsClientCaFile),
  };
}

function doorTlsOf({ cert, key, ca }: Certificates): DoorTls {
  const secure = { cert, key, minVersion: TLS_VERSION_MIN, ...(ca === null ? {} : { ca }) } as const;
  // Throws where the key is not the certificate's, or a file is no PEM; a door would only say so to its clients.
  createSecureContext(secure);
  return {
    http: { ...secure, ...(ca === null ? {} : { requestCert: true, rejectUnauthorized: true }) },
    grpc: ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], ca !== null),
  };
}

/** The content of a file that a variable names; ConfigError where there is none. */
export async function readPem(variable: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConfigError(`${variable}: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

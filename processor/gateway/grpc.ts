import type { Socket } from "node:net";
import {
  Metadata,
  Server,
  status as GRPC_STATUS,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { Metrics } from "../metrics.ts";
import { rpcStatus } from "../otlp/rpc-status.ts";
import { type OtherSignal, wrongSignalText } from "../otlp/wrong-signal.ts";
import type { TokenGate } from "./bearer-tokens.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { Receiver } from "./receiver.ts";
import { Refusal, REFUSALS } from "./refusal.ts";

/** Calls at a time on one connection; the sender's library queues the others. */
const STREAMS_MAX = 64;
/** Memory that one connection's streams may take, in MB: the unit of HTTP/2 sessions in Node. */
const SESSION_MEGABYTES_MAX = 64;
/** A connection without calls is closed: load balancers and senders make new ones. */
const IDLE_MS_MAX = 300_000;
/** For calls under way when the certificate is renewed. */
const RENEWAL_GRACE_MS = 60_000;

export interface GrpcDoorOptions {
  readonly receiver: Receiver;
  readonly budget: ByteBudget;
  readonly bodyBytesMax: number;
  readonly gate: TokenGate;
  readonly credentials: ServerCredentials;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface GrpcDoor {
  /** Serves a connection that somebody else accepted. */
  accept(socket: Socket): void;
  /** Greets new connections with these credentials; those that are open finish their calls and are asked to come again. */
  renew(credentials: ServerCredentials): void;
  close(deadlineMs: number): Promise<void>;
}

type Export = handleUnaryCall<Buffer, Buffer>;

/**
 * OTLP/gRPC without generated code: the service's one method takes and gives the message's bytes as they are. Inflating
 * within the size limit is grpc-js' own work.
 */
export function createGrpcDoor(options: GrpcDoorOptions): GrpcDoor {
  const server = new Server({
    "grpc.max_receive_message_length": options.bodyBytesMax,
    "grpc.max_concurrent_streams": STREAMS_MAX,
    "grpc-node.max_session_memory": SESSION_MEGABYTES_MAX,
    "grpc.max_connection_idle_ms": IDLE_MS_MAX,
  });
  addExport(server, "trace", "Trace", (call, callback) => void answer(options, call, callback));
  addExport(server, "metrics", "Metrics", unimplemented("metrics"));
  addExport(server, "logs", "Logs", unimplemented("logs"));
  // The newest first: an injector's credentials are for good.
  const injectors = [server.createConnectionInjector(options.credentials)];
  return {
    accept(socket) {
      injectors[0]?.injectConnection(socket);
      socket.resume();
    },
    renew(credentials) {
      injectors[0]?.drain(RENEWAL_GRACE_MS);
      injectors.unshift(server.createConnectionInjector(credentials));
    },
    close: (deadlineMs) => closeServer(server, injectors, deadlineMs),
  };
}

function addExport(server: Server, packageName: string, serviceName: string, handler: Export): void {
  const raw = (bytes: Buffer): Buffer => bytes;
  const definition: ServiceDefinition = {
    Export: {
      path: `/opentelemetry.proto.collector.${packageName}.v1.${serviceName}Service/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    },
  };
  server.addService(definition, { Export: handler });
}

function unimplemented(signal: OtherSignal): Export {
  return (_call, callback) => callback({ code: GRPC_STATUS.UNIMPLEMENTED, details: wrongSignalText(signal) });
}

async function answer(options: GrpcDoorOptions, call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): Promise<void> {
  const endTimer = options.metrics.rpcDuration.startTimer();
  const lease = options.budget.lease();
  try {
    if (!options.gate.admits(call.metadata.get("authorization")[0]?.toString())) {
      throw new Refusal("unauthenticated", "expected metadata authorization: Bearer <token> with a token that is valid here");
    }
    options.receiver.assertReady();
    lease.take(call.request.length);
    callback(null, asBuffer(await options.receiver.receive(call.request, "protobuf", "grpc")));
    endTimer({ rpc_grpc_status_code: GRPC_STATUS.OK });
  } catch (error) {
    const refusal = asRefusal(error, options.log);
    const { grpc } = REFUSALS[refusal.reason];
    options.metrics.refusedRequests.inc({ transport: "grpc", reason: refusal.reason });
    callback({ code: grpc, details: refusal.message, metadata: retryMetadata(refusal, grpc) });
    endTimer({ rpc_grpc_status_code: grpc });
  } finally {
    lease.release();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asRefusal(error: unknown, log: Logger): Refusal {
  if (error instanceof Refusal) return error;
  log.error({ err: error }, "a gRPC call failed unexpectedly");
  return new Refusal("internal", "the gateway failed on this request; its log says why");
}

/** RetryInfo travels as the details of a google.rpc.Status in this trailer (OTLP specification, OTLP/gRPC Throttling). */
function retryMetadata({ message, retryAfterMs }: Refusal, code: number): Metadata {
  const metadata = new Metadata();
  if (retryAfterMs !== null) metadata.set("grpc-status-details-bin", rpcStatus({ code, message, retryAfterMs }, "protobuf"));
  return metadata;
}

type Injector = ReturnType<Server["createConnectionInjector"]>;

async function closeServer(server: Server, injectors: readonly Injector[], deadlineMs: number): Promise<void> {
  for (const injector of injectors) injector.drain(deadlineMs);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([new Promise<void>((resolve) => server.tryShutdown(() => resolve())), late]);
  clearTimeout(timer);
  for (const injector of injectors) injector.destroy();
  server.forceShutdown();
}

import type { Chain, ConnectOptions } from "./types.ts";

export type * from "./types.ts";

export function connectChain(_options: ConnectOptions): Chain {
  throw new Error("not built yet");
}

export function deployRegistry(_chain: Chain, _key: string): Promise<{ address: string; blockNumber: bigint }> {
  throw new Error("not built yet");
}

export function addressOf(_key: string): string {
  throw new Error("not built yet");
}

export function parsePrivateKey(_text: string): string {
  throw new Error("not built yet");
}

import { defineConfig } from "@eventchain/ledger";
import { askPayment } from "./shop.ts";
import { shopReactions } from "./shop-reactions.ts";

export default defineConfig({ commands: [askPayment], reactions: shopReactions(process.env.SERVICE_URL ?? "") });

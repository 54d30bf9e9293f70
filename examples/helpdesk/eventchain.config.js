// What `eventchain up --config examples/helpdesk/eventchain.config.ts` runs: the desk's events, commands and handlers.
import { defineConfig } from "@eventchain/ledger";
import * as desk from "./src/desk/index.ts";
import * as models from "./src/desk/models.ts";
import * as projections from "./src/desk/projections.ts";
import * as reactions from "./src/desk/reactions.ts";
import * as snapshots from "./src/desk/snapshots.ts";
export default defineConfig({
  events: desk,
  commands: desk,
  access: desk.access,
  models,
  projections,
  reactions,
  snapshots,
});
//# sourceMappingURL=eventchain.config.js.map

import * as desk from "./src/desk/index.ts";
import * as models from "./src/desk/models.ts";
import * as projections from "./src/desk/projections.ts";
import * as reactions from "./src/desk/reactions.ts";
import * as snapshots from "./src/desk/snapshots.ts";

declare const _default: {
  readonly events: typeof desk;
  readonly commands: typeof desk;
  readonly access: import("@eventchain/ledger").Access;
  readonly models: typeof models;
  readonly projections: typeof projections;
  readonly reactions: typeof reactions;
  readonly snapshots: typeof snapshots;
};
export default _default;
//# sourceMappingURL=eventchain.config.d.ts.map

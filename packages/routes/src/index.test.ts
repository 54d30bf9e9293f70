import { expect, test } from "vitest";
import * as routes from "./index.ts";

test("the public entry gives these names and no others", () => {
  expect(Object.keys(routes).sort()).toEqual([
    "DEFAULT_TOLERANCE_MS",
    "DEFAULT_WEBHOOK_TIMEOUT_MS",
    "callback",
    "defineRoute",
    "fromCloudEvent",
    "queue",
    "sourceOf",
    "toCloudEvent",
    "verifyWebhook",
    "webhook",
  ]);
});

export { defineRoute, type Route, type RouteSpec } from "./define-route.ts";
export { fromCloudEvent } from "./events/from-cloud-event.ts";
export { sourceOf } from "./events/source-uri.ts";
export { toCloudEvent } from "./events/to-cloud-event.ts";
export type { CloudEventJson, CloudEventOptions } from "./events/types.ts";
export { callback } from "./targets/callback.ts";
export { type QueueOptions, queue } from "./targets/queue.ts";
export type { DeliveryContext, Target } from "./targets/types.ts";
export {
  DEFAULT_TOLERANCE_MS,
  type VerifiedWebhook,
  type VerifyOptions,
  verifyWebhook,
  type WebhookHeaders,
} from "./targets/verify-webhook.ts";
export { DEFAULT_WEBHOOK_TIMEOUT_MS, type WebhookOptions, webhook } from "./targets/webhook.ts";
export type { WebhookSecret } from "./targets/webhook-secret.ts";

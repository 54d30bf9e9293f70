/**
 * One alternative of a query: its conditions are joined by AND. At least one is given, and no list is empty.
 *
 * What it costs to read: one look into an index for each name of the condition that leads, and a probe of each event
 * that this condition gives. The one that gives the fewest leads; two frequent tags are read along each other.
 */
export interface QueryItem {
  /** Any of these streams. */
  streams?: readonly string[];
  /** Any of these types. */
  types?: readonly string[];
  /** All of these tags. */
  tags?: readonly string[];
}

/**
 * Which events: "all" but the ledger's own (whose types begin with `$`), or those that meet at least one item; no item,
 * no event. At most 1,024 items.
 *
 * Each item costs on its own, and is looked up for each page of up to 16 batches; items of one tag each are read together.
 * A query and an access whose numbers of items multiply to more than 1,024 are not multiplied: the events that meet the
 * query are held against the access one by one, so that a frequent query with a rare access reads far more than it gives.
 */
export type EventQuery = "all" | readonly QueryItem[];

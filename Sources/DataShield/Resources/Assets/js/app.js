// What makes the pages quicker to use. Every page works without any of it.
import { bulk } from "./bulk.js";
import { choices } from "./choices.js";
import { confirmations } from "./confirm.js";
import { filters } from "./filters.js";
import { copying } from "./copy.js";
import { ingests } from "./ingest.js";
import { menus } from "./menus.js";
import { queue } from "./queue.js";
import { scans } from "./scan.js";
import { syncs } from "./sync.js";
import { weights } from "./weights.js";

for (const enhance of [choices, bulk, confirmations, filters, copying, menus, queue, scans, ingests, syncs, weights]) enhance(document);

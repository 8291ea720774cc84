/// A router and engine nodes as processes of their own, and what becomes of streams when those are killed, paused, cut
/// off, drained, restarted and refused.
///
/// Where each fault of the catalogue that is about nodes is shown, with a proof that it has happened:
///
/// | fault | test |
/// | --- | --- |
/// | 22 to 26: messages between nodes lost, doubled, late, in another order | `LossyNetworkTest`, `LinkBookkeepingTest` (api) |
/// | 27: a node killed in mid-stream | [StreamsSurviveTheirNodeTest], and `./ingot check-cluster` again and again |
/// | 28: a node without power: no word of its end | [ClusterFaultsTest] |
/// | 29: a router killed, alone and beside another | [ClusterFaultsTest], [TwoRoutersTest] |
/// | 30, 31: cut off in one direction, in both; healed afterwards | [ClusterFaultsTest], [StreamsSurviveTheirNodeTest] |
/// | 32: a link that comes and goes | [ClusterFaultsTest] |
/// | 49: rolling restart under load | [ClusterFaultsTest] |
/// | 50: nodes of several versions, classes, keys | [RefusedNodesTest], `WireSerializerTest` (api) |
/// | 51: what a router believes of caches is wrong, old, of the process before | `LinkBookkeepingTest` (api) |
/// | 52: transfer of K and V | there is none between nodes: what moves is computed anew |
/// | 53: an engine that crashes again and again | `PoisonousRequestTest` (api), `FaultCatalogueTest`, the breaker in [ClusterFaultsTest] |
package dev.ingot.it.cluster;

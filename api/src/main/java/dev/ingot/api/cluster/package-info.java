/// Many engine nodes behind routers, where a stream survives its node.
///
/// ```
///              HTTP                    link                          link
/// client ⇄ RequestActor ⇄ LinkToEngineActor ⇄ (Artery, Kryo) ⇄ LinkToRouterActor ⇄ SchedulerActor
///              ⇅ Find / Found                                       ▲ one per router
///          RouterActor ── RoutingPolicy                       EngineGateActor
/// ```
///
/// **One conversation.** A request speaks with an engine on another node as with one beside it: a
/// [LinkToEngineActor][dev.ingot.api.cluster.LinkToEngineActor] stands for it, and when that stops, the engine is lost. The request then asks for
/// another one and submits again with the next epoch and what it has delivered, as it does within a node. There is
/// no second way to recover.
///
/// **How a loss is noticed.** A crash: the kernel closes the lifeline, a TCP connection on which nothing is sent, within
/// milliseconds. A hang or a partition: the link is silent for its lease of 1.5 s. The cluster's own membership takes
/// some ten seconds and decides only who belongs to it. A router that is lost: its engine nodes end its sequences after 5 s.
///
/// **Who goes on when the network is cut.** Nothing here must be there once only: who serves a stream is decided by its link's lease
/// and its epoch. So membership may be decided for the clients' sake alone. Where a cut parts the nodes wholly, the split-brain
/// resolver keeps those who see most routers, and engine nodes that see none leave and join anew. Where it closes only some ways, or one
/// direction of one, both ends are still heard of by others, and the resolver would put out both, a router with all its clients for one of
/// many engines. Therefore routers act before it: an engine node that a router has not reached for three seconds after the failure
/// detector's four is put out ([UnreachedNodes][dev.ingot.api.cluster.UnreachedNodes]); of two engine nodes that do not reach each other the
/// younger one, of two routers the younger one, too; but while a router does not know whether a node that has gone silent is lost, it
/// acts on no word of others, which may be that node's. Who is put out begins anew and joins when it can. The price: an engine node that one
/// of several routers does not reach is lost to the others for as long, too.
///
/// **What is exact.** The tokens of a sequence depend on the model, the prompt, the parameters and the seed, within one
/// numeric class (device, kernels' build, weights, K and V's type). A request goes on in its own class where there is an engine of it;
/// where there is none, its answer says `"continuity": "approximate"` in its usage, and
/// `ingot:approximate_continuations_total` counts it. A node whose class is not that of most nodes with its model is marked in the
/// router's log and status; of classes with equally many nodes, the usual one is that of the node which came first.
///
/// **Which engine.** [RoutingPolicy][dev.ingot.api.cluster.RoutingPolicy]: the one that holds most of the prompt, unless it has more than its
/// share. Load is counted here exactly, not learnt late from reports.
///
/// **Who is let in.** Nodes of the same protocol ([Link#PROTOCOL][dev.ingot.api.cluster.Link#PROTOCOL]) with keys of the same
/// authority. What comes over the wire is read by [WireSerializer][dev.ingot.api.cluster.WireSerializer]: registered classes only, no length
/// believed.
///
/// # Operating it
///
/// ```
/// ingot serve --role router --cluster-host 10.0.0.1
/// ingot serve --role engine --cluster-host 10.0.0.2 --join 10.0.0.1:7400
/// ingot cluster status
/// ```
///
/// **Rolling upgrade**, within one protocol: for each engine node `ingot cluster drain NODE`, stop the process (or only stop it: on SIGTERM it
/// drains itself), start the new build. Its streams end there within the grace or go on elsewhere. A new build is of another
/// numeric class if its kernels changed: while both run, what moves from one to the other is marked. To try one first, start it and say
/// `ingot cluster canary NODE 5`. Routers last, one after the other: a router's clients are cut when it stops, after it has let them end for
/// ten seconds. A build with another protocol forms a cluster of its own beside the old one; move the clients.
///
/// **When a router restarts** at the same address without `--join`, its engine nodes notice that the old one is gone, leave and join
/// the new one, in some fifteen seconds. With two routers that name each other in `--join`, the other one's clients see nothing of it.
///
/// **When one of several routers dies**, its clients' streams end: what a stream was told is kept by its router alone, and another one
/// answers `Last-Event-ID` with 404. The same request with the same seed, asked for anew at another router, says the same. Engine nodes
/// end what the dead one had running after 5 s, and after some nine seconds it is out of the cluster.
@NullMarked
package dev.ingot.api.cluster;

import org.jspecify.annotations.NullMarked;

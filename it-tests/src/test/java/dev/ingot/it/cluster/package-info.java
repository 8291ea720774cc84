/// A router and engine nodes as processes of their own, and what becomes of streams when those are killed, paused and cut off.
package dev.ingot.it.cluster;

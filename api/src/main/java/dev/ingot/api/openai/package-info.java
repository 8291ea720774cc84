/// OpenAI's API over HTTP: what a client may ask, and how it is answered.
///
/// A body becomes a record of `wire`, [RequestMapper] makes a request for the engine of it, an [Exchange] follows
/// that request for as long as the client is there, and an [Answer] turns what the engine says into OpenAI's
/// documents: one JSON object, or server-sent events.
@NullMarked
package dev.ingot.api.openai;

import org.jspecify.annotations.NullMarked;

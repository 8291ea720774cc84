/// The JSON of OpenAI's API, with vLLM's additions: bodies read into records that are checked field by field, and
/// answers as records that are written as they are. Nothing here knows HTTP or actors.
@NullMarked
package dev.ingot.api.openai.wire;

import org.jspecify.annotations.NullMarked;

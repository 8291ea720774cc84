/// Models: what a checkpoint's configuration means, and each architecture as its paper reads.
///
/// ```
/// Checkpoint.open(path) ───┬─ HfConfig.read(folder) ── ModelConfig      config.json; GgufConfig.read(file) for GGUF
///                          ├─ GenerationConfig.read(folder)             what its authors sample with
///                          └─ Models.load(…) ── Model.encode(encoder, batch, logits), every step
/// ```
///
/// One file per architecture ([Llama][dev.ingot.engine.model.Llama],
/// [Gemma3][dev.ingot.engine.model.Gemma3], and so on): two of them may repeat each other, so that a change to one
/// cannot break the other. A new one is a file, an [Architecture][dev.ingot.engine.model.Architecture],
/// and a case in [Models][dev.ingot.engine.model.Models].
///
/// A setting that we do not compute is refused by name when the configuration is read, and a tensor
/// that we do not use is refused when the weights are: neither is ever skipped in silence.
@NullMarked
package dev.ingot.engine.model;

import org.jspecify.annotations.NullMarked;

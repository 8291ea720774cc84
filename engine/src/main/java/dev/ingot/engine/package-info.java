/// The nouns and the thinking of Ingot, in plain Java: no actor, no native call of our own, no clock.
///
/// | package | holds |
/// | --- | --- |
/// | `ops` | the vocabulary that models are written in, and what a device offers |
/// | `model` | one file per architecture |
/// | `weights` | weight files, mapped and checked |
/// | `files` | a model on disk: a folder or a GGUF file |
/// | `text` | tokenizer, detokenizer, stop strings, chat templates, tool calls |
/// | `sampling` | logits to tokens, reproducibly |
/// | `sequence` | what a sequence is made of and known by |
/// | `kv` | KV blocks: pool, tables, prefix cache |
/// | `schedule` | the sequences' state, and who runs in the next step |
///
/// Everybody may use this module; it uses none of ours.
@NullMarked
package dev.ingot.engine;

import org.jspecify.annotations.NullMarked;

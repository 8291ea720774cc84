/// The forms in which a model arrives, as one thing.
///
/// A [ModelFiles][dev.ingot.engine.files.ModelFiles] is a Hugging Face folder or a GGUF file; whoever loads a model asks
/// it for the configuration, the weights, the tokenizer and the chat template, and does not know which it is.
@NullMarked
package dev.ingot.engine.files;

import org.jspecify.annotations.NullMarked;
